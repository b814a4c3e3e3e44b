"""What every importer promises, and what each format adds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnemic.agent.write.prepare import prepare
from mnemic.errors import ImportFailed, InvalidInput, InvalidScope, InvalidTime
from mnemic.importers import FORMATS, Report, detect, open_import, source
from mnemic.importers.dates import day_of
from mnemic.importers.git_history import commit_text
from mnemic.importers.pieces import pieces
from mnemic.importers.slack import written_out
from mnemic.importers.text import front_matter, sections
from mnemic.importers.times import Times

SCOPE = "acme/ana"


def load(
    name: str | None, path: Path, *, scope: str | None = SCOPE, **options: Any
) -> tuple[list[Any], Report]:
    report = Report()
    rows = list(open_import(name, path, scope=scope, report=report, **options))
    assert report.read == len(rows)
    for row in rows:
        prepare(row)  # the store takes every row that an importer gives
        json.dumps(row["meta"], allow_nan=False)
        assert row["text"].strip()
        row["text"].encode()
        assert "\x00" not in row["text"]
        said = row["said_at"]
        assert said is None or (isinstance(said, datetime) and said.utcoffset() is not None)
    if name != "jsonl":
        places = Counter((row["session"], row["position"]) for row in rows)
        assert all(count == 1 for count in places.values())
    return rows, report


def lines(path: Path, *values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join((v if isinstance(v, str) else json.dumps(v)) + "\n" for v in values),
        encoding="utf-8",
    )
    return path


# --- every format ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_that_does_not_exist_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"nowhere.* does not exist"):
        open_import(name, tmp_path / "nowhere", scope=SCOPE, report=Report())


@pytest.mark.parametrize("name", FORMATS)
def test_a_bad_scope_or_zone_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidScope):
        open_import(name, tmp_path, scope="a/../b", report=Report())
    if name != "git":
        with pytest.raises(InvalidTime, match="Mars/Base"):
            open_import(name, tmp_path, scope=SCOPE, report=Report(), zone="Mars/Base")


@pytest.mark.parametrize("name", ["jsonl", "text", "claude-code", "codex", "chatgpt"])
def test_empty_files_are_fine(name: str, tmp_path: Path) -> None:
    path = tmp_path / ("empty.json" if name == "chatgpt" else "empty.jsonl")
    path.write_bytes(b"")
    rows, report = load(name, path)
    assert rows == []
    assert report.skipped_total == 0


def test_an_unknown_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="claude-code"):
        open_import("word", tmp_path, scope=SCOPE, report=Report())
    (tmp_path / "x.bin").write_bytes(b"\x00\x01")
    with pytest.raises(ImportFailed, match="not recognised"):
        open_import(None, tmp_path / "x.bin", scope=SCOPE, report=Report())


@pytest.mark.parametrize("name", ["jsonl", "text", "claude-code", "codex", "slack", "chatgpt"])
def test_link_loops_and_pipes_do_not_hang(name: str, tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.jsonl").symlink_to(tmp_path / "self.jsonl")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jsonl")
        os.mkfifo(tmp_path / "pipe.md")
    try:
        rows, _ = load(name, tmp_path)
        assert rows == []
    except ImportFailed:
        assert name in ("slack", "chatgpt")


def test_the_report_keeps_a_thousand_reasons_and_counts_all() -> None:
    report = Report()
    for number in range(1500):
        report.skip(f"f:{number}", "broken")
        report.note(f"f:{number}", "odd")
        report.leave_out(f"kind {number}")
    assert (report.skipped_total, len(report.skipped)) == (1500, 1000)
    assert (report.remarks_total, len(report.remarks)) == (1500, 1000)
    assert sum(report.left_out.values()) == 1500
    assert len(report.left_out) <= 201
    assert "… and 1,480 more such remarks" in report.notes


# --- pieces ---------------------------------------------------------------------------------


@given(st.text(alphabet="ab \n.", max_size=300), st.integers(2, 40))
def test_pieces_make_up_the_text(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert "".join(parts) == text
    assert all(0 < len(part) <= limit for part in parts)


def test_pieces_cut_at_paragraphs_and_are_never_equal() -> None:
    first, second = "a" * 70, "b" * 70
    assert pieces(f"{first}\n\n{second}", 100) == [f"{first}\n\n", second]
    parts = pieces("a" * 2_700_000)
    assert len(set(parts)) == len(parts)


# --- jsonl ----------------------------------------------------------------------------------


def test_jsonl_reads_every_key(tmp_path: Path) -> None:
    full = {
        "id": "x", "ingested_at": "2024-05-08T00:00:00Z", "text": "Ana moved.", "scope": "other",
        "speaker": "ana", "session": "s", "position": 3, "source": "notes", "ref": "n-1",
        "said_at": "2024-05-07T10:00:00+02:00",
        "happened": ["2024-05-01T00:00:00+02:00", "2024-05-02T00:00:00+02:00"],
        "meta": {"mood": ["good", 1]},
    }  # fmt: skip
    path = lines(tmp_path / "a.jsonl", full, "", {"text": "second"}, "   ")
    rows, report = load("jsonl", path)
    assert [row["scope"] for row in rows] == ["other", SCOPE]
    row = rows[0]
    assert [row[key] for key in ("speaker", "session", "position", "source", "ref")] == [
        "ana", "s", 3, "notes", "n-1",
    ]  # fmt: skip
    assert row["said_at"].isoformat() == "2024-05-07T10:00:00+02:00"
    assert row["happened"][1] - row["happened"][0] == timedelta(days=1)
    assert row["meta"] == {"mood": ["good", 1]}
    assert (report.skipped_total, report.remarks_total, report.without_time) == (0, 0, 1)


def test_jsonl_scopes(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"text": "a", "scope": "own"}, {"text": "b"})
    assert [r["scope"] for r in load("jsonl", path, override_scope=True)[0]] == [SCOPE, SCOPE]
    rows, report = load("jsonl", path, scope=None)
    assert [row["scope"] for row in rows] == ["own"]
    assert report.skipped[0][0] == "a.jsonl:2"
    with pytest.raises(InvalidScope):
        open_import("jsonl", path, scope=None, report=Report(), override_scope=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", {}), ("text", None), ("text", "  "), ("text", 3), ("scope", {}), ("scope", "a//b"),
        ("speaker", {}), ("session", []), ("source", 1), ("ref", True), ("position", "1"),
        ("position", 1.5), ("position", True), ("position", 2**70), ("said_at", {}),
        ("said_at", "yesterday"), ("said_at", 5), ("said_at", "2024-13-01T00:00:00Z"),
        ("happened", {}), ("happened", ["2024-01-01T00:00:00Z"]), ("happened", [1, 2]),
        ("happened", ["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"]), ("meta", []), ("meta", "x"),
        ("ref", "x" * 5000),
    ],
)  # fmt: skip
def test_jsonl_wrong_types_cost_only_their_line(tmp_path: Path, key: str, value: Any) -> None:
    good = {"text": "good", "said_at": "2024-01-01T00:00:00Z"}
    path = lines(tmp_path / "a.jsonl", good, {**good, key: value}, good)
    rows, report = load("jsonl", path)
    assert len(rows) == 2
    assert [place for place, _ in report.skipped] == ["a.jsonl:2"]
    assert key in report.skipped[0][1]


def test_jsonl_broken_lines_are_named_and_skipped(tmp_path: Path) -> None:
    deep = '{"text": "x", "meta": ' + '{"a":' * 5000 + "1" + "}" * 5001
    path = lines(
        tmp_path / "a.jsonl", "{", "[1]", "42", '{"text": "a", "odd": 1}', deep,
        '{"text": "n", "meta": {"a": NaN}}', '{"text": "end"}',
    )  # fmt: skip
    rows, report = load("jsonl", path)
    assert [row["text"] for row in rows] == ["a", "end"]
    assert [place for place, _ in report.skipped] == [f"a.jsonl:{n}" for n in (1, 2, 3, 5, 6)]
    assert "odd" in report.remarks[0][1]


def test_jsonl_unstorable_characters_and_bytes_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a\\u0000b\\ud800c", "meta": {"k\\ud800": "\\u0000"}}\n'
        b'{"text": "caf\xe9 \xef\xbf\xbd"}\n'
    )
    rows, report = load("jsonl", path)
    assert [row["text"] for row in rows] == ["a�b�c", "caf� �"]
    assert rows[0]["meta"] == {"k�": "�"}
    assert report.replaced == 5


def test_jsonl_naive_times_are_read_in_the_zone_and_said_so(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"text": "a", "said_at": "2024-07-01T12:00:00"})
    rows, report = load("jsonl", path)
    assert rows[0]["said_at"].isoformat() == "2024-07-01T12:00:00+00:00"
    assert report.notes == ["1 times without an offset were read in UTC (no zone was given)"]
    rows, report = load("jsonl", path, zone="Europe/Rome")
    assert rows[0]["said_at"].isoformat() == "2024-07-01T12:00:00+02:00"
    assert report.assumed == {"Europe/Rome": 1}


def test_an_endless_line_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LINE_BYTES_MAX", 1000)
    path = lines(tmp_path / "a.jsonl", {"text": "a"}, {"text": "x" * 5000}, {"text": "b"})
    rows, report = load("jsonl", path)
    assert [row["text"] for row in rows] == ["a", "b"]
    assert report.skipped == [("a.jsonl:2", "the line is longer than 1,000 bytes")]


def test_long_texts_are_split(tmp_path: Path) -> None:
    text = "word " * 300_000
    rows, report = load("jsonl", lines(tmp_path / "a.jsonl", {"text": text, "position": 4}))
    assert "".join(row["text"] for row in rows) == text
    assert [row["meta"]["part"] for row in rows] == ["1/2", "2/2"]
    assert report.split == 1
    message = {"type": "user", "uuid": "u", "sessionId": "s", "message": {"content": text}}
    rows, _ = load("claude-code", lines(tmp_path / "s.jsonl", message))
    assert [row["position"] for row in rows] == [0, 1]
    assert all(len(row["text"]) <= 900_000 for row in rows)


# --- text -----------------------------------------------------------------------------------


def test_text_sections_headings_and_front_matter(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "2024-05-07-walk.md").write_text(
        "---\ntitle: 'A walk'\ndate: 2024-05-08 09:30:00 +0200\ntags: [a, b]\n---\n"
        "# Day\n\n## Morning\n\nRain.\n\n```\n# not a heading\n```\n\n## Evening ##\n\nSun.\n",
        encoding="utf-8",
    )
    rows, report = load("text", tmp_path)
    assert [row["meta"]["headings"] for row in rows] == [["Day", "Morning"], ["Day", "Evening"]]
    assert rows[0]["text"].startswith("# Day\n\n## Morning\n\nRain.")
    assert "# not a heading" in rows[0]["text"]
    assert rows[0]["said_at"].isoformat() == "2024-05-08T09:30:00+02:00"
    assert rows[0]["meta"]["said_at_from"] == "front matter: date"
    assert rows[0]["meta"]["front_matter"]["title"] == "A walk"
    assert [row["position"] for row in rows] == [0, 1]
    assert {row["session"] for row in rows} == {"sub/2024-05-07-walk.md"}
    assert report.assumed == {}


def test_text_dates_from_name_and_modification(tmp_path: Path) -> None:
    (tmp_path / "2024-05-07-walk.md").write_text("Rain.")
    (tmp_path / "2024-99-99.md").write_text("---\ndate: soon\n---\nSun.")
    os.utime(tmp_path / "2024-99-99.md", (1_700_000_000, 1_700_000_000))
    rows, report = load("text", tmp_path, zone="Asia/Tokyo")
    assert [row["meta"]["said_at_from"] for row in rows] == ["file name", "modification time"]
    assert rows[0]["said_at"].isoformat() == "2024-05-07T00:00:00+09:00"
    assert rows[1]["said_at"] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert report.assumed == {"Asia/Tokyo": 1}
    assert "soon" in report.remarks[0][1]
    assert any(note.startswith("1 rows have the time their file was last") for note in report.notes)


def test_text_times_of_modification_can_be_refused(tmp_path: Path) -> None:
    """A text without a date keeps no time, or is left out, where the caller says so."""
    (tmp_path / "2024-05-07-walk.md").write_text("Rain.")
    (tmp_path / "plain.md").write_text("Sun.")
    rows, report = load("text", tmp_path, undated="none")
    assert [row["said_at"] is None for row in rows] == [False, True]
    assert "said_at_from" not in rows[1]["meta"]
    assert (report.without_time, report.by_modification) == (1, 0)
    rows, report = load(None, tmp_path, undated="skip")
    assert [row["text"] for row in rows] == ["Rain."]
    assert report.left_out == {"section without a date": 1}
    with pytest.raises(InvalidInput, match=r"undated is 'now'.*skip"):
        load("text", tmp_path, undated="now")


def test_an_option_of_one_format_does_not_stop_another(tmp_path: Path) -> None:
    """A program that passes its options to every import need not know which format it meets."""
    path = lines(tmp_path / "a.jsonl", {"text": "a"})
    rows, _ = load(None, path, undated="none", override_scope=True)
    assert [row["scope"] for row in rows] == [SCOPE]


def test_text_dates_from_headings(tmp_path: Path) -> None:
    """A diary's sections have each their own day; front matter and file name come before."""
    diary = "# Diary\n\nMine.\n\n## 2025-03-04\n\nRain.\n\n### Noon\n\nSun.\n\n## 5 March 2025\n\nFog.\n"
    (tmp_path / "diary.md").write_text(diary)
    (tmp_path / "meeting.md").write_text("# 2025-03-06\n\nAll here.\n\n# Plans\n\nMany.\n")
    (tmp_path / "2025-04-01.md").write_text("# 2025-03-07\n\nLater.\n")
    rows, report = load("text", tmp_path, undated="none")
    assert [(row["text"].split("\n")[-1], row["said_at"] and row["said_at"].date().isoformat(),
             row["meta"].get("said_at_from")) for row in rows] == [
        ("Later.", "2025-04-01", "file name"),
        ("Mine.", None, None), ("Rain.", "2025-03-04", "heading"), ("Sun.", "2025-03-04", "heading"),
        ("Fog.", "2025-03-05", "heading"),
        ("All here.", "2025-03-06", "heading"), ("Many.", "2025-03-06", "heading"),
    ]  # fmt: skip
    assert sum(report.assumed.values()) == 4, "each date is read, and told of, once"


