"""The result of `mnemic bench when`, and its tables."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mnemic.agent.protocols import Embedder
from mnemic.agent.when import RULES_VERSION, parse_window
from mnemic.bench.when.ask import Answer, run_world
from mnemic.bench.when.spans import fiscal_quarter, midnight
from mnemic.bench.when.world import SEED, ZONES, worlds
from mnemic.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

PER_ZONE = 200
FAILURES_MAX = 40

Progress = Callable[[str, int, int], None]


def run_when(
    per_zone: int = PER_ZONE,
    *,
    embedder: Embedder | Literal["auto"] | None = "auto",
    seed: int = SEED,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result object: shares of exact windows and of answers found, by kind and language.

    Args:
        per_zone: how many questions in each of the six zones, 10 at least.
        embedder: as for `Memory`; None asks by words only.
        seed: of the made-up worlds.
        progress: called with what is being done, how much is done, and of how much.

    Raises:
        InvalidInput: `per_zone` is below 10.
    """
    if per_zone < 10:
        raise InvalidInput(f"per_zone is {per_zone!r}; ask 10 questions a zone at least")
    answers: list[Answer] = []
    episodes, space = 0, None
    with tempfile.TemporaryDirectory(prefix="mnemic-when-") as folder:
        for number, world in enumerate(worlds(per_zone, seed)):
            if progress:
                progress(world.zone, number, len(ZONES))
            given, count, space = run_world(world, Path(folder), embedder)
            answers += given
            episodes += count
    return {
        "task": "when",
        "n": len(answers),
        "episodes": episodes,
        **_shares(answers),
        "by_kind": _by(answers, lambda answer: answer.ask.kind),
        "by_language": _by(answers, lambda answer: answer.ask.code),
        "fiscal_years": _fiscal_years(),
        "failures": _failures(answers),
        "rules_version": RULES_VERSION,
        "embedder": space,
        "seed": seed,
    }


def _shares(answers: Sequence[Answer]) -> dict[str, Any]:
    ordered = [answer for answer in answers if answer.ask.kind in ("first", "last")]
    return {
        "windows_exact": _mean(answer.exact for answer in answers),
        "clocks_exact": _mean(answer.clock for answer in answers),
        "answers@5": _mean(answer.found for answer in answers),
        "first_or_last@1": _mean(answer.first for answer in ordered),
    }


def _by(answers: Sequence[Answer], name: Callable[[Answer], str]) -> dict[str, Any]:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[name(answer)].append(answer)
    return {key: {"n": len(group), **_shares(group)} for key, group in sorted(groups.items())}


def _mean(values: Iterable[float | bool | None]) -> float | None:
    """The mean of the values that are known; None where none is."""
    known = [float(value) for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _failures(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    bad = [answer for answer in answers
           if answer.exact is False or answer.clock is False or answer.found < 1]  # fmt: skip
    return [
        {
            "question": answer.ask.text,
            "kind": answer.ask.kind,
            "expected": f"{answer.ask.start} {answer.ask.end} {answer.ask.clock}",
            "read": answer.window,
            "found": answer.found,
        }
        for answer in bad[:FAILURES_MAX]
    ]


def _fiscal_years() -> float:
    """Share of exact windows over quarters of fiscal years that begin in other months."""
    right = asked = 0
    now = datetime(2025, 6, 15, 12, tzinfo=UTC)
    for start_month in (2, 4, 7, 10):
        for year in (2023, 2024, 2025):
            for n in (1, 2, 3, 4):
                window = parse_window(
                    f"What did Ana say in Q{n} FY{year}?", now, "Europe/Berlin",
                    fiscal_year_start_month=start_month,
                )  # fmt: skip
                first, end = fiscal_quarter(year, n, start_month)
                asked += 1
                right += window is not None and (
                    window.span.start.astimezone(UTC), window.span.end.astimezone(UTC)
                ) == (midnight(first, "Europe/Berlin"), midnight(end, "Europe/Berlin"))  # fmt: skip
    return round(right / asked, 4)


def show_when(result: dict[str, Any], console: Console) -> None:
    """The result as tables: by language, by kind, and what failed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = (
        "windows_exact",
        "clocks_exact",
        "answers@5",
        "first_or_last@1",
    )
    everything = {"n": result["n"], **{name: result[name] for name in columns}}
    for title, rows in (
        ("by language", {**result["by_language"], "all": everything}),
        ("by kind", result["by_kind"]),
    ):
        table = Table(title=f"when: {title}, %", box=SIMPLE_HEAD)
        table.add_column("")
        for column in ("n", *columns):
            table.add_column(column.replace("_", " "), justify="right")
        for name, row in rows.items():
            cells = [
                "" if row[column] is None else f"{100 * row[column]:.1f}" for column in columns
            ]
            table.add_row(name, str(row["n"]), *cells)
        console.print(table)
    for failure in result["failures"]:
        console.print(
            f"{failure['question']}\n  expected {failure['expected']}, read {failure['read']}"
        )
    console.print(
        f"{result['n']} questions, {result['episodes']:,} episodes, model {result['embedder']}, "
        f"fiscal years of other months {100 * result['fiscal_years']:.1f} % exact"
    )
