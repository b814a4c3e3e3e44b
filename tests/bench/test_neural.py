"""The associative-recall benchmark: what is asked has an answer, and all memories meet the same."""

# ruff: noqa: E402
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from rich.console import Console

from mnemic.bench.neural import run_mqar
from mnemic.bench.neural.accuracy import CELLS, accuracy
from mnemic.bench.neural.comparison import compare
from mnemic.bench.neural.memories import (
    CONTROLS,
    config_of,
    memory_names,
    sizes_of,
)
from mnemic.bench.neural.mqar import IGNORED, Mqar
from mnemic.bench.neural.table import show
from mnemic.bench.neural.training import Stage, Training, curriculum, train
from mnemic.errors import InvalidInput, InvalidTensor
from mnemic.nn.models import ModelConfig

KINDS = (
    Mqar(4, 32),
    Mqar(16, 64, uniform=True),
    Mqar(5, 40, prefix=7),
    Mqar(6, 40, overwritten=3, prefix=2),
    Mqar(4, 24, overwritten=4),
    Mqar(127, 600),
)


def sample(kind: Mqar, batch: int = 8, seed: int = 3) -> tuple[Any, Any]:
    return kind.sample(batch, torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_key_told_is_asked_once_and_its_last_value_is_the_answer(kind: Mqar) -> None:
    tokens, labels = sample(kind)
    assert tokens.shape == labels.shape == (8, kind.prefix + kind.length)
    for row, answers in zip(tokens.tolist(), labels.tolist(), strict=True):
        end = kind.prefix + 2 * kind.told
        told: dict[int, int] = {}
        for place in range(kind.prefix, end, 2):
            told[row[place]] = row[place + 1]
        asked = {row[t]: answers[t] for t in range(len(row)) if answers[t] != IGNORED}
        assert asked == told
        assert sum(a != IGNORED for a in answers) == kind.pairs
        assert all(a == IGNORED for a in answers[:end])
        assert all(0 < key < 128 <= value < 256 for key, value in told.items())
        assert len(set(row[kind.prefix + 1 : end : 2])) == kind.told


def test_the_same_seed_gives_the_same_sequences() -> None:
    kind = Mqar(8, 64, overwritten=2)
    for one, other in zip(sample(kind), sample(kind), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(sample(kind)[0], sample(kind, seed=4)[0])


def test_power_law_gaps_are_shorter_than_uniform_ones() -> None:
    middles = []
    for uniform in (False, True):
        _, labels = sample(Mqar(8, 256, uniform=uniform), batch=64)
        middles.append((labels != IGNORED).nonzero()[:, 1].float().median())
    assert middles[0] + 40 < middles[1]


def test_filler_is_random_over_the_whole_vocabulary() -> None:
    tokens, _ = sample(Mqar(2, 64, prefix=500), batch=64)
    counts = torch.bincount(tokens[:, :500].flatten(), minlength=256)
    assert counts.min() > 80
    assert counts.max() < 180


def test_names_say_the_kind_and_what_does_not_fit_is_refused() -> None:
    assert [kind.name for kind in KINDS[:4]] == ["4@32", "16@64u", "p7+5@40", "p2+6w3@40"]
    for wrong in (
        {"pairs": 0},
        {"pairs": 128, "length": 900},
        {"pairs": 9},
        {"overwritten": 5},
        {"overwritten": -1},
        {"prefix": -1},
        {"pairs": 8, "overwritten": 1},
    ):
        with pytest.raises(InvalidTensor):
            Mqar(**{"pairs": 4, "length": 32, **wrong})


def test_the_rate_rises_then_falls_and_the_curriculum_gets_harder() -> None:
    training = Training(100, curriculum(256))
    rates = [training.rate_at(step) for step in range(100)]
    assert rates[:5] == sorted(rates[:5])
    assert max(rates) == training.rate
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01 * training.rate
    lengths = [training.kind_at(step).length for step in range(100)]
    assert lengths == [64] * 35 + [128] * 65
    assert {training.kind_at(step).pairs for step in range(35, 100)} == {8, 16, 32}


def test_training_learns_and_repeats_itself_bit_for_bit() -> None:
    kind = Mqar(2, 8, vocabulary=8)
    config = ModelConfig(8, 16, [{"rule": "delta", "cache": {"width": 4, "chunk": 4}}])
    training = Training(60, [Stage(1.0, (kind,))], rate=1e-2, prefix_max=2)
    before = torch.random.get_rng_state()
    model = train(config, training, seed=1).model
    assert torch.equal(torch.random.get_rng_state(), before)
    short = Training(3, training.stages, prefix_max=2)
    once, again = (train(config, short, seed=1).model for _ in range(2))
    assert all(
        torch.equal(a, b) for a, b in zip(once.parameters(), again.parameters(), strict=True)
    )
    assert accuracy(model, kind) > accuracy(once, kind) + 0.2


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_has_the_bytes_of_its_memory_and_no_more(control: str) -> None:
    budget = sum(sizes_of(config_of(CONTROLS[control]), 128))
    assert 0.98 * budget < sum(sizes_of(config_of(control), 128)) <= budget
    lower, upper = config_of(control).layer_configs
    memory = config_of(CONTROLS[control]).layer_configs[0]
    assert lower.cache is upper.cache is None
    assert (lower.gates_see_conv, lower.slow) == (memory.gates_see_conv, memory.slow)


def test_a_cache_is_counted_beside_the_state_it_stands_on() -> None:
    state, cache = sizes_of(config_of("delta"), 128)
    assert cache == 0
    assert state == sizes_of(config_of("delta+cache"), 128)[0]


def test_every_memory_is_measured_in_every_cell() -> None:
    ticks: list[tuple[str, int, int]] = []
    runs = compare(
        ["delta", "softmax"],
        steps=2,
        seeds=2,
        sequences=2,
        progress=lambda *seen: ticks.append(seen),
    )
    assert [(run["memory"], run["seed"]) for run in runs] == [
        ("delta", 0), ("delta", 1), ("softmax", 0), ("softmax", 1),
    ]  # fmt: skip
    for run in runs:
        assert list(run) == [
            "memory", "seed", "steps", "state_bytes", "cache_bytes", "params", "cells",
            "tokens_per_s",
        ]  # fmt: skip
        assert list(run["cells"]) == [kind.name for kind in CELLS]
        assert all(0 <= share <= 1 for share in run["cells"].values())
    assert ticks[0] == ("delta, seed 0", 1, 2)
    assert all(isinstance(config_of(name), ModelConfig) for name in memory_names())


def test_a_run_is_printed_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_mqar(["delta"], steps=1, sequences=1, results_dir=tmp_path, json_output=True)
    printed = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "mqar.jsonl").read_text())
    assert printed == kept == result
    assert kept["task"] == "mqar"
    assert kept["runs"][0]["cells"].keys() == {kind.name for kind in CELLS}
    console = Console(width=100, record=True)
    show(result, console)
    assert "32@128" in console.export_text()
    assert "delta" in capsys.readouterr().out


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no memory 'hopfield'; the memories are: softmax"):
        compare(["hopfield"], steps=1)
    for wrong in ({"steps": 0}, {"seeds": 0}, {"sequences": 0}, {"prefix_max": -1}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            compare(["delta"], **{"steps": 1, **wrong})


@pytest.mark.parametrize(
    ("prelude", "said"),
    [("", "no memory 'x'"), ("sys.modules['torch'] = None", "mnemic[nn]")],
)
def test_the_command_says_in_one_line_what_is_wrong(prelude: str, said: str) -> None:
    code = f"import sys\n{prelude}\nfrom mnemic.serve.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "bench", "mqar", "--memories", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
