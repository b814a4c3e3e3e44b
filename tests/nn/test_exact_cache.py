"""The exact cache: what is kept, in what order, how it is read, what is refused."""

# ruff: noqa: E402
from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn import Inputs, load_states, make_rule, save_states
from mnemic.nn.exact import SCORES, CacheState, Entries, ExactCache, ExactMemory, MemoryState
from mnemic.nn.exact.entries import NOWHERE
from mnemic.nn.exact.score import Evidence, score_tokens
from mnemic.nn.exact.select import merge, scan_blocks, top
from mnemic.testing.rules import HEADS, KEY_WIDTH, VALUE_WIDTH, learned_cache

TIES = st.lists(st.integers(0, 3).map(float), min_size=1, max_size=24)


def entries(scores: list[float], first: int = 0) -> Entries:
    """One row, one head; keys and values say their position."""
    position = torch.arange(first, first + len(scores)).reshape(1, 1, -1)
    wide = position.double().unsqueeze(-1)
    score = torch.tensor(scores).reshape(1, 1, -1)
    return Entries(wide, wide, wide.squeeze(-1), score, position)


def kept_positions(kept: Entries) -> list[int]:
    return [p for p in kept.position.flatten().tolist() if p != NOWHERE]


def best(scores: list[float], width: int) -> list[int]:
    """The definition: by score, highest first, then by position."""
    return sorted(sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:width])


def tokens(batch: int, length: int, seed: int = 0) -> Inputs:
    random = torch.Generator().manual_seed(seed)

    def normal(width: int) -> Tensor:
        return torch.randn(batch, length, HEADS, width, generator=random, dtype=torch.float64)

    unit = torch.nn.functional.normalize(normal(KEY_WIDTH), dim=-1)
    beta = torch.rand(batch, length, HEADS, generator=random, dtype=torch.float64)
    return Inputs(normal(KEY_WIDTH), unit, normal(VALUE_WIDTH), beta=beta)


def memory(**options: object) -> ExactMemory:
    return ExactMemory(make_rule("delta"), learned_cache(**options))


# Selection.


@given(TIES, st.integers(0, 8))
def test_top_is_by_score_then_position(scores: list[float], width: int) -> None:
    width = min(width, len(scores))
    assert top(torch.tensor(scores), width).tolist() == best(scores, width)


def test_ties_go_to_the_earlier_token_among_thousands() -> None:
    scores = [float(i % 3) for i in range(20_000)]
    assert top(torch.tensor(scores), 5000).tolist() == best(scores, 5000)


