"""Generators: what is asked can be answered from the sequence alone, seeds reproduce, bad input is named."""

# ruff: noqa: E402
from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from hypothesis import given, settings
from hypothesis import strategies as st

from mnemic.bench.neural import needle_words as words
from mnemic.bench.neural.groups import DEGREES, GROUPS, multiplication
from mnemic.bench.neural.mqar import Mqar
from mnemic.bench.neural.needle import Needle
from mnemic.bench.neural.noise import ASK, FACT, NoiseRecall
from mnemic.bench.neural.problems import PROBLEMS, comparison_of
from mnemic.bench.neural.task import IGNORED
from mnemic.bench.neural.text import Text, bits_per_byte, read_text
from mnemic.bench.neural.tracking import Copy, GroupWord
from mnemic.bench.neural.training import Stage, Training
from mnemic.errors import InvalidInput, InvalidTensor
from mnemic.nn.models import LanguageModel, ModelConfig

SEEDS = st.integers(0, 2**31)
TASKS: list[Any] = [
    Mqar(4, 32),
    NoiseRecall(4, 64),
    NoiseRecall(4, 64, asked=2),
    Needle(96, "repeated"),
    Needle(96),
    Needle(160, value="code"),
    Needle(160, needles=4, queries=2),
    GroupWord("S3", 9),
    GroupWord("A5", 6, repeats=3, last=True),
    Copy(7),
    Text(torch.arange(100, dtype=torch.uint8), 12),
]