def test_headings_that_are_days() -> None:
    """A heading is a date only if it says nothing else, and leaves no doubt which day is meant."""
    for title in ("2025-03-04", "Tuesday, 4 March 2025", "Tue 4th Mar. 2025", "March 4th, 2025", "Sat, 4 March 2025",
                  "march 4 2025"):  # fmt: skip
        assert day_of(title) == "2025-03-04", title
    for title in ("03/04/2025", "20250304", "March 2025", "2025-03-04 to 2025-03-09", "May", "",
                  "4 Marches 2025", "Release of 2025-03-04"):  # fmt: skip
        assert day_of(title) is None, title


def test_a_heading_with_an_impossible_day_is_no_date(tmp_path: Path) -> None:
    """31 February falls through to the next source of a time."""
    (tmp_path / "a.md").write_text("# 31 February 2025\n\nNo such day.\n")
    rows, _ = load("text", tmp_path)
    assert rows[0]["meta"]["said_at_from"] == "modification time"


def test_text_long_sections_are_cut_at_paragraphs(tmp_path: Path) -> None:
    paragraphs = [f"{n} " + "word " * 100 for n in range(9)]
    (tmp_path / "a.txt").write_text("\n\n".join(paragraphs))
    rows, _ = load("text", tmp_path / "a.txt")
    assert len(rows) > 2
    assert all(len(row["text"]) <= 1200 and row["text"][0].isdigit() for row in rows)


