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
        k: [B, H, J, K] as the rule got it.
        v: [B, H, J, V].
        scale: [B, H, J] one over the key's length, so that reading need not normalise again.
        score: [B, H, J] float32; -inf marks an empty slot.
        position: [B, H, J] int64, tokens before it in its row; NOWHERE in an empty slot.
    """

    k: Tensor
    v: Tensor
    scale: Tensor
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
            self.scale.gather(2, index).masked_fill(empty, 0.0),
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


class Block(NamedTuple):
    """The current, unfinished block: C slots, filled from the front, the rest undefined.

    Args:
        k: [B, H, C, K].
        v: [B, H, C, V].
        scale: [B, H, C].
        score: [B, H, C] float32.
    """

    k: Tensor
    v: Tensor
    scale: Tensor
    score: Tensor


def empty_block(k: Tensor, v: Tensor, chunk: int) -> Block:
    """Preallocated slots for pairs like these, with whatever was in the memory before."""
    lead = (*k.shape[:2], chunk)
    return Block(
        k.new_empty((*lead, k.shape[-1])),
        v.new_empty((*lead, v.shape[-1])),
        k.new_empty(lead),
        torch.empty(lead, dtype=torch.float32, device=k.device),
    )


@dataclass(frozen=True, eq=False)
class CacheState(State, kind="exact_cache"):
    """The selected pairs, the current block, and how far each row is into it.

    Args:
        kept: the W selected of all completed blocks, oldest first.
        block: the current block.
        leads: padding on the left of each row; a row's block phase is (position - lead) mod C.
        ticket: who may write the next slot of the block in place.
    """

    kept: Entries = field(metadata={"parts": Entries})
    block: Block = field(metadata={"parts": Block})
    leads: tuple[int, ...] = ()
    ticket: Ticket = field(default_factory=lambda: Ticket(0), repr=False)

    @property
    def chunk(self) -> int:
        """C, tokens of a block."""
        return int(self.block.k.shape[2])

    @property
    def width(self) -> int:
        """W, slots for selected pairs."""
        return int(self.kept.k.shape[2])

    @property
    def counts(self) -> tuple[int, ...]:
        """Real tokens seen, by row."""
        return tuple(self.position - lead for lead in self.leads)

    @property
    def phases(self) -> tuple[int, ...]:
        """Tokens in the current block, by row."""
        return tuple(count % self.chunk for count in self.counts)

    def zeros(self) -> Self:
        """Nothing kept, of the same sizes."""
        return replace(
            self,
            position=0,
            kept=empty_entries(self.kept.k, self.kept.v, self.width),
            block=empty_block(self.kept.k, self.kept.v, self.chunk),
            leads=(0,) * len(self.leads),
            ticket=Ticket(0),
        )

    def for_file(self) -> Self:
        """The same with zeros in the undefined slots of the block."""
        slots = torch.arange(self.chunk, device=self.block.k.device)
        phases = torch.tensor(self.phases, device=self.block.k.device)
        undefined = (slots >= phases.unsqueeze(1)).unsqueeze(1)
        return replace(
            self,
            block=Block(
                self.block.k.masked_fill(undefined.unsqueeze(-1), 0.0),
                self.block.v.masked_fill(undefined.unsqueeze(-1), 0.0),
                self.block.scale.masked_fill(undefined, 0.0),
                self.block.score.masked_fill(undefined, 0.0),
            ),
        )

    def equals(self, other: State) -> bool:
        """Whether the defined slots hold the same bits."""
        return super(CacheState, self.for_file()).equals(other.for_file())

    def validate(self) -> None:
        """Refuses sizes that contradict each other."""
        lead = self.kept.k.shape[:2]
        for part in (self.kept, self.block):
            slots = (*lead, part.k.shape[2])
            flat = [t.shape for t in part[2:]]
            if part.k.shape[:3] != slots or part.v.shape[:3] != slots or set(flat) != {slots}:
                raise InvalidTensor("the tensors of the cache contradict each other in size")
        if self.chunk < 1 or len(self.leads) != lead[0] or min(self.counts, default=0) < 0:
            raise InvalidTensor(f"leads {self.leads} do not fit {lead[0]} rows")
