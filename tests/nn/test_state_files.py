"""States as files: what is not one, or not whole, or not ours, is refused in words."""

# ruff: noqa: E402
from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file, safe_open, save_file

from mnemic.errors import InvalidTensor, NewerState, NotAState, StateMismatch
from mnemic.nn import Inputs, State, fingerprint, load_states, make_rule, save_states
from mnemic.nn.exact import CacheState, ExactCache, PooledCache
from mnemic.nn.state_file import _checksum

MINE = fingerprint({"rule": "delta", "heads": 2})


@pytest.fixture
def state() -> State:
    rule = make_rule("delta")
    k = torch.nn.functional.normalize(torch.randn(1, 5, 2, 4), dim=-1)
    inputs = Inputs(k, k, torch.randn(1, 5, 2, 3), beta=torch.rand(1, 5, 2))
    return rule.run(rule.init_state(1, 2, 4, 3), inputs).state


@pytest.fixture
def path(tmp_path: Path, state: State) -> Path:
    save_states(tmp_path / "a.state", {"layers.0": state}, fingerprint=MINE)
    return tmp_path / "a.state"


def rewrite(path: Path, **changes: str) -> None:
    """The same tensors under another header, whose checksum fits, as who means harm would do."""
    with safe_open(path, framework="pt") as file:
        metadata = {**file.metadata(), **changes}
    tensors = load_file(path)
    if "checksum" not in changes:
        metadata["checksum"] = _checksum(metadata["states"], tensors)
    save_file(tensors, path, metadata=metadata)


def test_a_state_comes_back_by_name(path: Path, state: State) -> None:
    loaded = load_states(path, fingerprint=MINE)
    assert list(loaded) == ["layers.0"]
    assert loaded["layers.0"].equals(state)
    assert [p.name for p in path.parent.iterdir()] == ["a.state"]


def test_one_state_saves_and_loads_itself(path: Path, state: State) -> None:
    state.save(path, fingerprint=MINE)
    assert State.load(path, fingerprint=MINE).equals(state)
    with pytest.raises(StateMismatch, match="kind 'matrix'"):
        CacheState.load(path, fingerprint=MINE)
    save_states(path, {"a": state, "b": state}, fingerprint=MINE)
    with pytest.raises(NotAState, match="use load_states"):
        State.load(path, fingerprint=MINE)


def test_a_caches_scores_stay_float32() -> None:
    narrow = ExactCache(1, 2, width=2, chunk=2).init_state(1, 3)
    wide = narrow.to(dtype=torch.float64)
    assert wide.slots.k.dtype == torch.float64
    assert wide.slots.score.dtype == torch.float32
    assert wide.to(dtype=torch.float32).equals(narrow)