@given(TIES, st.data(), st.integers(0, 6))
def test_merging_parts_in_any_grouping_is_the_best_of_the_whole(
    scores: list[float], data: st.DataObject, width: int
) -> None:
    """merge is associative and commutative, ties included."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(scores)), max_size=4)))
    parts = [entries(scores[a:b], a) for a, b in pairwise([0, *cuts, len(scores)])]
    order = data.draw(st.permutations(parts))
    while len(order) > 1:
        i = data.draw(st.integers(0, len(order) - 2))
        order[i : i + 2] = [merge(order[i], order[i + 1], width)]
    merged = merge(order[0], entries([]), width)
    assert kept_positions(merged) == best(scores, width)
    assert merged.k.flatten().tolist() == merged.position.flatten().tolist()


@given(TIES, st.integers(1, 5), st.integers(1, 5))
def test_a_scan_selects_what_was_best_before_each_block(
    scores: list[float], width: int, chunk: int
) -> None:
    blocks = len(scores) // chunk
    score = torch.tensor([-torch.inf] * width + scores[: blocks * chunk]).reshape(1, 1, -1)
    selected = scan_blocks(score, width, chunk)
    for block in range(blocks + 1):
        slots = [i - width for i in selected[0, 0, block].tolist() if i >= width]
        assert slots == best(scores[: block * chunk], width)


def test_empty_slots_come_last_and_hold_zeros() -> None:
    score = [1.0, float("-inf"), 2.0]
    kept = merge(entries(score), entries([], 3), 3)
    assert kept.position.flatten().tolist() == [0, 2, NOWHERE]
    assert kept.k.flatten().tolist() == [0.0, 2.0, 0.0]


# Scores.


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize(("width", "chunk"), [(4, 8), (1, 1), (9, 7)])
def test_every_score_gives_one_answer_however_time_is_cut(
    score: str, width: int, chunk: int
) -> None:
    inputs, length = tokens(2, 40), 40
    both = memory(score=score, width=width, chunk=chunk)
    begin = both.init_state(2, VALUE_WIDTH, torch.float64)
    with torch.no_grad():
        whole = both.run(begin, inputs, 64)
        state: MemoryState = begin
        for t in range(length):
            if t % 7 == 2:
                rest = both.run(state, inputs.cut(t, length), 64)
                assert torch.allclose(rest.out, whole.out[:, t:], atol=1e-12, rtol=0)
            done = both.step(state, inputs.at(t))
            assert torch.allclose(done.out, whole.out[:, t], atol=1e-12, rtol=0)
            state = done.state
    assert torch.equal(state.cache.kept.position, whole.state.cache.kept.position)


def test_scores_say_what_they_say() -> None:
    """On delta with beta = .5 and an empty state the residual is ||v||, the write half of it."""
    inputs = tokens(1, 1)
    inputs = replace(inputs, beta=torch.full((1, 1, HEADS), 0.5, dtype=torch.float64))
    rule = make_rule("delta")
    done = rule.run(rule.init_state(1, HEADS, KEY_WIDTH, VALUE_WIDTH, torch.float64), inputs, 64)
    seen = Evidence(inputs.k, inputs.v, inputs.beta, done.write_magnitude, (41,), seed=3)
    size = inputs.v.norm(dim=-1).float()
    assert torch.allclose(score_tokens("write", seen), size / 2)
    assert torch.allclose(score_tokens("residual", seen), size)
    assert score_tokens("recency", seen).tolist() == [[[41.0] * HEADS]]
    assert torch.allclose(score_tokens("key_norm", seen), torch.ones(1, 1, HEADS))
    assert all(score_tokens(name, seen).dtype == torch.float32 for name in SCORES)
    silent = replace(seen, beta=torch.zeros_like(inputs.beta))
    assert not score_tokens("residual", silent).any()


@pytest.mark.parametrize("score", list(SCORES))
def test_scores_carry_no_gradient(score: str) -> None:
    k = torch.randn(1, 3, HEADS, KEY_WIDTH, requires_grad=True)
    seen = Evidence(k, k, k[..., 0], k[..., 1], (0,))
    assert not score_tokens(score, seen).requires_grad


def test_random_scores_are_seeded_uniform_and_alike_in_all_rows() -> None:
    write = torch.zeros(2, 4000, HEADS)
    made = {
        seed: score_tokens("random", Evidence(write, write, None, write, (0, 0), seed))
        for seed in (0, 1)
    }
    assert torch.equal(made[0][0], made[0][1])
    assert not torch.equal(made[0], made[1])
    for one in (made[0][0, :, 0], made[0][0, :, 1], made[1][0, :, 0]):
        assert float(one.min()) >= 0
        assert float(one.max()) < 1
        assert abs(float(one.mean()) - 0.5) < 0.03
        assert abs(float(torch.corrcoef(torch.stack([one[:-1], one[1:]]))[0, 1])) < 0.06


def test_recency_keeps_the_last_complete_block() -> None:
    both = memory(score="recency", width=5, chunk=4)
    state = both.run(both.init_state(1, VALUE_WIDTH, torch.float64), tokens(1, 18), 64).state
    assert kept_positions(state.cache.kept)[:5] == [11, 12, 13, 14, 15]


def test_recall_error_asks_the_present_state() -> None:
    """What is kept is what the state at the block's end recalls worst."""
    both = memory(score="recall_error", width=3, chunk=8)
    begin = both.init_state(1, VALUE_WIDTH, torch.float64)
    inputs = tokens(1, 8)
    state = both.run(begin, inputs, 64).state
    matrix = both.rule.run(begin.rule, inputs, 64).state.matrix
    error = (inputs.v - torch.einsum("bthk,bhkv->bthv", inputs.k, matrix)).norm(dim=-1)
    for head in range(HEADS):
        wanted = best(error[0, :, head].tolist(), 3)
        assert state.cache.kept.position[0, head].tolist() == wanted


# Reading.


