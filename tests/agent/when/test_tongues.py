"""Times in other languages, read by the same grammar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.when import parse_window, tells_of
from mnemic.agent.when.grammar import words_of
from mnemic.agent.when.tongues import rewrite
from mnemic.agent.when.tongues.rewrite import LANGUAGES, language_of
from mnemic.testing.growth import assert_linear, repeated

NOW = datetime(2024, 5, 15, 14, 30, tzinfo=UTC)  # a Wednesday

ASKED = [
    ("Was habe ich am 5. März 2024 gesagt?", "2024-03-05", "2024-03-06"),
    ("Was habe ich vor drei Monaten gesagt?", "2024-02-01", "2024-03-01"),
    ("Was sagte ich letzten Sommer?", "2023-06-01", "2023-09-01"),
    ("Was habe ich zwischen März und Mai 2023 gesagt?", "2023-03-01", "2023-06-01"),
    ("Was war vom 3. bis zum 9. Juni?", "2023-06-03", "2023-06-10"),
    ("Was habe ich in KW 23 gesagt?", "2023-06-05", "2023-06-12"),
    ("Was war in KW 6/2022?", "2022-02-07", "2022-02-14"),
    ("Was geschah in der ersten Hälfte des Jahres 2023?", "2023-01-01", "2023-07-01"),
    ("Was habe ich vorgestern gesagt?", "2024-05-13", "2024-05-14"),
    ("Was habe ich letztes Weihnachten gemacht?", "2023-12-25", "2023-12-26"),
    ("Was habe ich seit dem 3. Mai gesagt?", "2024-05-03", "9999-12-31"),
    ("Qu'est-ce que j'ai dit le 5 mars ?", "2024-03-05", "2024-03-06"),
    ("Qu'ai-je dit il y a trois mois ?", "2024-02-01", "2024-03-01"),
    ("Qu'ai-je fait l’été dernier ?", "2023-06-01", "2023-09-01"),
    ("Que s'est-il passé entre mars et mai 2023 ?", "2023-03-01", "2023-06-01"),
    ("Qu'ai-je dit avant-hier ?", "2024-05-13", "2024-05-14"),
    ("Qu'ai-je dit la semaine dernière ?", "2024-05-06", "2024-05-13"),
    ("¿Qué dije el 5 de marzo de 2024?", "2024-03-05", "2024-03-06"),
    ("¿Qué dije hace tres meses?", "2024-02-01", "2024-03-01"),
    ("que dije hace tres dias", "2024-05-12", "2024-05-13"),
    ("¿Qué hice el verano pasado?", "2023-06-01", "2023-09-01"),
    ("¿Qué dije antes de marzo de 2023?", "0001-01-01", "2023-03-01"),
    ("O que eu disse em 5 de março de 2024?", "2024-03-05", "2024-03-06"),
    ("O que eu disse há três meses?", "2024-02-01", "2024-03-01"),
    ("O que eu disse na segunda-feira passada?", "2024-05-13", "2024-05-14"),
    ("Cosa ho detto il 5 marzo?", "2024-03-05", "2024-03-06"),
    ("Cosa ho detto tre mesi fa?", "2024-02-01", "2024-03-01"),
    ("Cosa ho fatto la scorsa estate?", "2023-06-01", "2023-09-01"),
    ("Cosa ho detto dal 3 al 9 giugno?", "2023-06-03", "2023-06-10"),
    ("Wat zei ik op 5 maart 2024?", "2024-03-05", "2024-03-06"),
    ("Wat zei ik drie maanden geleden?", "2024-02-01", "2024-03-01"),
    ("Wat deed ik vorige zomer?", "2023-06-01", "2023-09-01"),
    ("Wat zei ik tussen maart en mei 2023?", "2023-03-01", "2023-06-01"),
    ("05/07/2023, ¿qué dije?", "2023-07-05", "2023-07-06"),
]


@pytest.mark.parametrize(("query", "start", "end"), ASKED)
def test_asked(query: str, start: str, end: str) -> None:
    """A question in another language asks for the same days as its English form."""
    found = parse_window(query, NOW, "UTC")
    assert found is not None
    assert (f"{found.span.start:%Y-%m-%d}".zfill(10), f"{found.span.end:%Y-%m-%d}") == (start, end)
    assert found.phrase in query


@pytest.mark.parametrize(
    ("query", "clock", "hard"),
    [
        ("Was habe ich im März über den Hund gesagt?", "said", True),
        ("Im März, was habe ich gesagt?", "said", True),
        ("Was ist letzte Woche passiert?", "happened", True),
        ("Was wurde letzte Woche importiert?", "ingested", True),
        ("Wo war ich letzte Woche?", None, False),
        ("Welches Buch, das ich im März las, habe ich erwähnt?", None, False),
        ("¿Qué dijo Ana sobre la casa que compró en marzo?", None, False),
        ("¿Qué dijo Ana sobre la casa en marzo?", "said", True),
        ("Que s'est-il passé en mars ?", "happened", True),
        ("Cosa ha detto Ana a marzo?", "said", True),
        ("Wat is er vorige week gebeurd?", "happened", True),
        ("O que aconteceu em março?", "happened", True),
    ],
)
def test_clocks(query: str, clock: str | None, hard: bool) -> None:
    """Saying, happening and storing are told apart; a clause between leaves the clock open."""
    found = parse_window(query, NOW, "UTC")
    assert found is not None
    assert (found.clock, found.hard) == (clock, hard)


@pytest.mark.parametrize(
    "query",
    [
        "O Marco disse isso", "Wer hat 2000 Menschen gesehen?", "c'est la vie", "non fa niente",
        "Guten Morgen, wie geht es dir?", "buenas tardes, ¿qué tal?", "Was ist los?",
        "Was habe ich jeden Montag gemacht?", "Wie viele Wochen habe ich trainiert?",
    ],
)  # fmt: skip
def test_no_time(query: str) -> None:
    """Words that only look like times name none."""
    assert parse_window(query, NOW, "UTC") is None


TOLD = [
    ("Gestern war ich in Berlin.", "2024-05-14", "2024-05-15"),
    ("Wir sind letzten Sommer nach Rom gefahren.", "2023-06-01", "2023-09-01"),
    ("J'ai acheté une voiture le 3 mars 2023.", "2023-03-03", "2023-03-04"),
    ("Nos mudamos hace tres años", "2021-01-01", "2022-01-01"),
    ("Sono nato nel 1987", "1987-01-01", "1988-01-01"),
    ("Ontem fui à praia", "2024-05-14", "2024-05-15"),
    ("Gisteren was ik ziek", "2024-05-14", "2024-05-15"),
    ("Compré la casa en marzo", "2024-03-01", "2024-04-01"),
]


@pytest.mark.parametrize(("text", "start", "end"), TOLD)
def test_told(text: str, start: str, end: str) -> None:
    """A statement in another language tells of its time."""
    span = tells_of(text, NOW)
    assert span is not None
    assert (f"{span.start:%Y-%m-%d}", f"{span.end:%Y-%m-%d}") == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "Ich schwimme jeden Montag", "Seit letzter Woche regnet es", "Je travaille depuis mars",
        "Il fait beau en été", "Mi cumpleaños es el 20 de mayo", "Das kostet 2000 Euro",
        "Guten Morgen!", "Toda la mañana llovió",
    ],
)  # fmt: skip
def test_nothing_told(text: str) -> None:
    """Habits, lasting states and greetings tell of no time."""
    assert tells_of(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "What did I say about Mars in 2024?", "I was in Rome last week", "Yesterday, in Paris",
        "We discussed the Berlin office in March", "die hard is on tonight", "in May", "2024-05-07",
        "Do you remember the tango lesson on Monday?", "",
    ],
)  # fmt: skip
def test_english_is_left_alone(text: str) -> None:
    """English text never goes through another language's table."""
    assert rewrite(text, words_of(text.lower())) is None


