"""Watched paths: what is there, what changes, and what is only half there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnemic.agent.memory import Memory
from mnemic.errors import ImportFailed
from mnemic.serve import watch as module
from mnemic.serve.watch import Pass, Watch


def line(number: int) -> str:
    return json.dumps(
        {"type": "user", "uuid": f"u{number}", "sessionId": "s", "message": {"role": "user", "content": f"Say {number}"},
         "timestamp": f"2025-03-01T10:{number:02d}:00Z"}
    ) + "\n"  # fmt: skip


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    (tmp_path / "store").mkdir()
    with Memory(tmp_path / "store" / "m.mnemic", embedder=None) as opened:
        yield opened


class Script:
    """Steps of a user, each done before the tick that tells of it."""

    def __init__(self, memory: Memory, paths: list[Path], **options: Any) -> None:
        self.told: list[Pass] = []
        self.watch = Watch(memory, paths, scope="me", tell=self.told.append, **options)

    def run(self, *steps: Any) -> list[Pass]:
        def ticks() -> Iterator[set[Path]]:
            yield set()
            for step in steps:
                changed = step()
                yield {path for path in changed if self.watch.concerns(str(path))}

        self.watch.run(ticks())
        return self.told


def texts(memory: Memory) -> list[str]:
    return sorted(episode.text for episode in memory.episodes(scope="me"))


def test_a_session_that_grows_is_stored_once(memory: Memory, tmp_path: Path) -> None:
    folder = tmp_path / "projects"
    folder.mkdir()
    session = folder / "s.jsonl"
    session.write_text(line(0) + line(1))

    def grow() -> set[Path]:
        session.write_text(session.read_text() + line(2))
        return {session}

    told = Script(memory, [folder]).run(grow, grow)
    assert [(done.format, done.stored, done.known) for done in told] == [
        ("claude-code", 2, 0), ("claude-code", 1, 2),
    ]  # fmt: skip
    assert texts(memory) == ["Say 0", "Say 1", "Say 2"]


def test_half_a_line_is_tried_again_and_not_told_of(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    session = tmp_path / "s.jsonl"
    session.write_text(line(0) + line(1)[:20])

    def wait() -> set[Path]:
        clock[0] += 10
        return set()

    def finish() -> set[Path]:
        session.write_text(line(0) + line(1))
        return wait()

    script = Script(memory, [session])
    told = script.run(wait, finish, wait)
    assert [(done.stored, done.reasons) for done in told] == [(1, ()), (1, ())]
    session.write_text(line(0) + line(1) + "{broken\n")
    told = script.run(*[wait] * 12)
    assert len(told) == 3, "what stays broken is told of once"
    assert "not JSON" in told[2].reasons[0][1]


def test_only_what_changed_is_read_and_named_as_before(memory: Memory, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.md", "sub/b.md"):
        (folder / name).write_text(f"# {name}\n\nOne.\n")
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))

    def change() -> set[Path]:
        path = folder / "sub" / "b.md"
        path.write_text(path.read_text() + "\n# More\n\nTwo.\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return {path, folder / "vanished.md", folder / ".hidden" / "c.md"}

    told = Script(memory, [folder]).run(change)
    assert [(done.format, done.read, done.stored, done.known) for done in told] == [
        ("text", 2, 2, 0), ("text", 2, 1, 1),
    ]  # fmt: skip


def test_a_folder_is_waited_for_and_files_may_vanish(memory: Memory, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    folder.mkdir()

    def arrive() -> set[Path]:
        (folder / "n.md").write_text("Here.")
        return {folder / "n.md"}

    def vanish() -> set[Path]:
        (folder / "n.md").unlink()
        return {folder / "n.md"}

    def all_gone() -> set[Path]:
        folder.rmdir()
        return {folder}

    told = Script(memory, [folder]).run(arrive, vanish, all_gone, set)
    assert [(done.stored, done.reasons) for done in told] == [(1, ())]


def test_a_moved_in_folder_is_read_as_a_whole(memory: Memory, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("One.")

    def move() -> set[Path]:
        (folder / "new").mkdir()
        (folder / "new" / "b.md").write_text("Two.")
        return {folder / "new"}

    Script(memory, [folder]).run(move)
    assert texts(memory) == ["One.", "Two."]


def test_what_is_no_news(memory: Memory, tmp_path: Path) -> None:
    script = Script(memory, [tmp_path], format="text", avoid=tmp_path / "m.mnemic")
    for name, news in {
        "m.mnemic": False, "m.mnemic-wal": False, "a.md": True, "node_modules/a.md": False,
        ".venv/x.md": False, ".git/logs/HEAD": False, "sub/.draft.md": True,
    }.items():  # fmt: skip
        assert script.watch.concerns(str(tmp_path / name)) is news, name
    assert not script.watch.concerns("/elsewhere/a.md")
    histories = Script(memory, [tmp_path], format="git")
    assert histories.watch.concerns(str(tmp_path / ".git" / "logs" / "HEAD"))
    assert not histories.watch.concerns(str(tmp_path / ".git" / "index.lock"))


def test_paths_and_formats_are_checked_at_once(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="does not exist"):
        Script(memory, [tmp_path / "nowhere"])
    with pytest.raises(ImportFailed, match="unknown format"):
        Script(memory, [tmp_path], format="word")
    odd = tmp_path / "odd.bin"
    odd.write_bytes(b"\x00")
    assert "not recognised" in Script(memory, [odd]).watch.once()[0].reasons[0][1]


# --- the commands ---------------------------------------------------------------------------


def command(*words: str, db: Path) -> list[str]:
    return [sys.executable, "-m", "mnemic.serve.cli", *words, "--db", str(db), "--no-deep"]


def run(*words: str, db: Path, code: int = 0) -> str:
    done = subprocess.run(command(*words, db=db), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_once_is_a_single_pass(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "2024-01-01.md").write_text("One.")
    assert "stored 1" in run("watch", str(notes), "--once", db=tmp_path / "m")
    assert "already known 1" in run("watch", str(notes), "--once", db=tmp_path / "m")
    (tmp_path / "x.bin").write_bytes(b"\x00")
    assert "not recognised" in run(
        "watch", str(tmp_path / "x.bin"), "--once", db=tmp_path / "m", code=1
    )
    assert "does not exist" in run(
        "watch", str(tmp_path / "nowhere"), "--once", db=tmp_path / "m", code=2
    )


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_watching_sees_changes_and_ends_cleanly(tmp_path: Path, sent: signal.Signals) -> None:
    pytest.importorskip("watchfiles")
    folder = tmp_path / "projects"
    folder.mkdir()
    (folder / "s.jsonl").write_text(line(0))
    words = command("watch", str(folder), "--json", db=tmp_path / "m")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["stored"] == 1
            with (folder / "s.jsonl").open("a") as stream:
                stream.write(line(1))
            assert json.loads(process.stdout.readline())["stored"] == 1
            time.sleep(0.2)
            process.send_signal(sent)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_help_lists_every_format() -> None:
    from mnemic.importers import FORMATS

    done = subprocess.run(
        [sys.executable, "-m", "mnemic.serve.cli", "import", "--help"],
        capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    for name, importer in FORMATS.items():
        assert f"{name}: {importer.reads}" in done.stdout


def test_a_failed_import_makes_no_store(tmp_path: Path) -> None:
    assert "unknown format" in run("import", "word", str(tmp_path), db=tmp_path / "m", code=2)
    assert "does not exist" in run("import", "auto", "nowhere", db=tmp_path / "m", code=2)
    assert not (tmp_path / "m").exists()
