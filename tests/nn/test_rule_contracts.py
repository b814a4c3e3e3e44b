"""Every rule keeps the shipped contract."""

# ruff: noqa: E402
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor

from mnemic.nn import Inputs, Rule, State, make_rule
from mnemic.nn.rules.softmax.spec import spec as softmax_spec
from mnemic.nn.rules.window.spec import spec as window_spec
from mnemic.testing.rules import KEY_WIDTH, RuleContract


def eye(like: Tensor) -> Tensor:
    return torch.eye(KEY_WIDTH, dtype=like.dtype).expand(*like.shape, KEY_WIDTH)


def outer(a: Tensor, b: Tensor) -> Tensor:
    return a.unsqueeze(-1) * b.unsqueeze(-2)


class TestDelta(RuleContract):
    gates = ("beta",)
    overwrites = True

    def rule(self) -> Rule:
        return make_rule("delta")

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        k, bk = token.k, token.beta.unsqueeze(-1) * token.k
        return eye(k) - outer(bk, k), outer(bk, token.v), torch.ones_like(k)


class TestGatedDelta(RuleContract):
    gates = ("beta", "log_decay")
    overwrites = True

    def rule(self) -> Rule:
        return make_rule("gated_delta")

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        k, bk = token.k, token.beta.unsqueeze(-1) * token.k
        decay = token.log_decay.exp().reshape(*k.shape[:2], -1).expand(k.shape)
        return (eye(k) - outer(bk, k)) * decay.unsqueeze(-2), outer(bk, token.v), decay


class TestKimiDelta(TestGatedDelta):
    gates = ("beta", "log_decay_per_key")


class TestLinear(RuleContract):
    def rule(self) -> Rule:
        return make_rule("linear")

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        return eye(token.k), outer(token.k, token.v), torch.ones_like(token.k)


class TestMamba2(RuleContract):
    gates = ("beta", "log_decay")

    def rule(self) -> Rule:
        return make_rule("mamba2")

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        decay = token.log_decay.exp().reshape(*token.k.shape[:2], -1).expand(token.k.shape)
        return decay.diag_embed(), outer(token.beta.unsqueeze(-1) * token.k, token.v), decay


class TestGatedLinear(TestMamba2):
    gates = ("beta", "log_decay_per_key")


class TestRwkv7(RuleContract):
    gates = ("log_decay_per_key", "a", "kk")
    overwrites = True

    def rule(self) -> Rule:
        return make_rule("rwkv7")

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        decay = token.log_decay.exp()
        move = decay.diag_embed() - outer(token.a * token.kk, token.kk)
        return move, outer(token.k, token.v), decay


def row_sizes(inputs: Inputs) -> Tensor:
    return torch.cat([inputs.k, inputs.v], -1).norm(dim=-1)


class TestSoftmax(RuleContract):
    grows = True

    def rule(self) -> Rule:
        return make_rule("softmax")

    def spec(self, inputs: Inputs, state: State) -> tuple[Tensor, Tensor]:
        return softmax_spec(inputs), row_sizes(inputs)


class TestWindow(RuleContract):
    def rule(self) -> Rule:
        return make_rule("window", width=7)

    def spec(self, inputs: Inputs, state: State) -> tuple[Tensor, Tensor]:
        return window_spec(inputs, 7), row_sizes(inputs)
