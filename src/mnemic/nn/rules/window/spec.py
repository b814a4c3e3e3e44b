"""Sliding-window attention over a whole sequence: the definition."""

from __future__ import annotations

import torch

from mnemic.nn.axes import Values
from mnemic.nn.inputs import Inputs


def spec(inputs: Inputs, width: int) -> Values:
    """Outputs [B, T, H, V] from an empty window; quadratic in T.

    o_t = sum_{t-W<j<=t} softmax_j(q_t . k_j / sqrt(K)) v_j

    Source:
        Longformer (Beltagy et al., 2020), section 3.1, arXiv:2004.05150, causal.
        Differs: no positional encoding.
    """
    logits = torch.einsum("bihk,bjhk->bhij", inputs.q, inputs.k) / inputs.k.shape[-1] ** 0.5
    ones = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device)
    seen = ones.tril() & ones.triu(1 - width)
    weights = logits.masked_fill(~seen, float("-inf")).softmax(-1)
    return torch.einsum("bhij,bjhv->bihv", weights, inputs.v)
