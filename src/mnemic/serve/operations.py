"""The one table of operations: what can be asked of a memory through any door.

A door translates and never decides: it makes a request of what came in, calls `carry_out`, and
shows the plain object that comes back. REST is generated from this table, MCP's tools are eight of its
rows, the command line is checked against it (tests/serve/test_operations.py).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from mnemic.errors import Conflict, NotThere, UnknownScope
from mnemic.serve import objects, replies, requests
from mnemic.serve.access import Access, Right
from mnemic.vocabulary import Span

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

ScopeRule = Literal["named", "seen"]
"""How scopes are kept apart: "named" — the request names one, and the caller must reach all of it;
"seen" — the operation goes through what there is and leaves out what is beyond the caller's reach."""

Cost = Literal["quick", "model", "long"]
"""What it takes: milliseconds, a model's forward pass, or as long as there is work."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    `rest` is method and path, `command` the words of the command line that do the same, `tool` the
    name under which MCP offers it (None: it does not).
    """

    name: str
    help: str
    request: type[BaseModel]
    reply: type[BaseModel]
    run: Callable[[Memory, Any, Access], Object]
    may: Right
    scope: ScopeRule
    cost: Cost
    rest: tuple[Literal["GET", "POST"], str]
    command: str
    tool: str | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.may in ("write", "erase")


def carry_out(operation: Operation, memory: Memory, request: BaseModel, access: Access) -> Object:
    """The answer to a request, if the caller may ask it.

    A scope beyond the caller's reach answers exactly as one in which nothing was ever remembered.

    Raises:
        Forbidden: the caller lacks the right.
        UnknownScope: the scope is empty or beyond reach.
        MnemicError: as the call of `Memory` raises it.
    """
    access.require(operation.may)
    if operation.scope == "named":
        scope: str | None = getattr(request, "scope", None)
        if not (access.everywhere if scope is None else access.covers(scope)):
            raise unknown(scope or "*")
    return operation.run(memory, request, access)


def unknown(scope: str) -> UnknownScope:
    """What the store says of a scope in which nothing was ever remembered."""
    return UnknownScope(
        f"nothing was ever remembered in scope {scope!r}; `mnemic stats` lists the scopes"
    )


# -- writing ---------------------------------------------------------------------------------

_ONE_AT_A_TIME = [threading.Lock() for _ in range(64)]


def _remember(memory: Memory, asked: requests.Remember, _: Access) -> Object:
    row = asked.model_dump(exclude={"idempotency_key"})
    if asked.idempotency_key is None:
        return {"id": memory.remember(**row), "scope": asked.scope}
    mark = _mark(asked.scope, asked.idempotency_key)
    with _ONE_AT_A_TIME[int(mark[:8], 16) % len(_ONE_AT_A_TIME)]:
        row["ref"] = asked.ref or f"once:{mark}"
        row["meta"] = {**(asked.meta or {}), "idempotency_key": mark}
        for known in _kept_under(memory, row["ref"], asked.scope, mark):
            if known.text != memory.as_kept(asked.text):
                raise Conflict(
                    "this idempotency key was used for another text in this scope; take a new key"
                )
            return {"id": known.id, "scope": asked.scope}
        return {"id": memory.remember(**row), "scope": asked.scope}


def _kept_under(memory: Memory, ref: str, scope: str, mark: str) -> list[Any]:
    try:
        found = memory.get(ref, scope=scope)
    except UnknownScope:
        return []
    return [one for one in found if one.meta.get("idempotency_key") == mark]


def _mark(scope: str, key: str) -> str:
    return hashlib.sha256(f"{scope}\n{key}".encode()).hexdigest()[:32]


def _remember_many(memory: Memory, asked: requests.RememberMany, _: Access) -> Object:
    rows = [{**row.model_dump(), "scope": asked.scope} for row in asked.rows]
    return objects.written_object(memory.remember_many(rows, on_error="skip"))


def _suppress(memory: Memory, asked: requests.OfEpisode, _: Access) -> Object:
    return {"ids": memory.suppress(asked.id, scope=asked.scope)}


def _restore(memory: Memory, asked: requests.OfEpisode, _: Access) -> Object:
    return {"ids": memory.restore(asked.id, scope=asked.scope)}


