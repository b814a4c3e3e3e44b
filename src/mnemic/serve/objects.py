"""Values of a memory as plain objects, the same at every door: the command line, REST, MCP, the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnemic.agent.facts.answers import FactHit
    from mnemic.agent.facts.fact import Fact
    from mnemic.agent.knowledge import SummaryRow
    from mnemic.agent.records import Context, Episode, Hit, Recall, Window, WriteReport
    from mnemic.agent.shown import Change, Lesson, Moment, Profile, Receipt, Room, Run, Seen
    from mnemic.agent.sleep.run import SleepReport
    from mnemic.vocabulary import Span


def episode_object(episode: Episode) -> dict[str, Any]:
    """An episode; `import jsonl` reads it back to the same id."""
    row: dict[str, Any] = {"id": episode.id, "text": episode.text, "scope": episode.scope}
    for name in ("speaker", "session", "position", "source", "ref"):
        if getattr(episode, name) is not None:
            row[name] = getattr(episode, name)
    if episode.said_at_known:
        row["said_at"] = episode.said_at
    if episode.happened_given:
        row["happened"] = [episode.happened.start, episode.happened.end]
    if episode.meta:
        row["meta"] = dict(episode.meta)
    row["ingested_at"] = episode.ingested_at
    return row


def seen_object(seen: Seen) -> dict[str, Any]:
    """An episode with its strength, its surprise, and whether it is hidden."""
    return {
        **episode_object(seen.episode), "trust": seen.episode.trust,
        "happens": _read_from(seen.episode),
        "strength": round(seen.strength, 3), "recalled": seen.times, "recalled_at": seen.last,
        "surprise": None if seen.surprise is None else round(seen.surprise, 4),
        "hidden": seen.hidden,
    }  # fmt: skip


def _read_from(episode: Episode) -> list[datetime] | None:
    """When what it tells of happened, if its words say so and nobody gave it."""
    span = episode.happened
    told = span.start != episode.said_at or span.end - span.start > timedelta(seconds=1)
    return [span.start, span.end] if told and not episode.happened_given else None


def window_object(window: Window | None) -> dict[str, Any] | None:
    """The window that a query asked for."""
    if window is None:
        return None
    return {
        "span": span_object(window.span), "clock": window.clock, "hard": window.hard,
        "phrase": window.phrase, "zone": window.zone,
    }  # fmt: skip


def span_object(span: Span) -> dict[str, Any]:
    """A span of time."""
    return {"start": span.start, "end": span.end}


def hit_object(hit: Hit) -> dict[str, Any]:
    """A hit: its place, its probability, the episode, and the terms of its score."""
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "relevance": round(hit.relevance, 4),
        **episode_object(hit.episode),
        "trust": hit.episode.trust,
        "trace": [
            {
                "channel": one.channel,
                "score": one.score,
                "rank": one.rank,
                "contribution": one.contribution,
            }
            for one in hit.trace
        ],
    }


def recall_object(found: Recall) -> dict[str, Any]:
    """A recall, whole."""
    return {
        "query": found.query,
        "scope": found.scope,
        "window": window_object(found.window),
        "channels": list(found.channels),
        "notes": list(found.notes),
        "known": round(found.known, 4),
        "abstained": found.abstained,
        "facts": [_fact_hit(hit) for hit in found.facts],
        "ms": {name: round(value, 3) for name, value in found.cost.stages_ms.items()},
        "hits": [hit_object(hit) for hit in found.hits],
        "misses": [hit_object(hit) for hit in found.misses],
    }


def _fact_hit(hit: FactHit) -> dict[str, Any]:
    return {
        **fact_object(hit.fact),
        "score": round(hit.score, 4),
        "replaced": None if hit.replaced is None else fact_object(hit.replaced),
    }


def context_object(packed: Context) -> dict[str, Any]:
    """A context: its text and where each piece of it came from."""
    return {
        "text": packed.text,
        "tokens": packed.tokens,
        "trust": packed.trust,
        "facts": [_fact_hit(hit) for hit in packed.facts],
        "citations": [
            {
                "number": one.number,
                **episode_object(one.episode),
                "trust": one.episode.trust,
            }
            for one in packed.citations
        ],
        "window": window_object(packed.recall.window),
        "notes": list(packed.recall.notes),
        "known": round(packed.recall.known, 4),
        "abstained": packed.recall.abstained,
    }


def fact_object(fact: Fact) -> dict[str, Any]:
    """A fact with its two times, its confidence and the words it rests on."""
    return {
        "id": fact.id, "scope": fact.scope, "subject": fact.subject, "relation": fact.relation,
        "object": fact.object, "statement": fact.statement, "denied": fact.denied,
        "valid_from": fact.valid_from, "valid_to": fact.valid_to,
        "believed_from": fact.believed_from, "believed_to": fact.believed_to,
        "confidence": round(fact.confidence, 4), "status": fact.status,
        "witnesses": fact.witnesses, "reason": fact.reason, "successor": fact.successor,
        "quotes": [
            {
                "episode": quote.episode_id, "start": quote.start, "end": quote.end,
                "text": quote.text, "said_at": quote.said_at, "speaker": quote.speaker,
                "part": quote.part,
            }
            for quote in fact.quotes
        ],
    }  # fmt: skip


def profile_object(found: Profile) -> dict[str, Any]:
    """What is held of a scope's people, by subject."""
    return {
        "scope": found.scope,
        "subjects": [
            {
                "subject": name,
                "static": [fact_object(fact) for fact in found.static.get(name, ())],
                "recent": [fact_object(fact) for fact in found.recent.get(name, ())],
            }
            for name in found.subjects
        ],
    }