def test_gradients_agree_in_the_three_forms() -> None:
    """Of inputs and of all learned parameters; selection itself carries none."""
    rule, inputs = make_rule("delta"), tokens(2, 21)
    found = []
    for form in ("gather", "dense", "online"):
        cache = learned_cache(width=4, chunk=5)
        both = ExactMemory(rule, cache)
        leaves = [x.clone().requires_grad_() for x in (inputs.q, inputs.k, inputs.v, inputs.beta)]
        given_ = Inputs(*leaves)
        begin = both.init_state(2, VALUE_WIDTH, torch.float64)
        if form == "online":
            state, outs = begin, []
            for t in range(21):
                done = both.step(state, given_.at(t))
                state = done.state
                outs.append(done.out)
            out = torch.stack(outs, 1)
        else:
            bare = rule.run(begin.rule, given_, 64)
            out = cache(begin.cache, given_, bare.out, bare.write_magnitude, form=form).out
        found.append(torch.autograd.grad(out.cos().sum(), [*leaves, *cache.parameters()]))
    for gathered, dense, online in zip(*found, strict=True):
        assert gathered.abs().max() > 0
        assert torch.allclose(gathered, dense, atol=1e-11, rtol=0)
        assert torch.allclose(gathered, online, atol=1e-11, rtol=0)


@pytest.mark.parametrize("wanted", ["q", "parameters"])
def test_decoding_may_be_differentiated_by_queries_or_parameters_alone(wanted: str) -> None:
    """The graph keeps the buffers it was read from; later steps must not write into them."""
    inputs = tokens(1, 14)
    found = []
    for online in (True, False):
        both = memory(width=3, chunk=4)
        both.cache.requires_grad_(wanted == "parameters")
        q = inputs.q.clone().requires_grad_(wanted == "q")
        given_ = replace(inputs, q=q)
        state = both.init_state(1, VALUE_WIDTH, torch.float64)
        if online:
            outs = []
            for t in range(14):
                done = both.step(state, given_.at(t))
                state = done.state
                outs.append(done.out)
            out = torch.stack(outs, 1)
        else:
            out = both.run(state, given_, 64).out
        leaves = [q] if wanted == "q" else list(both.cache.parameters())
        found.append(torch.autograd.grad(out.cos().sum(), leaves))
    for online_, run_ in zip(*found, strict=True):
        assert torch.allclose(online_, run_, atol=1e-11, rtol=0)


