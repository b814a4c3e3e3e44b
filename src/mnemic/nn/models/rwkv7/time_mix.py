"""RWKV-7's time mixing: what is around the rule."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mnemic.nn.axes import Mask, Values
from mnemic.nn.inputs import Inputs
from mnemic.nn.layers import ConvState
from mnemic.nn.models.rwkv7.config import Rwkv7Config
from mnemic.nn.models.rwkv7.token_shift import shift
from mnemic.nn.rules import make_rule
from mnemic.nn.state import State

NORM_EPS = 64e-5
"""Of the norm over a head's outputs, whatever the head size."""


class TimeMixed(NamedTuple):
    """rule and conv: states after the tokens; out [B, T, D]; first [B, T, H, V]: layer 0's values."""

    rule: State
    conv: ConvState
    out: Tensor
    first: Values


class TimeMix(nn.Module):
    """Shift, project, remember by the rule `rwkv7`, normalise, add the bonus, gate, project back.

        x_c = x + (x_before - x) mu_c                             for c in r, w, k, v, a, g
        r, k, v = W x_c;  log w = -e^(-1/2) sigmoid(w0 + tanh(x_w w1) w2)
        a = sigmoid(a0 + x_a a1 a2);  g = sigmoid(x_g g1) g2
        v += (v_first - v) sigmoid(v0 + x_v v1 v2)                 from layer 1 on
        kk = k k_k / ||k k_k||;  k~ = k (1 + (a - 1) k_a)          per head
        out = W_o ((norm(rule(r, w, k~, v, a, kk)) + (r . k~ r_k) v) g)

    Parameters have the names, shapes and order of the official checkpoints, of which one reader
    (rwkv_v7_numpy.py) goes by the order.

    Args:
        config: sizes.
        layer: which one this is, from 0.

    Source:
        RWKV-7 "Goose" (Peng et al., 2025), section 4 and appendix D, arXiv:2503.14456, and its
        reference implementation rwkv_v7_numpy.py.
    """

    def __init__(self, config: Rwkv7Config, layer: int) -> None:
        super().__init__()
        width = config.width
        self.heads, self.head_size, self.mixes_first = config.heads, config.head_size, layer > 0
        self.rule = make_rule("rwkv7")
        self.x_r, self.x_w, self.x_k = _row(width), _row(width), _row(width)
        self.x_v, self.x_a, self.x_g = _row(width), _row(width), _row(width)
        self.w0 = _row(width)
        self.r_k = _matrix(config.heads, config.head_size)
        self.w1 = _matrix(width, config.decay_rank)
        self.w2 = _matrix(config.decay_rank, width)
        self.a1 = _matrix(width, config.rate_rank)
        self.a2 = _matrix(config.rate_rank, width)
        self.a0 = _row(width)
        self.g1 = _matrix(width, config.gate_rank)
        self.g2 = _matrix(config.gate_rank, width)
        if self.mixes_first:
            self.v2 = _matrix(config.value_rank, width)
            self.v1 = _matrix(width, config.value_rank)
            self.v0 = _row(width)
        self.k_k, self.k_a = _row(width), _row(width)
        self.receptance = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.ln_x = nn.GroupNorm(config.heads, width, eps=NORM_EPS)
        self._begin(layer / max(config.layers - 1, 1), layer / config.layers)

    def forward(
        self,
        x: Tensor,
        rule: State,
        conv: ConvState,
        first: Values | None,
        mask: Mask | None,
        size: int | None,
    ) -> TimeMixed:
        """T tokens.

        Args:
            x: [B, T, D], normalised.
            rule: state of the rule before them.
            conv: state of the shift before them.
            first: [B, T, H, V] values of layer 0; None in layer 0.
            mask: [B, T], padding on the left only.
            size: tokens the rule handles at once; None: T is 1, and the rule takes a step.
        """
        conv_next, before = shift(conv, x, mask)
        gap = before - x
        r = self.receptance(x + gap * self.x_r)
        k = self.key(x + gap * self.x_k)
        x_v = x + gap * self.x_v
        v = self.value(x_v)
        a = (self.a0 + (x + gap * self.x_a) @ self.a1 @ self.a2).sigmoid()
        kk = normalize(self._split(k * self.k_k), dim=-1)
        k = self._split(k * (1 + (a - 1) * self.k_a))
        r, v = self._split(r), self._split(v)
        if first is None:
            first = v
        else:
            share = (self.v0 + x_v @ self.v1 @ self.v2).sigmoid()
            v = v + (first - v) * self._split(share)
        inputs = Inputs(
            r,
            k,
            v,
            log_decay=self._log_decay(x + gap * self.x_w),
            a=self._split(a),
            kk=kk,
            mask=mask,
        )
        if size is None:
            done = self.rule.step(rule, inputs.at(0))
            found = done.out.unsqueeze(1)
        else:
            done = self.rule.run(rule, inputs, size)
            found = done.out
        normed = self.ln_x(found.reshape(-1, x.shape[-1])).reshape(x.shape)
        bonus = (r * k * self.r_k).sum(-1, keepdim=True) * v
        gate = (x + gap * self.x_g).matmul(self.g1).sigmoid() @ self.g2
        out = self.output((normed + bonus.flatten(-2)) * gate)
        return TimeMixed(done.state, conv_next, out, first)

    def _split(self, x: Tensor) -> Tensor:
        """[..., D] as [..., H, K]."""
        return x.reshape(*x.shape[:-1], self.heads, self.head_size)

    def _log_decay(self, x: Tensor) -> Tensor:
        """[B, T, H, K], in float32 at least: where little is forgotten, half precision rounds to 0."""
        score = self.w0 + (x @ self.w1).tanh() @ self.w2
        wide = score.float() if score.element_size() < 4 else score
        return self._split(-math.exp(-0.5) * wide.sigmoid())

    @torch.no_grad()
    def _begin(self, depth: float, height: float) -> None:
        """Fresh weights: decays from slow to fast across the width, deltas and mixes near official.

        Args:
            depth: 0 in the first layer, 1 in the last.
            height: 0 in the first layer, almost 1 in the last.

        Source:
            Appendix E of the same paper. Differs: no zigzag across a head; normal, not orthogonal.
        """
        width = self.w0.shape[-1]
        line = torch.linspace(0, 1, width)
        for mix, power in (
            (self.x_r, 0.2),
            (self.x_w, 0.9),
            (self.x_k, 0.7),
            (self.x_v, 0.7),
            (self.x_a, 0.9),
            (self.x_g, 0.2),
        ):
            mix.copy_(1 - line.pow(power * (1 - height)))
        self.w0.copy_(-5.5 + 6 * line.pow(1 + depth**0.3))
        self.r_k.fill_(-0.04)
        self.a0.copy_(-0.2 + 0.4 * (line - 0.5))
        self.k_k.fill_(0.7)
        self.k_a.fill_(1.0)
        for low in (self.w1, self.a1, self.g1):
            low.zero_()
        for high in (self.w2, self.a2, self.g2):
            high.normal_(std=0.1 * width**-0.5)
        if self.mixes_first:
            self.v0.copy_(0.7 - 0.4 * (line - 0.5))
            self.v1.zero_()
            self.v2.normal_(std=0.1 * width**-0.5)
        bound = 0.5 * width**-0.5
        for linear, size in ((self.receptance, 1.0), (self.key, 0.1), (self.value, 1.0)):
            linear.weight.uniform_(-bound * size, bound * size)
        self.output.weight.zero_()


def _row(width: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(1, 1, width))


def _matrix(rows: int, columns: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(rows, columns))