def _erase(memory: Memory, asked: requests.Erase, _: Access) -> Object:
    return objects.receipt_object(memory.erase(asked.ids, scope=asked.scope))


# -- asking ----------------------------------------------------------------------------------


def _asking(asked: requests.Recall) -> dict[str, Any]:
    window: Span | str | None = None if asked.any_time else "auto"
    if asked.from_ is not None or asked.to is not None:
        window = Span(
            asked.from_ or datetime.min.replace(tzinfo=UTC),
            asked.to or datetime.max.replace(tzinfo=UTC),
        )
    return {
        "scope": asked.scope, "k": asked.k, "now": asked.now, "window": window,
        "as_of": asked.as_of, "believed_at": asked.believed_at, "place": asked.place,
        "min_confidence": asked.min_confidence, "require": asked.require,
        "min_trust": asked.min_trust, "abstain_below": asked.abstain_below,
    }  # fmt: skip


def _recall(memory: Memory, asked: requests.Recall, _: Access) -> Object:
    return objects.recall_object(memory.recall(asked.query, **_asking(asked)))


def _context(memory: Memory, asked: requests.Context, _: Access) -> Object:
    packed = memory.context(asked.query, budget_tokens=asked.budget_tokens, **_asking(asked))
    return objects.context_object(packed)


# -- looking ---------------------------------------------------------------------------------


def _episodes(memory: Memory, asked: requests.Episodes, _: Access) -> Object:
    page = memory.page(
        scope=asked.scope, limit=asked.limit, beyond=asked.beyond, newest_first=asked.newest_first
    )
    return {
        "episodes": [objects.seen_object(one) for one in memory.seen(page)],
        "next": page[-1].id if len(page) == asked.limit else None,
    }


def _episode(memory: Memory, asked: requests.Episode, _: Access) -> Object:
    around = memory.around(asked.id, scope=asked.scope, reach=asked.reach)
    found = memory.get(asked.id, scope=asked.scope)[0]
    (seen,) = memory.seen([found])
    return {
        "episode": objects.seen_object(seen),
        "neighbours": [objects.episode_object(one) for one in around],
        "facts": [
            objects.fact_object(fact) for fact in memory.told_by(found.id, scope=found.scope)
        ],
    }


def _facts(memory: Memory, asked: requests.Facts, _: Access) -> Object:
    found = memory.facts(
        asked.about, scope=asked.scope, as_of=asked.as_of, believed_at=asked.believed_at,
        history=asked.history, min_confidence=asked.min_confidence, require=asked.require,
    )  # fmt: skip
    return {"facts": [objects.fact_object(fact) for fact in found]}


def _fact(memory: Memory, asked: requests.OfFact, _: Access) -> Object:
    return objects.fact_object(memory.fact(asked.id, scope=asked.scope))


def _correct(memory: Memory, asked: requests.Correct, _: Access) -> Object:
    return objects.fact_object(memory.correct(asked.id, asked.value, scope=asked.scope))


def _confirm(memory: Memory, asked: requests.OfFact, _: Access) -> Object:
    return objects.fact_object(memory.confirm(asked.id, scope=asked.scope))


def _reject(memory: Memory, asked: requests.OfFact, _: Access) -> Object:
    fact = memory.fact(asked.id, scope=asked.scope)
    memory.reject(fact.id, scope=fact.scope)
    return {"ids": [fact.id]}


def _timeline(memory: Memory, asked: requests.Timeline, _: Access) -> Object:
    return objects.timeline_object(memory.timeline(asked.about, scope=asked.scope, k=asked.k))


def _profile(memory: Memory, asked: requests.Profile, _: Access) -> Object:
    return objects.profile_object(memory.profile(asked.scope, min_confidence=asked.min_confidence))


def _palace(memory: Memory, asked: requests.OfScope, _: Access) -> Object:
    return objects.palace_object(memory.palace(asked.scope))


def _room(memory: Memory, asked: requests.Room, _: Access) -> Object:
    inside = memory.room(asked.wing, asked.room, scope=asked.scope)
    if not inside:
        raise NotThere(
            f"there is no room {f'{asked.wing}/{asked.room}'!r:.80} in scope {asked.scope!r}; "
            "`mnemic palace` lists them"
        )
    shown = memory.seen([episode for episode, _ in inside[: asked.limit]])
    return {
        "wing": asked.wing, "room": asked.room, "size": len(inside),
        "episodes": [objects.seen_object(one) for one in shown],
    }  # fmt: skip