def test_each_language_knows_its_own_months() -> None:
    """A date with its month's name is known to be of a language that has that name."""
    for language in LANGUAGES:
        for number, names in enumerate(language.months, 1):
            for name in names.split():
                known = language_of([name, *language.common.split()[:3]])
                assert known == language.code
                written = " ".join([*language.common.split()[:3], "5", name, "2023"])
                span = parse_window(written, NOW, "UTC")
                if span is not None:
                    assert (span.span.start.month, span.span.start.day) == (number, 5)


WORDS = " ".join(
    " ".join([*language.months, *language.units, *language.numbers, *language.words])
    for language in LANGUAGES
).split()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from([*WORDS, "5", "2023", ".", ",", "'", "-"]), st.text(max_size=5)),
        max_size=14,
    ).map(" ".join),
    st.sampled_from([UTC, ZoneInfo("Pacific/Apia")]),
)
def test_any_text_gives_a_window_or_none(query: str, zone: ZoneInfo) -> None:
    """No mixture of words raises; what is found stands in the question."""
    found = parse_window(query, NOW.astimezone(zone), "America/Havana")
    if found is not None:
        assert found.span.start.astimezone(UTC) < found.span.end.astimezone(UTC)
        assert found.phrase in query
    span = tells_of(query, NOW.astimezone(zone))
    assert span is None or span.start.astimezone(UTC) < span.end.astimezone(UTC)


@pytest.mark.parametrize(
    "unit",
    ["im letzten ", "entre mars et ", "vor drei ", "il y a ", "hace dos ", "in der woche nach ",
     "de ", "l' ", "gestern "],
)  # fmt: skip
def test_long_text_takes_no_time(unit: str) -> None:
    """The time is bounded by the characters that are looked at; 0.04 s on a quiet machine."""
    for length in (2_000, 100_000):  # as much as is looked at, and much more
        assert_linear(lambda text: parse_window(text, NOW, "UTC"), repeated(unit), length)
        assert_linear(lambda text: tells_of(text, NOW), repeated(unit), length)
