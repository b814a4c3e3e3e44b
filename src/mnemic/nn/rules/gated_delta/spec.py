"""The gated delta rule, token by token: the definition."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.rule import recall


def law(matrix: Matrix, inputs: Inputs) -> tuple[Matrix, Values, Gates]:
    """Fade, correct what is stored under k towards v, then read.

    F = Diag(a) S;  e = v - F^T k;  S' = F + beta k e^T;  o = S'^T q;  magnitude beta ||k|| ||e||.

    Source:
        Gated Delta Networks (Yang et al., 2024), eq. 10, arXiv:2412.06464, for one decay per head;
        Kimi Linear (Kimi Team, 2025), arXiv:2510.26692, for one per key.
        theirs -> ours: S -> S^T, α -> exp(log_decay), β -> beta.
    """
    assert inputs.beta is not None
    assert inputs.log_decay is not None
    decay = inputs.log_decay.exp().reshape(*inputs.k.shape[:2], -1, 1)
    faded = decay * matrix
    error = inputs.v - recall(faded, inputs.k)
    write = inputs.beta.unsqueeze(-1) * error
    matrix_next = faded + inputs.k.unsqueeze(-1) * write.unsqueeze(-2)
    out = recall(matrix_next, inputs.q)
    return matrix_next, out, write.norm(dim=-1) * inputs.k.norm(dim=-1)