def test_other_headings() -> None:
    setext = "Title\n=====\n\nintro\n\nPart\n----\n\nbody\n\n- item\n---\n"
    assert [s.headings for s in sections(setext)] == [("Title",), ("Title", "Part")]
    rst = "=====\nTitle\n=====\n\nintro\n\nPart\n----\n\nbody\n"
    assert [s.headings for s in sections(rst, ".rst")] == [("Title",), ("Title", "Part")]
    assert [s.headings for s in sections("# no\n\ntext", ".txt")] == [()]
    assert front_matter("---\nnever closed: 1\ntext") == ({}, "---\nnever closed: 1\ntext")
    assert front_matter("+++\ndate = 2024-01-02\n+++\nx") == ({"date": "2024-01-02"}, "x")


@given(st.text(alphabet="# =-~`\nab", max_size=200), st.sampled_from((".md", ".rst", ".txt")))
def test_no_line_of_a_document_is_lost(text: str, suffix: str) -> None:
    kept = "\n".join(section.text for section in sections(text, suffix))
    assert [x for x in kept.split("\n") if x.strip()] == [x for x in text.split("\n") if x.strip()]


# --- claude code ----------------------------------------------------------------------------


def test_claude_sessions(claude_sessions: list[Path]) -> None:
    rows, report = load(None, claude_sessions[0].parent.parent)
    assert len(rows) == 15
    assert [row["said_at"].month for row in rows] == [3] * 5 + [6] * 5 + [9] * 5
    assert [row["speaker"] for row in rows[:5]] == ["user", "assistant", "user", "tool", "tool"]
    assert [row["position"] for row in rows[:5]] == list(range(5))
    assert rows[3]["text"].startswith('Write {"file_path":"inventory/db.py"')
    assert rows[3]["meta"]["kind"] == "tool_use"
    assert rows[0]["meta"] == {"cwd": "/home/dev/orchard", "gitBranch": "main", "kind": "text"}
    assert report.left_out == {"thinking block": 6}
    assert not any("not to be kept" in row["text"] for row in rows)


