"""Linear attention, token by token: the definition."""

from __future__ import annotations

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.rule import recall


def law(matrix: Matrix, inputs: Inputs) -> tuple[Matrix, Values, Gates]:
    """Add the pair, then read.

    S' = S + k v^T;  o = S'^T q;  magnitude ||k|| ||v||.

    Source:
        Transformers are RNNs (Katharopoulos et al., 2020), eqs. 16-20, arXiv:2006.16236.
        Differs: no normaliser z; who wants it appends a column of ones to v. The feature map is
        the caller's.
    """
    matrix_next = matrix + inputs.k.unsqueeze(-1) * inputs.v.unsqueeze(-2)
    out = recall(matrix_next, inputs.q)
    return matrix_next, out, inputs.v.norm(dim=-1) * inputs.k.norm(dim=-1)