def test_gradients_are_those_of_finite_differences() -> None:
    cache = learned_cache(width=2, chunk=3)
    inputs = tokens(1, 7)
    begin = cache.init_state(1, VALUE_WIDTH, torch.float64)
    write = torch.rand(1, 7, HEADS)

    def outputs(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return cache(begin, Inputs(q, k, v), torch.zeros_like(v), write).out

    leaves = [x.clone().requires_grad_() for x in (inputs.q, inputs.k, inputs.v)]
    assert torch.autograd.gradcheck(outputs, leaves, fast_mode=True)


@torch.no_grad()
def test_a_stored_pair_is_read_back_exactly_when_rms_keys_are_sharp() -> None:
    """Sixty-four random unit keys saturate a delta state of width 16; the cache still knows them."""
    random = torch.Generator().manual_seed(0)
    k = torch.nn.functional.normalize(torch.randn(1, 64, 1, 16, generator=random), dim=-1)
    v = torch.nn.functional.one_hot(torch.arange(64)).float().reshape(1, 64, 1, 64)
    right = {}
    for norm in ("rms", "l2"):
        cache = ExactCache(1, 16, width=64, chunk=64, norm=norm, gate_init=20.0)
        begin = cache.init_state(1, 64)
        held = cache(begin, Inputs(k, k, v), torch.zeros_like(v), torch.ones(1, 64, 1)).state
        asked = cache(
            held, Inputs(k[:, :1], k[:, :1] * 0, v[:, :1] * 0), v[:, :1] * 0, torch.zeros(1, 1, 1)
        )
        right[norm] = float(asked.out[0, 0, 0, 0])
    assert right["rms"] > 3 * right["l2"]


def test_left_padding_full_of_nan_stays_outside() -> None:
    both = memory(width=4, chunk=6)
    inputs, pads = tokens(2, 30), torch.tensor([[0], [13]])
    mask = torch.arange(30) >= pads
    hidden = ~mask
    spoiled = inputs.map(
        lambda x: x.masked_fill(hidden.reshape(2, 30, *(1,) * (x.ndim - 2)), torch.nan)
    )
    begin = both.init_state(2, VALUE_WIDTH, torch.float64)
    out = both.run(begin, replace(spoiled, mask=mask), 64).out
    alone = both.run(
        both.init_state(1, VALUE_WIDTH, torch.float64), inputs.map(lambda x: x[1:, 13:]), 64
    ).out
    assert torch.allclose(out[1:, 13:], alone, atol=1e-12, rtol=0)
    assert not out[1, :13].any()


# States.


@pytest.mark.parametrize("lead", [0, 3])
@pytest.mark.parametrize("chunk", [4, 16])
def test_branches_of_one_state_do_not_meet(chunk: int, lead: int) -> None:
    """Two continuations taken in turns, across selections, rows in phase and out of it."""
    both = memory(width=3, chunk=chunk)
    branches = [tokens(2, 12, seed=seed) for seed in (1, 2)]
    first = replace(tokens(2, 10), mask=torch.arange(10) >= torch.tensor([[0], [lead]]))
    root = both.run(both.init_state(2, VALUE_WIDTH, torch.float64), first, 64).state
    states = [root, root]
    with torch.no_grad():
        for t in range(12):
            for i, branch in enumerate(branches):
                done = both.step(states[i], branch.at(t))
                states[i] = done.state
                whole = both.run(root, branch.cut(0, t + 1), 64)
                assert torch.allclose(done.out, whole.out[:, t], atol=1e-12, rtol=0)


def test_a_branch_full_of_nan_stays_with_itself() -> None:
    """Its numbers lie in the shared buffer, behind what the other branch has filled."""
    both = memory(width=3, chunk=16)
    first = replace(tokens(2, 6), mask=torch.arange(6) >= torch.tensor([[0], [2]]))
    root = both.run(both.init_state(2, VALUE_WIDTH, torch.float64), first, 64).state
    cache = root.cache
    with torch.no_grad():
        for t in range(4):
            token = tokens(2, 4).map(lambda x: x * torch.nan).at(t)
            cache = both.cache.step(cache, token, token.v, token.beta.float()).state
        assert both.step(root, tokens(2, 1).at(0)).out.isfinite().all()


def test_sharp_logits_do_not_overflow() -> None:
    """A gamma of a thousand: softmax becomes a choice, in every form."""
    both = memory(width=3, chunk=4)
    inputs = tokens(1, 20)
    begin = both.init_state(1, VALUE_WIDTH, torch.float64)
    with torch.no_grad():
        both.cache.gamma_q.fill_(1e4)
        whole = both.run(begin, inputs, 64).out
        assert whole.isfinite().all()
        state = begin
        for t in range(20):
            done = both.step(state, inputs.at(t))
            state = done.state
            assert torch.allclose(done.out, whole[:, t], atol=1e-9)


def test_older_states_never_change_even_across_selections() -> None:
    both = memory(width=3, chunk=4)
    inputs, other = tokens(1, 30), tokens(1, 1, seed=5).at(0)
    state, seen = both.init_state(1, VALUE_WIDTH, torch.float64), []
    with torch.no_grad():
        for t in range(30):
            done = both.step(state, inputs.at(t))
            seen.append((state, done.out))
            state = done.state
        for t in (0, 3, 4, 5, 17, 29):
            both.step(seen[t][0], other)
            assert torch.equal(both.step(seen[t][0], inputs.at(t)).out, seen[t][1])


def test_decoding_writes_in_place_and_its_bytes_do_not_grow() -> None:
    """Between selections the block stays the same memory; no tensor is bigger later on."""
    both = memory(width=8, chunk=16)
    state = both.init_state(1, VALUE_WIDTH, torch.float64)
    sizes, homes = set(), set()
    inputs = tokens(1, 64)
    with torch.no_grad():
        for t in range(64):
            state = both.step(state, inputs.at(t)).state
            sizes.add(state.nbytes)
            homes.add((t // 16, state.cache.slots.k.data_ptr()) if t % 16 < 15 else (t // 16, 0))
    assert len(sizes) == 1
    assert len([h for h in homes if h[1]]) == 4


def test_a_state_made_in_inference_mode_can_be_stepped_outside() -> None:
    both = memory(width=3, chunk=4)
    inputs = tokens(1, 12)
    with torch.inference_mode():
        state = both.run(both.init_state(1, VALUE_WIDTH, torch.float64), inputs.cut(0, 6), 64).state
        state = both.step(state, inputs.at(6)).state
    with torch.no_grad():
        out = both.step(state, inputs.at(7)).out
        assert torch.allclose(
            out, both.run(both.init_state(1, VALUE_WIDTH, torch.float64), inputs, 64).out[:, 7]
        )


@pytest.mark.parametrize("cut", [1, 4, 9, 15])
def test_a_file_gives_back_the_same_bits(cut: int, tmp_path: Path) -> None:
    both = memory(width=3, chunk=4)
    inputs = tokens(2, 20)
    mask = torch.arange(20) >= torch.tensor([[0], [3]])
    inputs = replace(inputs, mask=mask)
    state = both.run(both.init_state(2, VALUE_WIDTH, torch.float64), inputs.cut(0, cut), 64).state
    path = tmp_path / "state"
    save_states(path, {"rule": state.rule, "cache": state.cache}, fingerprint="f")
    loaded = load_states(path, fingerprint="f")
    assert isinstance(loaded["cache"], CacheState)
    assert loaded["cache"].equals(state.cache)
    again = both.run(MemoryState(loaded["rule"], loaded["cache"]), inputs.cut(cut, 20), 64)
    wanted = both.run(state, inputs.cut(cut, 20), 64)
    assert torch.equal(again.out, wanted.out)
    assert again.state.cache.equals(wanted.state.cache)


def test_the_width_may_change_between_calls() -> None:
    """Narrowing keeps the best; widening makes room; 0 and back is allowed."""
    both = memory(width=6, chunk=4)
    inputs = tokens(1, 40)
    begin = both.init_state(1, VALUE_WIDTH, torch.float64)
    state = both.run(begin, inputs.cut(0, 20), 64).state
    both.cache.width = 3
    narrow = both.run(state, inputs.cut(20, 40), 64).state.cache
    always = both.run(both.init_state(1, VALUE_WIDTH, torch.float64), inputs, 64).state.cache
    assert torch.equal(narrow.kept.position, always.kept.position)
    both.cache.width = 9
    wide = both.step(state, inputs.at(20))
    assert wide.state.cache.width == 9
    assert torch.allclose(wide.out, both.run(state, inputs.cut(20, 21), 64).out[:, 0], atol=1e-12)
    both.cache.width = 0
    off = both.run(state, inputs.cut(20, 40), 64)
    assert torch.equal(off.out, both.rule.run(state.rule, inputs.cut(20, 40), 64).out)
    both.cache.width = 2
    assert both.run(off.state, inputs.cut(0, 9), 64).state.cache.width == 2


def test_float32_and_bfloat16_go_through() -> None:
    cache = ExactCache(HEADS, KEY_WIDTH, width=4, chunk=8)
    both = ExactMemory(make_rule("delta"), cache)
    inputs = tokens(2, 30)
    exact = ExactMemory(both.rule, ExactCache(HEADS, KEY_WIDTH, width=4, chunk=8).double())
    wanted = exact.run(exact.init_state(2, VALUE_WIDTH, torch.float64), inputs, 64).out
    single = both.run(both.init_state(2, VALUE_WIDTH), inputs.cast(torch.float32), 64).out
    assert torch.allclose(single.double(), wanted, atol=1e-4)
    half = both.run(both.init_state(2, VALUE_WIDTH), inputs.cast(torch.bfloat16), 64).out
    assert half.dtype == torch.bfloat16
    assert half.isfinite().all()


# Refusals.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"width": -1}, "width is -1"),
        ({"width": 1.5}, "width is 1.5"),
        ({"chunk": 0}, "chunk is 0"),
        ({"score": "surprise"}, "no score 'surprise'"),
        ({"norm": "layer"}, "no norm 'layer'"),
        ({"gate_init": float("nan")}, "gate_init is nan"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidTensor, match=words):
        ExactCache(2, 4, **options)


def test_bad_calls_are_named() -> None:
    both = memory(width=2, chunk=4)
    inputs = tokens(2, 8)
    begin = both.init_state(2, VALUE_WIDTH, torch.float64)
    bare = both.rule.run(begin.rule, inputs, 64)
    call = (begin.cache, inputs, bare.out, bare.write_magnitude)
    holes = torch.tensor([[1, 1, 0, 1, 1, 1, 1, 1]] * 2).bool()
    with pytest.raises(InvalidTensor, match="padding belongs on the left"):
        both.cache(begin.cache, replace(inputs, mask=holes), *call[2:])
    with pytest.raises(InvalidTensor, match="no form 'fast'"):
        both.cache(*call, form="fast")
    with pytest.raises(InvalidTensor, match="out has the shape"):
        both.cache(begin.cache, inputs, bare.out[:, 1:], bare.write_magnitude)
    with pytest.raises(StateMismatch, match="1 rows"):
        both.cache(begin.cache, inputs.map(lambda x: x[:1]), bare.out[:1], bare.write_magnitude[:1])
    with pytest.raises(StateMismatch, match="chunk=4"):
        memory(width=2, chunk=8).cache(*call)
    with pytest.raises(InvalidTensor, match="fresh state"):
        both.cache(both.run(begin, inputs, 64).state.cache, *call[1:], form="dense")
    asking = memory(width=2, chunk=4, score="recall_error")
    fresh = asking.cache.init_state(2, VALUE_WIDTH, torch.float64)
    with pytest.raises(InvalidTensor, match="end of a block"):
        asking.cache(fresh, *call[1:])
    with pytest.raises(InvalidTensor, match="keeps none"):
        keeper = ExactMemory(make_rule("softmax"), asking.cache)
        keeper.run(keeper.init_state(2, VALUE_WIDTH, torch.float64), replace(inputs, beta=None), 64)


def test_a_step_without_a_graph_leaves_the_graph_before_it_alone() -> None:
    """Training, then a look ahead from the detached state, then backward."""
    both = memory(width=3, chunk=4)
    inputs = tokens(1, 9)
    state = both.init_state(1, VALUE_WIDTH, torch.float64)
    total = torch.zeros((), dtype=torch.float64)
    for t in range(6):
        state, out, _ = both.step(state, inputs.at(t))
        total = total + out.square().sum()
    with torch.no_grad():
        both.step(state, inputs.at(6))
        both.step(state.detach(), inputs.at(7))
    total.backward()
    assert both.cache.gate.grad is not None


def test_a_cache_of_recall_error_may_be_turned_off() -> None:
    both = memory(width=3, chunk=4, score="recall_error")
    inputs = tokens(1, 9)
    both.cache.width = 0
    state = both.init_state(1, VALUE_WIDTH, torch.float64)
    bare = both.rule.run(state.rule, inputs, 64).out
    assert torch.equal(both.run(state, inputs, 64).out, bare)


def test_nan_in_padding_stays_out_of_gradients() -> None:
    both = memory(width=3, chunk=4)
    inputs = tokens(2, 9)
    mask = torch.arange(9) >= torch.tensor([[0], [4]])
    k = inputs.k.masked_fill(~mask[..., None, None], torch.nan).requires_grad_()
    spoiled = replace(inputs, k=k, mask=mask)
    state = both.init_state(2, VALUE_WIDTH, torch.float64)
    both.run(state, spoiled, 64).out.square().sum().backward()
    assert k.grad is not None
    assert k.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in both.cache.parameters() if p.grad is not None)


def test_autocast_does_not_narrow_a_memory() -> None:
    both = memory(width=3, chunk=4)
    both.cache.float()
    inputs = tokens(1, 20).cast(torch.float32)
    state = both.init_state(1, VALUE_WIDTH)
    wide = both.run(state, inputs).out
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(both.run(state, inputs).out, wide)
        narrow = both.step(state, inputs.at(0)).out
    assert torch.equal(narrow, both.step(state, inputs.at(0)).out)


def test_the_state_of_a_cache_of_other_sizes_is_refused() -> None:
    rule, inputs = make_rule("delta"), tokens(1, 5)
    bare = rule.run(rule.init_state(1, HEADS, KEY_WIDTH, VALUE_WIDTH, torch.float64), inputs, 64)
    state = ExactCache(HEADS, KEY_WIDTH, width=2, chunk=4).init_state(1, VALUE_WIDTH, torch.float64)
    with pytest.raises(StateMismatch, match="the cache 1 with"):
        ExactCache(1, KEY_WIDTH, width=2, chunk=4)(state, inputs, bare.out, bare.write_magnitude)


def test_a_mask_that_hides_nothing_is_no_mask() -> None:
    both = memory(width=3, chunk=4)
    inputs = tokens(2, 9)
    idle = replace(inputs, mask=torch.ones(2, 9, dtype=torch.bool))
    begin = both.init_state(2, VALUE_WIDTH, torch.float64)
    plain, masked = both.run(begin, inputs), both.run(begin, idle)
    assert torch.equal(plain.out, masked.out)
    assert plain.state.cache.equals(masked.state.cache)