def turn(uuid: str, session: str, text: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "user", "uuid": uuid, "sessionId": session, "timestamp": "2025-01-01T00:00:00Z",
        "message": {"role": "user", "content": text}, **more,
    }  # fmt: skip


def test_claude_copies_agents_and_summaries(tmp_path: Path) -> None:
    one = [turn("u1", "B", "first"), turn("u2", "B", "second")]
    lines(tmp_path / "A.jsonl", *one, turn("u3", "A", "resumed"))
    lines(
        tmp_path / "B.jsonl", *one, turn("u4", "B", "third"),
        {"type": "summary", "summary": "All told.", "leafUuid": "u4"},
        {"type": "system", "content": "noise"}, turn("u5", "B", "meta", isMeta=True),
    )  # fmt: skip
    lines(tmp_path / "agent-7.jsonl", turn("u6", "B", "aside", isSidechain=True))
    lines(tmp_path / "clash.jsonl", turn("u7", "B", "elsewhere"))
    rows, report = load("claude-code", tmp_path)
    found = {row["text"]: (row["session"], row["position"]) for row in rows}
    assert found == {
        "first": ("B", 0), "second": ("B", 1), "resumed": ("A", 0), "third": ("B", 2),
        "All told.": ("B", 3), "aside": ("B:agent-7", 0), "elsewhere": ("B:clash", 0),
    }  # fmt: skip
    alone, _ = load("claude-code", tmp_path / "B.jsonl")
    assert [(r["session"], r["position"]) for r in alone] == [("B", n) for n in range(4)]
    summary = next(row for row in rows if row["text"] == "All told.")
    assert summary["meta"]["kind"] == "summary"
    assert summary["said_at"] is not None
    assert next(row for row in rows if row["text"] == "aside")["meta"]["sidechain"] is True
    assert report.left_out["system record"] == 1
    assert report.left_out["meta message"] == 1


