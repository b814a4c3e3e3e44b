"""How right extracted claims are: a sheet drawn for judging by hand, and its score.

A sheet holds no text of the data, only where each claim stands and a hash of its sentence, so that
it can be kept where the data cannot. `score` extracts again and looks every judged claim up; a claim
that the rules no longer make, or make otherwise, counts as unjudged.

Sources:
    LifeBench (repository 1754955896/LifeBench, Apache-2.0), MemoryBank (MIT).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mnemic.agent.facts.claims import Claim
from mnemic.agent.sleep.extract import RULES_VERSION, Turn, extract
from mnemic.bench.tasks.reading import json_of
from mnemic.errors import ImportFailed

_ZONE = timezone(timedelta(hours=8))
_BEFORE_MAX = 4


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the data: whose, which, and what was said before it in its session."""

    source: str
    user: str
    message: str
    speaker: str | None
    text: str
    said_at: datetime
    before: tuple[Turn, ...] = ()


def read(path: Path) -> list[Said]:
    """The messages of MemoryBank's file or folder, or of LifeBench's folder.

    Raises:
        ImportFailed: neither is at the path.
    """
    if path.is_file() or (path / "memory_bank_en.json").is_file():
        return list(_memorybank(path if path.is_file() else path / "memory_bank_en.json"))
    users = sorted(folder.parent for folder in path.rglob("phone_data"))
    if not users:
        raise ImportFailed(f"neither memory_bank_en.json nor a folder phone_data at {str(path)!r}")
    return [said for user in users for said in _lifebench(user)]


def _memorybank(file: Path) -> Iterator[Said]:
    for user, record in json_of(file).items():
        for day, exchanges in record["history"].items():
            said_at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
            before: list[Turn] = []
            for place, exchange in enumerate(exchanges):
                for role, part in (("user", "query"), ("assistant", "response")):
                    text = exchange[part]
                    name = f"{day}/{place}/{part}"
                    yield Said(
                        "memorybank", user, name, role, text, said_at, tuple(before[-_BEFORE_MAX:])
                    )
                    before.append(Turn(role, text))


def _lifebench(user: Path) -> Iterator[Said]:
    data = user / "phone_data"
    for place, record in enumerate(json_of(data / "agent_chat.json")):
        said_at = _moment(record["date"])
        before: list[Turn] = []
        for turn, parts in record["conversation"].items():
            for role in ("user", "assistant"):
                text = (parts.get(role) or {}).get("content") or ""
                name = f"agent_chat/{record.get('phone_id', place)}/{turn}/{role}"
                yield Said(
                    "lifebench", user.name, name, role, text, said_at, tuple(before[-_BEFORE_MAX:])
                )
                before.append(Turn(role, text))
    for place, record in enumerate(json_of(data / "sms.json")):
        sent = str(record.get("message_type")).lower().startswith("sen")
        speaker = "user" if sent else record.get("contactName") or None
        name = f"sms/{record.get('phone_id', place)}"
        text = str(record.get("message_content") or "")
        yield Said("lifebench", user.name, name, speaker, text, _moment(record["datetime"]))
    for place, record in enumerate(json_of(data / "note.json")):
        name = f"note/{record.get('phone_id', place)}"
        text = str(record.get("content") or "")
        yield Said("lifebench", user.name, name, "user", text, _moment(record["datetime"]))
    for place, record in enumerate(json_of(data / "calendar.json")):
        name = f"calendar/{record.get('phone_id', place)}"
        text = str(record.get("description") or "")
        moment = _moment(record.get("datetime") or record["start_time"])
        yield Said("lifebench", user.name, name, "user", text, moment)


def _moment(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value.replace("/", "-")).replace(tzinfo=_ZONE)
    except ValueError:
        return datetime.fromisoformat(value[:10].replace("/", "-")).replace(tzinfo=_ZONE)


def claims_of(said: Said) -> list[Claim]:
    """What the rules make of a message."""
    return extract(said.text, speaker=said.speaker, said_at=said.said_at, before=said.before)


def _hash(claim: Claim) -> str:
    when = f"{claim.valid_from}/{claim.valid_to}/{claim.change}/{claim.denied}/{claim.certainty}"
    whole = f"{claim.subject}\n{claim.relation}\n{claim.object}\n{claim.statement}\n{when}"
    return blake2b(whole.encode(), digest_size=8).hexdigest()


def sample(
    *paths: Path, n: int, seed: int, users: Collection[str] = ()
) -> list[tuple[dict[str, Any], Said, Claim]]:
    """Claims drawn evenly at random, as rows of a sheet without verdicts, with what they are from.

    Args:
        paths: where the data lies; `n` claims are drawn from each, or all that there are.
        n: how many from each.
        seed: what the draw depends on.
        users: only these; all if empty.
    """
    drawn = []
    for path in paths:
        found = [
            (said, claim)
            for said in read(path)
            if not users or said.user in users
            for claim in claims_of(said)
        ]
        chosen = random.Random(seed).sample(found, min(n, len(found)))  # noqa: S311
        for said, claim in chosen:
            row = {
                "source": said.source, "user": said.user, "message": said.message,
                "start": claim.start, "end": claim.end, "rules_version": RULES_VERSION, "seed": seed,
                "relation": claim.relation, "hash": _hash(claim), "verdict": None, "reason": None,
            }  # fmt: skip
            drawn.append((row, said, claim))
    return drawn


