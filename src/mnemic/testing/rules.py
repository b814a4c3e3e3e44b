"""The contract of a rule: subclass `RuleContract` in a test file, name the rule, give it inputs.

    class TestMine(RuleContract):
        name = "mine"
        gates = ("beta",)

        def rule(self): return make_rule("mine")

What it holds a rule to: one token at a time, many at once and the definition agree in outputs,
final state, write magnitude and gradients; time may be cut anywhere; padding, other rows and the
future have no say; older states never change; files give back the same bits; bad input is named;
and the exact cache on top keeps its own laws. All in float64, with fresh memory poisoned with NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn import Inputs, Output, Rule, State, load_states, save_states
from mnemic.nn.exact import CacheState, ExactCache, ExactMemory, MemoryState

TOLERANCE = 1e-12
"""Largest difference between two float64 forms of one thing, per unit of size."""

TOLERANCE_GRADIENT = 1e-10
"""The same for gradients, which sum over more terms."""

TOLERANCE_FLOAT32 = 2e-4
"""Largest difference between float32 in chunks and float64 by the definition."""

CHUNK = 16
LENGTHS = (1, 2, 63, 100, CHUNK, CHUNK + 1)
HEADS, KEY_WIDTH, VALUE_WIDTH = 2, 8, 6


class RuleContract:
    """What every rule must do. Subclasses say which rule, and what it is fed."""

    gates: ClassVar[tuple[str, ...]] = ()
    """Of beta, log_decay (per head), log_decay_per_key, a, kk: what the rule is given."""

    overwrites: ClassVar[bool] = False
    """Whether a full-strength write under a unit key replaces what the key held."""

    grows: ClassVar[bool] = False
    """Whether the state's size depends on time."""

    @pytest.fixture(autouse=True)
    def _poison(self) -> Iterator[None]:
        """Fresh memory holds NaN, so that whoever reads it before writing is found out."""
        before = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(True)
        assert torch.empty(3).isnan().all()
        yield
        torch.use_deterministic_algorithms(before)

    # What subclasses say.

    def rule(self) -> Rule:
        """The rule under test."""
        raise NotImplementedError

    def transition(self, token: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        """S' = M S + R as plain matrices: M [B, H, K, K], R [B, H, K, V], and D [B, H, K].

        D is the decay alone: the write is S' - Diag(D) S.
        """
        raise NotImplementedError

    def spec(self, inputs: Inputs, state: State) -> tuple[Tensor, Tensor]:
        """Outputs and magnitudes by the definition, written apart from the rule's own code."""
        matrix = dict(state.tensors())["matrix"]
        outs, sizes = [], []
        for t in range(inputs.q.shape[1]):
            token = inputs.at(t)
            move, added, decay = self.transition(token)
            matrix_next = move @ matrix + added
            sizes.append((matrix_next - decay.unsqueeze(-1) * matrix).flatten(2).norm(dim=-1))
            outs.append((token.q.unsqueeze(-2) @ matrix_next).squeeze(-2))
            matrix = matrix_next
        return torch.stack(outs, 1), torch.stack(sizes, 1)

    def inputs(
        self, batch: int, length: int, *, seed: int = 0, dtype: torch.dtype = torch.float64
    ) -> Inputs:
        """Random tokens with unit keys."""
        random = torch.Generator().manual_seed(seed)

        def normal(*sizes: int) -> Tensor:
            return torch.randn(batch, length, HEADS, *sizes, generator=random, dtype=dtype)

        def uniform(*sizes: int) -> Tensor:
            return torch.rand(batch, length, HEADS, *sizes, generator=random, dtype=dtype)

        made = Inputs(
            normalize(normal(KEY_WIDTH), dim=-1),
            normalize(normal(KEY_WIDTH), dim=-1),
            normal(VALUE_WIDTH),
        )
        optional = {
            "beta": lambda: {"beta": uniform()},
            "log_decay": lambda: {"log_decay": -uniform()},
            "log_decay_per_key": lambda: {"log_decay": -2 * uniform(KEY_WIDTH) ** 4},
            "a": lambda: {"a": uniform(KEY_WIDTH)},
            "kk": lambda: {"kk": normalize(normal(KEY_WIDTH), dim=-1)},
        }
        for gate in self.gates:
            made = replace(made, **optional[gate]())
        return made

    def full_strength(self, keys: Tensor, values: Tensor, queries: Tensor) -> Inputs:
        """Tokens that are written wholly and do not fade."""
        made = Inputs(queries, keys, values)
        if "beta" in self.gates:
            made = replace(made, beta=torch.ones_like(keys[..., 0]))
        if "log_decay" in self.gates:
            made = replace(made, log_decay=torch.zeros_like(keys[..., 0]))
        if "log_decay_per_key" in self.gates:
            made = replace(made, log_decay=torch.zeros_like(keys))
        if "kk" in self.gates:
            made = replace(made, a=torch.ones_like(keys), kk=keys)
        return made

    # One thing in three forms.

    @pytest.mark.parametrize("length", LENGTHS)
    def test_step_run_and_spec_agree(self, length: int) -> None:
        """Outputs, magnitudes, final state and gradients, from a state that is not empty."""
        rule, inputs = self.rule(), self.inputs(2, length)
        stepped = _graded(lambda x, s: _unrolled(rule, s, x), self._warm(2), inputs)
        ran = _graded(lambda x, s: rule.run(s, x, CHUNK), self._warm(2), inputs)
        for a, b in zip(stepped, ran, strict=True):
            _same(a, b, TOLERANCE_GRADIENT)
        fresh = self.start(2)
        out, size = self.spec(inputs, fresh)
        done = rule.run(fresh, inputs, CHUNK)
        _same(done.out, out, TOLERANCE)
        _same(done.write_magnitude, size.float(), 1e-6)
        assert done.state.position == length

    def test_a_decay_of_any_size_resets_without_harm_to_the_rest(self) -> None:
        """Down to minus infinity, now and then, between mild ones."""
        rule, inputs = self.rule(), self.inputs(1, 40)
        if inputs.log_decay is None:
            pytest.skip("this rule does not decay")
        for strong in (-100.0, -1e6, -1e30, -torch.inf):
            decay = inputs.log_decay.clone()
            decay[:, ::7] = strong
            given = replace(inputs, log_decay=decay)
            ran = rule.run(self.start(1), given, CHUNK)
            _same(ran.out, _unrolled(rule, self.start(1), given).out, 1e-11)

    @pytest.mark.parametrize("strength", [5.0, 40.0, 400.0])
    def test_strong_decay_neither_overflows_nor_loses_digits(self, strength: float) -> None:
        """From what a chunk forgets in part, over what no number can divide by, to all at once."""
        rule, inputs = self.rule(), self.inputs(2, 40)
        if inputs.log_decay is None:
            pytest.skip("this rule does not decay")
        strong = replace(inputs, log_decay=strength * inputs.log_decay)
        stepped = _graded(lambda x, s: _unrolled(rule, s, x), self._warm(2), strong)
        ran = _graded(lambda x, s: rule.run(s, x, CHUNK), self._warm(2), strong)
        for a, b in zip(stepped, ran, strict=True):
            _same(a, b, TOLERANCE_GRADIENT)

    def test_gradients_are_those_of_finite_differences(self) -> None:
        """Over chunks that do not divide the time."""
        rule, inputs = self.rule(), self.inputs(1, 5)
        every = ("q", "k", "v", "beta", "log_decay", "a", "kk")
        names = [name for name in every if getattr(inputs, name) is not None]
        leaves = [getattr(inputs, name).clone().requires_grad_() for name in names]

        def outputs(*tensors: Tensor) -> Tensor:
            given = replace(inputs, **dict(zip(names, tensors, strict=True)))
            return rule.run(self.start(1), given, 2).out

        assert torch.autograd.gradcheck(outputs, leaves, fast_mode=True)

    def test_float32_stays_near_float64(self) -> None:
        """Chunks in float32 against the definition in float64."""
        rule, inputs = self.rule(), self.inputs(1, 100)
        exact, _ = self.spec(inputs, self.start(1))
        narrow = rule.init_state(1, HEADS, KEY_WIDTH, VALUE_WIDTH)
        _same(rule.run(narrow, inputs.cast(torch.float32)).out.double(), exact, TOLERANCE_FLOAT32)

    def test_half_precision_inputs_keep_a_full_precision_state(self) -> None:
        """Outputs come in the inputs' dtype, the state stays float32."""
        rule, inputs = self.rule(), self.inputs(1, 20).cast(torch.bfloat16)
        state = rule.init_state(1, HEADS, KEY_WIDTH, VALUE_WIDTH)
        done = rule.run(state, inputs)
        wide = rule.run(state, inputs.cast(torch.float32))
        assert done.out.dtype == torch.bfloat16
        assert {t.dtype for _, t in done.state.tensors()} <= {torch.float32, torch.bool}
        _same(done.out.float(), wide.out, 1e-2)

    # Time, padding, rows, the future.

    def test_time_may_be_cut_anywhere(self) -> None:
        """Two runs, or a run and steps, are one run."""
        rule, inputs, length = self.rule(), self.inputs(2, 37), 37
        whole = rule.run(self.start(2), inputs, 8)
        for cut in range(1, length):
            first = rule.run(self.start(2), inputs.cut(0, cut), 8)
            then = rule.run(first.state, inputs.cut(cut, length), 8)
            _same(torch.cat([first.out, then.out], 1), whole.out, TOLERANCE)
            _same_state(then.state, whole.state)
            _same_state(_unrolled(rule, first.state, inputs.cut(cut, length)).state, whole.state)
            stepped = rule.step(first.state, inputs.at(cut))
            _same(stepped.out, whole.out[:, cut], TOLERANCE)

    def test_a_float64_run_cut_anywhere_gives_the_same_bits(self, tmp_path: Path) -> None:
        """With the cache and without, through a file, at every cut."""
        rule, inputs, length = self.rule(), self.inputs(2, 23), 23
        memory = ExactMemory(rule, learned_cache(width=3, chunk=5))
        with torch.no_grad():
            bare = rule.run(self.start(2), inputs)
            both = memory.run(memory.init_state(2, VALUE_WIDTH, torch.float64), inputs)
            for cut in range(1, length):
                head, tail = inputs.cut(0, cut), inputs.cut(cut, length)
                first = rule.run(self.start(2), head)
                began = memory.run(memory.init_state(2, VALUE_WIDTH, torch.float64), head)
                kept = {"bare": first.state, **began.state._asdict()}
                save_states(tmp_path / "state", kept, fingerprint="f")
                loaded = load_states(tmp_path / "state", fingerprint="f")
                then = rule.run(loaded["bare"], tail)
                assert torch.equal(torch.cat([first.out, then.out], 1), bare.out)
                assert then.state.equals(bare.state)
                cache = loaded["cache"]
                assert isinstance(cache, CacheState)
                rest = memory.run(MemoryState(loaded["rule"], cache), tail)
                assert torch.equal(torch.cat([began.out, rest.out], 1), both.out)
                assert rest.state.cache.equals(both.state.cache)

    def test_left_padding_is_no_padding(self) -> None:
        """Even when the padding is NaN; padding reads zeros and writes nothing."""
        rule, length, pads = self.rule(), 30, (0, 3, 21)
        inputs = self.inputs(3, length)
        mask = torch.arange(length) >= torch.tensor(pads).unsqueeze(1)
        padded = inputs.map(
            lambda x: x.masked_fill(~mask.reshape(3, length, *(1,) * (x.ndim - 2)), torch.nan)
        )
        padded = replace(padded, q=inputs.q, mask=mask)
        done = rule.run(self.start(3), padded, 8)
        stepped = _unrolled(rule, self.start(3), padded)
        _same(stepped.out, done.out, TOLERANCE)
        later = self.inputs(3, 4, seed=1)
        after = rule.run(done.state, later, 8)
        for row, lead in enumerate(pads):
            alone = rule.run(self.start(1), _rows(inputs, row).cut(lead, length), 8)
            _same(done.out[row : row + 1, lead:], alone.out, TOLERANCE)
            _same(after.out[row : row + 1], rule.run(alone.state, _rows(later, row), 8).out, 1e-11)
            assert not done.out[row, :lead].any()
            assert not done.write_magnitude[row, :lead].any()

    def test_rows_do_not_touch(self) -> None:
        """A row full of NaN leaves the other as it is."""
        rule, inputs = self.rule(), self.inputs(2, 40)
        spoiled = inputs.map(
            lambda x: torch.cat([x[:1], torch.full_like(x[1:], torch.nan)]).requires_grad_()
        )  # within a graph nobody looks, so that NaN gets in
        clean = rule.run(self.start(2), inputs, CHUNK)
        done = rule.run(self.start(2), spoiled, CHUNK)
        _same(done.out[0], clean.out[0], TOLERANCE)
        assert done.out[1].isnan().any()

    def test_the_future_has_no_say(self) -> None:
        """Changing token t changes no output before t."""
        rule, inputs = self.rule(), self.inputs(1, 40)
        clean = rule.run(self.start(1), inputs, CHUNK)
        for t in (1, 15, 16, 17, 39):
            changed = inputs.map(partial(_changed_from, t))
            done = rule.run(self.start(1), changed, CHUNK)
            _same(done.out[:, :t], clean.out[:, :t], TOLERANCE)
            assert not torch.allclose(done.out[:, t:], clean.out[:, t:])

    # States are values.

    def test_older_states_never_change(self) -> None:
        """Every state on the way, stepped again later, answers as it did then."""
        rule, inputs = self.rule(), self.inputs(1, 150)
        state, seen = self.start(1), []
        for t in range(150):
            done = rule.step(state, inputs.at(t))
            seen.append((state, done.out))
            state = done.state
        other = self.inputs(1, 1, seed=7).at(0)
        for t in range(0, 149, 7):
            rule.step(seen[t][0], other)
            # Neither the state itself, nor what had already come of it, is touched by the branch.
            assert torch.equal(rule.step(seen[t][0], inputs.at(t)).out, seen[t][1])
            after, out = seen[t + 1]
            assert torch.equal(rule.step(after, inputs.at(t + 1)).out, out)

    def test_branches_of_one_state_do_not_meet(self) -> None:
        """Two continuations taken in turns are what they are one after the other."""
        rule = self.rule()
        tokens = [self.inputs(1, 12, seed=seed) for seed in (1, 2)]
        root = rule.run(self.start(1), self.inputs(1, 10)).state
        with torch.no_grad():
            root = rule.step(root, self.inputs(1, 1, seed=3).at(0)).state
            states = [root, root]
            for t in range(12):
                for i in (0, 1):
                    done = rule.step(states[i], tokens[i].at(t))
                    states[i] = done.state
                    _same(done.out, rule.run(root, tokens[i].cut(0, t + 1)).out[:, t], TOLERANCE)

    def test_a_file_gives_back_the_same_bits(self, tmp_path: Path) -> None:
        """Saved and loaded at any cut, a state goes on as if it had never left."""
        rule, inputs = self.rule(), self.inputs(2, 24)
        for cut in (1, 5, 16, 23):
            state = rule.run(self.start(2), inputs.cut(0, cut), 8).state
            path = tmp_path / f"{cut}.state"
            save_states(path, {"": state}, fingerprint="f")
            loaded = load_states(path, fingerprint="f")[""]
            assert loaded.equals(state)
            mine = rule.run(state, inputs.cut(cut, 24), 8)
            theirs = rule.run(loaded, inputs.cut(cut, 24), 8)
            assert torch.equal(mine.out, theirs.out)
            assert mine.state.equals(theirs.state)
            assert torch.equal(
                rule.step(loaded, inputs.at(cut)).out, rule.step(state, inputs.at(cut)).out
            )

    def test_bytes_do_not_grow_with_time(self) -> None:
        """Except where the rule says so."""
        rule, state = self.rule(), self.start(1)
        inputs = self.inputs(1, 300)
        sizes = set()
        with torch.no_grad():
            for t in range(300):
                state = rule.step(state, inputs.at(t)).state
                sizes.add(state.nbytes)
        assert self.grows == (len(sizes) > 1)
        assert self.start(1).zeros().equals(self.start(1))

    def test_detach_and_zeros(self) -> None:
        """Detached states have no history; zeros begin anew."""
        rule, inputs = self.rule(), self.inputs(1, 9)
        graded = inputs.map(lambda x: x.requires_grad_())
        state = rule.run(self.start(1), graded).state
        assert any(t.requires_grad for _, t in state.tensors())
        assert not any(t.requires_grad for _, t in state.detach().tensors())
        again = rule.run(state.zeros(), inputs)
        assert torch.equal(again.out, rule.run(self.start(1), inputs).out)

    # What it remembers.

    def test_the_last_write_wins(self) -> None:
        """A second value under a key replaces the first one, wholly."""
        if not self.overwrites:
            pytest.skip("this rule does not overwrite")
        rule, keys = self.rule(), _orthogonal(3)
        key = keys[[0, 1, 0, 2]].expand(1, HEADS, 4, KEY_WIDTH).transpose(1, 2)
        value = torch.randn(1, 4, HEADS, VALUE_WIDTH, dtype=torch.float64)
        query = keys[[0, 0, 0, 0]].expand(1, HEADS, 4, KEY_WIDTH).transpose(1, 2)
        for chunk in (1, 4):
            out = rule.run(self.start(1), self.full_strength(key, value, query), chunk).out
            _same(out[:, 1], value[:, 0], TOLERANCE)
            _same(out[:, 2], value[:, 2], TOLERANCE)
            _same(out[:, 3], value[:, 2], TOLERANCE)

    def test_as_many_orthogonal_keys_as_it_is_wide_are_exact(self) -> None:
        """K facts under K orthogonal keys are all read back."""
        if not self.overwrites:
            pytest.skip("this rule does not overwrite")
        rule = self.rule()
        key = _orthogonal(KEY_WIDTH).expand(1, HEADS, KEY_WIDTH, KEY_WIDTH).transpose(1, 2)
        value = torch.randn(1, KEY_WIDTH, HEADS, VALUE_WIDTH, dtype=torch.float64)
        state = rule.run(self.start(1), self.full_strength(key, value, key), 4).state
        silent = torch.zeros_like(value)
        asked = replace(self.full_strength(key, silent, key), k=torch.zeros_like(key))
        if asked.kk is not None:
            asked = replace(asked, kk=torch.zeros_like(key))
        _same(rule.run(state, asked, 4).out, value, TOLERANCE)

    # Bad input.

    def test_bad_input_is_named(self) -> None:
        """Shapes, dtypes, devices, T = 0, another batch, another rule, missing and idle inputs."""
        rule, good, state = self.rule(), self.inputs(2, 3), self.start(2)
        bad: list[tuple[str, Inputs]] = [
            ("q has the shape", replace(good, q=good.q[..., 0])),
            ("v has the shape", replace(good, v=good.v[..., :-1])),
            ("k has the dtype torch.int64", replace(good, k=good.k.long())),
            ("v is on meta", replace(good, v=good.v.to("meta"))),
            ("T = 0", good.cut(0, 0)),
            ("mask has the dtype", replace(good, mask=torch.ones(2, 3))),
            ("the inputs have 1 rows, the state 2", _rows(good, 0)),
        ]
        for field in ("beta", "log_decay", "a", "kk"):
            given = getattr(good, field)
            if given is None and field not in rule.takes:
                bad.append((f"no use of {field}", replace(good, **{field: good.k})))
            elif field in rule.needs:
                without: dict[str, Any] = {field: None}
                bad.append((f"needs {field}", replace(good, **without)))
        for words, inputs in bad:
            with pytest.raises((InvalidTensor, StateMismatch), match=words):
                rule.run(state, inputs)
        with pytest.raises(InvalidTensor, match="the state only"):
            rule.run(rule.init_state(2, HEADS, KEY_WIDTH, VALUE_WIDTH), good)
        for field in ("q", "k", "v"):
            spoiled = getattr(good, field).clone()
            spoiled[1, 2, 0, 0] = torch.nan
            named = f"{field} holds nan at \\(1, 2, 0, 0\\)"
            with pytest.raises(InvalidTensor, match=named):
                rule.run(state, replace(good, **{field: spoiled}), 2)
            with pytest.raises(InvalidTensor, match=f"{field} holds nan at"):
                rule.step(state, replace(good, **{field: spoiled}).at(2))
        with pytest.raises(InvalidTensor, match="chunk is 0"):
            rule.run(state, good, chunk=0)
        with pytest.raises(StateMismatch, match="its own init_state"):
            rule.run(replace(state, rule="another"), good)
        with pytest.raises(InvalidTensor, match="heads is 0"):
            rule.init_state(1, 0, 4, 4)
        with pytest.raises(InvalidTensor, match="float16"):
            rule.init_state(1, 1, 4, 4, dtype=torch.float16)

    # The exact cache on top.

    @pytest.mark.parametrize("chunk", [None, CHUNK])
    def test_a_cache_of_width_0_is_the_bare_rule(self, chunk: int | None) -> None:
        """Bit for bit, in runs and steps."""
        rule, inputs = self.rule(), self.inputs(2, 40)
        memory = ExactMemory(rule, ExactCache(HEADS, KEY_WIDTH, width=0, chunk=8).double())
        state = memory.init_state(2, VALUE_WIDTH, torch.float64)
        bare = rule.run(state.rule, inputs, chunk)
        assert torch.equal(memory.run(state, inputs, chunk).out, bare.out)
        assert torch.equal(
            memory.step(state, inputs.at(0)).out, rule.step(state.rule, inputs.at(0)).out
        )

    def test_a_cache_as_wide_as_time_is_softmax_with_a_sink(self) -> None:
        """W >= T: nothing is ever lost, so the blocks cannot be seen."""
        rule, inputs = self.rule(), self.inputs(2, 50)
        cache = learned_cache(width=50, chunk=8)
        memory = ExactMemory(rule, cache)
        state = memory.init_state(2, VALUE_WIDTH, torch.float64)
        bare = rule.run(state.rule, inputs).out
        _same(memory.run(state, inputs, CHUNK).out - bare, _full_softmax(cache, inputs), TOLERANCE)

    @pytest.mark.parametrize("pads", [(0, 0, 0), (0, 5, 24)])
    @pytest.mark.parametrize(("width", "chunk"), [(5, 8), (1, 1), (16, 7)])
    def test_mask_gather_and_online_agree(
        self, width: int, chunk: int, pads: tuple[int, ...]
    ) -> None:
        """The three forms of the cache, whatever the padding, and cut anywhere."""
        length = 45
        rule, inputs = self.rule(), self.inputs(3, length)
        if any(pads):
            mask = torch.arange(length) >= torch.tensor(pads).unsqueeze(1)
            inputs = replace(inputs, mask=mask)
        cache = learned_cache(width=width, chunk=chunk)
        memory = ExactMemory(rule, cache)
        begin = memory.init_state(3, VALUE_WIDTH, torch.float64)
        with torch.no_grad():
            bare = rule.run(begin.rule, inputs)
            dense = cache(begin.cache, inputs, bare.out, bare.write_magnitude, form="dense")
            whole = memory.run(begin, inputs, CHUNK)
            _same(whole.out, dense.out, TOLERANCE)
            state: MemoryState = begin
            for t in range(length):
                if t % 6 == 3:
                    rest = memory.run(state, inputs.cut(t, length), CHUNK)
                    _same(rest.out, whole.out[:, t:], TOLERANCE)
                    _same_state(rest.state.cache, whole.state.cache)
                token = inputs.at(t)
                if t >= max(pads):
                    # Every row has begun: decoding goes on without a mask, rows out of phase.
                    token = replace(token, mask=None)
                done = memory.step(state, token)
                _same(done.out, whole.out[:, t], TOLERANCE)
                state = done.state
            _same_state(state.cache, whole.state.cache)

    # Beginnings.

    def start(self, batch: int) -> State:
        """A fresh float64 state."""
        return self.rule().init_state(batch, HEADS, KEY_WIDTH, VALUE_WIDTH, torch.float64)

    def _warm(self, batch: int) -> State:
        return self.rule().run(self.start(batch), self.inputs(batch, 5, seed=9)).state.detach()


def learned_cache(**options: Any) -> ExactCache:
    """A float64 cache whose parameters are not what they are at first."""
    cache = ExactCache(HEADS, KEY_WIDTH, **options).double()
    random = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in cache.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random).double())
    return cache