def test_claude_broken_lines_and_missing_times(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "s.jsonl",
        turn("u1", "s", "kept"), "{broken", turn("u2", "s", {}), turn("u3", "s", [3, {"type": 5}]),
        {"type": "user", "message": "x"}, {"silly": 1}, turn("u4", "s", "timeless", timestamp={}),
        turn("u5", "s", [{"type": "tool_result", "content": [{"type": "image"}, {"text": "t"}]}]),
    )  # fmt: skip
    rows, report = load("claude-code", path)
    assert [row["text"] for row in rows] == ["kept", "timeless", "t"]
    assert [place for place, _ in report.skipped] == [f"s.jsonl:{n}" for n in (2, 3, 4, 4, 5, 6)]
    assert report.without_time == 1
    assert "said_at" in report.remarks[0][1]


# --- codex ----------------------------------------------------------------------------------


def test_codex(tmp_path: Path) -> None:
    def record(kind: str, minute: int, **payload: Any) -> dict[str, Any]:
        return {"timestamp": f"2026-01-02T10:{minute:02d}:00Z", "type": kind, "payload": payload}

    def item(minute: int, **payload: Any) -> dict[str, Any]:
        return record("response_item", minute, **payload)

    said = [{"type": "input_text", "text": "Prune the pear?"}]
    path = lines(
        tmp_path / "rollout-2026-01-02T10-00-00-abc.jsonl",
        record("session_meta", 0, id="S", cwd="/home/dev", git={"branch": "main"}),
        record("turn_context", 0, model="m1"),
        item(
            1,
            type="message",
            role="user",
            content=[
                {"type": "input_text", "text": "<environment_context>\nx\n</environment_context>"},
                {
                    "type": "input_text",
                    "text": "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>y</INSTRUCTIONS>",
                },
            ],
        ),
        item(1, type="message", role="user", content="<turn_aborted> what does that tag mean?"),
        record("event_msg", 2, type="user_message", message="Prune the pear?"),
        item(2, type="message", role="user", content=said),
        item(3, type="reasoning", summary=[]),
        item(4, type="function_call", name="shell", arguments='{"cmd":"ls"}', call_id="c1"),
        item(5, type="function_call_output", call_id="c1", output='{"output": "a b"}'),
        item(
            5,
            type="function_call",
            name="recall",
            namespace="mcp__mnemic",
            arguments="{}",
            call_id="c2",
        ),
        record("event_msg", 6, type="agent_message", message="Only in winter."),
        record("event_msg", 7, type="token_count", info={}),
        record("compacted", 8, message="Talked of pears."),
        "{",
        record("response_item", 9, type="message", role=3, content=4),
        {"type": "response_item", "payload": "x", "timestamp": 3},
    )
    assert detect(path) == "codex"
    assert len(load("auto", path)[0]) == 7
    rows, report = load("codex", path)
    assert [(row["speaker"], row["text"]) for row in rows] == [
        ("user", "<turn_aborted> what does that tag mean?"), ("user", "Prune the pear?"),
        ("tool", 'shell {"cmd":"ls"}'), ("tool", "a b"),
        ("tool", "mcp__mnemic__recall {}"), ("assistant", "Only in winter."),
        ("assistant", "Talked of pears."),
    ]  # fmt: skip
    assert {row["session"] for row in rows} == {"S"}
    assert rows[0]["meta"] == {
        "cwd": "/home/dev", "gitBranch": "main", "model": "m1", "kind": "text",
    }  # fmt: skip
    assert rows[2]["ref"] == "c1"
    assert report.left_out["instructions or environment"] == 1
    assert report.skipped_total == 3
    assert report.left_out["event that repeats a message"] == 1


def test_codex_early_bare_items(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "rollout.jsonl", {"id": "S", "timestamp": "2025-01-01T00:00:00Z"},
        {"record_type": "state"}, {"type": "message", "role": "user", "content": "hello"},
    )  # fmt: skip
    rows, report = load("codex", path)
    assert [(row["session"], row["text"], row["said_at"]) for row in rows] == [("S", "hello", None)]
    assert report.without_time == 1


# --- chatgpt --------------------------------------------------------------------------------


def node(key: str, parent: str | None, children: list[str], **message: Any) -> dict[str, Any]:
    whole = None
    if message:
        role, text = message["role"], message["text"]
        whole = {
            "id": f"m{key}", "author": {"role": role}, "create_time": message.get("at"),
            "content": {"content_type": "text", "parts": [text]}, "metadata": {},
        }  # fmt: skip
    return {"id": key, "parent": parent, "children": children, "message": whole}


