"""A LangGraph store over a Memory: namespaces are scopes, keys are refs, every version is kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

try:
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        ListNamespacesOp,
        MatchCondition,
        Op,
        PutOp,
        Result,
        SearchItem,
        SearchOp,
        get_text_at_path,
    )
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "mnemic.adapters.langgraph needs LangGraph, which is not installed; "
        "run pip install 'mnemic[langgraph]'",
        name=error.name,
    ) from error

from mnemic.adapters.log import turn_of
from mnemic.adapters.verbatim import PART_CHARS, given_back, held, in_words, searchable
from mnemic.agent.memory import Memory
from mnemic.agent.records import Episode
from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidInput, InvalidScope

SOURCE = "langgraph"
K_MAX = 10_000

_PLAIN = re.compile(r"[^\W]([\w.@+:\- ]*[\w@+:\-])?\Z")
_ESCAPED = re.compile(r"=([0-9a-f]{1,6})=")
_MARK = "_="

Namespace = tuple[str, ...]


class MnemicStore(BaseStore):
    """LangGraph's long-term store, kept in a memory.

    An item is an episode: its namespace the scope below `scope`, its key the `ref`
    ("langgraph:" + key), its value whole in the meta. A put over an existing key writes a new
    version and suppresses the old one; `delete` suppresses. Neither takes anything out of the log:
    `memory.restore` shows it again, `memory.erase` removes it for good.

    A search with a query is a recall below the prefix: what does not bear on it is left out, times
    in the query count, and the score is the calibrated relevance. Without a query the newest come
    first. There is no time to live: `put(..., ttl=…)` is refused, as by all stores without.

    Args:
        memory: open for writing; stays the caller's to close.
        scope: where all namespaces lie, such as "acme/ana"; the model has no say in it.
        fields: the parts of a value that are searched where a put names none; "$" is all of it.
        speaker: who is taken to have said what is put, such as "assistant".
        fill: whether a search with a query goes on with what was not recalled, up to its limit, as
            stores do that rank everything: the newest first, scored 0; at the end and without a
            score what is not indexed.

    Example:
        >>> store = MnemicStore(memory, scope="acme/ana")                 # doctest: +SKIP
        ... store.put(("notes",), "city", {"text": "Ana moved to Lisbon."})
        ... store.search(("notes",), query="Where does Ana live?")[0].value
        {'text': 'Ana moved to Lisbon.'}
    """

    supports_ttl = False

    def __init__(
        self,
        memory: Memory,
        *,
        scope: str,
        fields: Sequence[str] = ("$",),
        speaker: str | None = None,
        fill: bool = False,
    ) -> None:
        self.memory = memory
        self.fill = fill
        self.scope = check_scope(scope)
        if isinstance(fields, str):
            raise InvalidInput(f"fields is the string {fields!r}; pass a list such as [{fields!r}]")
        self.fields = tuple(fields)
        self.speaker = speaker
        self._turn = turn_of(memory)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """The results of some operations, in order: first all that read, then all puts.

        Of several puts to one key the last counts. Where a value cannot be kept nothing is put.
        """
        results: list[Result] = []
        puts: dict[tuple[Namespace, str], PutOp] = {}
        for op in ops:
            if isinstance(op, PutOp):
                puts[tuple(op.namespace), op.key] = op
                results.append(None)
            else:
                results.append(self._read(op))
        ready = [
            (self._path(namespace), key, None if op.value is None else self._content(key, op))
            for (namespace, key), op in puts.items()
        ]
        with self._turn:
            for path, key, content in ready:
                self._put(path, key, content)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """What `batch` gives, made in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    # -- writing

    def _put(self, path: str, key: str, content: tuple[str, dict[str, Any]] | None) -> None:
        former = self._versions(path, _ref(key))
        if content is not None:
            self._write(path, key, *content, former)
        for episode in former:
            self.memory.suppress(episode.id, scope=path)

    def _content(self, key: str, op: PutOp) -> tuple[str, dict[str, Any]]:
        """What an item is found by, and its meta."""
        value = dict(op.value or {})
        parts = held(value, f"the value of {key!r}")
        if len(parts) > 1:
            raise InvalidInput(
                f"the value of {key!r} has more than {PART_CHARS:,} characters as JSON; keep what "
                "is large elsewhere, and its address here"
            )
        text = "" if op.index is False else self._text(value, op.index)
        return searchable(text), {**parts[0], "key": key, "indexed": bool(text.strip())}

    def _write(
        self, path: str, key: str, text: str, meta: dict[str, Any], former: Sequence[Episode]
    ) -> None:
        latest = former or self._versions(path, _ref(key), suppressed=True)
        if former:
            meta = {**meta, "created_at": _created_at(former[0]).isoformat()}
        self.memory.remember(
            text, scope=path, speaker=self.speaker, session=_ref(key),
            position=(latest[-1].position or 0) + 1 if latest else 0, source=SOURCE,
            ref=_ref(key), meta=meta,
        )  # fmt: skip

    def _text(self, value: dict[str, Any], index: list[str] | None) -> str:
        parts: list[str] = []
        for field in self.fields if index is None else index:
            parts += in_words(value) if field == "$" else get_text_at_path(value, field)
        return "\n".join(parts)

    def _versions(self, path: str, ref: str, *, suppressed: bool = False) -> list[Episode]:
        """The versions of an item as they were written; of the suppressed only the last."""
        try:
            return self.memory.by_ref(
                ref, scope=path, last=1 if suppressed else None, suppressed=suppressed
            )
        except InvalidScope:  # the path is sound: nothing was put there yet
            return []

    # -- reading

    def _read(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            versions = self._versions(self._path(op.namespace), _ref(op.key))
            return self._item(versions[-1]) if versions else None
        if isinstance(op, SearchOp):
            _check_page(op.limit, op.offset)
            found = self._ranked(op) if op.query else self._listed(op)
            return list(islice(found, op.offset, op.offset + op.limit))
        if isinstance(op, ListNamespacesOp):
            _check_page(op.limit, op.offset)
            return list(islice(self._namespaces(op), op.offset, op.offset + op.limit))
        raise InvalidInput(f"{op!r:.80} is no operation of a store; pass GetOp, PutOp, …")

    def _listed(self, op: SearchOp) -> Iterator[SearchItem]:
        return (item for item, _ in self._items(op))

    def _items(self, op: SearchOp) -> Iterator[tuple[SearchItem, bool]]:
        """All items below a prefix that pass the filter, the latest put first; which are indexed."""
        seen: set[tuple[str, str | None]] = set()
        for episode in self._shown(self._path(op.namespace_prefix) + "/*"):
            if (episode.scope, episode.ref) not in seen:
                seen.add((episode.scope, episode.ref))
                item = self._item(episode)
                if _passes(item.value, op.filter):
                    yield item, bool(episode.meta["indexed"])

    def _ranked(self, op: SearchOp) -> Iterator[SearchItem]:
        recalled = self._asked(op)
        yield from recalled
        if self.fill:
            given = {(item.namespace, item.key) for item in recalled}
            aside: list[SearchItem] = []
            for item, indexed in self._items(op):
                if (item.namespace, item.key) in given:
                    continue
                if indexed:
                    item.score = 0.0
                    yield item
                else:
                    aside.append(item)
            yield from aside

    def _asked(self, op: SearchOp) -> list[SearchItem]:
        """The items below a prefix that a query recalls, the best first."""
        reach = self._path(op.namespace_prefix) + "/*"
        k = min(K_MAX, max(20, 2 * (op.offset + op.limit)))
        while True:
            try:
                hits = self.memory.recall(op.query or "", scope=reach, k=k).hits
            except InvalidScope:
                return []
            best: dict[tuple[str, str | None], SearchItem] = {}
            for hit in hits:
                episode = hit.episode
                if not _is_item(episode) or not episode.meta.get("indexed"):
                    continue
                item = self._item(episode, hit.relevance)
                if _passes(item.value, op.filter):
                    best.setdefault((episode.scope, episode.ref), item)
            if len(best) >= op.offset + op.limit or len(hits) < k or k == K_MAX:
                return list(best.values())
            k = min(K_MAX, 4 * k)

    def _namespaces(self, op: ListNamespacesOp) -> Iterator[Namespace]:
        try:
            paths = self.memory.paths(f"{self.scope}/*")
        except InvalidScope:
            return
        given: set[Namespace] = set()
        for namespace, path in sorted((self._namespace(path), path) for path in paths):
            short = namespace[: op.max_depth] if op.max_depth is not None else namespace
            if (
                short not in given
                and all(_matches(one, namespace) for one in op.match_conditions or ())
                and next(self._shown(path), None) is not None
            ):
                given.add(short)
                yield short

    def _shown(self, reach: str) -> Iterator[Episode]:
        """The items that are not suppressed, the latest put first."""
        try:
            found = self.memory.episodes(scope=reach, newest_first=True, suppressed=False)
            yield from filter(_is_item, found)
        except InvalidScope:
            return

    def _item(self, episode: Episode, score: float | None = None) -> SearchItem:
        return SearchItem(
            namespace=self._namespace(episode.scope),
            key=episode.meta["key"],
            value=given_back([episode.meta]),
            created_at=_created_at(episode),
            updated_at=episode.said_at,
            score=score,
        )

    # -- names

    def _path(self, namespace: Sequence[str]) -> str:
        return check_scope("/".join((self.scope, *map(segment, namespace))))

    def _namespace(self, path: str) -> Namespace:
        below = path[len(self.scope) + 1 :]
        return tuple(map(label, below.split("/"))) if below else ()


def segment(label: str) -> str:
    """A label of a namespace as a segment of a scope; `label` is the inverse.

    What a scope can hold stays as it is; of the rest every odd character becomes "=hex=".
    """
    if not isinstance(label, str):
        raise InvalidInput(f"the label {label!r:.60} of a namespace is no string")
    if _PLAIN.match(label):
        return label
    return _MARK + re.sub(r"[^\w\-]", lambda found: f"={ord(found[0]):x}=", label)


def label(segment: str) -> str:
    """The label that a segment of a scope was made of."""
    if not segment.startswith(_MARK):
        return segment
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), segment[len(_MARK) :])