def test_a_cut_file_is_refused_at_every_length(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(NotAState):
            load_states(path, fingerprint=MINE)


def test_a_flipped_bit_is_refused_anywhere_in_the_tensors(path: Path, state: State) -> None:
    whole = bytearray(path.read_bytes())
    for back in range(1, state.nbytes + 1, 5):
        changed = whole.copy()
        changed[-back] ^= 1
        path.write_bytes(changed)
        with pytest.raises(NotAState, match="checksum"):
            load_states(path, fingerprint=MINE)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a state", b"\xff" * 64, pickle.dumps({"a": 1}), (2**62).to_bytes(8, "little")],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(NotAState, match="not a state file"):
        load_states(path, fingerprint=MINE)


def test_safetensors_of_others_are_refused(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "model.safetensors")
    with pytest.raises(NotAState, match="format"):
        load_states(tmp_path / "model.safetensors", fingerprint=MINE)


def test_a_later_version_another_model_and_no_file_are_told_apart(path: Path) -> None:
    with pytest.raises(StateMismatch, match="model that wrote it"):
        load_states(path, fingerprint=fingerprint({"rule": "linear"}))
    rewrite(path, version="99")
    with pytest.raises(NewerState, match="99"):
        load_states(path, fingerprint=MINE)
    rewrite(path, version="one")
    with pytest.raises(NotAState, match="no number"):
        load_states(path, fingerprint=MINE)
    with pytest.raises(FileNotFoundError, match="no state file"):
        load_states(path.with_name("none"), fingerprint=MINE)


@pytest.mark.parametrize(
    "described",
    [
        {"layers.0": {"kind": "unheard of", "rule": "delta", "position": 1}},
        {"layers.0": {"kind": "matrix", "rule": "delta", "position": -1}},
        {"layers.0": {"kind": "matrix", "rule": "delta", "position": "5"}},
        {"layers.0": {"kind": "matrix", "rule": "delta"}},
        {"layers.1": {"kind": "matrix", "rule": "delta", "position": 1}},
        {"layers.0": {"kind": "exact_cache", "rule": "delta", "position": 1}},
        {"layers.0": {"kind": "matrix", "rule": "delta", "position": True}},
        {"layers.0": {"kind": "matrix", "rule": "delta", "position": 5.0}},
        {"layers.0": {"kind": "matrix", "rule": "delta", "position": 10**30}},
        {"layers.0": {"kind": "matrix", "rule": 3, "position": 5}},
        ["layers.0"],
        7,
    ],
)
def test_headers_that_lie_are_refused(path: Path, described: object) -> None:
    rewrite(path, states=json.dumps(described))
    with pytest.raises(NotAState, match="hold together"):
        load_states(path, fingerprint=MINE)


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", ""])
def test_versions_that_are_none_are_refused(path: Path, version: str) -> None:
    rewrite(path, version=version)
    with pytest.raises(NotAState, match="no number"):
        load_states(path, fingerprint=MINE)


def test_a_header_too_deep_to_read_is_refused(path: Path) -> None:
    rewrite(path, states="[" * 100_000)
    with pytest.raises(NotAState, match="hold together"):
        load_states(path, fingerprint=MINE)


def test_a_changed_digit_in_the_header_is_damage(path: Path) -> None:
    raw = path.read_bytes()
    assert raw.count(b'\\"position\\": 5') == 1
    path.write_bytes(raw.replace(b'\\"position\\": 5', b'\\"position\\": 4'))
    with pytest.raises(NotAState, match="checksum"):
        load_states(path, fingerprint=MINE)


def test_a_pooled_state_of_one_row_saves_after_a_run(tmp_path: Path) -> None:
    """Its count is one number of an odd stride."""
    cache, rule = PooledCache(2, 4, width=3), make_rule("linear")
    q = torch.randn(1, 5, 2, 4)
    done = rule.run(rule.init_state(1, 2, 4, 4), Inputs(q, q, q))
    importance = torch.zeros(1, 5, 1)
    kept = cache(
        cache.init_state(1, 4), Inputs(q, q, q), done.out, done.write_magnitude, importance
    )
    kept.state.save(tmp_path / "a", fingerprint=MINE)
    assert State.load(tmp_path / "a", fingerprint=MINE).equals(kept.state)


def test_a_file_may_be_read_by_who_has_imported_nothing_else(tmp_path: Path) -> None:
    ExactCache(1, 2, width=2, chunk=2).init_state(1, 3).save(tmp_path / "a", fingerprint=MINE)
    code = (
        "import sys; from mnemic.nn import load_states; "
        "print(load_states(sys.argv[1], fingerprint=sys.argv[2])['state'].kind)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a"), MINE],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "exact_cache"


@pytest.mark.skipif(os.name == "nt", reason="no modes")
def test_a_file_may_be_read_by_whom_it_could_be_read_before(path: Path, state: State) -> None:
    path.chmod(0o640)
    save_states(path, {"": state}, fingerprint=MINE)
    assert path.stat().st_mode & 0o777 == 0o640
    link = path.with_name("link")
    link.symlink_to(path)
    save_states(link, {"again": state}, fingerprint=MINE)
    assert link.is_symlink()
    assert list(load_states(path, fingerprint=MINE)) == ["again"]


def test_saving_replaces_whole_or_not_at_all(
    path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails half-way leaves the old file, and nothing beside it."""

    def half(_tensors: object, where: Path, **_rest: object) -> None:
        where.write_bytes(b"half")
        raise OSError("disk")

    before = path.read_bytes()
    monkeypatch.setattr("mnemic.nn.state_file.save_file", half)
    with pytest.raises(OSError, match="disk"):
        save_states(path, {"": state}, fingerprint=MINE)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["a.state"]


def test_fingerprints_do_not_depend_on_order() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_states_move_and_keep_their_whole_numbers(state: State) -> None:
    wide = state.to(dtype=torch.float64)
    assert {t.dtype for _, t in wide.tensors()} == {torch.float64}
    assert wide.nbytes == 2 * state.nbytes
    with pytest.raises(InvalidTensor, match="float16"):
        state.to(dtype=torch.float16)


def test_a_file_is_as_large_however_far_its_state_has_come(state: State, tmp_path: Path) -> None:
    for name, position in (("a", 5), ("b", 5_000_000_000)):
        save_states(tmp_path / name, {"": replace(state, position=position)}, fingerprint=MINE)
    assert (tmp_path / "a").stat().st_size == (tmp_path / "b").stat().st_size
    assert load_states(tmp_path / "b", fingerprint=MINE)[""].position == 5_000_000_000
