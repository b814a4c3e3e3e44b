"""`mcp install`: an entry goes in and out of a client's files, and every other byte stays."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mnemic.errors import InvalidInput
from mnemic.serve.cli import app
from mnemic.serve.mcp import install
from mnemic.serve.mcp.clients import CLIENTS, Client, Level
from mnemic.serve.mcp.install import ENTRY, Wish, planned, to_paste, write
from mnemic.serve.mcp.json_text import put, take, value_at
from mnemic.testing.growth import assert_linear

WISH = Wish(["/opt/mnemic"], ["--db", "/data/my memory.mnemic"])
LEVELS: list[tuple[str, Level]] = [
    (name, level) for name, client in CLIENTS.items() for level in client.files
]


def plan(client: Client, level: Level, root: Path, **more: Any) -> list[install.Change]:
    wish = more.pop("wish", WISH)
    return planned(client, wish, level, home=root / "home", project=root / "project", **more)


def carry_out(client: Client, level: Level, root: Path, **more: Any) -> None:
    for change in plan(client, level, root, **more):
        write(change)


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".before-mnemic-" not in path.name
    }


@pytest.fixture(autouse=True)
def _no_settings_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


# -- every client ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_in_twice_and_out_again(tmp_path: Path, name: str, level: Level) -> None:
    """A first run writes files the client can read, a second changes nothing, --uninstall undoes it."""
    client = CLIENTS[name]
    carry_out(client, level, tmp_path)
    path = client.file(level, tmp_path / "home", tmp_path / "project")
    assert path is not None
    text = path.read_text()
    held = tomllib.loads(text) if client.form == "toml" else json.loads(text)
    entry = held[client.key][ENTRY]
    assert entry["command"] == "/opt/mnemic"
    assert entry["args"] == ["mcp", "--db", "/data/my memory.mnemic"]
    assert plan(client, level, tmp_path) == []
    carry_out(client, level, tmp_path, remove=True)
    assert "opt/mnemic" not in "".join(value.decode() for value in files(tmp_path).values())
    assert plan(client, level, tmp_path, remove=True) == []


@pytest.mark.parametrize(("name", "level"), [one for one in LEVELS if one[0] != "codex"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["  ", "\t", "    "])
def test_what_else_is_in_a_json_file_keeps_its_bytes(
    tmp_path: Path, name: str, level: Level, newline: str, indent: str
) -> None:
    """Odd spacing, key order, numbers, escapes: all as before; out again gives the first bytes."""
    client = CLIENTS[name]
    path = client.file(level, tmp_path / "home", tmp_path / "project")
    assert path is not None
    path.parent.mkdir(parents=True)
    before = newline.join(
        ["{", f'{indent}"zeta": 1.50,   "caf\\u00e9" :[1,2 , {{}} ],', f'{indent}"{client.key}": {{',
         f'{indent}{indent}"other": {{"command": "x", "args": []}}', f"{indent}}},", f'{indent}"alpha": null', "}", ""]
    )  # fmt: skip
    path.write_bytes(before.encode())
    carry_out(client, level, tmp_path, wish=Wish(["m"], hooks=False))
    after = path.read_bytes().decode()
    assert '"zeta": 1.50,   "caf\\u00e9" :[1,2 , {} ]' in after
    assert after.replace("\r\n", "").count("\n") == (0 if newline == "\r\n" else after.count("\n"))
    assert json.loads(after)[client.key]["other"] == {"command": "x", "args": []}
    carry_out(client, level, tmp_path, remove=True)
    assert path.read_bytes().decode() == before


def test_other_hooks_keep_their_places(tmp_path: Path) -> None:
    """Ours go beside a user's own, are renewed where they changed, and leave alone."""
    client = CLIENTS["claude-code"]
    path = tmp_path / "home" / ".claude" / "settings.json"
    path.parent.mkdir(parents=True)
    theirs = {
        "matcher": "startup",
        "hooks": [{"type": "command", "command": "echo mnemic is nice"}],
    }
    before = json.dumps(
        {"hooks": {"SessionStart": [theirs], "PreToolUse": []}, "model": "x"}, indent=2
    )
    path.write_text(before)
    carry_out(client, "user", tmp_path)
    carry_out(client, "user", tmp_path, wish=Wish(["/new/mnemic"], prompt_hook=True))
    held = json.loads(path.read_text())
    assert held["model"] == "x"
    starts = held["hooks"]["SessionStart"]
    assert starts[0] == theirs
    assert [one["hooks"][0]["command"] for one in starts[1:]] == [
        "/new/mnemic hook claude-code session-start"
    ]
    assert set(held["hooks"]) == {
        "SessionStart",
        "PreToolUse",
        "SessionEnd",
        "PreCompact",
        "UserPromptSubmit",
    }
    carry_out(client, "user", tmp_path, remove=True)
    assert path.read_text() == before


