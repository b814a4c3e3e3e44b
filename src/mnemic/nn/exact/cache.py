"""The exact cache as a module: what is learned, and the choice of form."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Gates, Mask, Matrix, Values
from mnemic.nn.exact import dense as reference
from mnemic.nn.exact import online
from mnemic.nn.exact.checks import check_call, check_own
from mnemic.nn.exact.entries import CacheState, Entries, empty_entries, with_empty_block
from mnemic.nn.exact.gather import gather, pool_of, select
from mnemic.nn.exact.learned import LearnedRead
from mnemic.nn.exact.packing import Packing, left_padding
from mnemic.nn.exact.read import check_norm, length_of, unit
from mnemic.nn.exact.score import Evidence, check_score, recall_error, score_tokens
from mnemic.nn.exact.select import merge
from mnemic.nn.inputs import Inputs
from mnemic.nn.precision import full_precision
from mnemic.nn.state import Ticket, check_sizes, check_state_dtype, needs_history

FORMS = ("gather", "dense")


class CacheOutput(NamedTuple):
    """What the cache gives back.

    Args:
        state: after the tokens.
        out: [B, T, H, V] or [B, H, V], the rule's output with the cache's reading added.
    """

    state: CacheState
    out: Values


class ExactCache(LearnedRead):
    """Keeps the W pairs a rule's state wrote most of, and adds what they say to its output.

    o = o_rule + sigmoid(gate) * softmax over {W kept, current block, null sink} of their values.
    With width 0 the output is the rule's, bit for bit.

    Args:
        heads: H.
        key_width: K.
        width: W; may be set anew at any time, also between steps.
        chunk: C, tokens of a block; part of the state's layout.
        score: what a pair is worth, a name in `SCORES`.
        norm: rms (HOLA), or l2, its ablation.
        gate_init: of the gate before the sigmoid. 0 suits short runs, -4 (HOLA) long ones;
            with -4 the gate hardly moves in a few hundred steps.
        sink_init: logit of seeing nothing.
        seed: of the random score.

    Source:
        HOLA (Cui, 2026), section 3, arXiv:2607.02303. theirs -> ours: w -> width, lambda -> gate.
        Differs: selection per head, ties to the earlier token, blocks counted from each row's
        first real token.
    """

    def __init__(
        self,
        heads: int,
        key_width: int,
        *,
        width: int = 64,
        chunk: int = 64,
        score: str = "write",
        norm: str = "rms",
        gate_init: float = 0.0,
        sink_init: float = 0.0,
        seed: int = 0,
    ) -> None:
        check_sizes(heads=heads, key_width=key_width, chunk=chunk)
        check_score(score)
        check_norm(norm)
        super().__init__(heads, key_width, norm, gate_init=gate_init, sink_init=sink_init)
        self.heads, self.chunk, self.score, self.seed = heads, chunk, score, seed
        self.width = width

    @property
    def width(self) -> int:
        """W, the pairs kept per head."""
        return self._width

    @width.setter
    def width(self, width: int) -> None:
        if not isinstance(width, int) or isinstance(width, bool) or width < 0:
            raise InvalidTensor(f"width is {width!r}; it must be a whole number, 0 turns it off")
        self._width = width

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"width={self.width}, chunk={self.chunk}, score={self.score!r}, norm={self.norm!r}"

    @property
    def name(self) -> str:
        """The cache with what its state depends on; its width may change."""
        return f"exact({self.score}, {self.norm}, chunk={self.chunk}, seed={self.seed})"

    def init_state(
        self,
        batch: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> CacheState:
        """Nothing kept; all memory that decoding will need is allocated here.

        Raises:
            InvalidTensor: a size below 1, or a dtype other than float32 and float64.
        """
        check_sizes(batch=batch, value_width=value_width)
        check_state_dtype(dtype)
        k = torch.empty(batch, self.heads, 0, self.key_width, dtype=dtype, device=device)
        v = torch.empty(batch, self.heads, 0, value_width, dtype=dtype, device=device)
        slots = with_empty_block(empty_entries(k, v, self.width), self.chunk)
        return CacheState(self.name, 0, slots, self.chunk, (0,) * batch)

    @full_precision
    def forward(
        self,
        state: CacheState,
        inputs: Inputs,
        out: Values,
        write_magnitude: Gates,
        *,
        matrix: Matrix | None = None,
        form: str = "gather",
    ) -> CacheOutput:
        """T tokens, in blocks.

        Args:
            state: before them.
            inputs: as the rule got them; padding on the left only.
            out: [B, T, H, V] of the rule.
            write_magnitude: [B, T, H] of the rule.
            matrix: [B, H, K, V] of the rule after these tokens; only the score recall_error needs
                it, and then the tokens may not cross the end of a block (`ExactMemory` sees to it).
            form: gather, or dense, the quadratic definition, from a fresh state.

        Raises:
            InvalidTensor: shapes that do not fit, padding inside, a form that does not exist.
            StateMismatch: a state of another cache, or another number of rows.
        """
        if form not in FORMS:
            raise InvalidTensor(f"there is no form {form!r}; the forms are: {', '.join(FORMS)}")
        state = self._fitted(state)
        self._check(state, inputs, out, write_magnitude, over_time=True)
        length = out.shape[1]
        pads = left_padding(inputs.mask, out.shape[0], length)
        mask, inputs = inputs.mask, inputs.silence_padding()
        packing = Packing(state.phases, pads, length, self.chunk)
        tokens = self._tokens(state, inputs, write_magnitude, pads)
        block = state.block
        packed = Entries(
            packing.pack(block.k, tokens.k, 0.0),
            packing.pack(block.v, tokens.v, 0.0),
            packing.pack(block.length, tokens.length, 0.0),
            packing.pack(block.score, tokens.score, float("-inf")),
            packing.pack(block.position, tokens.position, 0),
        )
        pool = pool_of(state.kept, packed, packing, state.counts)
        if self.score == "recall_error" and self.width:
            pool = self._rescored(pool, packing, matrix)
        selected, kept = select(pool, packing, self.width)
        leads = tuple(a + b for a, b in zip(state.leads, pads, strict=True))
        slots = kept.join(Entries(*map(packing.last_block, packed)))
        position = state.position + length
        held = min(self.width, state.held + min(packing.complete) * self.chunk)
        # The buffers are this state's own, whatever became of the former one's.
        ticket = Ticket(position)
        state_next = CacheState(state.rule, position, slots, self.chunk, leads, held, ticket)
        if self.width == 0:
            return CacheOutput(state_next, out)
        q = inputs.q.transpose(1, 2).to(packed.k.dtype)
        if form == "dense":
            read = self._dense(state, inputs, mask, tokens.score, pads)
        else:
            nothing = q.new_zeros((*q.shape[:2], self.chunk, self.key_width))
            q_packed = packing.pack(nothing, self._query(q), 0.0)
            sink = self.sink.to(q.dtype)
            read = packing.unpack(gather(q_packed, pool, selected, sink, self.chunk))
        return CacheOutput(state_next, self._added(out, read.transpose(1, 2)))

    @full_precision
    def step(
        self,
        state: CacheState,
        inputs: Inputs,
        out: Values,
        write_magnitude: Gates,
        *,
        matrix: Matrix | None = None,
    ) -> CacheOutput:
        """One token, in preallocated buffers; no older state changes.

        Args:
            state: before it.
            inputs: without an axis T.
            out: [B, H, V] of the rule.
            write_magnitude: [B, H] of the rule.
            matrix: [B, H, K, V] of the rule after this token, for the score recall_error.
        """
        inputs = inputs.without_idle_mask()
        if inputs.mask is not None:
            done = self(
                state,
                inputs.over_time(),
                out.unsqueeze(1),
                write_magnitude.unsqueeze(1),
                matrix=matrix,
            )
            return CacheOutput(done.state, done.out.squeeze(1))
        state = self._fitted(state)
        self._check(state, inputs, out, write_magnitude, over_time=False)
        dtype, phases, asked = state.slots.k.dtype, state.phases, self.score == "recall_error"
        q, k, v = inputs.q.to(dtype), inputs.k.to(dtype), inputs.v.to(dtype)
        lengths = length_of(torch.stack([q, k]))
        q_length, k_length = lengths.unbind()
        score = self._score_of(state, inputs, write_magnitude)
        token = (k / k_length, v, k_length.squeeze(-1) if asked else None, score)
        graph = torch.is_grad_enabled()
        history = graph and needs_history(q, k, v, state.slots.k, *self._learned)
        written = online.write(state, token, phases, history=history)
        total = out
        if self._width:
            query = (q / q_length) * self.gain(dtype)
            total = self._added(out, online.see(written, query, self.sink.to(dtype), phases))
        rescore = self._rescorer(matrix) if asked else None
        return CacheOutput(online.close(written, phases, rescore), total)

    def _score_of(self, state: CacheState, inputs: Inputs, write: Gates) -> Tensor:
        """[B, H] float32: what one token is worth."""
        if self.score == "write":
            return write.detach()
        beta = None if inputs.beta is None else inputs.beta.unsqueeze(1)
        k, v, write = inputs.k.unsqueeze(1), inputs.v.unsqueeze(1), write.unsqueeze(1)
        seen = Evidence(k, v, beta, write, state.counts, self.seed)
        return score_tokens(self.score, seen).squeeze(1)

    def _query(self, q: Tensor) -> Tensor:
        """Queries as `read` wants them."""
        return unit(q) * self.gain(q.dtype)

    @property
    def _learned(self) -> tuple[nn.Parameter, ...]:
        return (self.gamma_q, self.gamma_k, self.sink, self.gate)

    def _added(self, out: Values, read: Tensor) -> Values:
        gate = self.gate.to(read.dtype).sigmoid().unsqueeze(-1)
        return torch.addcmul(out.to(read.dtype), gate, read).to(out.dtype)

    def _tokens(
        self, state: CacheState, inputs: Inputs, write: Gates, pads: tuple[int, ...]
    ) -> Entries:
        """The new tokens as entries, [B, H, T, ...], without positions."""
        dtype = state.slots.k.dtype
        k, v = (x.transpose(1, 2).to(dtype) for x in (inputs.k, inputs.v))
        first = tuple(count - lead for count, lead in zip(state.counts, pads, strict=True))
        seen = Evidence(inputs.k, inputs.v, inputs.beta, write, first, self.seed)
        score = score_tokens(self.score, seen).transpose(1, 2)
        asked = self.score == "recall_error"
        length = length_of(k).squeeze(-1) if asked else k.new_zeros(score.shape)
        unplaced = torch.zeros_like(score, dtype=torch.int64)
        return Entries(unit(k), v, length, score, unplaced)

    def _dense(
        self,
        state: CacheState,
        inputs: Inputs,
        mask: Mask | None,
        score: Tensor,
        pads: tuple[int, ...],
    ) -> Tensor:
        if state.position or self.score == "recall_error":
            raise InvalidTensor(
                "the dense form begins with a fresh state and scores that do not change; "
                "use form='gather'"
            )
        dtype = state.slots.k.dtype
        ready = inputs.cast(dtype)
        q, k, v = (x.transpose(1, 2) for x in (ready.q, ready.k, ready.v))
        seen = reference.visible(score, pads, self.width, self.chunk)
        gammas = (self.gamma_q.to(dtype), self.gamma_k.to(dtype))
        out = reference.dense(q, k, v, seen, gammas, self.sink.to(dtype), self.norm)
        if mask is None:
            return out
        return out.masked_fill(~mask[:, None, :, None], 0.0)

    def _rescored(self, pool: Entries, packing: Packing, matrix: Matrix | None) -> Entries:
        """The pool with the scores of now, if these tokens complete a block."""
        complete = set(packing.complete)
        if complete == {0}:
            return pool
        if complete != {1} or set(packing.filled) != {self.chunk}:
            raise InvalidTensor(
                "recall_error is asked at the end of a block, with the state as it is there: give "
                "at most the rest of a block, rows alike, or use ExactMemory"
            )
        return pool._replace(score=online.present(pool, self._rescorer(matrix)))

    def _rescorer(self, matrix: Matrix | None) -> online.Rescore:
        if matrix is None:
            raise InvalidTensor(
                "the score recall_error needs matrix, the rule's state after these tokens"
            )
        state = matrix
        return lambda held: recall_error(state, held.k * held.length.unsqueeze(-1), held.v)

    def _fitted(self, state: CacheState) -> CacheState:
        """The state with as many slots as the cache now has; what was dropped stays dropped."""
        check_own(state, CacheState, self.name)
        made = (state.slots.k.shape[1], state.slots.k.shape[3])
        if made != (self.heads, self.key_width):
            raise StateMismatch(
                f"the state has {made[0]} heads with keys of {made[1]}, the cache {self.heads} "
                f"with {self.key_width}; begin with its own init_state"
            )
        if state.width == self.width:
            return state
        room = empty_entries(state.slots.k, state.slots.v, self.width)
        kept = merge(state.kept, room, self.width)
        return replace(
            state,
            slots=kept.join(state.block),
            held=min(state.held, self.width),
            ticket=Ticket(state.position),
        )

    def _check(
        self, state: CacheState, inputs: Inputs, out: Values, write: Gates, *, over_time: bool
    ) -> None:
        sizes = (state.slots.k.shape[0], self.heads, self.key_width, state.slots.v.shape[-1])
        check_call(inputs, out, write, like=state.slots.k, sizes=sizes, over_time=over_time)
