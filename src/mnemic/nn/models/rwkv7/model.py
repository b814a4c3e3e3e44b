"""RWKV-7 as a language model, laid out like the official checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mnemic.nn.axes import Mask
from mnemic.nn.layers import LayerState
from mnemic.nn.models.recurrent import RecurrentModel, Through
from mnemic.nn.models.rwkv7.block import Block
from mnemic.nn.models.rwkv7.config import Rwkv7Config


class Rwkv7Model(RecurrentModel[Rwkv7Config]):
    """Embedding, ln0, blocks, norm, and a head of its own.

    `state_dict()` is an official checkpoint: the same names, the same shapes. The states of the
    rule are [B, H, K, V], the transposes of the official ones; see `official_state`.

    Args:
        config: sizes.

    Source:
        RWKV-7 "Goose" (Peng et al., 2025), section 4, arXiv:2503.14456.
    """

    def __init__(self, config: Rwkv7Config) -> None:
        super().__init__(config)
        self.emb = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.ln_out = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        nn.init.uniform_(self.emb.weight, -1e-4, 1e-4)

    @property
    def _depth(self) -> int:
        return len(self.blocks)

    @property
    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    def _init_layers(
        self, batch: int, dtype: torch.dtype, device: torch.device
    ) -> tuple[LayerState, ...]:
        return tuple(block.init_state(batch, dtype, device) for block in self._blocks)

    def _embed(self, tokens: Tensor) -> Tensor:
        return self._blocks[0].ln0(self.emb(tokens))

    def _through(
        self, x: Tensor, states: Sequence[LayerState], mask: Mask | None, size: int | None
    ) -> Through:
        if size is None:
            x = x.unsqueeze(1)
            mask = None if mask is None else mask.unsqueeze(1)
        first: Tensor | None = None
        after: list[LayerState] = []
        for block, own in zip(self._blocks, states, strict=True):
            own_next, x, first = block(x, own, first, mask, size)
            after.append(own_next)
        return Through(x.squeeze(1) if size is None else x, after)

    def logits_of(self, x: Tensor) -> Tensor:
        """Logits [..., vocabulary] of what `read` gave, [..., D]."""
        return self.head(self.ln_out(x))