def test_hooks_can_be_left_out(tmp_path: Path) -> None:
    carry_out(CLIENTS["claude-code"], "user", tmp_path, wish=Wish(["m"], hooks=False))
    assert set(files(tmp_path)) == {"home/.claude.json"}


def test_a_program_with_spaces_is_quoted(tmp_path: Path) -> None:
    carry_out(
        CLIENTS["claude-code"], "user", tmp_path, wish=Wish(["/my apps/mnemic"], ["--db", "/d b"])
    )
    held = json.loads((tmp_path / "home/.claude/settings.json").read_text())
    if sys.platform != "win32":
        assert held["hooks"]["SessionEnd"][0]["hooks"][0]["command"] == (
            "'/my apps/mnemic' hook claude-code session-end --db '/d b'"
        )


# -- Codex's TOML ----------------------------------------------------------------------------

TOML = '# mine\nmodel = "gpt"   # keep\n\n[mcp_servers.other]\ncommand = "x"\n\n[profiles.a]\nb = 1'


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_toml_is_appended_to_and_never_rewritten(tmp_path: Path, newline: str, end: str) -> None:
    client = CLIENTS["codex"]
    path = tmp_path / "home" / ".codex" / "config.toml"
    path.parent.mkdir(parents=True)
    before = (TOML + end).replace("\n", newline)
    path.write_bytes(before.encode())
    carry_out(client, "user", tmp_path, wish=WISH)
    after = path.read_bytes().decode()
    assert after.startswith(before)
    assert tomllib.loads(after)["mcp_servers"][ENTRY]["args"][0] == "mcp"
    assert tomllib.loads(after)["mcp_servers"]["other"] == {"command": "x"}
    carry_out(client, "user", tmp_path, wish=Wish(["/new"]))
    assert tomllib.loads(path.read_text())["mcp_servers"][ENTRY]["command"] == "/new"
    carry_out(client, "user", tmp_path, remove=True)
    assert path.read_bytes().decode().rstrip("\r\n") == before.rstrip("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "mcp_servers = { a = { command = 'x' } }\n",
        "[mcp_servers.mnemic]\ncommand = 'mine'\n",
        "a = \n",
        "mcp_servers = 5",
    ],
)
def test_toml_that_cannot_be_appended_to_is_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "home" / ".codex" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        plan(CLIENTS["codex"], "user", tmp_path)
    assert "[mcp_servers.mnemic]" in str(caught.value), "what to paste is told"
    assert path.read_text() == text


# -- what cannot be changed ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{\n  // a comment\n  "context_servers": {}\n}', '{"a": 1,}', "{", "not json", '{"context_servers": []}',
        '{"context_servers": 3}', "[]", '"x"', "[" * 2000 + "]" * 2000,
    ],
)  # fmt: skip
def test_json_that_cannot_be_changed_is_left(tmp_path: Path, text: str) -> None:
    """Comments, broken files, values of another kind: refused, with what to paste; no byte changed."""
    client = CLIENTS["zed"]
    path = client.file("user", tmp_path / "home", tmp_path)
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        carry_out(client, "user", tmp_path)
    assert str(path) in str(caught.value)
    assert '"mnemic"' in str(caught.value)
    assert path.read_text() == text