def _lessons(memory: Memory, asked: requests.Lessons, _: Access) -> Object:
    return objects.lessons_object(memory.lessons(asked.about, scope=asked.scope))


def _summaries(memory: Memory, asked: requests.Summaries, _: Access) -> Object:
    found = memory.summaries(scope=asked.scope, kind=asked.kind)
    return {"summaries": [objects.summary_object(row) for row in found]}


def _scopes(memory: Memory, _: requests.Nothing, access: Access) -> Object:
    return {
        "scopes": [
            {"scope": path, "episodes": count}
            for path, count in memory.scopes()
            if access.covers(path)
        ]
    }


def _stats(memory: Memory, _: requests.Nothing, access: Access) -> Object:
    if not access.everywhere:
        raise unknown("*")
    found = memory.stats()
    found.pop("path")  # where the file lies is the owner's affair
    return found


# -- sleep -----------------------------------------------------------------------------------


def _sleep(memory: Memory, asked: requests.Sleep, _: Access) -> Object:
    return objects.report_object(
        memory.sleep(asked.scope, budget_s=asked.budget_s, dry_run=asked.dry_run)
    )


def _runs(memory: Memory, _: requests.Nothing, access: Access) -> Object:
    return {
        "runs": [objects.run_object(run) for run in memory.runs() if _reaches(access, run.reach)]
    }


def _run(memory: Memory, asked: requests.OfRun, access: Access) -> Object:
    number = _seen_run(memory, asked.run, access)
    (run,) = (one for one in memory.runs() if one.number == number)
    return {
        **objects.run_object(run),
        "changes": [objects.change_object(change) for change in memory.changes(run.number)],
    }


def _undo(memory: Memory, asked: requests.OfRun, access: Access) -> Object:
    run = _seen_run(memory, asked.run, access)
    return {"run": run, "changed": memory.undo(run)}


def _seen_run(memory: Memory, run: int, access: Access) -> int:
    """The run's number, if it is within reach; else it is as if there were no such run."""
    if not _reaches(access, memory.reach_of(run)):
        raise NotThere(f"there is no run {run!r}; `mnemic sleep --runs` lists them")
    return run


def _reaches(access: Access, reach: str) -> bool:
    return access.everywhere or (reach != "*" and access.covers(reach))


