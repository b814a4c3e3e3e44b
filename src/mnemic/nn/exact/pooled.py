"""The pooled exact cache: slots shared by all heads, kept by learned importance.

Each token is kept for one head, its owner, so that no fact is stored twice; and what decides
whether it stays is also added to the logits it is read with, which is how it is learned. Selection
is token-exact: a token is seen as long as it is among the W best so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from mnemic.errors import InvalidTensor, StateMismatch
from mnemic.nn.axes import Gates, Mask, Values
from mnemic.nn.exact.checks import check_call, check_own
from mnemic.nn.exact.learned import LearnedRead
from mnemic.nn.exact.packing import left_padding
from mnemic.nn.exact.read import unit
from mnemic.nn.exact.select import top
from mnemic.nn.inputs import Inputs
from mnemic.nn.precision import full_precision
from mnemic.nn.state import State, check_sizes, check_state_dtype

FADING_INIT = -2.0
"""Of the rate of fading before softplus: 0.13, a slot ten times as old counts a third less."""

TIE_BREAK = 1e-4
"""Weight of the write's size beside the importance: among writes of ordinary size, it only decides
between near equals."""


class Slots(NamedTuple):
    """Pairs of any head, oldest first; J slots.

    Args:
        k: [B, J, K] of length 1.
        v: [B, J, V].
        importance: [B, J] logarithm, <= 0; carries a gradient.
        score: [B, J] float32, detached; -inf marks an empty slot.
        owner: [B, J] uint8, the head that reads it.
        position: [B, J] int32, real tokens before it in its row.
    """

    k: Tensor
    v: Tensor
    importance: Tensor
    score: Tensor
    owner: Tensor
    position: Tensor

    def take(self, index: Tensor) -> Slots:
        """The slots [B, I] named by index."""
        batch, held = self.score.shape
        lines = torch.arange(batch, device=index.device).mul(held).unsqueeze(1)
        rows = (index + lines).flatten()

        def taken(x: Tensor) -> Tensor:
            # Whole rows: gathering number by number takes far longer.
            return x.flatten(0, 1).index_select(0, rows).reshape(*index.shape, *x.shape[2:])

        return Slots(*map(taken, self))

    def join(self, other: Slots) -> Slots:
        """The slots of both, side by side."""
        return Slots(*(torch.cat([a, b], 1) for a, b in zip(self, other, strict=True)))

    def cut(self, start: int, stop: int) -> Slots:
        """Slots start to stop - 1."""
        return Slots(*(x[:, start:stop] for x in self))


@dataclass(frozen=True, eq=False)
class PooledState(State, kind="pooled_cache"):
    """There is no block: what is seen does not depend on where time was cut.

    Args:
        slots: W of them.
        count: [B] int32, real tokens seen, by row.
    """

    slots: Slots = field(metadata={"parts": Slots})
    count: Tensor

    def zeros(self) -> Self:
        """Nothing kept, of the same sizes."""
        empty = Slots(*map(torch.zeros_like, self.slots))
        score = torch.full_like(self.slots.score, float("-inf"))
        slots = empty._replace(score=score)
        return replace(self, position=0, slots=slots, count=torch.zeros_like(self.count))

    def to(
        self, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Self:
        """The state elsewhere or in another precision; scores stay float32."""
        moved = super().to(dtype, device)
        score = self.slots.score.to(device=device)
        return replace(moved, slots=moved.slots._replace(score=score))

    def validate(self) -> None:
        """Refuses sizes that contradict each other."""
        k, v, *flat = self.slots
        lead = k.shape[:2]
        wide = (torch.float32, torch.float64)
        exact = (
            k.dtype in wide
            and {k.dtype} == {v.dtype, self.slots.importance.dtype}
            and self.slots.score.dtype == torch.float32
            and self.slots.owner.dtype == torch.uint8
            and {self.slots.position.dtype, self.count.dtype} == {torch.int32}
        )
        if not exact:
            raise InvalidTensor("the tensors of the pooled cache have dtypes that it never has")
        if k.ndim != 3 or v.ndim != 3 or v.shape[:2] != lead or {x.shape for x in flat} != {lead}:
            raise InvalidTensor("the tensors of the pooled cache contradict each other in size")
        if self.count.shape != lead[:1]:
            raise InvalidTensor(f"count has the shape {tuple(self.count.shape)}, not {lead[:1]}")


class PooledOutput(NamedTuple):
    """state after the tokens; out [B, T, H, V], the rule's output with the reading added."""

    state: PooledState
    out: Values


