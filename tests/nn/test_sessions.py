"""Sessions of any model that is called like ours, as files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from tests.nn.test_layers_and_models import tokens

from mnemic.errors import NotAState, StateMismatch
from mnemic.nn.models import (
    Sampling,
    generate,
    load_session,
    preset,
    read_prompt,
    save_session,
)
from mnemic.nn.train import evaluate, new_model


class Foreign:
    """Nothing but the calling convention."""

    def __init__(self, seed: int = 0, width: int = 8) -> None:
        self._model = new_model(preset(11, layers=2, width=width, heads=2, cache_width=4), seed)
        self.config = SimpleNamespace(
            fingerprint=self._model.config.fingerprint, vocabulary=self._model.config.vocabulary
        )
        self.init_state = self._model.init_state
        self.step = self._model.step
        self.load_state = self._model.load_state

    def __call__(self, said: Any, state: Any = None) -> Any:
        done = self._model(said, state)
        return SimpleNamespace(logits=done.logits, state=done.state)


def test_a_foreign_model_speaks_and_remembers(tmp_path: Path) -> None:
    model = Foreign()
    logits, state = read_prompt(model, [1, 2, 3])
    greedy = Sampling(0)
    drawn = list(generate(model, logits, state, tokens=5, sampling=greedy))
    save_session(tmp_path / "a", model, drawn[2].state, "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    state = load_session(tmp_path / "a", model, "mine")
    assert state.equals(drawn[2].state)
    logits, after = read_prompt(model, [drawn[3].token], state)
    assert next(generate(model, logits, after, tokens=1, sampling=greedy)).token == drawn[4].token
    assert evaluate(model, tokens(1, 30)[0], 29).tokens == 29


def test_sessions_of_others_are_refused(tmp_path: Path) -> None:
    model, path = Foreign(), tmp_path / "a"
    save_session(path, model, model.init_state(1), "mine")
    with pytest.raises(StateMismatch, match=r"session of the weights 'mine', .* has 'yours'"):
        load_session(path, model, "yours")
    with pytest.raises(StateMismatch, match="belongs to the configuration"):
        load_session(path, Foreign(width=4), "mine")
    model.init_state(1).save(tmp_path / "bare", fingerprint=model.config.fingerprint)
    with pytest.raises(StateMismatch, match="session of the weights None"):
        load_session(tmp_path / "bare", model, "mine")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(NotAState, match="was cut short"):
        load_session(path, model, "mine")
    with pytest.raises(FileNotFoundError, match="no session"):
        load_session(tmp_path / "none", model, "mine")
