"""What is written goes through the gate: secrets are taken out, and counted."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.gate.keys import ALNUM, FAMILIES, some

from mnemic import Memory, Redaction
from mnemic.agent.write import admit
from mnemic.errors import InvalidInput, InvalidText
from mnemic.testing.fakes import FixedClock, HashEmbedder

SAID = "2026-03-02T10:00:00+00:00"
TOKEN = f"ghp_{some(random.Random(1), ALNUM, 36)}"
OTHER = f"ghp_{some(random.Random(2), ALNUM, 36)}"


@pytest.fixture
def careful(tmp_path: Path, clock: FixedClock):
    with Memory(
        tmp_path / "careful.mnemic", embedder=HashEmbedder(), clock=clock, background=False,
        redact="secrets",
    ) as opened:  # fmt: skip
        yield opened


def test_a_secret_never_reaches_the_store(careful: Memory, tmp_path: Path) -> None:
    """Not the text, nor who, where or meta: no byte of the files holds it."""
    careful.remember(
        f"use {TOKEN} for it", scope="a", speaker=f"bot {TOKEN}", session=f"s {TOKEN}",
        source=f"https://x:{TOKEN}@host/a", ref=TOKEN, said_at=SAID,
        meta={"token": TOKEN, TOKEN: [1, {"deep": f"a {TOKEN} b"}], "password": "hunter22"},
    )  # fmt: skip
    careful.ready()
    careful.sleep("a")
    [episode] = careful.episodes(scope="a")
    assert episode.text == "use [redacted: github-token] for it"
    assert "[redacted: github-token]" in episode.meta
    assert episode.meta["password"] == "[redacted: password]"
    careful.close()
    for file in tmp_path.iterdir():
        assert TOKEN.encode() not in file.read_bytes()
        assert b"hunter22" not in file.read_bytes()


def test_what_was_redacted_is_told(careful: Memory) -> None:
    careful.remember(f"use {TOKEN}", scope="a", said_at=SAID)
    assert careful.redacted == {"github-token": 1}
    report = careful.remember_many(
        [{"text": f"{TOKEN} or {OTHER}", "scope": "a"}, {"text": "password=hunter22x", "scope": "a"},
         {"text": "nothing", "scope": "a"}]
    )  # fmt: skip
    assert report.redacted == {"github-token": 2, "password": 1}
    assert careful.redacted == {"github-token": 3, "password": 1}


def test_identity_is_that_of_the_redacted_text(careful: Memory) -> None:
    """The same row is the same episode again, and one that was redacted elsewhere is the same too."""
    row = {"text": f"use {TOKEN}", "scope": "a", "said_at": SAID}
    assert careful.remember_many([row, row]).stored == 1
    assert careful.remember_many([{**row, "text": "use [redacted: github-token]"}]).known == 1


def test_nothing_is_redacted_unasked(memory: Memory) -> None:
    memory.remember(f"use {TOKEN}, ana@example.org", scope="a")
    assert TOKEN in next(memory.episodes(scope="a")).text
    assert memory.redacted == {}


def test_a_correction_is_redacted_too(careful: Memory) -> None:
    careful.remember("I live in Porto.", scope="a", speaker="Ana", said_at=SAID)
    careful.sleep("a")
    [fact] = careful.facts(scope="a")
    careful.correct(fact.id, TOKEN, scope="a")
    assert all(TOKEN not in one.text for one in careful.episodes(scope="a"))
    assert all(TOKEN not in one.object for one in careful.facts(scope="a", history=True))


def test_keys_of_meta_that_become_the_same_lose_no_value(careful: Memory) -> None:
    careful.remember("x", scope="a", meta={TOKEN: 1, OTHER: 2})
    [episode] = careful.episodes(scope="a")
    assert sorted(episode.meta.values()) == [1, 2]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=9), plain, max_size=3), st.sampled_from(sorted(FAMILIES)), st.integers(0, 99))  # fmt: skip
def test_meta_of_any_shape_is_redacted(meta: dict, family: str, seed: int) -> None:
    """What is no secret stays as it is; a key of any family anywhere in it goes."""
    rng = random.Random(seed)
    made = rng.choice(FAMILIES["github-token"])(rng)[1]
    row = {"text": "x", "scope": "a", "meta": {**meta, "made here": [{"at": made}]}}
    draft = admit(row, zone=None, redaction=Redaction()).draft
    kept = json.loads(draft.meta_json)
    assert made not in draft.meta_json
    assert kept.pop("made here") == [{"at": "[redacted: github-token]"}]
    again = admit({**row, "meta": json.loads(draft.meta_json)}, zone=None, redaction=Redaction())
    assert again.draft.meta_json == draft.meta_json


@pytest.mark.parametrize(
    "row",
    [
        {"text": None}, {"text": ""}, {"text": 3}, {"text": "a\x00b"}, {"text": "\ud800 password=hunter22"},
        {"text": "x" * 1_000_001}, {"text": "x", "meta": 3}, {"text": "x", "meta": {"a": {1, 2}}},
        {"text": "x", "speaker": 3}, {"text": "x", "ref": "y" * 5_000}, {"text": "x", "other": 1},
    ],
)  # fmt: skip
def test_bad_rows_are_refused_as_before(row: dict) -> None:
    with pytest.raises(InvalidInput):
        admit({"scope": "a", **row}, zone=None, redaction=Redaction(pii=True))


def test_errors_name_no_secret() -> None:
    """A text that is refused is quoted without its secrets."""
    with pytest.raises(InvalidText) as caught:
        admit({"text": f"{TOKEN}\x00", "scope": "a"}, zone=None, redaction=Redaction())
    assert TOKEN not in str(caught.value)


def test_an_unknown_redaction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'everything'"):
        Memory(tmp_path / "m.mnemic", embedder=None, redact="everything")  # type: ignore[arg-type]
    assert not (tmp_path / "m.mnemic").exists()


def test_secrets_in_a_list_under_a_name_are_redacted() -> None:
    """Each of `"passwords": […]`, and nothing behind the list."""
    meta = {"passwords": ["hunter2secret", "tr0ub4dor"], "words": ["hunter2secret"], "x": "abc1234"}
    row = {"text": "x", "scope": "a", "meta": meta}
    kept = json.loads(admit(row, zone=None, redaction=Redaction()).draft.meta_json)
    assert kept == {**meta, "passwords": ["[redacted: password]"] * 2}