def _full_softmax(cache: ExactCache, inputs: Inputs) -> Tensor:
    """sigmoid(gate) times causal softmax attention with a sink, written out."""
    q, k = (
        x / x.square().mean(-1, keepdim=True).sqrt() * gamma
        for x, gamma in ((inputs.q, cache.gamma_q), (inputs.k, cache.gamma_k))
    )
    logits = torch.einsum("bihk,bjhk->bhij", q, k) / KEY_WIDTH**0.5
    later = torch.ones(logits.shape[-2:], dtype=torch.bool).triu(1)
    weights = logits.masked_fill(later, -torch.inf).exp()
    total = weights.sum(-1) + cache.sink.exp()[:, None]
    read = torch.einsum("bhij,bjhv->bihv", weights / total.unsqueeze(-1), inputs.v)
    return read * cache.gate.sigmoid()[:, None]


def _unrolled(rule: Rule, state: State, inputs: Inputs) -> Output:
    """Token by token."""
    outs, sizes = [], []
    for t in range(inputs.q.shape[1]):
        done = rule.step(state, inputs.at(t))
        state = done.state
        outs.append(done.out)
        sizes.append(done.write_magnitude)
    return Output(state, torch.stack(outs, 1), torch.stack(sizes, 1))


def _graded(form: object, state: State, inputs: Inputs) -> list[Tensor]:
    """Outputs, magnitudes, final state, and gradients of them by inputs and first state."""
    leaves: list[Tensor] = []

    def leaf(x: Tensor) -> Tensor:
        if not x.is_floating_point():
            return x
        leaves.append(x.detach().clone().requires_grad_())
        return leaves[-1]

    given, first = inputs.map(leaf), state.map(leaf)
    assert callable(form)
    done = form(given, first)
    final = [t for _, t in done.state.for_file().tensors() if t.is_floating_point()]
    assert not done.write_magnitude.requires_grad
    weighed = (done.out * torch.linspace(-1, 1, done.out.numel()).reshape(done.out.shape)).sum()
    for tensor in final:
        weighed = weighed + (tensor * tensor.detach().cos()).sum()
    gradients = torch.autograd.grad(weighed, leaves, allow_unused=True)
    found = [
        torch.zeros_like(x) if g is None else g for x, g in zip(leaves, gradients, strict=True)
    ]
    return [done.out, done.write_magnitude.double() * 1e-5, *final, *found]


