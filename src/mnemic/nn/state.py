"""A state is a value: what a memory carries from one call to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import torch
from torch import Tensor

from mnemic.errors import InvalidTensor, NotAState, StateMismatch

T = TypeVar("T")


NOBODY = -1
"""The position of a ticket that is never taken."""


class Ticket:
    """Who may write next into a shared, preallocated buffer: the value at `position`, nobody else.

    States share buffers, so that a step need not copy them. Two steps taken from one state would
    write the same slot; the second finds the ticket gone and copies first. This makes writing in
    place invisible: an older state never changes.
    """

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position

    def take(self, position: int) -> bool:
        """Whether the caller, who stands at `position`, may write in place; used up by asking."""
        if self.position != position:
            return False
        self.position = position + 1
        return True


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """What a rule carries. Subclasses add tensors, tuples of tensors, whole numbers and a Ticket.

    Args:
        rule: name of the rule, with its options, that wrote it.
        position: tokens seen so far, padding included.
    """

    rule: str
    position: int

    kinds: ClassVar[dict[str, type[State]]] = {}
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, kind: str, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.kind = kind
        State.kinds[kind] = cls

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Each tensor by name; a member of a tuple is named `field.member`."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                yield field.name, value
            elif parts_of(field) is not None:
                for name, tensor in value._asdict().items():
                    yield f"{field.name}.{name}", tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same state with every tensor changed."""
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            parts = parts_of(field)
            if isinstance(value, Tensor):
                changed[field.name] = change(value)
            elif parts is not None:
                changed[field.name] = parts(*map(change, value))
        return dataclasses.replace(self, **changed)

    def detach(self) -> Self:
        """The same numbers without their history: where back-propagation through time stops."""
        return self.map(Tensor.detach)

    def rows(self, index: Tensor) -> Self:
        """The rows named by `index` [N], in its order, as often as named; in buffers of their own.

        Raises:
            InvalidTensor: an index that names no rows, or one that is not there.
        """
        _, first = next(self.tensors())
        check_rows(index, first.shape[0])
        chosen = self.map(lambda tensor: tensor.index_select(0, index.to(tensor.device)))
        names = [
            f.name for f in dataclasses.fields(self) if isinstance(getattr(self, f.name), Ticket)
        ]
        fresh: dict[str, Any] = {name: Ticket(self.position) for name in names}
        return dataclasses.replace(chosen, **fresh)

    def zeros(self) -> Self:
        """A fresh state of the same shapes, before the first token."""
        raise NotImplementedError

    def to(
        self, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Self:
        """The state on another device, or in another precision (whole numbers stay whole).

        Raises:
            InvalidTensor: `dtype` is not float32 or float64, in which states are kept.
        """
        if dtype is not None:
            check_state_dtype(dtype)

        def move(tensor: Tensor) -> Tensor:
            wide = tensor.is_floating_point() and tensor.element_size() >= 4
            return tensor.to(device=device, dtype=dtype if wide else None)

        return self.map(move)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors, counted, not calculated: unused preallocated slots included."""
        return sum(tensor.nbytes for _, tensor in self.tensors())

    def equals(self, other: State) -> bool:
        """Whether both hold the same bits."""
        if type(self) is not type(other) or plain_fields(self) != plain_fields(other):
            return False
        pairs = zip(self.tensors(), other.tensors(), strict=True)
        return all(
            a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
            for (_, a), (_, b) in pairs
        )

    def save(self, path: str | Path, *, fingerprint: str) -> None:
        """Writes the state to a file of its own; see `state_file.save_states` for several."""
        from mnemic.nn.state_file import save_states

        save_states(path, {"state": self}, fingerprint=fingerprint)

    @classmethod
    def load(
        cls, path: str | Path, *, fingerprint: str, device: torch.device | str = "cpu"
    ) -> State:
        """Reads what `save` wrote.

        Raises:
            NotAState: no state file, a damaged one, or one that holds several states.
            NewerState: written by a later version of Mnemic.
            StateMismatch: of another configuration, or another kind of state.
        """
        from mnemic.nn.state_file import load_states

        states = load_states(path, fingerprint=fingerprint, device=device)
        if list(states) != ["state"]:
            raise NotAState(f"{str(path)!r} holds the states {list(states)}; use load_states")
        state = states["state"]
        if not isinstance(state, cls):
            raise StateMismatch(f"{str(path)!r} holds a state of kind {state.kind!r}")
        return state

    def for_file(self) -> Self:
        """The state as a file should hold it: without what only speeds up the next step."""
        return self

    def validate(self) -> None:
        """Refuses sizes that contradict each other; for states that come from outside.

        Raises:
            InvalidTensor: the sizes do not belong together.
        """
        raise NotImplementedError


def parts_of(field: dataclasses.Field[Any]) -> Any:
    """The NamedTuple class of a field that holds a tuple of tensors, or None."""
    return field.metadata.get("parts")


def plain_fields(state: State) -> dict[str, Any]:
    """The fields that are neither tensors nor tickets: names, whole numbers, tuples of them."""
    values = {f.name: getattr(state, f.name) for f in dataclasses.fields(state) if not parts_of(f)}
    return {name: v for name, v in values.items() if not isinstance(v, (Tensor, Ticket))}


def check_state_dtype(dtype: torch.dtype) -> None:
    """Refuses a precision in which long sums go astray.

    Raises:
        InvalidTensor: `dtype` is not float32 or float64.
    """
    if dtype not in (torch.float32, torch.float64):
        raise InvalidTensor(
            f"a state cannot be kept in {dtype}: use torch.float32 or torch.float64 "
            "(inputs may be narrower)"
        )


def check_sizes(**sizes: int) -> None:
    """Refuses sizes that are not whole numbers of at least 1.

    Raises:
        InvalidTensor: names the size and its value.
    """
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InvalidTensor(f"{name} is {size!r}; it must be a whole number of at least 1")


def check_rows(index: Tensor, batch: int) -> None:
    """Refuses an index that does not name rows of a batch.

    Raises:
        InvalidTensor: names its shape, its dtype, or the row that is not there.
    """
    whole = index.dtype in (torch.int64, torch.int32)
    if index.ndim != 1 or index.shape[0] == 0 or not whole:
        raise InvalidTensor(
            f"the index of rows is {tuple(index.shape)} of {index.dtype}; "
            "it must be [N >= 1] of whole numbers"
        )
    missing = index[(index < 0) | (index >= batch)]
    if missing.numel():
        raise InvalidTensor(f"there is no row {int(missing[0])} in a batch of {batch}")


def needs_history(*tensors: Tensor) -> bool:
    """Whether a graph will be kept of what is done with these: then nothing may be overwritten.

    A query that wants a gradient is enough: the graph keeps the very buffer it was read from.
    """
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
