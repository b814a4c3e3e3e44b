"""Mamba-2's recurrence, token by token: the definition."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.rule import recall


def law(matrix: Matrix, inputs: Inputs) -> tuple[Matrix, Values, Gates]:
    """Fade, add the pair, then read.

    S' = Diag(a) S + beta k v^T;  o = S'^T q;  magnitude beta ||k|| ||v||.

    Source:
        Transformers are SSMs (Dao & Gu, 2024), section 2 (SSD), arXiv:2405.21060.
        theirs -> ours: C -> q, B -> k, x -> v, Δ -> beta, exp(ΔA) -> exp(log_decay).
        Differs: the skip D x is the layer's; a decay per key is allowed (GLA, arXiv:2312.06635).
    """
    assert inputs.beta is not None
    assert inputs.log_decay is not None
    decay = inputs.log_decay.exp().reshape(*inputs.k.shape[:2], -1, 1)
    write = inputs.beta.unsqueeze(-1) * inputs.v
    matrix_next = decay * matrix + inputs.k.unsqueeze(-1) * write.unsqueeze(-2)
    out = recall(matrix_next, inputs.q)
    return matrix_next, out, write.norm(dim=-1) * inputs.k.norm(dim=-1)