def test_a_name_twice_is_never_half_changed(tmp_path: Path) -> None:
    """Of a name that stands twice the last counts; it is changed there, or the file is left."""
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"mcpServers": {"a": 1}, "mcpServers": {"b": 2}, "x": 1}')
    carry_out(CLIENTS["cursor"], "user", tmp_path)
    held = json.loads(path.read_text())
    assert held["mcpServers"]["b"] == 2
    assert held["mcpServers"][ENTRY]


def test_bytes_that_are_no_text_are_left(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InvalidInput, match="UTF-8"):
        plan(CLIENTS["cursor"], "user", tmp_path)


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    carry_out(CLIENTS["cursor"], "user", tmp_path)
    assert path.read_bytes().startswith(b'\xef\xbb\xbf{"a": 1, ')


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "home" / ".cursor"
    folder.mkdir(parents=True)
    (folder / "mcp.json").write_text("{}")
    folder.chmod(0o500)
    try:
        with pytest.raises(OSError):
            carry_out(CLIENTS["cursor"], "user", tmp_path)
        assert (folder / "mcp.json").read_text() == "{}"
    finally:
        folder.chmod(0o700)


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "home" / ".cursor").parent.mkdir(parents=True)
    (tmp_path / "home" / ".cursor").write_text("a file where a folder should be")
    with pytest.raises(OSError):
        carry_out(CLIENTS["cursor"], "user", tmp_path)


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    change, *_ = plan(CLIENTS["cursor"], "user", tmp_path)
    path.write_text('{"new": 1}')
    with pytest.raises(InvalidInput, match="changed meanwhile"):
        write(change)
    assert path.read_text() == '{"new": 1}'


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    """Settings kept elsewhere and linked are changed where they are; a backup lies beside."""
    real = tmp_path / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_text("{}")
    real.chmod(0o640)
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    backups = [
        write(change)
        for change in plan(CLIENTS["cursor"], "user", tmp_path, wish=Wish(["m"], hooks=False))
    ]
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert backups[0] is not None
    assert backups[0].read_text() == "{}"


def test_what_to_paste_is_what_would_be_written() -> None:
    assert (
        json.loads(to_paste(CLIENTS["zed"], WISH))["context_servers"][ENTRY]["command"]
        == "/opt/mnemic"
    )
    assert (
        tomllib.loads(to_paste(CLIENTS["codex"], WISH))["mcp_servers"][ENTRY]["command"]
        == "/opt/mnemic"
    )


# -- the command -----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_shows_first_and_asks(home: Path) -> None:
    """--dry-run and 'no' change nothing; --yes changes; the diff is shown every time."""
    run = CliRunner()
    for arguments, reply in ((["--dry-run"], ""), ([], "n\n")):
        found = run.invoke(app, ["mcp", "install", "cursor", *arguments], input=reply)
        assert '+    "mnemic": {' in found.stdout
        assert files(home) == {}
    found = run.invoke(app, ["mcp", "install", "cursor", "--yes", "--scope", "me/x"])
    assert found.exit_code == 0
    assert json.loads((home / ".cursor/mcp.json").read_text())["mcpServers"][ENTRY]["args"][
        -2:
    ] == ["--scope", "me/x"]
    assert (
        "nothing to change"
        in run.invoke(app, ["mcp", "install", "cursor", "--yes", "--scope", "me/x"]).stdout
    )


def test_a_projects_file_names_the_program_only(home: Path) -> None:
    """What others share has no path of this machine."""
    CliRunner().invoke(app, ["mcp", "install", "claude-code", "--project", "--yes"])
    entry = json.loads((home / ".mcp.json").read_text())["mcpServers"][ENTRY]
    assert entry == {"type": "stdio", "command": "mnemic", "args": ["mcp"]}