OPERATIONS: Mapping[str, Operation] = {
    one.name: one
    for one in (
        Operation(
            "remember", "Keep one episode verbatim, durably.",
            requests.Remember, replies.Kept, _remember,
            "write", "named", "quick", ("POST", "/v1/episodes"), "remember", "remember",
        ),
        Operation(
            "remember_many", "Keep many episodes; bad rows are reported and the rest is kept.",
            requests.RememberMany, replies.Written, _remember_many,
            "write", "named", "quick", ("POST", "/v1/episodes/batch"), "import",
        ),
        Operation(
            "recall", "Find the episodes and facts that bear on a question, with traces.",
            requests.Recall, replies.Recall, _recall,
            "read", "named", "model", ("POST", "/v1/recall"), "recall", "recall",
        ),
        Operation(
            "context", "Text for a prompt within a token budget, dated and cited.",
            requests.Context, replies.Context, _context,
            "read", "named", "model", ("POST", "/v1/context"), "context", "context",
        ),
        Operation(
            "episodes", "The episodes of a scope, a page at a time.",
            requests.Episodes, replies.Episodes, _episodes,
            "read", "named", "quick", ("GET", "/v1/episodes"), "list",
        ),
        Operation(
            "episode", "One episode among its neighbours, and the facts it speaks for.",
            requests.Episode, replies.Around, _episode,
            "read", "named", "quick", ("GET", "/v1/episodes/{id}"), "show",
        ),
        Operation(
            "suppress", "Hide an episode from every recall; restore shows it again.",
            requests.OfEpisode, replies.Done, _suppress,
            "write", "named", "quick", ("POST", "/v1/episodes/{id}/suppress"), "suppress", "forget",
        ),
        Operation(
            "restore", "Show a suppressed episode again.",
            requests.OfEpisode, replies.Done, _restore,
            "write", "named", "quick", ("POST", "/v1/episodes/{id}/restore"), "restore",
        ),
        Operation(
            "erase", "Remove episodes for good, with all that was derived from them.",
            requests.Erase, replies.Receipt, _erase,
            "erase", "named", "long", ("POST", "/v1/erase"), "erase",
        ),
        Operation(
            "facts", "What is held to be true: now, then, or as we believed it.",
            requests.Facts, replies.Facts, _facts,
            "read", "named", "quick", ("GET", "/v1/facts"), "facts", "facts",
        ),
        Operation(
            "fact", "One fact with the words it rests on.",
            requests.OfFact, replies.Fact, _fact,
            "read", "named", "quick", ("GET", "/v1/facts/{id}"), "facts",
        ),
        Operation(
            "correct", "Put one fact right; what was believed before stays known.",
            requests.Correct, replies.Fact, _correct,
            "write", "named", "quick", ("POST", "/v1/facts/{id}/correct"), "correct", "correct",
        ),
        Operation(
            "confirm", "Say that a fact is true.",
            requests.OfFact, replies.Fact, _confirm,
            "write", "named", "quick", ("POST", "/v1/facts/{id}/confirm"), "confirm",
        ),
        Operation(
            "reject", "Say that a fact never was true.",
            requests.OfFact, replies.Done, _reject,
            "write", "named", "quick", ("POST", "/v1/facts/{id}/reject"), "reject",
        ),
        Operation(
            "timeline", "The history of a person or thing.",
            requests.Timeline, replies.Timeline, _timeline,
            "read", "named", "model", ("GET", "/v1/timeline"), "timeline", "timeline",
        ),
        Operation(
            "profile", "What is held of a scope's people and things.",
            requests.Profile, replies.Profile, _profile,
            "read", "named", "quick", ("GET", "/v1/profile"), "profile",
        ),
        Operation(
            "palace", "The places of a scope: wings and their rooms.",
            requests.OfScope, replies.Palace, _palace,
            "read", "named", "quick", ("GET", "/v1/palace"), "palace",
        ),
        Operation(
            "room", "What lies in a room of the palace.",
            requests.Room, replies.Inside, _room,
            "read", "named", "quick", ("GET", "/v1/room"), "palace",
        ),
        Operation(
            "lessons", "What was learned to do when.",
            requests.Lessons, replies.Lessons, _lessons,
            "read", "named", "quick", ("GET", "/v1/lessons"), "lessons",
        ),
        Operation(
            "summaries", "The sentences that stand for sessions or topics.",
            requests.Summaries, replies.Summaries, _summaries,
            "read", "named", "quick", ("GET", "/v1/summaries"), "palace",
        ),
        Operation(
            "sleep", "Consolidate episodes into facts, lessons, summaries and places.",
            requests.Sleep, replies.Slept, _sleep,
            "write", "named", "long", ("POST", "/v1/sleep"), "sleep", "sleep",
        ),
        Operation(
            "runs", "The runs of sleep, and acts upon facts.",
            requests.Nothing, replies.Runs, _runs,
            "read", "seen", "quick", ("GET", "/v1/runs"), "sleep --runs",
        ),
        Operation(
            "run", "What a run changed.",
            requests.OfRun, replies.RunChanges, _run,
            "read", "seen", "quick", ("GET", "/v1/runs/{run}"), "sleep --runs",
        ),
        Operation(
            "undo", "Put back what a run changed.",
            requests.OfRun, replies.Undone, _undo,
            "write", "seen", "long", ("POST", "/v1/runs/{run}/undo"), "sleep --undo",
        ),
        Operation(
            "scopes", "The scopes and how many episodes each has.",
            requests.Nothing, replies.Scopes, _scopes,
            "read", "seen", "quick", ("GET", "/v1/scopes"), "stats",
        ),
        Operation(
            "stats", "Counts, sizes, and what is missing.",
            requests.Nothing, replies.Stats, _stats,
            "admin", "seen", "quick", ("GET", "/v1/stats"), "stats",
        ),
    )
}  # fmt: skip
"""Every operation by its name."""

TOOLS: Mapping[str, Operation] = {
    one.tool: one for one in OPERATIONS.values() if one.tool is not None
}
"""The eight that an agent is offered."""