def _changed_from(t: int, x: Tensor) -> Tensor:
    """Other numbers from token t on, of the same sign and range."""
    return torch.cat([x[:, :t], x[:, t:] * 0.5], 1)


def _orthogonal(count: int) -> Tensor:
    random = torch.Generator().manual_seed(2)
    square = torch.randn(KEY_WIDTH, KEY_WIDTH, generator=random, dtype=torch.float64)
    return torch.linalg.qr(square).Q[:count]


def _rows(inputs: Inputs, row: int) -> Inputs:
    return inputs.map(lambda x: x[row : row + 1])


def _same_state(a: State, b: State) -> None:
    """Equal up to rounding in every tensor."""
    assert a.position == b.position
    for (name, x), (_, y) in zip(a.for_file().tensors(), b.for_file().tensors(), strict=True):
        assert x.shape == y.shape, name
        if x.is_floating_point():
            _same(
                x.nan_to_num(neginf=-1e9),
                y.nan_to_num(neginf=-1e9),
                1e-6 if x.dtype == torch.float32 else TOLERANCE,
            )
        else:
            assert torch.equal(x, y), name


def _same(a: Tensor, b: Tensor, tolerance: float) -> None:
    """No element further apart than `tolerance` times the larger of 1 and the tensors' size."""
    assert a.shape == b.shape
    if a.numel():
        scale = max(1.0, float(b.detach().abs().max()))
        assert float((a - b).detach().abs().max()) <= tolerance * scale
