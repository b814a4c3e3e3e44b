"""`mnemic lm` as a person and a program use it."""

# ruff: noqa: E402

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file

from mnemic.serve.cli import main

TEXT = "".join(f"{n} times {n} is {n * n}, they say;\n\n" for n in range(90))
SMALL = ("--layers", "2", "--width", "8", "--heads", "2", "--context", "12", "--batch", "3")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mnemic.serve.cli", "lm", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def run(*arguments: str, code: int = 0, said: str = "") -> str:
    """In this process: starting one with torch takes seconds."""
    printed, complaints = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["mnemic", "lm", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(said))
        patch.setattr(sys, "stdout", printed)
        patch.setattr(sys, "stderr", complaints)
        patch.setenv("NO_COLOR", "1")
        patch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, printed.getvalue() + complaints.getvalue()
    return printed.getvalue() + (complaints.getvalue() if code else "")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained one; `text` lies beside it."""
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text").write_text(TEXT)
    made = run(
        "train", str(folder / "text"), "--out", str(folder / "m"), "--steps", "4", "--json", *SMALL
    )
    found = json.loads(made)
    assert found["finished"]
    assert found["step"] == 4
    return folder / "m"


def test_training_leaves_what_one_needs(model: Path) -> None:
    names = {path.name for path in model.iterdir()}
    assert {"config.json", "model.safetensors", "bytes_tokenizer.json", "run.json"} <= names
    lines = [json.loads(line) for line in (model / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]


def test_a_run_is_neither_overwritten_nor_resumed_as_another(model: Path) -> None:
    text, out = str(model.parent / "text"), ("--out", str(model))
    assert "nothing is overwritten" in run("train", text, *out, "--steps", "4", code=3)
    refused = run("train", *out, "--resume", "--rate", "0.5", code=3)
    assert "rate is 0.5, but the run" in refused
    assert "finished before" in run("train", *out, "--resume")
    assert "width is 16" in run("train", *out, "--resume", *SMALL[:2], "--width", "16", code=3)


def test_interrupting_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    """And going on starts from there; the picture is drawn."""
    (tmp_path / "text").write_text(TEXT)
    out = tmp_path / "m"
    line = ("train", str(tmp_path / "text"), "--out", str(out), "--steps", "4000", *SMALL)
    process = start(*line, "--tokenizer", "bpe:270", "--checkpoint-s", "0.2")
    deadline = time.monotonic() + 60
    while not list(out.glob("checkpoints/step-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, printed + complaints
    assert "--resume" in complaints
    (checkpoint,) = (out / "checkpoints").iterdir()
    step = int(checkpoint.name.removeprefix("step-"))
    assert len((out / "losses.jsonl").read_text().splitlines()) == step
    assert (out / "losses.png").is_file()
    before = signal.getsignal(signal.SIGTERM)

    def end_it() -> None:
        while signal.getsignal(signal.SIGTERM) == before:
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    ender = threading.Thread(target=end_it, daemon=True)
    ender.start()
    shown = run("train", "--out", str(out), "--resume", "--json", code=130)
    ender.join()
    assert signal.getsignal(signal.SIGTERM) == before
    rest = json.loads(shown.splitlines()[0])
    assert step < rest["step"] < 4000
    assert not rest["finished"]


def test_evaluating_with_more_and_less_in_memory(model: Path) -> None:
    text = str(model.parent / "text")
    found = json.loads(run("eval", str(model), text, "--context", "5", "--json"))
    assert [row["context"] for row in found["results"]] == [5, None]
    assert all(row["bytes"] == row["tokens"] == len(TEXT) - 1 for row in found["results"])
    shown = run("eval", str(model), text, "--limit-bytes", "500")
    assert "the whole text" in shown
    assert "499 tokens, 499 bytes" in shown


def test_generating_follows_the_seed(model: Path) -> None:
    ask = ("generate", str(model), "--prompt", "7 times", "--tokens", "20", "--seed", "3")
    first = json.loads(run(*ask, "--json"))
    assert first["tokens"] == 20
    assert json.loads(run(*ask, "--json"))["text"] == first["text"]
    assert "top_p is 3" in run(*ask, "--top-p", "3", code=2)
    assert run("generate", str(model), "--tokens", "3")


def test_a_session_survives_its_process_and_keeps_its_size(model: Path, tmp_path: Path) -> None:
    """Two turns in two processes end in the very state of two turns in one."""
    both, apart = tmp_path / "both.session", tmp_path / "apart.session"
    ask = ("chat", str(model), "--tokens", "9", "--temperature", "0", "--json", "--session")

    def turns(session: Path, said: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in run(*ask, str(session), said=said).splitlines()]

    whole = turns(both, "one\n\ntwo\n")
    process = start(*ask, str(apart))
    printed, complaints = process.communicate("one\n", timeout=60)
    assert process.returncode == 0, complaints
    first = [json.loads(printed)]
    size = apart.stat().st_size
    second = turns(apart, "two")
    assert first + second == whole
    assert first[0]["position"] < second[0]["position"]
    assert first[0]["state_bytes"] == second[0]["state_bytes"]
    assert apart.stat().st_size == size
    mine, theirs = load_file(apart), load_file(both)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_session_of_another_model_is_refused(model: Path, tmp_path: Path) -> None:
    """Also if only the weights differ."""
    session, other = tmp_path / "a.session", tmp_path / "other"
    run("chat", str(model), "--session", str(session), "--tokens", "2", said="hello\n")
    text = str(model.parent / "text")
    run("train", text, "--out", str(other), "--steps", "4", "--seed", "1", *SMALL)
    kept = session.read_bytes()
    ask = ("chat", str(other), "--session", str(session))
    assert "session of the weights" in run(*ask, said="hello\n", code=3)
    session.write_text("something else")
    assert "is no session" in run("chat", str(model), "--session", str(session), code=3)
    assert len(kept) > 0
    nowhere = str(tmp_path / "none" / "a.session")
    assert "no session can be kept" in run("chat", str(model), "--session", nowhere, code=2)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text(TEXT)
    assert "holds no model" in run("generate", str(tmp_path), code=3)
    assert "no text" in run("train", "--out", str(tmp_path / "m"), code=2)
    out = ("train", str(text), "--out", str(tmp_path / "m"))
    assert "no tokenizer 'x'" in run(*out, "--tokenizer", "x", code=2)
    assert "no rule 'dleta'" in run(*out, "--rule", "dleta", code=2)
    assert "JSON list" in run(*out, "--pattern", "[1]", code=2)
    assert not (tmp_path / "m").exists()


def test_layers_may_be_given_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(TEXT)
    (tmp_path / "layers").write_text('[{"rule": "softmax"}, {"cache": {"width": 2, "chunk": 2}}]')
    for n, given in enumerate((str(tmp_path / "layers"), (tmp_path / "layers").read_text())):
        out = tmp_path / str(n)
        rest = ("--pattern", given, "--steps", "1", "--out", str(out), *SMALL[2:])
        run("train", str(tmp_path / "text"), *rest)
        layers = json.loads((out / "config.json").read_text())["model"]["layers"]
        assert [layer["rule"] for layer in layers] == ["softmax", "gated_delta"]
        assert [layer["cache"] for layer in layers] == [None, {"width": 2, "chunk": 2}]
        assert layers[0]["mlp"] == 16


def test_an_official_checkpoint_talks(tmp_path: Path) -> None:
    """RWKV-7 of random weights: what it says means nothing, its session is a file all the same."""
    rwkv = pytest.importorskip("rwkv")
    from mnemic.nn.models.rwkv7 import Rwkv7Config, Rwkv7Model, save_checkpoint

    torch.manual_seed(0)
    save_checkpoint(Rwkv7Model(Rwkv7Config(65_536, 64, 1)), tmp_path / "tiny.pth")
    vocabulary = str(Path(rwkv.__path__[0]) / "rwkv_vocab_v20230424.txt")
    tiny, session = str(tmp_path / "tiny.pth"), tmp_path / "a.session"
    assert "needs --vocabulary" in run("generate", tiny, code=2)
    talk = ("chat", tiny, "--vocabulary", vocabulary, "--session", str(session), "--json")
    few = ("--tokens", "3", "--seed", "1")
    first = json.loads(run(*talk, *few, said="hello\n"))
    size = session.stat().st_size
    second = json.loads(run(*talk, *few, said="and again\n"))
    assert second["position"] > first["position"]
    assert second["state_bytes"] == first["state_bytes"]
    assert session.stat().st_size == size


def test_two_chats_do_not_overwrite_each_other(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one writes while this one still speaks."""
    import mnemic.serve.lm as lm

    session = tmp_path / "a.session"
    talk = ("chat", str(model), "--session", str(session), "--tokens", "2", "--seed", "1")
    run(*talk, said="one\n")
    speak = lm._speak

    def slowly(*arguments: Any) -> Any:
        reply = speak(*arguments)
        session.write_bytes(session.read_bytes() + b" ")
        return reply

    monkeypatch.setattr(lm, "_speak", slowly)
    assert "another chat has written" in run(*talk, said="two\n", code=2)


def test_a_run_is_resumed_with_some_of_its_flags(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(TEXT)
    folder = str(tmp_path / "run")
    run("train", str(tmp_path / "text"), "--out", folder, "--steps", "2", *SMALL)
    assert "step 2 of 2" in run("train", "--out", folder, "--resume", "--layers", "2")
    assert "begun with" in run("train", "--out", folder, "--resume", "--layers", "3", code=3)
