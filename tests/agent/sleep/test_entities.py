"""What a text mentions, by its spelling alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.agent.sleep.entities import CHARS_MAX, KINDS, MENTIONS_MAX, Mention, mentions_of
from mnemic.testing.growth import assert_linear, repeated

PIECES = (
    "Ana we met van der Berg of the 42 km $7 parse_url src/app.py “ ” \" ` 《 》 Zoë's I I'm U.S. "
    "東京 カフェ Москва مرحبا . , \n - ' & 1,000 İstanbul ß"
)


def found(text: str, kind: str, speaker: str | None = None) -> list[str]:
    return [mention.surface for mention in mentions_of(text, speaker) if mention.kind == kind]


def keys(text: str) -> set[str]:
    return {mention.key for mention in mentions_of(text)}


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(st.sampled_from(PIECES.split(" ")), max_size=60).map(" ".join),
        st.lists(st.sampled_from(PIECES.split(" ")), max_size=60).map("".join),
    ),
    st.one_of(st.none(), st.text(max_size=30)),
)
def test_every_mention_lies_where_it_says(text: str, speaker: str | None) -> None:
    """A surface is its place in the text, keys are not empty, order is the text's, nothing twice."""
    mentions = mentions_of(text, speaker)
    assert mentions == mentions_of(text, speaker)
    assert len(set(mentions)) == len(mentions)
    placed = [mention for mention in mentions if mention.kind != "speaker"]
    assert len(mentions) - len(placed) <= 1
    for mention in placed:
        assert text[mention.start : mention.end] == mention.surface
    for mention in mentions:
        assert mention.key
        assert mention.kind in KINDS
    places = [(mention.start, -mention.end) for mention in placed]
    assert places == sorted(places)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split(" ")), max_size=40).map(" ".join))
def test_what_is_said_later_changes_no_mention_before(text: str) -> None:
    """A sentence more, in a paragraph of its own, leaves the mentions of the others as they are."""
    longer = mentions_of(text + "\n\nNothing else.")
    assert [m for m in longer if m.end <= len(text)] == mentions_of(text)


NAMES = [
    ("We drove to Lake Como with Ludwig van Beethoven.", ["Lake Como", "Ludwig van Beethoven"]),
    ("She studied at the University of Lisbon.", ["University of Lisbon"]),
    ("we saw Dr. Smith and J. R. Moss", ["Dr. Smith", "J. R. Moss"]),
    ("It began with World War II in Europe", ["World War II", "Europe"]),
    ("my sister Clara's boat", ["Clara's"]),
    ("Ana and Ravi left Porto", ["Ravi", "Porto"]),
    ("The Red House burned", ["Red House"]),
    ("Yesterday it rained. Later it snowed. Nobody came.", []),
    ("we read about Апостол Лука", ["Апостол Лука"]),
]


@pytest.mark.parametrize(("text", "names"), NAMES)
def test_names_are_capitalised_words_in_a_row(text: str, names: list[str]) -> None:
    """Small words inside a name belong to it; a capital that opens a sentence says nothing alone."""
    assert found(text, "name") == names


def test_titles_code_and_quantities() -> None:
    """Quotation marks of several languages, spellings only programs have, numbers with units."""
    text = 'he played "Blue in Green" and 《红楼梦》 and «Guerra e pace»'
    assert found(text, "title") == ["Blue in Green", "红楼梦", "Guerra e pace"]
    text = "fix parse_url in src/app/main.py for HttpClient, see `retry count` and me@example.org"
    assert found(text, "code") == [
        "parse_url", "src/app/main.py", "HttpClient", "retry count", "me@example.org",
    ]  # fmt: skip
    assert found("ran 42 km for $1,300 in 1987", "quantity") == ["42 km", "$1,300"]


def test_case_accents_endings_and_possessives_make_no_other_key() -> None:
    """What an asker types in lower case finds what was written as a name."""
    assert "zoe" in keys("we met Zoë's uncle") & keys("zoe")
    assert keys("two KAYAKS") & keys("a kayak")
    assert {"lake", "como"} <= keys("we drove to Lake Como") & keys("the lake at como")


def test_a_speaker_counts_if_it_is_somebody() -> None:
    """A name does, a part in a conversation does not."""
    assert mentions_of("hm", "Ana Silva")[0] == Mention("ana silva", "Ana Silva", -1, -1, "speaker")
    assert found("hm", "speaker", "assistant") == []


def test_scripts_without_capitals_or_spaces() -> None:
    """Chinese and Japanese give runs of one script, or pairs; Arabic and Hebrew their words."""
    assert {"カフェ", "東京"} <= keys("昨日、東京のカフェで会った。")
    assert "上海" in keys("我昨天去了上海的博物馆") & keys("上海博物馆在哪里")
    assert found("سافرت إلى لشبونة", "part")[-1] == "لشبونة"


def test_long_texts_are_bounded() -> None:
    """Only the beginning is read, and only so many mentions come back."""
    assert len(mentions_of("Ana met Ravi. " * 100_000)) == MENTIONS_MAX
    assert keys("x " * CHARS_MAX + "Lisbon").isdisjoint({"lisbon"})


@pytest.mark.parametrize(
    "piece",
    [
        "a_",
        '"',
        "A ",
        "1,",
        "a'",
        "a/",
        "我",
        "“",
        "`a",
        "A of ",
        "Ab",
        "a.b",
        "$1 ",
        "カ",
        "«x",
        "Dr. ",
    ],
)
def test_time_is_linear(piece: str) -> None:
    """100 kB of what would send a careless rule in circles; 50 ms on a quiet machine."""
    for length in (CHARS_MAX, 100_000):  # as much as is read, and much more
        assert_linear(mentions_of, repeated(piece), length)


def test_turns_cost_the_same_however_many_came_before() -> None:
    """What is kept of words already seen does not slow the next ones down."""
    rng = random.Random(7)
    words = ["".join(rng.choices("aeiourstlnm", k=rng.randint(2, 9))) for _ in range(3_000)]
    turns = [
        " ".join(word.title() if rng.random() < 0.1 else word for word in rng.choices(words, k=20))
        for _ in range(6_000)
    ]
    assert_linear(
        lambda some: [mentions_of(turn, "Ana") for turn in some], lambda n: turns[:n], len(turns)
    )