def conversation() -> dict[str, Any]:
    nodes = [
        node("r", None, ["s"]),
        node("s", "r", ["a"], role="system", text="be good"),
        node("a", "s", ["b", "c"], role="user", text="pear?", at=1700000000.5),
        node("b", "a", ["b2"], role="assistant", text="old answer", at=1700000001),
        node("b2", "b", [], role="user", text="old question", at=1700000002),
        node("c", "a", [], role="assistant", text="new answer"),
    ]
    return {
        "title": "Pears", "conversation_id": "C", "create_time": 1690000000, "current_node": "c",
        "mapping": {n["id"]: n for n in nodes},
    }  # fmt: skip


def test_chatgpt_path_and_branches(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([conversation(), 5, {"mapping": 3}, {"mapping": {"x": 1}}]))
    assert detect(path) == "chatgpt"
    assert detect(tmp_path) == "chatgpt"
    rows, report = load("chatgpt", path)
    assert [(row["session"], row["position"], row["text"]) for row in rows] == [
        ("C", 0, "pear?"), ("C", 1, "new answer"),
        ("C:b", 0, "old answer"), ("C:b", 1, "old question"),
    ]  # fmt: skip
    assert [row["meta"].get("branch") for row in rows] == [None, None, True, True]
    assert rows[0]["said_at"].isoformat() == "2023-11-14T22:13:20.500000+00:00"
    assert rows[1]["meta"]["said_at_from"] == "conversation"
    assert [place for place, _ in report.skipped] == [
        "conversations.json[1]", "conversations.json[2]", "conversations.json[3].x",
    ]  # fmt: skip


def test_chatgpt_rings_end(tmp_path: Path) -> None:
    talk = conversation()
    talk["mapping"]["a"]["parent"] = "c"
    talk["mapping"]["c"]["parent"] = "a"
    talk["mapping"]["b"]["parent"] = "b2"
    talk["current_node"] = ["no"]
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([talk]))
    rows, _ = load("chatgpt", path)
    assert {row["text"] for row in rows} == {"pear?", "new answer", "old answer", "old question"}


def test_chatgpt_zip_and_bombs(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("conversations-001.json", json.dumps([conversation()]))
        archive.writestr("conversations.json", b'[{"mapping": "' + b" " * (40 << 20) + b'"}]')
    assert detect(path) == "chatgpt"
    rows, report = load(None, path)
    assert len(rows) == 4
    assert "times its size" in report.skipped[0][1]
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(ImportFailed, match="not a readable"):
        load("chatgpt", broken)


def test_a_broken_item_costs_only_itself_and_a_cut_file_its_end(tmp_path: Path) -> None:
    whole = json.dumps(conversation())
    path = tmp_path / "conversations.json"
    other = whole.replace("pear?", "plum?")
    path.write_text(f"[{whole}, {{bad}}, , {other}, {whole[:-30]}")
    rows, report = load("chatgpt", path)
    assert len(rows) == 8
    assert {row["session"] for row in rows} == {"C", "C:b", "C#2", "C#2:b"}
    assert "has the id 'C' too" in report.remarks[0][1]
    assert [place.partition("[")[2] for place, _ in report.skipped] == ["1]", "2]", "4]"]


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8) | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
            max_leaves=6,
        )
    ),
    st.integers(1, 9),
    st.booleans(),
)
def test_an_array_is_read_as_it_was_written(values: list[Any], chunk: int, ascii_: bool) -> None:
    class Slow:
        def __init__(self, raw: bytes) -> None:
            self.raw = raw

        def read(self, _: int) -> bytes:
            given, self.raw = self.raw[:chunk], self.raw[chunk:]
            return given

    report = Report()
    raw = json.dumps(values, ensure_ascii=ascii_).encode()
    stream: Any = Slow(raw)
    assert [value for _, value in source.array_items(stream, report, "f")] == values
    assert report == Report()


# --- slack ----------------------------------------------------------------------------------


def slack_export(folder: Path) -> Path:
    messages: list[Any] = [
        {"type": "message", "subtype": "channel_join", "user": "U1", "text": "", "ts": "1.0"},
        {"user": "U1", "text": "Ship <https://x.io|it> &lt;b&gt; &amp;amp;",
         "ts": "1700000000.000100"},
        {"user": "U2", "text": "thread, <@U1>", "ts": "1700000001.000200",
         "thread_ts": "1700000001.000200", "edited": {"ts": "1700000009.000000"}},
        {"bot_id": "B", "username": "ci", "text": "", "ts": "1700000002.0",
         "attachments": [{"fallback": "build ok"}]},
        {"user": "U1", "text": "reply", "ts": "1700000003.000100",
         "thread_ts": "1700000001.000200"},
        {"user": "U1", "text": {}, "ts": "1700000004.0"}, 5, {"ts": {}},
        {"user": {}, "text": "no time", "ts": "soon"},
    ]  # fmt: skip
    (folder / "general").mkdir(parents=True)
    (folder / "users.json").write_text(
        json.dumps([{"id": "U1", "profile": {"display_name": "Ana"}}, {"id": "U2", "name": "bo"}])
    )
    (folder / "channels.json").write_text(json.dumps([{"id": "C1", "name": "general"}]))
    (folder / "general" / "2023-11-14.json").write_text(json.dumps(messages))
    return folder


