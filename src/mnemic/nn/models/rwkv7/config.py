"""RWKV-7 as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from mnemic.errors import InvalidTensor
from mnemic.nn.state import check_sizes
from mnemic.nn.state_file import fingerprint


@dataclass(frozen=True, slots=True)
class Rwkv7Config:
    """Sizes; those of the official 0.1B where nothing else is said.

    Args:
        vocabulary: how many tokens there are.
        width: D.
        layers: how many.
        head_size: K and V of every head; width must be a multiple of it.
        hidden: width inside the channel mixing; 0: four times the width.
        decay_rank: of the projection behind w (`att.w1`).
        rate_rank: of the projection behind a (`att.a1`).
        value_rank: of the projection that mixes in the first layer's values (`att.v1`); a single
            layer has none, whatever is said.
        gate_rank: of the projection behind g (`att.g1`).
    """

    vocabulary: int = 65536
    width: int = 768
    layers: int = 12
    head_size: int = 64
    hidden: int = 0
    decay_rank: int = 64
    rate_rank: int = 64
    value_rank: int = 32
    gate_rank: int = 128

    def __post_init__(self) -> None:
        if self.hidden == 0:
            object.__setattr__(self, "hidden", 4 * self.width)
        check_sizes(**asdict(self))
        if self.width % self.head_size:
            raise InvalidTensor(
                f"width is {self.width}; it must be a multiple of head_size, {self.head_size}"
            )
        if self.layers == 1:
            # Nothing in a file of one layer says it, so it must not tell two models apart.
            object.__setattr__(self, "value_rank", 1)

    @property
    def heads(self) -> int:
        """H."""
        return self.width // self.head_size

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can say it."""
        return {"model": "rwkv7", **asdict(self)}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Rwkv7Config:
        """The configuration that `to_dict` wrote.

        Raises:
            InvalidTensor: it describes another model, or has a key that this one lacks.
        """
        sizes = dict(described)
        try:
            if sizes.pop("model", None) != "rwkv7":
                raise TypeError("it does not say that its model is 'rwkv7'")
            return cls(**sizes)
        except TypeError as wrong:
            raise InvalidTensor(f"{dict(described)!r} describes no RWKV-7: {wrong}") from wrong

    @property
    def fingerprint(self) -> str:
        """A short name; states are loaded only into a model of the same."""
        return fingerprint(self.to_dict())


SIZES: Mapping[str, Rwkv7Config] = MappingProxyType(
    {"0.1B": Rwkv7Config(), "0.4B": Rwkv7Config(width=1024, layers=24)}
)
"""Sizes of official checkpoints of the World series, by the name in their file's."""