@pytest.mark.parametrize(
    ("arguments", "tells"),
    [
        (["emacs"], "claude-code, codex"),
        (["windsurf", "--project"], "--project"),
        (["zed", "--scope", "../x"], "../x"),
    ],
)
def test_a_mistake_is_named(home: Path, arguments: list[str], tells: str) -> None:
    found = CliRunner().invoke(app, ["mcp", "install", *arguments])
    assert isinstance(found.exception, InvalidInput)
    assert tells in str(found.exception)
    assert files(home) == {}


# -- JSON as text ----------------------------------------------------------------------------

_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_KEYS = st.text(max_size=5)


@settings(deadline=None)
@given(
    whole=st.dictionaries(_KEYS, _VALUE, max_size=5), path=st.lists(_KEYS, min_size=1, max_size=3), value=_VALUE,
    indent=st.sampled_from([None, 1, 2, "\t"]), ascii_=st.booleans(),
)  # fmt: skip
def test_put_changes_one_value_and_take_takes_it_back(
    whole: dict[str, Any], path: list[str], value: Any, indent: Any, ascii_: bool
) -> None:
    """For any JSON: only the value at the path differs; taking out what was put in gives the bytes back."""
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_)
    try:
        after = put(text, path, value)
    except InvalidInput:
        held: Any = whole
        for step in path[:-1]:
            held = held.get(step, {})
            if not isinstance(held, dict):
                return
        raise
    expected = json.loads(text)
    at = expected
    for step in path[:-1]:
        at = at.setdefault(step, {})
    new = path[-1] not in at
    at[path[-1]] = value
    assert json.loads(after) == expected
    if new and value_at(text, path[:-1]) not in (None, {}):
        assert take(after, path) == text


@given(st.text(max_size=60), st.lists(_KEYS, min_size=1, max_size=2))
def test_what_is_no_json_is_refused(text: str, path: list[str]) -> None:
    try:
        json.loads(text)
    except ValueError:
        if text.strip():
            with pytest.raises(InvalidInput):
                put(text, path, 1)


def test_a_big_file_is_changed_quickly() -> None:
    def changed(text: str) -> None:
        assert value_at(put(text, ("mcpServers", "m"), 1), ("mcpServers", "m")) == 1

    def made(count: int) -> str:
        return json.dumps({f"k{n}": {"a": [n] * 20, "b": "x" * 50} for n in range(count)}, indent=2)

    assert_linear(changed, made, 2_000, more_max=40)  # large objects cost memory too


# -- other people's files --------------------------------------------------------------------


def codex(root: Path, text: str) -> Path:
    path = root / "home/.codex/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


THEIRS = '[projects."/home/ana/shop"]\ntrust_level = "trusted"\n'


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_table_that_codex_put_between_our_marks_stays(tmp_path: Path, newline: str) -> None:
    """Codex adds tables at the end of its file, which may be before our closing mark."""
    path = codex(tmp_path, 'model = "x"\n')
    carry_out(CLIENTS["codex"], "user", tmp_path)
    mixed = path.read_text().replace("# <<< mnemic", THEIRS + "# <<< mnemic")
    path.write_bytes(mixed.replace("\n", newline).encode())
    other = Wish(["/opt/other"])
    carry_out(CLIENTS["codex"], "user", tmp_path, wish=other)
    held = tomllib.loads(path.read_text())
    assert held["projects"]["/home/ana/shop"] == {"trust_level": "trusted"}
    assert held["mcp_servers"][ENTRY]["command"] == "/opt/other"
    carry_out(CLIENTS["codex"], "user", tmp_path, remove=True)
    assert tomllib.loads(path.read_text()) == {
        "model": "x", "projects": {"/home/ana/shop": {"trust_level": "trusted"}}
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a = 1\n\n\n", "a = 1\n", "# only words\n\n[b]\nc = 2\n", "a = 1\r\n"]
)
def test_a_toml_file_is_byte_for_byte_what_it_was(tmp_path: Path, text: str) -> None:
    path = codex(tmp_path, text)
    carry_out(CLIENTS["codex"], "user", tmp_path)
    carry_out(CLIENTS["codex"], "user", tmp_path, remove=True)
    assert path.read_bytes().decode() == text