def test_slack(tmp_path: Path) -> None:
    folder = slack_export(tmp_path / "export")
    assert detect(folder) == "slack"
    rows, report = load("slack", folder)
    assert [(row["speaker"], row["text"]) for row in rows] == [
        ("Ana", "Ship it (https://x.io) <b> &amp;"), ("bo", "thread, @Ana"), ("ci", "build ok"),
        ("Ana", "reply"), (None, "no time"),
    ]  # fmt: skip
    assert rows[0]["meta"]["raw"] == "Ship <https://x.io|it> &lt;b&gt; &amp;amp;"
    assert "raw" not in rows[3]["meta"]
    assert rows[1]["session"] == rows[3]["session"] == "general:1700000001.000200"
    assert rows[0]["session"] == "general:2023-11-14"
    assert rows[0]["said_at"].isoformat() == "2023-11-14T22:13:20.000100+00:00"
    assert rows[0]["position"] == 1_700_000_000_000_100
    assert rows[1]["meta"]["edited_at"].startswith("2023-11-14T22:13:29")
    assert report.left_out == {"channel_join": 1}
    assert (report.skipped_total, report.without_time) == (3, 1)
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.rglob("*.json")):
            packed.write(file, file.relative_to(folder).as_posix())
    assert detect(archive) == "slack"
    again, _ = load(None, archive)
    assert again == rows


def test_slack_marks() -> None:
    users, channels = {"U1": "Ana"}, {"C1": "general"}
    for raw, seen in (
        ("<@U9|old> <@U8>", "@old @U8"), ("<#C1> <#C2|x>", "#general #x"),
        ("<!here> <!subteam^S1|@ops> <!date^1^{d}|May>", "@here @ops May"),
        ("<http://a.io> <mailto:a@b.c|a@b.c>", "http://a.io a@b.c"), ("1 &lt; 2 < 3", "1 < 2 < 3"),
    ):  # fmt: skip
        assert written_out(raw, users, channels) == seen


def test_slack_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="Slack"):
        load("slack", tmp_path)


# --- git ------------------------------------------------------------------------------------


def git(folder: Path, *words: str, at: str = "2024-05-07T10:00:00+02:00", **more: Any) -> None:
    environment = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "Ana Bò", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "c@b.c", "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at,
    }  # fmt: skip
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "pears"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def test_git(repository: Path) -> None:
    odd = 'new\nline "q" è\t.txt'
    (repository / odd).write_text("a\n" * 30)
    (repository / "bin.dat").write_bytes(b"\x00\x01" * 99)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "First\n\nBody\x01 with\n3\t4\tfake.txt")
    (repository / odd).rename(repository / "renamed.txt")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Rename", at="2024-05-07T10:00:00+02:00")
    git(repository, "checkout", "-qb", "side")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Empty", at="2024-06-01T00:00:00-05:00")
    git(repository, "checkout", "-q", "main")
    (repository / "sub").mkdir()
    (repository / "sub" / "x").write_text("x\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Sub", at="2024-06-02T00:00:00Z")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "side", at="2024-06-03T00:00:00Z")
    assert detect(repository) == "git"
    rows, report = load(None, repository)
    assert report.skipped_total == 0
    subjects = [row["text"].split("\n")[0] for row in rows]
    assert subjects == ["First", "Rename", "Empty", "Sub", "Merge"]
    first, rename, empty, sub, merge = rows
    assert first["text"].endswith(f"Files: bin.dat, {odd}")
    assert first["meta"]["files"] == [
        {"path": "bin.dat"}, {"path": odd, "add": 30, "del": 0},
    ]  # fmt: skip
    assert rename["meta"]["files"][0]["old"] == odd
    assert (first["speaker"], first["said_at"].isoformat()) == (
        "Ana Bò",
        "2024-05-07T10:00:00+02:00",
    )
    assert first["happened"] == first["said_at"]
    assert {row["session"] for row in rows} == {None}, "a month of commits is no conversation"
    assert first["meta"]["repository"] == "pears"
    assert rename["position"] == first["position"] + 1
    assert empty["text"] == "Empty"
    assert merge["meta"]["parents"] == 2
    assert first["ref"] == first["meta"]["hash"][:12]
    only, _ = load("git", repository / "sub")
    assert [row["ref"] for row in only] == [sub["ref"]]


