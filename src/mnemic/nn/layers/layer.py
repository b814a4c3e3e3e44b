"""A layer: the mixer, then perhaps an MLP, each on a normalised copy and added to its input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mnemic.nn.axes import Mask
from mnemic.nn.layers.config import LayerConfig
from mnemic.nn.layers.layer_state import LayerState
from mnemic.nn.layers.mixer import Mixer, MixerOutput
from mnemic.nn.layers.mlp import GatedMLP
from mnemic.nn.layers.norm import RMSNorm


class Layer(nn.Module):
    """x + mixer(norm(x)), then x + mlp(norm(x)); state and shapes as in `Mixer`."""

    def __init__(self, width: int, config: LayerConfig) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.mixer = Mixer(width, config)
        self.norm_mlp = RMSNorm(width) if config.mlp else None
        self.mlp = GatedMLP(width, config.mlp) if config.mlp else None

    def init_state(
        self,
        batch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> LayerState:
        """Before the first token."""
        return self.mixer.init_state(batch, dtype, device)

    def forward(
        self, x: Tensor, state: LayerState, mask: Mask | None = None, chunk: int | None = None
    ) -> MixerOutput:
        """T tokens, [B, T, D]."""
        state_next, out = self.mixer(self.norm(x), state, mask, chunk)
        return MixerOutput(state_next, self._thought(x + out))

    def step(self, x: Tensor, state: LayerState, mask: Mask | None = None) -> MixerOutput:
        """One token, [B, D]."""
        state_next, out = self.mixer.step(self.norm(x), state, mask)
        return MixerOutput(state_next, self._thought(x + out))

    def _thought(self, x: Tensor) -> Tensor:
        if self.mlp is None or self.norm_mlp is None:
            return x
        return x + self.mlp(self.norm_mlp(x))