def test_what_was_added_to_our_own_table_is_not_lost_unsaid(tmp_path: Path) -> None:
    """A table below ours, or our marks within a text, are left to the user."""
    inside = 'note = """\n# >>> mnemic >>>\n[x]\n# <<< mnemic <<<\n"""\n'
    path = codex(tmp_path, inside)
    with pytest.raises(InvalidInput):
        plan(CLIENTS["codex"], "user", tmp_path)
    assert path.read_text() == inside
    path.write_text("[mcp_servers.mnemic]\ncommand = 'x'\n")
    with pytest.raises(InvalidInput, match="of its own"):
        plan(CLIENTS["codex"], "user", tmp_path, remove=True)


@pytest.mark.parametrize(
    "text",
    ['{"a": {"x": 1}, "b": 2, "a": {"x": 3}}', '{"a": {"x": 1, "y": 2, "x": 3}}',
     '{"a": {"x": 1}, "a": {"y": 1, "x": 2}, "c": 0}'],
)  # fmt: skip
def test_a_name_that_comes_twice_is_refused_or_done_right(text: str) -> None:
    for change in (lambda: take(text, ("a", "x")), lambda: put(text, ("a", "x"), 9)):
        with suppress(InvalidInput):  # refused is right as well
            changed = json.loads(change())
            assert changed["a"].get("x") in (None, 9)
            assert {**changed, "a": 0} == {**json.loads(text), "a": 0}


def test_a_hook_beside_ours_in_one_group_stays(tmp_path: Path) -> None:
    """What the user put into our group, or calls alike, is theirs."""
    carry_out(CLIENTS["claude-code"], "user", tmp_path)
    path = tmp_path / "home/.claude/settings.json"
    held = json.loads(path.read_text())
    mine = {"type": "command", "command": "~/bin/notify"}
    alike = {"hooks": [{"type": "command", "command": "echo mnemic has a hook for everyone"}]}
    held["hooks"]["SessionEnd"][0]["hooks"].append(mine)
    held["hooks"]["SessionEnd"].append(alike)
    path.write_text(json.dumps(held, indent=2))
    carry_out(CLIENTS["claude-code"], "user", tmp_path, wish=Wish(["/opt/new mnemic/mnemic"]))
    lines = [
        one["command"]
        for group in json.loads(path.read_text())["hooks"]["SessionEnd"]
        for one in group["hooks"]
    ]
    assert [line for line in lines if "session-end" in line] == [
        "'/opt/new mnemic/mnemic' hook claude-code session-end"
    ]
    carry_out(CLIENTS["claude-code"], "user", tmp_path, remove=True)
    assert json.loads(path.read_text()) == {"hooks": {"SessionEnd": [{"hooks": [mine]}, alike]}}


@pytest.mark.parametrize("before", ["\ufeff{}\r\n", " \n", "\ufeff"])
def test_a_mark_or_blanks_at_the_start_of_a_file_of_hooks_do_no_harm(
    tmp_path: Path, before: str
) -> None:
    path = tmp_path / "home/.claude/settings.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(before.encode())
    carry_out(CLIENTS["claude-code"], "user", tmp_path)
    text = path.read_bytes().decode()
    assert text.startswith("\ufeff") == before.startswith("\ufeff")
    assert "SessionStart" in json.loads(text.removeprefix("\ufeff"))["hooks"]
    carry_out(CLIENTS["claude-code"], "user", tmp_path, remove=True)
    assert json.loads(path.read_bytes().decode("utf-8-sig")) == {}
