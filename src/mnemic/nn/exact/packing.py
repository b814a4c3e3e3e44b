"""Tokens laid out so that every row's blocks begin at the same places.

A row's blocks are counted from its own first real token, so that padding on its left changes
nothing. Rows then stand at different phases; packing shifts each to the front.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from mnemic.errors import InvalidTensor
from mnemic.nn.axes import Mask


@dataclass(frozen=True, slots=True)
class Packing:
    """Where T new tokens go, behind the tokens of the current block.

    Args:
        phases: tokens already in the current block, by row.
        pads: of the T tokens, how many are padding on the left, by row.
        length: T.
        chunk: C.
    """

    phases: tuple[int, ...]
    pads: tuple[int, ...]
    length: int
    chunk: int

    @property
    def filled(self) -> tuple[int, ...]:
        """Tokens in the packed rows, by row."""
        pairs = zip(self.phases, self.pads, strict=True)
        return tuple(phase + self.length - lead for phase, lead in pairs)

    @property
    def blocks(self) -> int:
        """N: blocks that hold them, the last one perhaps partly."""
        return max(1, -(-max(self.filled) // self.chunk))

    @property
    def even(self) -> bool:
        """Whether all rows are laid out alike."""
        return len(set(self.phases)) == 1 and len(set(self.pads)) == 1

    def pack(self, old: Tensor, new: Tensor, fill: float) -> Tensor:
        """[B, H, N C, ...] from old [B, H, C, ...] and new [B, H, T, ...]; the rest is `fill`."""
        room = self.blocks * self.chunk
        if self.even:
            phase, lead = self.phases[0], self.pads[0]
            joined = new[:, :, lead:]
            if phase:
                joined = torch.cat([old[:, :, :phase], joined], 2)
            # What need not be copied is not: these are the largest tensors of a run.
            short = room - joined.shape[2]
            free = (0, 0) * (new.ndim - 3) + (0, short)
            return pad(joined, free, value=fill) if short else joined
        source = torch.cat([old, new], 2)
        slot = torch.arange(room, device=new.device)
        phase_b1 = torch.tensor(self.phases, device=new.device).unsqueeze(1)
        lead_b1 = torch.tensor(self.pads, device=new.device).unsqueeze(1)
        later = self.chunk + lead_b1 + slot - phase_b1
        index = torch.where(slot < phase_b1, slot, later).clamp(max=source.shape[2] - 1)
        packed = _take(source, index)
        return packed.masked_fill(_wide(~self.real(new.device), packed), fill)

    def real(self, device: torch.device) -> Tensor:
        """[B, N C] bool: which packed slots hold a token."""
        slot = torch.arange(self.blocks * self.chunk, device=device)
        return slot < torch.tensor(self.filled, device=device).unsqueeze(1)

    def unpack(self, out: Tensor) -> Tensor:
        """[B, H, T, ...] of the new tokens from [B, H, N C, ...]; zeros at padding."""
        if self.even:
            phase, lead = self.phases[0], self.pads[0]
            here = out[:, :, phase : phase + self.length - lead]
            return pad(here, (0, 0) * (out.ndim - 3) + (lead, 0))
        t = torch.arange(self.length, device=out.device)
        phase_b1 = torch.tensor(self.phases, device=out.device).unsqueeze(1)
        lead_b1 = torch.tensor(self.pads, device=out.device).unsqueeze(1)
        taken = _take(out, (phase_b1 + t - lead_b1).clamp(min=0))
        return taken.masked_fill(_wide(t < lead_b1, taken), 0.0)

    def last_block(self, packed: Tensor) -> Tensor:
        """[B, H, C, ...]: each row's unfinished block, from [B, H, N C, ...]."""
        room = pad(packed, (0, 0) * (packed.ndim - 3) + (0, self.chunk))
        starts = torch.tensor(self.complete, device=packed.device).unsqueeze(1) * self.chunk
        return _take(room, starts + torch.arange(self.chunk, device=packed.device))

    @property
    def complete(self) -> tuple[int, ...]:
        """Blocks completed, by row."""
        return tuple(n // self.chunk for n in self.filled)


def left_padding(mask: Mask | None, batch: int, length: int) -> tuple[int, ...]:
    """How many tokens of each row are padding.

    Raises:
        InvalidTensor: padding that is not on the left; what is no mask of these tokens.
    """
    if mask is None:
        return (0,) * batch
    if mask.dtype != torch.bool or mask.shape != (batch, length):
        raise InvalidTensor(
            f"the mask is {tuple(mask.shape)} of {mask.dtype}; "
            f"it must be {(batch, length)} of torch.bool"
        )
    pads = (~mask).sum(1)
    expected = torch.arange(length, device=mask.device) >= pads.unsqueeze(1)
    if not torch.equal(expected, mask):
        row = int((expected != mask).any(1).nonzero()[0])
        raise InvalidTensor(
            f"row {row} of the mask has padding after a real token; padding belongs on the left"
        )
    return tuple(pads.tolist())


def _take(source: Tensor, index: Tensor) -> Tensor:
    """The slots [B, H, I, ...] of [B, H, J, ...] at index [B, I], the same for all heads."""
    wide = _wide(index, source).expand(*source.shape[:2], index.shape[1], *source.shape[3:])
    return source.gather(2, wide)


def _wide(x: Tensor, like: Tensor) -> Tensor:
    """[B, I] as [B, 1, I, 1, ...], with as many axes as `like`."""
    return x.reshape(x.shape[0], 1, x.shape[1], *(1,) * (like.ndim - 3))
