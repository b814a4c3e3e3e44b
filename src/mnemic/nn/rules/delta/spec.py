"""The delta rule, token by token: the definition."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.rule import recall


def law(matrix: Matrix, inputs: Inputs) -> tuple[Matrix, Values, Gates]:
    """Correct what is stored under k towards v, then read.

    e = v - S^T k;  S' = S + beta k e^T;  o = S'^T q;  magnitude beta ||k|| ||e||.

    Source:
        Parallelizing Linear Transformers with the Delta Rule over Sequence Length (Yang et al.,
        2024), section 2.2, arXiv:2406.06484. theirs -> ours: S -> S^T, β -> beta.
        Differs: k is normalised by the caller.
    """
    assert inputs.beta is not None
    error = inputs.v - recall(matrix, inputs.k)
    write = inputs.beta.unsqueeze(-1) * error
    matrix_next = matrix + inputs.k.unsqueeze(-1) * write.unsqueeze(-2)
    out = recall(matrix_next, inputs.q)
    return matrix_next, out, write.norm(dim=-1) * inputs.k.norm(dim=-1)
