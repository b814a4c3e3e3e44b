"""RWKV-7's recurrence, token by token: the definition."""

from __future__ import annotations

import torch
from torch import Tensor

from mnemic.nn.axes import Gates, Matrix, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.rules.rule import recall


def law(matrix: Matrix, inputs: Inputs) -> tuple[Matrix, Values, Gates]:
    """Look up kk, fade, remove what was found along a kk, add the pair, then read.

    z = S^T kk;  S' = Diag(w) S - (a kk) z^T + k v^T;  o = S'^T r.

    Source:
        RWKV-7 "Goose" (Peng et al., 2025), section 4, arXiv:2503.14456, and its reference
        implementation rwkv_v7_numpy.py.
        theirs -> ours: S -> S^T, r -> q, w -> exp(log_decay), k~ -> k, kappa^ -> kk.
        Differs: token shift, gates, the bonus (r . k~ r_k) v and the group norm are the layer's.
    """
    assert inputs.log_decay is not None
    assert inputs.a is not None
    assert inputs.kk is not None
    found = recall(matrix, inputs.kk)
    removal = inputs.a * inputs.kk
    matrix_next = (
        inputs.log_decay.exp().unsqueeze(-1) * matrix
        - removal.unsqueeze(-1) * found.unsqueeze(-2)
        + inputs.k.unsqueeze(-1) * inputs.v.unsqueeze(-2)
    )
    out = recall(matrix_next, inputs.q)
    return matrix_next, out, write_magnitude(found, removal, inputs.k, inputs.v)


def write_magnitude(found: Tensor, removal: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """||k v^T - removal found^T||_F, without forming the matrix.

    The square is ||k||^2 ||v||^2 + ||removal||^2 ||found||^2 - 2 (k . removal)(v . found). Where
    what is written equals what is removed this is a difference of equals, which loses half the
    digits; so the part of k v^T along the removal is taken off first.

    Args:
        found: [..., V] what stood under kk.
        removal: [..., K] a kk.
        k: [..., K].
        v: [..., V].
    """
    found, removal, k, v = found.detach(), removal.detach(), k.detach(), v.detach()
    length = (removal * removal).sum(-1, keepdim=True)
    # A removal too small to matter has no direction worth dividing by.
    nothing = length < torch.finfo(k.dtype).eps ** 2
    share = (k * removal).sum(-1, keepdim=True) / length.masked_fill(nothing, 1.0)
    share = share.masked_fill(nothing, 0.0)
    aside = k - share * removal
    along = share * v - found
    aside_squared = (aside * aside).sum(-1) * (v * v).sum(-1)
    along_squared = length.squeeze(-1) * (along * along).sum(-1)
    return (aside_squared + along_squared).sqrt()