def score(sheet: Path, *paths: Path) -> dict[str, Any]:
    """Precision by source and seed: of all claims as they were judged, and of those still made.

    The first is the figure of the rules that the sheet was drawn with. The second flatters, because
    the rules have since learned from the sheet: what it found wrong is gone and counts as unjudged.
    """
    rows = [row for row in json_of(sheet) if row["verdict"] in ("right", "wrong")]
    made: dict[tuple[str, str, str, str], Claim] = {}
    counts: dict[str, Counter[str]] = {}
    began = time.perf_counter()
    for path in paths:
        for said in read(path):
            count = counts.setdefault(said.source, Counter())
            found = claims_of(said)
            count["episodes"] += 1
            count["claims"] += len(found)
            for claim in found:
                made[said.source, said.user, said.message, _hash(claim)] = claim
    took_s = time.perf_counter() - began
    then: dict[str, Counter[str]] = {}
    judged: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for row in rows:
        known = (row["source"], row["user"], row["message"], row["hash"]) in made
        verdict = row["verdict"] if known else "unjudged now"
        for group in (
            f"{row['source']}, seed {row['seed']}",
            f"seed {row['seed']}",
            "all",
            f"all, {row['source']}",
        ):
            judged.setdefault(group, Counter())[verdict] += 1
        sheet_name = f"{row.get('sheet') or 'sheet'}, rules {row['rules_version']}"
        for group in (sheet_name, f"{sheet_name}, {row['source']}"):
            then.setdefault(group, Counter())[row["verdict"]] += 1
        if known and row["verdict"] == "wrong":
            reasons[str(row["reason"])] += 1
    episodes = sum(count["episodes"] for count in counts.values())
    return {
        "task": "facts",
        "rules_version": RULES_VERSION,
        "when_judged": {group: _precision(count) for group, count in sorted(then.items())},
        "of_these_today": {group: _precision(count) for group, count in sorted(judged.items())},
        "wrong_because": dict(reasons.most_common()),
        "claims_per_1000": {
            source: round(1000 * count["claims"] / max(1, count["episodes"]), 1)
            for source, count in counts.items()
        },
        "episodes": episodes,
        "episodes_per_s": round(episodes / took_s),
    }


def _precision(count: Counter[str]) -> dict[str, Any]:
    n = count["right"] + count["wrong"]
    low, high = _wilson(count["right"], n)
    return {
        "n": n, "right": count["right"], "precision": round(count["right"] / n, 3) if n else None,
        "ci": [low, high], "unjudged_now": count["unjudged now"],
    }  # fmt: skip


def _wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(middle - reach, 3), round(middle + reach, 3)


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m mnemic.bench.facts score SHEET DATA…`, or `sample DATA… --n 150 --seed 2`."""
    parser = argparse.ArgumentParser(prog="python -m mnemic.bench.facts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    scoring = commands.add_parser("score", help="precision of a judged sheet")
    scoring.add_argument("sheet", type=Path)
    scoring.add_argument("paths", type=Path, nargs="+")
    drawing = commands.add_parser("sample", help="a sheet to judge, with its text on stderr")
    drawing.add_argument("paths", type=Path, nargs="+")
    drawing.add_argument("--n", type=int, default=150)
    drawing.add_argument("--seed", type=int, default=0)
    drawing.add_argument("--user", action="append", default=[])
    given = parser.parse_args(arguments)
    if given.command == "score":
        sys.stdout.write(json.dumps(score(given.sheet, *given.paths), indent=1) + "\n")
        return
    for number, (row, said, claim) in enumerate(
        sample(*given.paths, n=given.n, seed=given.seed, users=given.user)
    ):
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stderr.write(_shown(number, said, claim))


def _shown(number: int, said: Said, claim: Claim) -> str:
    """A claim with the words around it, for the judge."""
    around = said.text[max(0, claim.start - 120) : claim.start]
    quote = said.text[claim.start : claim.end]
    after = said.text[claim.end : claim.end + 80]
    marks = " ".join(
        part
        for part in (
            "DENIED" if claim.denied else "", claim.change,
            f"~{claim.certainty}" if claim.certainty < 1 else "",
            f"from {claim.valid_from:%Y-%m-%d}" if claim.valid_from else "",
            f"to {claim.valid_to:%Y-%m-%d}" if claim.valid_to else "",
        )
        if part
    )  # fmt: skip
    words = " ".join(f"{around}⟦{quote}⟧{after}".split())
    return (
        f"{number}. [{said.speaker}, {said.said_at:%Y-%m-%d}] {words}\n"
        f"    => {claim.subject} | {claim.relation} | {claim.object} | {claim.statement} {marks}\n"
    )


if __name__ == "__main__":
    main()