def timeline_object(found: Sequence[Moment]) -> dict[str, Any]:
    """The history of a subject."""
    return {
        "timeline": [
            {
                "start": one.start, "end": one.end, "text": one.text,
                "fact": one.fact.id if one.fact else None,
                "episode": one.episode.id if one.episode else None,
                "replaced_by": one.fact.successor if one.fact else None,
                "relation": one.fact.relation if one.fact else None,
                "confidence": round(one.fact.confidence, 4) if one.fact else None,
                "status": one.fact.status if one.fact else None,
                "speaker": one.episode.speaker if one.episode else None,
            }
            for one in found
        ]
    }  # fmt: skip


def palace_object(wings: dict[str, list[Room]]) -> dict[str, Any]:
    """The wings of a scope and their rooms."""
    return {
        "wings": {
            wing: [
                {
                    "room": room.room, "name": room.name, "size": room.size,
                    "summary": room.summary, "was": list(room.was),
                }
                for room in rooms
            ]
            for wing, rooms in wings.items()
        }
    }  # fmt: skip


def lessons_object(found: Sequence[Lesson]) -> dict[str, Any]:
    """What was learned to do when."""
    return {
        "lessons": [
            {
                "id": one.id, "trigger": one.trigger, "action": one.action,
                "certainty": one.certainty, "said_at": one.said_at,
                "episodes": [quote.episode_id for quote in one.quotes],
            }
            for one in found
        ]
    }  # fmt: skip


def written_object(written: WriteReport) -> dict[str, Any]:
    """What a batch of writes did."""
    return {
        "stored": written.stored,
        "known": written.known,
        "refused": [{"row": number, "reason": reason} for number, reason in written.refused],
        "redacted": dict(written.redacted),
    }


def report_object(report: SleepReport) -> dict[str, Any]:
    """What a sleep did."""
    return {
        "run": report.run, "dry": report.dry, "scopes": report.scopes, "counts": report.counts,
        "left": report.left, "seconds": round(report.seconds, 3), "notes": list(report.notes),
    }  # fmt: skip


def run_object(run: Run) -> dict[str, Any]:
    """A run of sleep, or an act."""
    return {
        "run": run.number, "reach": run.reach, "phases": run.phases, "state": run.state,
        "started_at": run.started_at, "ended_at": run.ended_at, "counts": run.counts,
    }  # fmt: skip


def change_object(change: Change) -> dict[str, Any]:
    """A row that a run changed."""
    return {
        "table": change.table, "kind": change.kind, "about": change.about,
        "before": dict(change.before), "after": dict(change.after),
    }  # fmt: skip


def receipt_object(receipt: Receipt) -> dict[str, Any]:
    """What an erasure removed."""
    return {
        "erased": list(receipt.ids), "rows": receipt.rows, "erased_at": receipt.erased_at,
        "clean": receipt.clean,
    }  # fmt: skip


def summary_object(row: SummaryRow) -> dict[str, Any]:
    """The sentences that stand for a session or a topic."""
    return {
        "key": row.key, "title": row.title, "text": row.text,
        "start": moment_of(row.from_us), "end": moment_of(row.to_us),
    }  # fmt: skip


def moment_of(us: int) -> datetime:
    """A moment of microseconds since 1970 UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
