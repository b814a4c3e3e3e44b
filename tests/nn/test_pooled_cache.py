"""The pooled cache against its definition, written out token by token."""

# ruff: noqa: E402
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn import Inputs
from mnemic.nn.exact import PooledCache
from mnemic.nn.exact.pooled import TIE_BREAK
from mnemic.nn.layers.slow import KEEPS, SlowFeatures

T, HEADS, K, V, WIDTH = 23, 2, 4, 3, 5


@pytest.fixture(params=[False, True], ids=["", "fading"])
def cache(request: pytest.FixtureRequest) -> PooledCache:
    torch.manual_seed(1)
    cache = PooledCache(HEADS, K, width=WIDTH, owners=HEADS, fading=request.param).double()
    for parameter in cache.parameters():
        torch.nn.init.normal_(parameter)
    return cache


def tokens(ties: bool = False) -> tuple[Inputs, Any, Any, Any]:
    torch.manual_seed(2)
    q, k = (torch.randn(2, T, HEADS, K, dtype=torch.float64) for _ in range(2))
    v, out = (torch.randn(2, T, HEADS, V, dtype=torch.float64) for _ in range(2))
    size = torch.zeros(2, T, HEADS) if ties else torch.rand(2, T, HEADS)
    importance = -torch.rand(2, T, HEADS, dtype=torch.float64)
    if ties:
        importance = (3 * importance).round()
    return Inputs(q, k, v), out, size, importance


def defined(cache: PooledCache, given: tuple[Inputs, Any, Any, Any]) -> Any:
    inputs, out, size, importance = given
    total = out.clone()
    score = importance.float() + TIE_BREAK * size
    for b in range(2):
        for t in range(T):
            best, owner = score[b, : t + 1].max(-1)
            order = sorted(range(t + 1), key=lambda j: (-float(best[j]), j))
            kept = order[:WIDTH]
            for h in range(HEADS):
                q = inputs.q[b, t, h] / inputs.q[b, t, h].norm() * K**0.5 * cache.gamma_q
                logits, values = [cache.sink[h]], [torch.zeros(V, dtype=torch.float64)]
                for j in kept:
                    if owner[j] == h:
                        k = inputs.k[b, j, h] / inputs.k[b, j, h].norm() * K**0.5 * cache.gamma_k
                        fade = 0.0
                        if cache.fading is not None:
                            rate = torch.nn.functional.softplus(cache.fading[h])
                            fade = rate * torch.tensor(t - j + 1.0, dtype=torch.float64).log()
                        logits.append(q @ k / K**0.5 + importance[b, j, h] - fade)
                        values.append(inputs.v[b, j, h])
                weights = torch.stack(logits).softmax(0)
                total[b, t, h] += cache.gate[h].sigmoid() * (weights @ torch.stack(values))
    return total


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("chunk", [1, 4, 64])
def test_it_reads_what_the_definition_says(cache: PooledCache, chunk: int, ties: bool) -> None:
    given = tokens(ties)
    found = cache(cache.init_state(2, V, torch.float64), *given, chunk=chunk)
    assert torch.allclose(found.out, defined(cache, given), atol=1e-12)
    assert found.state.slots.k.shape == (2, WIDTH, K)


def test_the_state_does_not_depend_on_where_time_was_cut(cache: PooledCache) -> None:
    inputs, out, size, importance = tokens()
    whole = cache(cache.init_state(2, V, torch.float64), inputs, out, size, importance).state
    for cut in (1, 2, 7, 22):
        state = cache.init_state(2, V, torch.float64)
        for a, b in ((0, cut), (cut, T)):
            part = (out[:, a:b], size[:, a:b], importance[:, a:b])
            state = cache(state, inputs.cut(a, b), *part).state
        assert state.equals(whole)


def test_with_one_owner_the_other_heads_have_the_state_alone() -> None:
    inputs, out, size, importance = tokens()
    cache = PooledCache(HEADS, K, width=WIDTH).double()
    state = cache.init_state(2, V, torch.float64)
    found = cache(state, inputs, out, size, importance[..., :1]).out
    first = inputs.map(lambda x: x[:, :, :1])
    alone = PooledCache(1, K, width=WIDTH).double()
    wanted = alone(state, first, out[:, :, :1], size[..., :1], importance[..., :1]).out
    assert torch.equal(found[:, :, 1:], out[:, :, 1:])
    assert torch.equal(found[:, :, :1], wanted)


