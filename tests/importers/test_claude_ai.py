"""Exports of Claude.ai."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.reading import DEEP, anything, check_twice, ids, load, told

from mnemic.errors import ImportFailed
from mnemic.importers import detect

ROOT = "00000000-0000-4000-8000-000000000000"


def message(uuid: str, sender: str, text: str, minute: int, **more: Any) -> dict[str, Any]:
    return {
        "uuid": uuid, "sender": sender, "text": text,
        "content": [{"type": "text", "text": text, "citations": []}],
        "created_at": f"2025-03-02T10:{minute:02d}:00.000000Z",
        "updated_at": f"2025-03-02T10:{minute:02d}:00.000000Z",
        "attachments": [], "files": [], **more,
    }  # fmt: skip


def conversation(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "uuid": "c-1", "name": "Pears", "summary": "", "created_at": "2025-03-02T09:00:00Z",
        "updated_at": "2025-03-02T11:00:00Z", "account": {"uuid": "a-1"},
        "chat_messages": list(messages), **more,
    }  # fmt: skip


TALK = conversation(
    message("m1", "human", "Which pears keep longest?", 0, files=[{"file_name": "pear.png"}],
            attachments=[{"file_name": "notes.txt", "file_type": "txt", "file_size": 20,
                          "extracted_content": "Winter Nelis keeps until May."}]),
    message("m2", "assistant", "", 1, content=[
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "t", "name": "web_search", "input": {"query": "pears"}},
        {"type": "tool_result", "tool_use_id": "t", "name": "web_search",
         "content": [{"type": "text", "text": "Winter Nelis, Conference"}]},
        {"type": "text", "text": "Winter Nelis."}]),
    {"uuid": "m3", "sender": "human", "text": "Thanks.", "created_at": "2025-03-02T10:02:00Z"},
)  # fmt: skip


def export(folder: Path, *conversations: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conversations.json").write_text(json.dumps(conversations or [TALK]))
    (folder / "users.json").write_text(json.dumps([{"uuid": "a-1", "full_name": "Ana"}]))
    (folder / "projects.json").write_text(
        json.dumps(
            [{"uuid": "p-1", "name": "Orchard", "description": "Trees.",
              "prompt_template": "Answer briefly.", "created_at": "2025-01-01T00:00:00Z",
              "docs": [{"uuid": "d-1", "filename": "plan.md", "content": "Plant in autumn.",
                        "created_at": "2025-01-02T00:00:00Z"}]}]
        )
    )  # fmt: skip
    (folder / "memories.json").write_text(
        json.dumps([{"account_uuid": "a-1", "conversations_memory": "Ana grows pears.",
                     "memory_files": [{"path": "/orchard.md", "content": "Forty trees."}]}])
    )  # fmt: skip
    return folder


def test_an_export_gives_messages_tools_attachments_projects_and_memories(tmp_path: Path) -> None:
    folder = export(tmp_path / "data-2025")
    assert detect(folder) == "claude-ai"
    rows = check_twice(None, folder)
    talk = [row for row in rows if row["session"] == "c-1"]
    assert [(row["speaker"], row["text"]) for row in talk] == [
        ("user", "Which pears keep longest?"), ("user", "Winter Nelis keeps until May."),
        ("assistant", "Let me look."), ("tool", 'web_search {"query":"pears"}'),
        ("tool", "Winter Nelis, Conference"), ("assistant", "Winter Nelis."), ("user", "Thanks."),
    ]  # fmt: skip
    assert [row["position"] for row in talk] == list(range(7))
    assert talk[0]["meta"] == {"title": "Pears", "kind": "text", "files": ["pear.png"]}
    assert talk[0]["said_at"].isoformat() == "2025-03-02T10:00:00+00:00"
    others = {row["session"]: row["text"] for row in rows if row["session"] != "c-1"}
    assert others == {
        "memory": "Ana grows pears.", "memory/orchard.md": "Forty trees.",
        "project:p-1/instructions": "Answer briefly.", "project:p-1/description": "Trees.",
        "project:p-1/d-1": "Plant in autumn.",
    }  # fmt: skip
    _, report = load("claude-ai", folder)
    assert report.left_out == {"thinking block": 1}
    assert report.skipped == []


def test_the_zip_is_read_as_the_folder(tmp_path: Path) -> None:
    folder = export(tmp_path / "data")
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.name)
    assert detect(archive) == "claude-ai"
    assert ids(load(None, archive)[0]) == ids(load(None, folder)[0])


def test_a_conversation_that_went_on_keeps_what_is_known(tmp_path: Path) -> None:
    """A later export, with an answer edited anew, changes the identity of nothing before."""
    linked = [
        message("m1", "human", "Hello", 0, parent_message_uuid=ROOT),
        message("m2", "assistant", "Old answer", 1, parent_message_uuid="m1"),
    ]
    later = [*linked, message("m3", "assistant", "New answer", 2, parent_message_uuid="m1")]
    first = check_twice("claude-ai", export(tmp_path / "a", conversation(*linked)))
    second = check_twice("claude-ai", export(tmp_path / "b", conversation(*later)))
    assert set(ids(first)) <= set(ids(second))
    branches = {row["text"]: row["meta"].get("branch") for row in second if row["session"] == "c-1"}
    assert branches == {"Hello": None, "Old answer": True, "New answer": None}


def test_the_other_ones_export_is_refused_by_name(tmp_path: Path) -> None:
    theirs = [{"title": "t", "mapping": {"a": {"message": None}}}]
    (tmp_path / "conversations.json").write_text(json.dumps(theirs))
    with pytest.raises(ImportFailed, match="'chatgpt'"):
        load("claude-ai", tmp_path)
    assert detect(tmp_path) == "chatgpt"
    ours = export(tmp_path / "ours")
    with pytest.raises(ImportFailed, match="'claude-ai'"):
        load("chatgpt", ours / "conversations.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ImportFailed, match="holds no conversations"):
        load("claude-ai", empty)


def test_a_text_that_quotes_the_other_format_misleads_nobody(tmp_path: Path) -> None:
    quoting = conversation(message("m", "human", 'What is "mapping" with "message" in it?', 0))
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([quoting]))
    assert detect(path) == "claude-ai"
    path.write_text(json.dumps([{"title": "t", "mapping": {"a": {"message": {
        "content": {"parts": ['is it "chat_messages"?']}}}}}]))  # fmt: skip
    assert detect(path) == "chatgpt"


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_what_is_cut_short_or_odd_is_skipped_with_its_place(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "conversations.json"
    whole = json.dumps([conversation(message("m", "human", "Kept", 0)), TALK])
    path.write_text(whole[:-cut])
    rows, report = load("claude-ai", path)
    assert rows[0]["text"] == "Kept"
    assert "conversations.json" in told(report)
    odd = [
        TALK,
        conversation(5, {"sender": "bot"}, {"sender": {}}),
        {"chat_messages": 3},
        7,
        {"x": 1},
    ]
    path.write_text(json.dumps(odd)[:-1] + "," + DEEP + "]")
    rows, report = load("claude-ai", path)
    assert len(rows) == 7
    assert report.skipped_total == 7


KEYS = "uuid name chat_messages sender text content type attachments extracted_content docs files created_at parent_message_uuid prompt_template memory_files conversations_memory input project path"


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(anything(KEYS, "human assistant text tool_use tool_result m1"), max_size=5))
def test_arbitrary_values_never_raise(tmp_path: Path, values: list[Any]) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(values))
    load("claude-ai", path)
    wrapped = [conversation(*values), conversation({"sender": "human", "content": values}),
               {"docs": values, "name": values}, {"memory_files": values}]  # fmt: skip
    path.write_text(json.dumps(wrapped))
    load("claude-ai", path)
