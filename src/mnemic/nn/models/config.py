"""A language model as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnemic.errors import InvalidTensor
from mnemic.nn.layers import LayerConfig
from mnemic.nn.state import check_sizes
from mnemic.nn.state_file import fingerprint

FREE = ("width", "gate_init", "sink_init")
"""Options of a cache on which no state depends."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes, and the layers from bottom to top.

    Args:
        vocabulary: how many tokens there are.
        width: D, of the embedding.
        layers: of each its `LayerConfig`, or a mapping that describes it.
        defaults: what layers have that do not say otherwise, such as {"heads": 4}.
    """

    vocabulary: int
    width: int
    layers: Sequence[LayerConfig | Mapping[str, Any]]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_sizes(vocabulary=self.vocabulary, width=self.width)
        if not self.layers:
            raise InvalidTensor("a model has no layers; give at least one")
        made = tuple(
            one if isinstance(one, LayerConfig) else LayerConfig.of(one, **self.defaults)
            for one in self.layers
        )
        object.__setattr__(self, "layers", made)

    @property
    def layer_configs(self) -> tuple[LayerConfig, ...]:
        """The layers, all of them as configurations."""
        return tuple(one for one in self.layers if isinstance(one, LayerConfig))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can say it; defaults are in the layers."""
        layers = [layer.to_dict() for layer in self.layer_configs]
        return {"vocabulary": self.vocabulary, "width": self.width, "layers": layers}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> ModelConfig:
        """The configuration that `to_dict` wrote.

        Raises:
            InvalidTensor: a key that is missing, or that no model has.
        """
        try:
            return cls(**described)
        except TypeError as wrong:
            raise InvalidTensor(f"{dict(described)!r} describes no model: {wrong}") from wrong

    @property
    def fingerprint(self) -> str:
        """A short name; states are loaded only into a model of the same.

        It does not know the weights, and leaves out what may change between a state's file and its
        next use: how wide caches are, and where their gates begin to be trained.
        """
        described = self.to_dict()
        for layer in described["layers"]:
            if layer["cache"] is not None:
                layer["cache"] = {k: v for k, v in layer["cache"].items() if k not in FREE}
        return fingerprint(described)
