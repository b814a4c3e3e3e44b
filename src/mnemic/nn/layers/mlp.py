"""The gated MLP: what happens at one token, without any memory."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import silu

from mnemic.nn.state import check_sizes


class GatedMLP(nn.Module):
    """W_out (silu(W_gate x) * W_in x), without biases.

    Args:
        width: of input and output.
        hidden: of the inside.

    Source:
        GLU Variants Improve Transformer (Shazeer, 2020), eq. 6 (SwiGLU), arXiv:2002.05202.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        check_sizes(width=width, hidden=hidden)
        self.into = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] to [..., width]."""
        gate, value = self.into(x).chunk(2, -1)
        return self.out(silu(gate) * value)
