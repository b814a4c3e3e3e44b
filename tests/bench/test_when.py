"""`mnemic bench when`."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest
from rich.console import Console

from mnemic.bench.when import run_when, show_when
from mnemic.bench.when.spans import clock_changes, fiscal_quarter, midnight
from mnemic.bench.when.world import SEED, worlds
from mnemic.errors import InvalidInput


@pytest.fixture(scope="module")
def result() -> dict:
    return run_when(40, embedder=None)


def test_windows_are_read_and_answers_found(result: dict) -> None:
    """What the project aims at: 99 % of windows exact, 98 % of answers in the top 5."""
    assert result["windows_exact"] >= 0.99
    assert result["clocks_exact"] >= 0.99
    assert result["answers@5"] >= 0.98
    assert result["fiscal_years"] == 1


def test_every_language_is_asked(result: dict) -> None:
    """Each group counts its questions, and the counts add up."""
    assert set(result["by_language"]) == {"en", "de", "fr", "es", "pt", "it", "nl"}
    assert sum(row["n"] for row in result["by_language"].values()) == result["n"] == 240
    assert sum(row["n"] for row in result["by_kind"].values()) == result["n"]


def test_it_can_be_shown(result: dict) -> None:
    """The tables hold the languages."""
    out = io.StringIO()
    show_when(result, Console(file=out, width=160))
    assert "by language" in out.getvalue()


def test_a_seed_makes_one_world() -> None:
    """The same seed asks the same of the same episodes; another one does not."""
    first, again, other = ([w.asks for w in worlds(10, seed)] for seed in (SEED, SEED, SEED + 1))
    assert first == again
    assert first != other


def test_answers_lie_in_their_windows_and_distractors_do_not() -> None:
    """By the clock that counts: what is expected is true of the rows themselves."""
    for world in worlds(30):
        rows = {row["ref"]: (row, stored) for stored, each in world.rows.items() for row in each}
        for ask in world.asks:
            if ask.start is None or ask.end is None:
                continue
            for ref, (row, stored) in rows.items():
                if not ref.startswith(f"{ask.qid}/") or ref[len(ask.qid) + 1] not in "ao":
                    continue
                moment = {
                    "said": row["said_at"],
                    "happened": row.get("happened", (None,))[0],
                    "ingested": stored,
                }[ask.clock]
                assert (ask.start <= moment < ask.end) == (ref in ask.answers), (ask, row)


def test_days_of_changed_clocks() -> None:
    """They are the ones that the zone's rules make short or long."""
    days = clock_changes("Europe/Berlin", date(2024, 12, 1))
    assert date(2024, 3, 31) in days
    assert date(2024, 10, 27) in days
    assert clock_changes("Asia/Kolkata", date(2024, 12, 1)) == []
    assert midnight(date(2024, 7, 1), "Europe/Berlin") == datetime(2024, 6, 30, 22, tzinfo=UTC)


def test_fiscal_quarters() -> None:
    """A fiscal year is named by the year in which it ends."""
    assert fiscal_quarter(2024, 1, 1) == (date(2024, 1, 1), date(2024, 4, 1))
    assert fiscal_quarter(2024, 1, 10) == (date(2023, 10, 1), date(2024, 1, 1))
    assert fiscal_quarter(2024, 4, 4) == (date(2024, 1, 1), date(2024, 4, 1))


def test_too_few_questions_are_refused() -> None:
    """The error names the value."""
    with pytest.raises(InvalidInput, match="3"):
        run_when(3)