def test_commit_text() -> None:
    """The text of a commit names 50 files at most and counts those that it does not name."""
    assert commit_text("Fix\n\nWhy.\n", ["a", "b"]) == "Fix\n\nWhy.\n\nFiles: a, b"
    assert commit_text(" \n", []) == "(no message)"
    paths = [f"f{number}" for number in range(60)]
    assert commit_text("Many", paths).endswith(", f49 and 10 more")
    assert commit_text("Many", paths[:50], 1_060).endswith(", f49 and 1,010 more")


def test_git_later_merges_move_no_position(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "a", at="2024-01-01T00:00:00Z")
    git(repository, "checkout", "-qb", "side")
    git(repository, "commit", "-q", "--allow-empty", "-m", "s", at="2024-01-02T00:00:00Z")
    git(repository, "checkout", "-q", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "b", at="2024-01-03T00:00:00Z")
    before, _ = load("git", repository)
    git(repository, "merge", "-q", "--no-ff", "-m", "m", "side", at="2024-01-04T00:00:00Z")
    after, _ = load("git", repository)
    assert [row["text"] for row in after] == ["a", "s", "b", "m"]
    assert all(row in after for row in before)


def test_git_many_files_and_early_stop(repository: Path) -> None:
    for number in range(60):
        (repository / f"f{number:02d}").write_text("x\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "many")
    rows, _ = load("git", repository)
    assert rows[0]["text"].endswith("f49 and 10 more")
    assert len(rows[0]["meta"]["files"]) == 60
    stream: Any = open_import("git", repository, scope=SCOPE, report=Report())
    next(stream)
    stream.close()


def test_git_failures_are_clear(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, report = load("git", repository)
    assert rows == []
    assert "no commit" in report.remarks[0][1]
    plain = repository.parent / "plain"
    plain.mkdir()
    with pytest.raises(ImportFailed, match="git repository"):
        load("git", plain)
    monkeypatch.setenv("PATH", str(plain))
    with pytest.raises(ImportFailed, match="not installed"):
        load("git", repository)


# --- anything at all ------------------------------------------------------------------------

_KEYS = (
    "type payload message content text role sessionId uuid timestamp scope speaker session position"
    " source ref said_at happened meta mapping current_node parent children author create_time"
    " parts content_type ts user thread_ts attachments files reactions edited id output arguments"
    " summary"
    " leafUuid isMeta tool_use_id name input metadata git cwd a b"
)
KEYS = st.sampled_from(_KEYS.split())
_WORDS = (
    "user assistant summary text tool_use tool_result response_item event_msg message"
    " function_call function_call_output user_message session_meta compacted a b 2024-01-01"
    " 1700000000.000100"
    " \x00 \ud800 multimodal_text"
)
WORDS = st.sampled_from(_WORDS.split(" "))
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=12)
    | st.sampled_from(["2024-01-01T00:00:00", "0001-01-01T00:00:00+14:00", 1e308, 10**400])
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
LINES = st.lists(st.dictionaries(KEYS, ANYTHING, max_size=8) | ANYTHING, max_size=6)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=LINES, noise=st.binary(max_size=20), spot=st.integers(0, 6))
def test_arbitrary_input_never_raises(
    tmp_path: Path, values: list[Any], noise: bytes, spot: int
) -> None:
    written = [json.dumps(value).encode() for value in values]
    broken = [*written[:spot], noise.replace(b"\n", b""), *written[spot:]]
    lined = tmp_path / "a.jsonl"
    lined.write_bytes(b"\n".join(broken))
    for name in ("jsonl", "claude-code", "codex"):
        rows, report = load(name, lined)
        told = len(rows) + report.skipped_total + sum(report.left_out.values())
        quiet = sum(isinstance(v, dict) and name != "jsonl" for v in values)
        assert told + quiet >= len(values)
    talks = tmp_path / "conversations.json"
    talks.write_bytes(b"[" + b",".join(broken) + b"]")
    load("chatgpt", talks)
    wrapped = [{"mapping": {"a": v, "b": {"parent": "a", "message": v}}} for v in values]
    talks.write_text(json.dumps(wrapped))
    load("chatgpt", talks)
    day = tmp_path / "slack" / "general" / "2024-01-01.json"
    day.parent.mkdir(parents=True, exist_ok=True)
    day.write_bytes(b"[" + b",".join(broken) + b"]")
    (tmp_path / "slack" / "users.json").write_text(json.dumps(values))
    load("slack", tmp_path / "slack")
    note = tmp_path / "note.md"
    note.write_bytes(b"---\ndate: " + b"\n".join(broken) + b"\n---\n" + noise)
    load("text", note)
    detect(lined)
    detect(talks)


def test_nothing_is_read_beyond_the_present_need(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    one = json.dumps(conversation())
    path.write_text("[" + ",".join([one] * 3000) + "]")
    report = Report()
    stream = open_import("chatgpt", path, scope=SCOPE, report=report)
    next(stream)
    assert report.read == 1
    stream.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-10:00"])
def test_a_time_that_its_offset_leads_out_of_the_calendar_is_none(said: str) -> None:
    assert Times(None, Report()).parse(said) is None
