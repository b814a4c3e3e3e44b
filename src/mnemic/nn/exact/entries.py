"""The pairs an exact cache holds, and the state made of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor
from mnemic.nn.state import State, Ticket

NOWHERE = torch.iinfo(torch.int64).max
"""The position of an empty slot: after every token."""


class Entries(NamedTuple):
    """Pairs with what selection and reading need to know of them; J slots.

    Args:
        k: [B, H, J, K] of length 1, so that reading need not normalise again.
        v: [B, H, J, V].
        length: [B, H, J] what k was divided by; only for the score recall_error, else 0.
        score: [B, H, J] float32; -inf marks an empty slot.
        position: [B, H, J] int64, tokens before it in its row; NOWHERE in an empty slot.
    """

    k: Tensor
    v: Tensor
    length: Tensor
    score: Tensor
    position: Tensor

    def take(self, index: Tensor) -> Entries:
        """The slots [B, H, I] named by index; empty ones come out as zeros."""
        score = self.score.gather(2, index)
        empty = score == float("-inf")
        wide = index.unsqueeze(-1)
        return Entries(
            self.k.gather(2, wide.expand(*index.shape, self.k.shape[-1])).masked_fill(
                empty.unsqueeze(-1), 0.0
            ),
            self.v.gather(2, wide.expand(*index.shape, self.v.shape[-1])).masked_fill(
                empty.unsqueeze(-1), 0.0
            ),
            self.length.gather(2, index).masked_fill(empty, 0.0),
            score,
            self.position.gather(2, index).masked_fill(empty, NOWHERE),
        )

    def join(self, other: Entries) -> Entries:
        """The slots of both, side by side."""
        return Entries(*(torch.cat([a, b], 2) for a, b in zip(self, other, strict=True)))


def empty_entries(k: Tensor, v: Tensor, slots: int) -> Entries:
    """Empty slots for pairs like these.

    Args:
        k: [B, H, *, K] whose sizes, dtype and device are taken.
        v: [B, H, *, V].
        slots: how many.
    """
    lead = (*k.shape[:2], slots)
    return Entries(
        k.new_zeros((*lead, k.shape[-1])),
        v.new_zeros((*lead, v.shape[-1])),
        k.new_zeros(lead),
        torch.full(lead, float("-inf"), dtype=torch.float32, device=k.device),
        torch.full(lead, NOWHERE, dtype=torch.int64, device=k.device),
    )


def with_empty_block(kept: Entries, chunk: int) -> Entries:
    """The kept slots, then C for a block: preallocated, with whatever was in the memory before.

    Only lengths begin as zeros, because most scores never write them.
    """
    width = kept.k.shape[2]

    def room(x: Tensor) -> Tensor:
        wider = x.new_empty((*x.shape[:2], width + chunk, *x.shape[3:]))
        wider[:, :, :width] = x
        return wider

    slots = Entries(*map(room, kept))
    slots.length[:, :, width:] = 0.0
    return slots


@dataclass(frozen=True, eq=False)
class CacheState(State, kind="exact_cache"):
    """The selected pairs, the current block, and how far each row is into it.

    Args:
        slots: W for the selected pairs of all completed blocks, oldest first, and, in the same
            buffer, C for the current block, filled from the front, the rest undefined.
        chunk: C.
        leads: padding on the left of each row; a row's block phase is (position - lead) mod C.
        held: kept slots that are in use in every row; with W of them reading needs no mask.
        ticket: who may write the next slot of the block in place.
    """

    slots: Entries = field(metadata={"parts": Entries})
    chunk: int
    leads: tuple[int, ...]
    held: int = 0
    ticket: Ticket = field(default_factory=lambda: Ticket(0), repr=False)

    @property
    def width(self) -> int:
        """W, slots for selected pairs."""
        return int(self.slots.k.shape[2]) - self.chunk

    @property
    def kept(self) -> Entries:
        """The W slots of selected pairs."""
        width = self.width
        return Entries(*(x[:, :, :width] for x in self.slots))

    @property
    def block(self) -> Entries:
        """The C slots of the current block; their positions are not written down."""
        width = self.width
        return Entries(*(x[:, :, width:] for x in self.slots))

    @property
    def counts(self) -> tuple[int, ...]:
        """Real tokens seen, by row."""
        return tuple(self.position - lead for lead in self.leads)

    @property
    def phases(self) -> tuple[int, ...]:
        """Tokens in the current block, by row."""
        at, chunk = self.position, self.chunk
        return tuple([(at - lead) % chunk for lead in self.leads])

    def rows(self, index: Tensor) -> Self:
        """The rows named by `index`, each with its own phase; see `State.rows`."""
        chosen = super().rows(index)
        return replace(chosen, leads=tuple(self.leads[row] for row in index.tolist()))

    def zeros(self) -> Self:
        """Nothing kept, of the same sizes."""
        kept = empty_entries(self.slots.k, self.slots.v, self.width)
        return replace(
            self,
            position=0,
            slots=with_empty_block(kept, self.chunk),
            leads=(0,) * len(self.leads),
            held=0,
            ticket=Ticket(0),
        )

    def to(
        self, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Self:
        """The state elsewhere or in another precision; scores stay float32."""
        moved = super().to(dtype, device)
        score = self.slots.score.to(device=device)
        return replace(moved, slots=moved.slots._replace(score=score))

    def for_file(self) -> Self:
        """The same with zeros in the undefined slots of the block."""
        device = self.slots.k.device
        slot = torch.arange(self.width + self.chunk, device=device)
        ends = torch.tensor(self.phases, device=device).unsqueeze(1) + self.width
        undefined = (slot >= ends).unsqueeze(1)
        block = (slot >= self.width).expand(undefined.shape)
        k, v, length, score, position = self.slots
        return replace(
            self,
            slots=Entries(
                k.masked_fill(undefined.unsqueeze(-1), 0.0),
                v.masked_fill(undefined.unsqueeze(-1), 0.0),
                length.masked_fill(undefined, 0.0),
                score.masked_fill(undefined, 0.0),
                position.masked_fill(block, 0),
            ),
        )

    def equals(self, other: State) -> bool:
        """Whether the defined slots hold the same bits."""
        return super(CacheState, self.for_file()).equals(other.for_file())

    def validate(self) -> None:
        """Refuses sizes and dtypes that contradict each other."""
        k, v, *flat = self.slots
        wide = (torch.float32, torch.float64)
        score, position = self.slots.score.dtype, self.slots.position.dtype
        narrow = (score, position) == (torch.float32, torch.int64)
        if k.dtype not in wide or {v.dtype, self.slots.length.dtype} != {k.dtype} or not narrow:
            raise InvalidTensor("the tensors of the cache have dtypes that it never has")
        lead = k.shape[:3]
        if k.ndim != 4 or v.shape[:3] != lead or {x.shape for x in flat} != {lead}:
            raise InvalidTensor("the tensors of the cache contradict each other in size")
        if not 1 <= self.chunk <= lead[2] or not 0 <= self.held <= self.width:
            raise InvalidTensor(
                f"chunk {self.chunk} and held {self.held} do not fit {lead[2]} slots"
            )
        if len(self.leads) != lead[0] or min(self.counts, default=0) < 0:
            raise InvalidTensor(f"leads {self.leads} do not fit {lead[0]} rows")