def _ref(key: str) -> str:
    return f"{SOURCE}:{key}"


def _is_item(episode: Episode) -> bool:
    return episode.source == SOURCE and {"key", "indexed"} <= episode.meta.keys()


def _created_at(episode: Episode) -> datetime:
    given = episode.meta.get("created_at")
    return datetime.fromisoformat(given) if given else episode.said_at


def _check_page(limit: int, offset: int) -> None:
    if limit < 0 or offset < 0:
        raise InvalidInput(f"limit is {limit} and offset is {offset}; pass 0 or more")


def _matches(condition: MatchCondition, namespace: Namespace) -> bool:
    path = condition.path
    if len(namespace) < len(path):
        return False
    if condition.match_type == "prefix":
        part = namespace[: len(path)]
    elif condition.match_type == "suffix":
        part = namespace[len(namespace) - len(path) :]
    else:
        raise InvalidInput(f"match_type is {condition.match_type!r}; choose 'prefix' or 'suffix'")
    return all(wanted in ("*", given) for wanted, given in zip(path, part, strict=True))


def _passes(value: dict[str, Any], wanted: dict[str, Any] | None) -> bool:
    return all(_fits(value.get(key), one) for key, one in (wanted or {}).items())


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value is as a filter wants it: equal, inside out, or by operators."""
    if isinstance(wanted, dict):
        if any(str(key).startswith("$") for key in wanted):
            return all(_compare(value, sign, than) for sign, than in wanted.items())
        return isinstance(value, dict) and _passes(value, wanted)
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(wanted)
            and all(map(_fits, value, wanted))
        )
    return bool(value == wanted)


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def _compare(value: Any, sign: str, than: Any) -> bool:
    if sign == "$eq":
        return bool(value == than)
    if sign == "$ne":
        return bool(value != than)
    if sign not in _ORDER:
        raise InvalidInput(f"the filter's operator {sign!r} is unknown; use $eq, $ne, $gt, …")
    bound = _number(than)
    if bound is None:
        raise InvalidInput(f"{sign} in a filter compares with {than!r:.60}, which is no number")
    number = _number(value)
    return number is not None and _ORDER[sign](number, bound)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