class PooledCache(LearnedRead):
    """Keeps the W most important pairs of all heads together, and adds what they say.

        owner_t = argmax_h score_th,  score_th = i_th + TIE_BREAK ||write_th||,  h < owners
        a_tj = q~_t . k~_j / sqrt(K) + i_j - softplus(fading_h) ln(1 + age_tj)
        o = o_rule + sigmoid(gate) softmax(a) v      over the owner's slots and a null sink

    Args:
        heads: H.
        key_width: K.
        width: W, for all heads together; may be set anew at any time.
        owners: heads that may own slots, the first ones. With one, which measured best, no fact is
            looked for where it is not; the other heads have the state alone.
        fading: whether older pairs are read more faintly, by a learned rate per head, so that of
            two pairs with one key the newer is heard.
        gate_init: of the gate before the sigmoid.
        sink_init: logit of seeing nothing.

    Source:
        Ours ("IER": importance-evicted, pooled); after HOLA (Cui, 2026), arXiv:2607.02303.
    """

    def __init__(
        self,
        heads: int,
        key_width: int,
        *,
        width: int = 64,
        owners: int = 1,
        fading: bool = False,
        gate_init: float = 0.0,
        sink_init: float = 0.0,
    ) -> None:
        check_sizes(heads=heads, key_width=key_width, owners=owners)
        super().__init__(owners, key_width, "rms", gate_init=gate_init, sink_init=sink_init)
        if owners > min(heads, 255):
            raise InvalidTensor(f"owners is {owners}; there are {heads} heads, and 255 can own")
        self.heads, self.width, self.owners = heads, width, owners
        self.fading = nn.Parameter(torch.full((owners,), FADING_INIT)) if fading else None

    @property
    def width(self) -> int:
        """W, the pairs kept."""
        return self._width

    @width.setter
    def width(self, width: int) -> None:
        check_sizes(width=width)
        self._width = width

    def extra_repr(self) -> str:
        """The options, for print(model)."""
        return f"width={self.width}, owners={self.owners}"

    @property
    def name(self) -> str:
        """What a state remembers of its cache; its width may change."""
        return f"pooled({self.owners})"

    def init_state(
        self,
        batch: int,
        value_width: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> PooledState:
        """Nothing kept."""
        check_sizes(batch=batch, value_width=value_width)
        check_state_dtype(dtype)
        lead = (batch, self.width)
        slots = Slots(
            torch.zeros(*lead, self.key_width, dtype=dtype, device=device),
            torch.zeros(*lead, value_width, dtype=dtype, device=device),
            torch.zeros(lead, dtype=dtype, device=device),
            torch.full(lead, float("-inf"), dtype=torch.float32, device=device),
            torch.zeros(lead, dtype=torch.uint8, device=device),
            torch.zeros(lead, dtype=torch.int32, device=device),
        )
        count = torch.zeros(batch, dtype=torch.int32, device=device)
        return PooledState(self.name, 0, slots, count)

    @full_precision
    def forward(
        self,
        state: PooledState,
        inputs: Inputs,
        out: Values,
        write_magnitude: Gates,
        importance: Gates,
        chunk: int = 64,
    ) -> PooledOutput:
        """T tokens, `chunk` at a time: T (W + C) memory.

        Args:
            state: before them.
            inputs: as the rule got them.
            out: [B, T, H, V] of the rule.
            write_magnitude: [B, T, H] of the rule.
            importance: [B, T, owners], logarithm.
            chunk: tokens at once; changes rounding only.
        """
        sizes = self._check(state, out, importance)
        check_call(inputs, out, write_magnitude, like=state.slots.k, sizes=sizes, over_time=True)
        left_padding(inputs.mask, *out.shape[:2])
        check_sizes(chunk=chunk)
        dtype = state.slots.k.dtype
        ready = inputs.cast(dtype).silence_padding().map(lambda x: x[:, :, : self.owners])
        count = state.count.unsqueeze(1) + _counted(inputs)
        write = write_magnitude[:, :, : self.owners]
        tokens = _tokens(ready, inputs.mask, write, importance.to(dtype), count - 1)
        q = unit(ready.q) * self.gain(dtype)
        slots, reads = self._fitted(state.slots), []
        for start in range(0, out.shape[1], chunk):
            stop = min(start + chunk, out.shape[1])
            pool = slots.join(tokens.cut(start, stop))
            alive = _alive(pool.score, stop - start, self.width)
            reads.append(self._read(q[:, start:stop], pool, alive, count[:, start:stop]))
            slots = pool.take(_survivors(alive[:, -1], self.width))
        read = torch.cat(reads, 1)
        if inputs.mask is not None:
            read = read.masked_fill(~inputs.mask[..., None, None], 0.0)
        total = self._added(out, read)
        seen = count[:, -1].expand(out.shape[0]).clone()
        return PooledOutput(
            PooledState(self.name, state.position + out.shape[1], slots, seen), total
        )

    @full_precision
    def step(
        self,
        state: PooledState,
        inputs: Inputs,
        out: Values,
        write_magnitude: Gates,
        importance: Gates,
    ) -> PooledOutput:
        """One token, without a mask; the same as a run of it, in fewer operations.

        Args:
            state: before it.
            inputs: without an axis T.
            out: [B, H, V] of the rule.
            write_magnitude: [B, H] of the rule.
            importance: [B, owners], logarithm.
        """
        if inputs.mask is not None:
            one = (x.unsqueeze(1) for x in (out, write_magnitude, importance))
            done = self(state, inputs.over_time(), *one, chunk=1)
            return PooledOutput(done.state, done.out.squeeze(1))
        sizes = self._check(state, out, importance)
        check_call(inputs, out, write_magnitude, like=state.slots.k, sizes=sizes, over_time=False)
        dtype, owners = state.slots.k.dtype, self.owners
        ready = inputs.cast(dtype).map(lambda x: x[:, None, :owners])
        count = state.count + 1
        write = write_magnitude[:, None, :owners]
        token = _tokens(ready, None, write, importance.to(dtype).unsqueeze(1), state.count[:, None])
        pool = self._fitted(state.slots).join(token)
        # One has to go: the lowest, and of equals the newest.
        gone = self.width - pool.score.flip(1).argmin(1, keepdim=True)
        seen = (pool.score > float("-inf")).scatter(1, gone, value=False)
        q = unit(ready.q) * self.gain(dtype)
        read = self._read(q, pool, seen.unsqueeze(1), count.unsqueeze(1)).squeeze(1)
        slot = torch.arange(self.width, device=gone.device)
        slots = pool.take(slot + (slot >= gone))
        total = self._added(out, read)
        return PooledOutput(PooledState(self.name, state.position + 1, slots, count), total)

    def _check(
        self, state: PooledState, out: Values, importance: Gates
    ) -> tuple[int, int, int, int]:
        """Refuses a state or importance that does not fit; B, H, K, V."""
        check_own(state, PooledState, self.name)
        held = state.slots.k
        if held.shape[2] != self.key_width:
            raise StateMismatch(
                f"the state has keys of {held.shape[2]}, the cache of {self.key_width}; "
                "begin with its own init_state"
            )
        wanted = (*out.shape[:-2], self.owners)
        if importance.shape != wanted or importance.device != held.device:
            raise InvalidTensor(
                f"importance has the shape {tuple(importance.shape)} on {importance.device}, "
                f"not {wanted} on {held.device}"
            )
        if not importance.is_floating_point():
            raise InvalidTensor(f"importance has the dtype {importance.dtype}; it must be a float")
        return (held.shape[0], self.heads, self.key_width, int(state.slots.v.shape[-1]))

    def _added(self, out: Values, read: Tensor) -> Values:
        """The rule's output with the reading of the first heads, [..., owners, V], added."""
        gate = self.gate.to(read.dtype).sigmoid().unsqueeze(-1)
        owning = (out[..., : self.owners, :].to(read.dtype) + gate * read).to(out.dtype)
        if self.owners == self.heads:
            return owning
        return torch.cat([owning, out[..., self.owners :, :]], -2)

    def _fitted(self, slots: Slots) -> Slots:
        """As many slots as the cache now has; what was dropped stays dropped."""
        held = slots.score.shape[1]
        if held > self.width:
            return slots.take(top(slots.score, self.width))
        if held < self.width:
            room = [x.new_zeros((x.shape[0], self.width - held, *x.shape[2:])) for x in slots]
            free = Slots(*room)
            return free._replace(score=torch.full_like(free.score, float("-inf"))).join(slots)
        return slots

    def _read(self, q: Tensor, pool: Slots, alive: Tensor, count: Tensor) -> Tensor:
        """[B, C, H, V] from q [B, C, H, K], alive [B, C, J] and count [B, C]."""
        logits = torch.einsum("bthk,bjk->bhtj", q, pool.k) + pool.importance[:, None, None]
        if self.fading is not None:
            age = (count.unsqueeze(2) - pool.position.unsqueeze(1)).clamp_min(1).to(q.dtype).log()
            rate = softplus(self.fading).to(q.dtype)
            logits = logits - rate.reshape(1, -1, 1, 1) * age.unsqueeze(1)
        heads = torch.arange(self.owners, device=q.device)
        owned = pool.owner.unsqueeze(1) == heads.unsqueeze(1)
        seen = alive.unsqueeze(1) & owned.unsqueeze(2)
        logits = logits.masked_fill(~seen, float("-inf"))
        sink = self.sink.to(q.dtype).reshape(1, -1, 1, 1).expand(*logits.shape[:3], 1)
        weights = torch.cat([logits, sink], 3).softmax(3)[..., :-1]
        return torch.einsum("bhtj,bjv->bthv", weights, pool.v)


def _counted(inputs: Inputs) -> Tensor:
    """[B or 1, T] int32: real tokens among these, up to and with each."""
    if inputs.mask is not None:
        return inputs.mask.cumsum(1, dtype=torch.int32)
    length, device = inputs.q.shape[1], inputs.q.device
    return torch.arange(1, length + 1, dtype=torch.int32, device=device).unsqueeze(0)


def _tokens(
    ready: Inputs, mask: Mask | None, write: Gates, importance: Gates, position: Tensor
) -> Slots:
    """The tokens as slots, each with the key and value of its owner."""
    with torch.no_grad():
        every = importance.float() + TIE_BREAK * write.float()
        score, owner = every.max(-1)
        if mask is not None:
            score = score.masked_fill(~mask, float("-inf"))
            owner = owner.masked_fill(~mask, 0)
    wide = owner[..., None, None]

    def own(x: Tensor) -> Tensor:
        return x.gather(2, wide.expand(*owner.shape, 1, x.shape[-1])).squeeze(2)

    chosen = importance.gather(2, owner.unsqueeze(-1)).squeeze(-1)
    if mask is not None:
        chosen = chosen.masked_fill(~mask, 0.0)
    kind = owner.to(torch.uint8)
    return Slots(unit(own(ready.k)), own(ready.v), chosen, score, kind, position)


def _alive(score: Tensor, length: int, width: int) -> Tensor:
    """[B, C, J]: which slots are among the `width` best when each of the C tokens is read.

    Args:
        score: [B, J], W kept slots and then C tokens, oldest first; of equals the earlier wins.
        length: C.
        width: W.
    """
    with torch.no_grad():
        held = score.shape[1] - length
        kept, new = score[:, :held], score[:, held:]
        slot = torch.arange(score.shape[1], device=score.device)
        now = slot[held:].unsqueeze(1)
        higher = new.unsqueeze(2) > score.unsqueeze(1)
        equal = new.unsqueeze(2) == score.unsqueeze(1)
        # What was kept before is ranked once; then each new token pushes back those it beats.
        order = kept.sort(dim=1, descending=True, stable=True).indices
        ahead_of_new = (kept.unsqueeze(2) >= new.unsqueeze(1)).sum(1)
        ahead = torch.cat([order.argsort(dim=1), ahead_of_new], 1).unsqueeze(1)
        ahead = ahead + (higher | (equal & (now < slot))).cumsum(1, dtype=torch.int32)
        return (ahead < width) & (slot <= now) & (score > float("-inf")).unsqueeze(1)


def _survivors(alive: Tensor, width: int) -> Tensor:
    """[B, W] slots to keep, oldest first; where fewer are alive nothing was evicted yet, and the
    rest are empty ones, in front.
    """
    return alive.to(torch.uint8).argsort(dim=1, stable=True)[:, -width:]
