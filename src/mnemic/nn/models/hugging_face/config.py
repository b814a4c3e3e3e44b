"""The model as data, in transformers' form."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PretrainedConfig

from mnemic.nn.models.config import ModelConfig


class MnemicConfig(PretrainedConfig):
    """Carries a `ModelConfig`; everything else is transformers' own.

    Args:
        model: what `ModelConfig.to_dict` gave; None: one small layer.
        use_cache: whether a forward outside training gives back its state.
        rest: of transformers, such as eos_token_id.

    Raises:
        InvalidTensor: `model` describes no model.
    """

    model_type = "mnemic"
    keys_to_ignore_at_inference = ("past_key_values",)

    def __init__(
        self, model: Mapping[str, Any] | None = None, use_cache: bool = True, **rest: Any
    ) -> None:
        described = {"vocabulary": 257, "width": 64, "layers": [{}]} if model is None else model
        self.model = ModelConfig.of(described).to_dict()
        self.use_cache = use_cache
        super().__init__(**rest)

    @classmethod
    def of(cls, config: ModelConfig, **rest: Any) -> MnemicConfig:
        """The configuration of a model, with what else transformers should know."""
        return cls(model=config.to_dict(), **rest)

    @property
    def model_config(self) -> ModelConfig:
        """Sizes and layers."""
        return ModelConfig.of(self.model)

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return int(self.model["vocabulary"])

    @property
    def hidden_size(self) -> int:
        """D, of the embedding."""
        return int(self.model["width"])

    @property
    def num_hidden_layers(self) -> int:
        """How many layers there are."""
        return len(self.model["layers"])
