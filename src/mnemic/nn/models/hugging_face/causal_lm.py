"""The language model as transformers wants one."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from mnemic.errors import InvalidTensor, NotAModel
from mnemic.nn.axes import Mask
from mnemic.nn.models.hugging_face.cache import StateCache
from mnemic.nn.models.hugging_face.config import MnemicConfig
from mnemic.nn.models.language_model import LanguageModel


class MnemicForCausalLM(PreTrainedModel, GenerationMixin):
    """`LanguageModel`, to be trained, saved, loaded and generated with by transformers.

    The head is the embedding and no tensor of its own, so nothing is tied and nothing saved twice.

    Args:
        config: with the model as data.
    """

    config_class = MnemicConfig
    base_model_prefix = "model"
    _is_stateful = True

    def __init__(self, config: MnemicConfig) -> None:
        super().__init__(config)
        self.model = LanguageModel(config.model_config)
        self.post_init()

    @classmethod
    def of(cls, model: LanguageModel, **rest: Any) -> MnemicForCausalLM:
        """The wrapping of a model that exists; both share their weights.

        Args:
            model: as it is.
            rest: of `MnemicConfig`, such as eos_token_id.
        """
        with torch.device("meta"):
            made = cls(MnemicConfig.of(model.config, dtype=model.embedding.weight.dtype, **rest))
        made.model = model
        return made.train(model.training)

    @classmethod
    def from_pretrained(cls, *paths: Any, **options: Any) -> Any:
        """The model of a folder; see `PreTrainedModel.from_pretrained`.

        Raises:
            NotAModel: the folder lacks weights; transformers would make them up.
        """
        asked = options.pop("output_loading_info", False)
        load: Any = super().from_pretrained
        model, found = load(*paths, output_loading_info=True, **options)
        if found["missing_keys"]:
            raise NotAModel(f"{str(paths[0])!r} lacks the weights {sorted(found['missing_keys'])}")
        return (model, found) if asked else model

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: StateCache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        return_dict: bool | None = None,
        **of_loss: Any,
    ) -> CausalLMOutputWithPast | tuple[Tensor, ...]:
        """Logits, the state after the tokens, and the loss if there are labels.

        Args:
            input_ids: [B, T].
            attention_mask: [B, T], or [B, past + T] of which the last T count; 0 at padding, which
                must be on the left.
            past_key_values: what was read before; gets the next state.
            labels: [B, T], as input_ids (transformers shifts them), -100 where nothing is learned;
                then there are logits of all tokens.
            use_cache: whether the state comes back; None: outside training as the config says.
            logits_to_keep: how many of the last tokens get logits, 0: all; or which, as an index.
            return_dict: False: a tuple.
            of_loss: for transformers' loss, such as num_items_in_batch.

        Raises:
            InvalidTensor: padding on the right, a mask of another length, or a foreign cache.
        """
        if past_key_values is not None and not isinstance(past_key_values, StateCache):
            raise InvalidTensor(
                f"past_key_values is a {type(past_key_values).__name__}; this model carries a "
                "StateCache: pass the one that it gave back, or None"
            )
        before = None if past_key_values is None else past_key_values.state
        seen = 0 if before is None else before.position
        mask = _mask_of(attention_mask, input_ids, seen)
        if input_ids.shape[1] == 1 and before is not None:
            step = self.model.step(input_ids[:, 0], before, None if mask is None else mask[:, 0])
            logits, state = step.logits.unsqueeze(1), step.state
        else:
            x, state = self.model.read(input_ids, before, mask)
            kept = (
                slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
            )
            logits = self.model.logits_of(x if labels is not None else x[:, kept])
        loss = None
        if labels is not None:
            if mask is not None:
                # What padding says of the first real token means nothing.
                unseen = torch.zeros_like(mask)
                unseen[:, 1:] = ~mask[:, :-1]
                labels = labels.masked_fill(unseen, -100)
            loss = self.loss_function(logits, labels, vocab_size=self.config.vocab_size, **of_loss)
        wanted = self.config.use_cache and not self.training if use_cache is None else use_cache
        cache: Any = None
        if wanted:
            cache = StateCache() if past_key_values is None else past_key_values
            cache.state = state
        done = CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=cache)
        return done.to_tuple() if return_dict is False else done

    def get_input_embeddings(self) -> nn.Module:
        """The embedding, which is the head too."""
        return self.model.embedding

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Puts another embedding in its place, of the same size."""
        self.model.embedding = value

    def get_output_embeddings(self) -> None:
        """None: the head is the embedding itself."""

    def resize_token_embeddings(self, *sizes: Any, **options: Any) -> NoReturn:
        """Refused: the vocabulary is part of the model's configuration.

        Raises:
            InvalidTensor: always.
        """
        raise InvalidTensor(
            f"the vocabulary of {self.config.vocab_size} tokens cannot be resized; "
            "make a model from another ModelConfig"
        )

    @classmethod
    def _supports_default_dynamic_cache(cls) -> bool:
        """No: the first forward makes its own cache."""
        return False

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: every layer begins as it should, which transformers cannot know."""


def _mask_of(attention_mask: Tensor | None, tokens: Tensor, seen: int) -> Mask | None:
    """[B, T] bool of the tokens, or None if all are real.

    Raises:
        InvalidTensor: padding that is not on the left, or a mask of another length.
    """
    if attention_mask is None:
        return None
    batch, length = tokens.shape
    if attention_mask.shape not in ((batch, length), (batch, seen + length)):
        raise InvalidTensor(
            f"attention_mask has the shape {tuple(attention_mask.shape)}; for tokens "
            f"{tuple(tokens.shape)} after {seen} it must be {(batch, length)} or "
            f"{(batch, seen + length)}"
        )
    mask = attention_mask[:, -length:].bool()
    if bool(mask.all()):
        return None
    gaps = mask[:, :-1] & ~mask[:, 1:]
    if bool(gaps.any()):
        row = int(gaps.any(1).nonzero()[0])
        raise InvalidTensor(
            f"row {row} of attention_mask has padding after a real token; pad on the left "
            "(tokenizer.padding_side = 'left'). In training, tokens after the end need no mask: "
            "give them the label -100 and leave attention_mask out"
        )
    return mask
