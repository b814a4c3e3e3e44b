"""Softmax attention over a whole sequence: the definition."""

from __future__ import annotations

import torch

from mnemic.nn.axes import Values
from mnemic.nn.inputs import Inputs


def spec(inputs: Inputs) -> Values:
    """Outputs [B, T, H, V] from an empty archive; quadratic in T.

    o_t = sum_{j<=t} softmax_j(q_t . k_j / sqrt(K)) v_j

    Source:
        Attention Is All You Need (Vaswani et al., 2017), eq. 1, arXiv:1706.03762, causal.
        Differs: no positional encoding.
    """
    logits = torch.einsum("bihk,bjhk->bhij", inputs.q, inputs.k) / inputs.k.shape[-1] ** 0.5
    seen = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
    weights = logits.masked_fill(~seen, float("-inf")).softmax(-1)
    return torch.einsum("bhij,bjhv->bihv", weights, inputs.v)