def test_its_width_may_change(cache: PooledCache) -> None:
    """Narrower keeps the best of what there is; wider has room for more."""
    inputs, out, size, importance = tokens()
    begin = cache.init_state(2, V, torch.float64)
    wide = cache(begin, inputs, out, size, importance)
    cache.width = 3
    narrow = cache(begin, inputs, out, size, importance)
    assert cache._fitted(wide.state.slots).score.equal(narrow.state.slots.score)
    cache.width = 9
    again = cache(narrow.state, inputs, out, size, importance).state
    assert again.slots.k.shape == (2, 9, K)
    assert again.slots.score.isfinite().all()


def test_importance_learns_through_the_read_and_selection_does_not(cache: PooledCache) -> None:
    inputs, out, size, importance = tokens()
    importance.requires_grad_()
    size.requires_grad_()
    cache(cache.init_state(2, V, torch.float64), inputs, out, size, importance).out.sum().backward()
    assert importance.grad.abs().sum() > 0
    assert size.grad is None


def test_bad_input_is_named(cache: PooledCache) -> None:
    with pytest.raises(StateMismatch, match=r"pooled\(1\)"):
        cache(PooledCache(HEADS, K).init_state(2, V, torch.float64), *tokens())
    with pytest.raises(InvalidTensor, match="importance has the shape"):
        cache(cache.init_state(2, V, torch.float64), *tokens()[:3], tokens()[3][..., :1])
    with pytest.raises(StateMismatch, match="batch cannot change"):
        cache(cache.init_state(1, V, torch.float64), *tokens())
    with pytest.raises(InvalidTensor, match="width is 0"):
        PooledCache(HEADS, K, width=0)
    with pytest.raises(InvalidTensor, match="gate_init is nan"):
        PooledCache(HEADS, K, gate_init=float("nan"))
    with pytest.raises(InvalidTensor, match="owners is 3; there are 2 heads"):
        PooledCache(2, K, owners=3)


def test_slow_features_are_running_means_that_skip_padding() -> None:
    slow, x = SlowFeatures(6, 2).double(), torch.randn(1, 50, 6, dtype=torch.float64)
    r = torch.nn.functional.silu(slow.project(x))
    expected, means = [], torch.zeros(1, len(KEEPS), 2, dtype=torch.float64)
    keep = torch.tensor(KEEPS, dtype=torch.float64).reshape(-1, 1)
    mask = torch.rand(1, 50) < 0.7
    for t in range(50):
        if mask[0, t]:
            means = keep * means + (1 - keep) * r[:, t].unsqueeze(1)
        flat = means.flatten(1)
        expected.append(flat * (flat.square().mean(-1, keepdim=True) + 1e-6).rsqrt())
    for chunk in (1, 7, 64):
        found = slow(slow.init_state(1, torch.float64), x, mask, chunk)
        assert torch.allclose(found.out, torch.stack(expected, 1), atol=1e-12)
        assert torch.allclose(found.state.means, means, atol=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_a_step_is_a_run_of_one_token(cache: PooledCache, ties: bool) -> None:
    """In what is read and in what is kept; with padding too."""
    inputs, out, size, importance = tokens(ties)
    masked = replace(inputs, mask=torch.arange(T) >= torch.tensor([[0], [5]]))
    for given in (inputs, masked):
        stepped = ran = cache.init_state(2, V, torch.float64)
        for t in range(T):
            here = slice(t, t + 1)
            some = (out[:, here], size[:, here], importance[:, here])
            wanted = cache(ran, given.cut(t, t + 1), *some, chunk=1)
            found = cache.step(stepped, given.at(t), *(x[:, 0] for x in some))
            assert torch.allclose(found.out, wanted.out[:, 0], atol=1e-13)
            stepped, ran = found.state, wanted.state
            assert torch.equal(stepped.slots.score, ran.slots.score)
            assert torch.equal(stepped.count, ran.count)
            live = stepped.slots.score > float("-inf")
            assert torch.equal(stepped.slots.position[live], ran.slots.position[live])
