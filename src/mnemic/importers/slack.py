"""Slack exports: a folder or .zip of users.json, channels.json and <channel>/<day>.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mnemic.agent.records import Row
from mnemic.errors import ImportFailed
from mnemic.importers.report import Report
from mnemic.importers.rows import as_dict, as_list, as_text, known, rows_of
from mnemic.importers.source import Bundle, array_items, begin

SOURCE = "slack"
_DAY = re.compile(r"(?:.*/)?([^/]+)/(\d{4}-\d\d-\d\d)\.json\Z", re.ASCII)
_TS = re.compile(r"(\d{1,11})(?:\.(\d{1,6}))?\Z", re.ASCII)
_LISTS = ("channels.json", "groups.json", "mpims.json", "dms.json")
_LEFT_OUT = frozenset(
    ("channel_join", "channel_leave", "channel_archive", "channel_unarchive", "channel_name",
     "channel_convert_to_private", "group_join", "group_leave", "group_archive", "group_unarchive",
     "group_name", "bot_add", "bot_remove", "bot_enable", "bot_disable", "pinned_item",
     "unpinned_item", "reminder_add", "tombstone", "message_deleted", "message_changed",
     "message_replied", "sh_room_created", "huddle_thread", "ekm_access_denied",
     "channel_posting_permissions", "joiner_notification", "joiner_notification_for_inviter")
)  # fmt: skip
_MARK = re.compile(r"<([^<>]*)>")
_RAW_CHARS_MAX = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_day(name: str) -> bool:
    """Whether a file of that name holds a day of a channel."""
    return _DAY.match(name) is not None


@dataclass(slots=True)
class _Team:
    users: dict[str, str]
    channels: dict[str, str]


def read(path: Path, *, scope: str, report: Report, zone: str | None = None) -> Iterator[Row]:
    """Rows of an export.

    A thread is a session (`channel:ts of its first message`), and so is a channel's day outside
    threads (`channel:2024-05-07`). A position is the message's own time in microseconds, so that
    a later export of the same channel adds nothing twice. Mentions, links and escaped characters
    are written out; where that changes a text, its original is `meta["raw"]`. Joins and the like
    are left out.

    Args:
        path: the export's folder or .zip.
        scope: where the rows belong.
        report: filled while reading.
        zone: checked, but not needed: all times of an export are seconds since 1970.

    Raises:
        ImportFailed: there is no such path, or it holds no channel.
    """
    begin(path, scope=scope, zone=zone, report=report)
    return _read(path, scope, report)


def _read(path: Path, scope: str, report: Report) -> Iterator[Row]:
    if path.is_file() and path.suffix.lower() != ".zip":
        raise ImportFailed(f"{str(path)!r} is not a .zip; pass the export's folder or .zip")
    bundle = Bundle(path, report)
    try:
        team = _team(bundle, report)
        days = [(match, m) for m in bundle.members if (match := _DAY.match(m.name))]
        if not days:
            raise ImportFailed(
                f"{str(path)!r} holds no <channel>/<day>.json; is it a Slack export?"
            )
        taken: dict[str, set[int]] = {}
        channel = ""
        for match, member in sorted(days, key=lambda day: (day[0][1], day[0][2], day[1].name)):
            if match[1] != channel:
                channel, taken = match[1], {}
            with bundle.open(member) as stream:
                if stream is None:
                    continue
                for place, value in array_items(stream, report, member.name):
                    yield from _message(value, place, match, team, scope, report, taken)
    finally:
        bundle.close()


def _team(bundle: Bundle, report: Report) -> _Team:
    team = _Team({}, {})
    for member in bundle.members:
        last = member.name.rsplit("/", 1)[-1]
        if member.name.count("/") > 1 or last not in ("users.json", *_LISTS):
            continue
        with bundle.open(member) as stream:
            if stream is None:
                continue
            for place, value in array_items(stream, report, member.name):
                key = as_text(as_dict(value).get("id"))
                if key is None:
                    report.skip(place, "an entry without an id")
                elif last == "users.json":
                    team.users[key] = _name(value) or key
                else:
                    team.channels[key] = as_text(value.get("name")) or key
    return team


def _name(user: dict[str, Any]) -> str | None:
    profile = as_dict(user.get("profile"))
    for held in (profile.get("display_name"), profile.get("real_name"), user.get("real_name")):
        if name := as_text(held):
            return name
    return as_text(user.get("name")) or as_text(profile.get("name"))


def moment_of(ts: object) -> tuple[datetime, int] | None:
    """A Slack `ts` as a moment and as microseconds since 1970, exact."""
    match = _TS.match(ts) if isinstance(ts, str) else None
    if match is None:
        return None
    microseconds = int(match[1]) * 1_000_000 + int((match[2] or "0").ljust(6, "0"))
    return _EPOCH + timedelta(microseconds=microseconds), microseconds


def _message(
    value: object,
    place: str,
    match: re.Match[str],
    team: _Team,
    scope: str,
    report: Report,
    taken: dict[str, set[int]],
) -> Iterator[Row]:
    if not isinstance(value, dict):
        report.skip(place, f"{type(value).__name__} where a message was expected")
        return
    subtype = value.get("subtype")
    if isinstance(subtype, str) and subtype in _LEFT_OUT:
        report.leave_out(subtype)
        return
    if "text" in value and not isinstance(value["text"], (str, type(None))):
        report.skip(place, f"text is {type(value['text']).__name__} where a string was expected")
        return
    raw = value.get("text") or ""
    said = moment_of(value.get("ts"))
    if said is None:
        if not as_text(raw):
            report.skip(place, "neither a time nor a text; not a message")
            return
        report.note(place, f"ts {value.get('ts')!r:.80} is not a time that can be read")
    text = "\n".join(t for t in [written_out(raw, team.users, team.channels),
                                 *_attached(value, team)] if t.strip())  # fmt: skip
    files = _file_names(value)
    if not text and files:
        text = "\n".join(f"[file: {name}]" for name in files)
    thread, channel = as_text(value.get("thread_ts")), match[1]
    session = f"{channel}:{thread or match[2]}"
    edited = moment_of(as_dict(value.get("edited")).get("ts"))
    meta = known(
        channel=team.channels.get(channel, channel),
        kind=subtype if isinstance(subtype, str) else "message",
        thread_ts=thread,
        edited_at=edited[0].isoformat() if edited else None,
        reactions=_reactions(value) or None,
        files=files or None,
        raw=raw[:_RAW_CHARS_MAX] if raw.strip() and raw != text else None,
        user=as_text(value.get("user")),
    )

    def position() -> int:
        held = taken.setdefault(session, set())
        own = said[1] if said else max(held, default=-1) + 1
        while own in held:
            own += 1
        held.add(own)
        return own

    yield from rows_of(
        text,
        report=report,
        scope=scope,
        source=SOURCE,
        session=session,
        position=position,
        speaker=_speaker(value, team),
        ref=f"{channel}:{value['ts']}" if said else place,
        said_at=said[0] if said else None,
        meta=meta,
    )


def _speaker(value: dict[str, Any], team: _Team) -> str | None:
    user = as_text(value.get("user"))
    if user in team.users:
        return team.users[user]
    own = as_dict(value.get("user_profile"))
    bot = as_dict(value.get("bot_profile"))
    return (
        _name({"profile": own})
        or as_text(value.get("username"))
        or as_text(bot.get("name"))
        or user
        or as_text(value.get("bot_id"))
    )


def _attached(value: dict[str, Any], team: _Team) -> Iterator[str]:
    for attachment in as_list(value.get("attachments"))[:100]:
        held = as_dict(attachment)
        texts = [as_text(held.get(key)) for key in ("pretext", "title", "text")]
        found = [text for text in texts if text] or [as_text(held.get("fallback")) or ""]
        for text in found:
            yield written_out(text, team.users, team.channels)


def _file_names(value: dict[str, Any]) -> list[str]:
    names = (
        as_text(as_dict(file).get("name")) or as_text(as_dict(file).get("title"))
        for file in as_list(value.get("files"))[:100]
    )
    return [name[:500] for name in names if name]


def _reactions(value: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reaction in as_list(value.get("reactions"))[:200]:
        name, count = as_text(as_dict(reaction).get("name")), as_dict(reaction).get("count")
        if name and isinstance(count, int) and not isinstance(count, bool):
            counts[name[:100]] = count
    return counts


def written_out(text: str, users: dict[str, str], channels: dict[str, str]) -> str:
    """A message as people saw it: mentions, links and escaped characters written out."""

    def shown(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        if target.startswith("@"):
            return "@" + (users.get(target[1:]) or label or target[1:])
        if target.startswith("#"):
            return "#" + (label or channels.get(target[1:]) or target[1:])
        if target.startswith("!"):
            return label or "@" + target[1:].split("^", 1)[0]
        if not label or label == target or target == f"mailto:{label}":
            return label or target
        return f"{label} ({target})"

    seen = _MARK.sub(shown, text)
    return seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