def sample(task: Any, batch: int = 4, seed: int = 3) -> tuple[Any, Any]:
    return task.sample(batch, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_keeps_its_word_and_its_seed(task: Any) -> None:
    tokens, labels = sample(task)
    assert tokens.shape == labels.shape == (4, task.tokens)
    assert tokens.dtype == labels.dtype == torch.int64
    assert tokens.min() >= 0
    assert tokens.max() < task.vocabulary
    asked = labels[labels != IGNORED]
    assert len(asked)
    assert asked.min() >= 0
    assert asked.max() < task.vocabulary
    again = sample(task)
    assert torch.equal(tokens, again[0])
    assert torch.equal(labels, again[1])
    assert not torch.equal(tokens, sample(task, seed=4)[0])


def test_names_are_told_apart() -> None:
    assert [task.name for task in TASKS] == [
        "4@32", "noise 4@64", "noise 2of4@64", "S1@96", "S2@96", "S3@160", "MQ2of4@160",
        "S3@9", "A5x3@6 last", "copy@7", "text@12",
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, pairs=st.integers(1, 12), noise=st.integers(0, 60), data=st.data())
def test_a_fact_in_noise_is_marked_and_asked_at_the_end(
    seed: int, pairs: int, noise: int, data: Any
) -> None:
    asked = data.draw(st.integers(1, pairs))
    task = NoiseRecall(pairs, 3 * pairs + 2 * asked + noise, asked, vocabulary=40)
    tokens, labels = sample(task, seed=seed)
    for row, answers in zip(tokens.tolist(), labels.tolist(), strict=True):
        end = len(row) - 2 * asked
        told = {row[t + 1]: row[t + 2] for t in range(end) if row[t] == FACT}
        assert len(told) == row[:end].count(FACT) == pairs
        assert ASK not in row[:end]
        assert row[end::2] == [ASK] * asked
        assert len(set(row[end + 1 :: 2])) == asked
        assert answers[end + 1 :: 2] == [told[key] for key in row[end + 1 :: 2]]
        assert sum(a != IGNORED for a in answers) == asked


def test_facts_stand_at_every_depth() -> None:
    tokens, _ = sample(NoiseRecall(1, 45), batch=2000)
    depths = torch.bincount((tokens[:, :43] == FACT).nonzero()[:, 1], minlength=41)
    assert len(depths) == 41
    assert depths.min() > 20
    assert depths.max() < 100


@settings(max_examples=40, deadline=None)
@given(
    seed=SEEDS,
    haystack=st.sampled_from(["repeated", "varied"]),
    value=st.sampled_from(["number", "code"]),
    needles=st.integers(1, 4),
    data=st.data(),
)
def test_the_answer_to_a_needle_stands_in_its_sentence(
    seed: int, haystack: str, value: str, needles: int, data: Any
) -> None:
    queries = data.draw(st.integers(1, needles))
    task = Needle(data.draw(st.integers(400, 470)), haystack, value, needles, queries)
    tokens, labels = sample(task, batch=2, seed=seed)
    for row, answers in zip(tokens.tolist(), labels.tolist(), strict=True):
        text = [words.VOCABULARY[token] for token in row]
        asked = text.index("what")
        told = _told(text[:asked], value)
        assert len(told) == needles
        expected = [IGNORED] * len(row)
        for start in [t for t, word in enumerate(text) if word == "what"]:
            key = tuple(text[start + 5 : start + 7])
            begin = start + 17
            answer = told[key]
            assert text[begin - 2 : begin] == ["is", ":"]
            assert text[begin : begin + len(answer)] == list(answer)
            expected[begin - 1 : begin - 1 + len(answer)] = [words.TOKEN[w] for w in answer]
        assert answers == expected
        assert text.count("what") == queries


def _told(text: list[str], value: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """By reading alone: the special … of KEY is : VALUE."""
    length = 7 if value == "number" else 36
    told = {}
    for t in range(len(text) - 8):
        if text[t : t + 4] == ["the", "special", value, "of"]:
            told[tuple(text[t + 4 : t + 6])] = tuple(text[t + 8 : t + 8 + length])
            assert text[t + 8 + length] == "."
    return told


def test_haystacks_hold_no_key_and_no_number() -> None:
    task = Needle(300)
    tokens, _ = sample(task, batch=30)
    names = {*words.ADJECTIVES, *words.NOUNS}
    for row in tokens.tolist():
        said = [words.VOCABULARY[token] for token in row]
        assert sum(word in names for word in said) == 6
        assert sum(word in words.DIGITS for word in said) == 14
    lists = [words.ADJECTIVES, words.NOUNS, words.QUALITIES, words.BEINGS, words.OBJECTS,
             words.PLACES, words.DEEDS, words.LINKS, words.ENDINGS]  # fmt: skip
    assert len({word for one in lists for word in one}) == sum(map(len, lists))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_a_group(group: str) -> None:
    table = multiplication(group)
    n = len(table)
    assert n == {"parity": 2, "S3": 6, "S5": 120, "A5": 60}[group]
    identity = torch.arange(n)
    assert torch.equal(table[0], identity)
    assert torch.equal(table[:, 0], identity)
    for lines in (table, table.T):
        assert all(torch.equal(line.sort().values, identity) for line in lines)
    a, b, c = torch.randint(n, (3, 500), generator=torch.Generator().manual_seed(1))
    assert torch.equal(table[table[a, b], c], table[a, table[b, c]])


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    group=st.sampled_from(sorted(DEGREES)),
    length=st.integers(1, 12),
    repeats=st.integers(1, 4),
)
def test_the_product_is_that_of_the_permutations(
    seed: int, group: str, length: int, repeats: int
) -> None:
    """Followed by moving points, not by the table."""
    points = list(permutations(range(DEGREES[group])))
    if group == "A5":
        points = [p for p in points if _even(p)]
    tokens, labels = sample(GroupWord(group, length, repeats), batch=2, seed=seed)
    for row, answers in zip(tokens.tolist(), labels.tolist(), strict=True):
        where = list(range(DEGREES[group]))
        for t in range(length):
            where = [points[row[t * repeats]][point] for point in where]
            assert points[answers[(t + 1) * repeats - 1]] == tuple(where)
            pauses = row[t * repeats + 1 : (t + 1) * repeats]
            assert pauses == [len(points)] * (repeats - 1)
    last = sample(GroupWord(group, length, repeats, last=True), batch=2, seed=seed)
    assert torch.equal(last[0], tokens)
    assert torch.equal(last[1][:, -1], labels[:, -1])
    assert (last[1][:, :-1] == IGNORED).all()


def _even(p: tuple[int, ...]) -> bool:
    """By its cycles."""
    seen: set[int] = set()
    cycles = 0
    for start in p:
        cycles += start not in seen
        while start not in seen:
            seen.add(start)
            start = p[start]
    return (len(p) - cycles) % 2 == 0


@given(seed=SEEDS, length=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_parity_counts_and_copy_copies(seed: int, length: int) -> None:
    bits, odd = sample(GroupWord("parity", length), seed=seed)
    assert torch.equal(bits.cumsum(1) % 2, odd)
    tokens, labels = sample(Copy(length), seed=seed)
    assert torch.equal(labels[:, length:], tokens[:, :length])
    assert (tokens[:, length + 1 :] == 9).all()
    assert (tokens[:, length] == 8).all()
    assert (labels[:, :length] == IGNORED).all()


def test_text_asks_for_the_next_byte() -> None:
    task = Text(torch.arange(200, dtype=torch.uint8), 30)
    tokens, labels = sample(task, batch=50)
    assert torch.equal(tokens + 1, labels)
    assert torch.equal(tokens[:, 1:], labels[:, :-1])
    assert labels.max() < 200


def test_bits_count_every_byte_once_however_the_tail_is_cut() -> None:
    """A model that knows nothing needs log2(256) bits; a carried state gives what one run gives."""
    torch.manual_seed(0)
    model = LanguageModel(ModelConfig(256, 8, [{"rule": "delta", "key_width": 4}])).eval()
    tail = torch.randint(256, (101,), dtype=torch.uint8)
    with torch.no_grad():
        logits = model(tail[:-1].long().unsqueeze(0)).logits.log_softmax(-1)
        picked = logits[0].gather(1, tail[1:].long().unsqueeze(1))
    whole = -float(picked.mean()) / torch.tensor(2.0).log().item()
    for context in (7, 33, 100, 500):
        assert bits_per_byte(model, tail, context, None) == pytest.approx(whole, abs=1e-5)
    assert bits_per_byte(model, tail, 25, 4) == pytest.approx(whole, abs=1e-5)
    cut = [bits_per_byte(model, tail[at : at + 26], 25, 1) for at in range(0, 100, 25)]
    assert bits_per_byte(model, tail, 25, 1) == pytest.approx(sum(cut) / 4, abs=1e-5)
    model.embedding.weight.data.zero_()
    for context, pieces in ((10, 1), (7, 3), (16, None)):
        assert bits_per_byte(model, tail, context, pieces) == pytest.approx(8)


def test_text_is_read_and_its_tail_held_out(tmp_path: Any) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_bytes(b"a" * 60)
    second.write_bytes(b"b" * 139)
    data, tail = read_text([first, second])
    assert bytes(torch.cat([data, tail]).tolist()) == b"a" * 60 + b"\n" + b"b" * 139
    assert len(tail) == 20
    with pytest.raises(InvalidInput, match=r"none\.txt"):
        read_text([tmp_path / "none.txt"])
    with pytest.raises(InvalidInput, match="60 bytes"):
        read_text([first])
    with pytest.raises(InvalidInput, match="no text"):
        read_text([])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: NoiseRecall(0, 64), "pairs is 0"),
        (lambda: NoiseRecall(8, 30), "30 tokens"),
        (lambda: NoiseRecall(2, 64, asked=3), "asked 3"),
        (lambda: NoiseRecall(9, 99, vocabulary=18), "8 keys"),
        (lambda: Needle(99, "essay"), "haystack is 'essay'"),
        (lambda: Needle(99, value="word"), "value is 'word'"),
        (lambda: Needle(20), "length is 20"),
        (lambda: Needle(999, needles=2, queries=3), "queries 3"),
        (lambda: Needle(99, needles=0), "needles is 0"),
        (lambda: GroupWord("S3", 0), "length is 0"),
        (lambda: GroupWord("S3", 2, repeats=0), "repeats 0"),
        (lambda: GroupWord("S4", 3), "no group 'S4'"),
        (lambda: Copy(0), "length is 0"),
        (lambda: Text(torch.zeros(9, dtype=torch.uint8), 9), "length is 9"),
        (lambda: comparison_of("S4"), "no problem 'S4'"),
        (lambda: Training(1, [Stage(1.0, (Copy(3),))], prefix_max=2), "only mqar"),
    ],
)
def test_what_cannot_be_is_named(make: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        make()


def test_the_smallest_sequences_have_no_haystack_at_all() -> None:
    least = Needle(500).length - Needle(500).room
    tokens, _ = sample(Needle(least))
    assert words.VOCABULARY[int(tokens[0, 0])] == "the"
    with pytest.raises(InvalidTensor):
        Needle(least - 1)


def test_problems_are_asked_beyond_their_training() -> None:
    for name, problem in PROBLEMS.items():
        comparison = comparison_of(name)
        lengths = [cell.length for cell in comparison.cells[:3]]
        assert lengths == [problem.longest, 2 * problem.longest, 4 * problem.longest]
        assert comparison.training.steps == problem.steps
        for memory in comparison.lineup.names:
            assert comparison.lineup.config_of(memory).vocabulary == comparison.cells[0].vocabulary
