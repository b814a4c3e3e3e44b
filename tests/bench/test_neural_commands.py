"""The commands around neural memories, each end to end at the smallest size, and their plots."""

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
from typer.testing import CliRunner

from mnemic.bench.neural import (
    run_lm,
    run_nn_memory,
    run_nn_speed,
    run_noise,
    run_plots,
    run_state_tracking,
)
from mnemic.bench.neural.accuracy import accuracy
from mnemic.bench.neural.decode_probe import probe
from mnemic.bench.neural.footprint import measure_footprint
from mnemic.bench.neural.haystacks import needle_comparison, noise_comparison
from mnemic.bench.neural.knobs import WIDTHS, accuracy_against_bytes
from mnemic.bench.neural.layer_cost import LAYERS, SdpaLayer, make_layer, state_after
from mnemic.bench.neural.lineup import sizes_of
from mnemic.bench.neural.needle import Needle
from mnemic.bench.neural.plots import DRAWN, last_results
from mnemic.bench.neural.speed import measure_speed
from mnemic.bench.neural.table import show
from mnemic.bench.neural.text_models import LINEUP as TEXT_LINEUP
from mnemic.bench.neural.tracking import GroupWord
from mnemic.bench.neural.training import Stage, Training, train
from mnemic.errors import InvalidInput
from mnemic.nn.models import LanguageModel, ModelConfig
from mnemic.serve.cli import app

COMMANDS = ("mqar", "noise", "needle", "state-tracking", "nn-speed", "nn-memory", "lm", "plots")


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def kept(folder: Path, task: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{task}.jsonl").read_text().splitlines()]


def run_of(memory: str, cells: dict[str, float], seed: int = 0, **more: Any) -> dict[str, Any]:
    return {"memory": memory, "seed": seed, "steps": 9, "state_bytes": 2048 * (1 + len(memory)),
            "cache_bytes": 512, "params": 9, "cells": cells, "tokens_per_s": 5, **more}  # fmt: skip


def written(folder: Path) -> None:
    """A result of every task that is drawn, as the commands write them."""
    cells = {"8@128": 0.5, "8@256": 0.25, "p64+8@512": 1.0}
    runs = [run_of(name, cells, seed) for name in ("delta", "a+b") for seed in (0, 1)]
    equal = {"8@128": 0.9973, "8@256": 0.1, "p64+8@512": 0.7}
    runs += [run_of("equal", equal, seed) for seed in range(3)]
    by_length = {"512": 2000.0, "1024": 1500.5}
    sizes = {"width": 8, "key_width": 4}
    lines = [
        {"tokens": n, "state_bytes": n, "cache_bytes": 9, "rss_bytes": 0, "ms": 0.1, "seconds": 1}
        for n in (1000, 10_000)
    ]
    for result in (
        *({"task": task, "runs": runs} for task in ("mqar", "noise", "needle")),
        {"task": "lm", "measure": "bits per byte", "runs": runs},
        *({"task": "state-tracking", "problem": p, "runs": runs} for p in ("S3", "parity", "S3")),
        {"task": "nn-speed", "lengths": [512, 1024], "forward": {"delta": by_length},
         "decode": {"delta": by_length}, "ratios": {"a to b": 2.0}, "sizes": sizes, "threads": 1},
        {"task": "nn-memory", "marks": [1000, 10_000, 20_000], "decoding": {"delta": lines},
         "sizes": sizes, "limit_s": 5, "runs": [run_of("d, W=8", cells, family="d")]},
    ):  # fmt: skip
        with (folder / f"{result['task']}.jsonl").open("a") as file:
            file.write(json.dumps(result) + "\n")


def test_every_line_up_can_be_made_and_controls_stay_within_the_bytes() -> None:
    for lineup in (
        noise_comparison(1).lineup,
        needle_comparison(1).lineup,
        TEXT_LINEUP,
    ):
        for name in lineup.names:
            config = lineup.config_of(name)
            if name in lineup.controls:
                budget = sum(sizes_of(lineup.config_of(lineup.controls[name]), 1))
                assert 0.9 * budget < sum(sizes_of(config, 1)) <= budget
                assert all(layer.cache is None for layer in config.layer_configs)
        with pytest.raises(InvalidInput, match="no memory 'hopfield'"):
            lineup.config_of("hopfield")


def test_noise_is_learned_measured_printed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_noise(["linear"], steps=1, sequences=2, results_dir=tmp_path, json_output=True)
    assert json.loads(capsys.readouterr().out) == result == kept(tmp_path, "noise")[0]
    [run] = result["runs"]
    assert list(run) == [
        "memory", "seed", "steps", "state_bytes", "cache_bytes", "params", "cells", "tokens_per_s",
    ]  # fmt: skip
    assert {"noise 1@128", "noise 8@512"} <= set(run["cells"])


def test_a_whole_answer_counts_only_if_all_of_it_is_right() -> None:
    class Almost(torch.nn.Module):
        """Right but for one digit of the second sequence."""

        def forward(self, tokens: Any) -> Any:
            logits = torch.nn.functional.one_hot(tokens.roll(-1, 1), 160).float()
            logits[1, -3] = 0.0
            logits[1, -3, 159] = 1.0
            return type("Out", (), {"logits": logits})

    model: Any = Almost()
    assert accuracy(model, Needle(100, whole=True), 4, 4) == 0.75
    assert accuracy(model, Needle(100, whole=False), 4, 4) == pytest.approx(27 / 28)


def test_reflections_learn_parity_and_the_plain_rule_does_not() -> None:
    """At four times the length in training; the reason for negative eigenvalues, in seconds."""
    kinds = tuple(GroupWord("parity", length) for length in (3, 5, 8))
    shares = []
    for negative in (True, False):
        layer = {"rule": "delta", "negative_eigenvalues": negative, "conv": 1, "heads": 1}
        config = ModelConfig(3, 16, [layer])
        training = Training(250, [Stage(1.0, kinds)], rate=1e-2)
        shares.append(accuracy(train(config, training, 0).model, GroupWord("parity", 32), 64))
    assert shares[0] > 0.97
    assert shares[1] < 0.8


def test_state_tracking_keeps_a_line_for_each_problem(tmp_path: Path) -> None:
    results = run_state_tracking(
        ["parity", "copy"], ["linear"], steps=1, sequences=2, results_dir=tmp_path
    )
    assert kept(tmp_path, "state-tracking") == results
    assert [result["problem"] for result in results] == ["parity", "copy"]
    assert "parity@128 last" in results[0]["runs"][0]["cells"]
    with pytest.raises(InvalidInput, match="no problem 'S4'"):
        run_state_tracking(["S4"], results_dir=tmp_path)


@pytest.mark.parametrize("name", LAYERS)
def test_a_state_made_large_is_one_that_reading_would_give(name: str) -> None:
    layer = make_layer(name)
    x = torch.randn(1, 600, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        state = state_after(layer, 600)
        if name == "softmax":
            read = layer(x, layer.init_state(1)).state
            assert (read.state_bytes, read.cache_bytes) == (state.state_bytes, state.cache_bytes)
        assert layer.step(x[:, 0], state).out.isfinite().all()


def test_torchs_attention_reads_what_the_softmax_layer_reads() -> None:
    ours, theirs = make_layer("softmax"), SdpaLayer()
    parts = {"norm": ours.norm, "project": ours.mixer.project, "conv": ours.mixer.conv,
             "inner_norm": ours.mixer.norm, "out": ours.mixer.out}  # fmt: skip
    for name, part in parts.items():
        getattr(theirs, name).load_state_dict(part.state_dict())
    x = torch.randn(2, 70, 256)
    assert torch.allclose(ours(x, ours.init_state(2)).out, theirs(x), atol=1e-5)


def test_speed_is_measured_for_every_layer_and_length(tmp_path: Path) -> None:
    result = run_nn_speed(longest=1024, steps=2, repetitions=1, results_dir=tmp_path)
    assert kept(tmp_path, "nn-speed") == [result]
    assert set(result["forward"]) == {*LAYERS, "torch SDPA"}
    for key in ("forward", "decode"):
        for found in result[key].values():
            assert list(found) == ["512", "1024"]
            assert all(figure > 0 for figure in found.values())
    for wrong in ({"longest": 100}, {"steps": 0}, {"repetitions": 0}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            measure_speed(**{"longest": 512, "steps": 1, "repetitions": 1, **wrong})


def test_bytes_stand_still_but_for_the_archive(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {}
    for name in ("delta+pooled", "softmax"):
        probe(name, 60.0, [64, 128, 256])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["tokens"] for line in lines] == [64, 128, 256]
        assert all(line["rss_bytes"] >= 0 and line["ms"] > 0 for line in lines)
        sizes[name] = [line["state_bytes"] + line["cache_bytes"] for line in lines]
    assert len(set(sizes["delta+pooled"])) == 1
    assert sizes["softmax"][2] > 3 * sizes["softmax"][0]


def test_decoding_is_measured_in_a_process_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that has no time left says so by reaching no mark."""
    found = measure_footprint(1500, names=("linear",))
    assert found["marks"] == [1000, 1500]
    assert [line["tokens"] for line in found["decoding"]["linear"]] == [1000, 1500]
    probe("linear", 0.0, [64])
    assert capsys.readouterr().out == ""
    with pytest.raises(InvalidInput, match="longest is 5"):
        run_nn_memory(longest=5, results_dir=tmp_path)
    with pytest.raises(InvalidInput, match="'x' failed"):
        measure_footprint(1000, names=("x",))


def test_one_training_serves_every_width() -> None:
    runs = accuracy_against_bytes(1, families=["delta+cache"], sequences=1)
    names = [run["memory"] for run in runs]
    assert sorted(names) == sorted(f"delta+cache, W={w}" for w in WIDTHS["delta+cache"])
    assert names[0] == "delta+cache, W=32"
    sizes = {run["memory"]: run["cache_bytes"] for run in runs}
    assert sizes["delta+cache, W=8"] < sizes["delta+cache, W=64"]
    with pytest.raises(InvalidInput, match="no family 'x'"):
        accuracy_against_bytes(1, families=["x"])


def test_models_of_bytes_are_compared_on_your_text(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. " * 40)
    result = run_lm([text], ["linear"], steps=2, context=16, results_dir=tmp_path)
    assert kept(tmp_path, "lm") == [result]
    assert result["files"] == ["text.txt"]
    assert result["bytes"] == {"trained on": 864, "held out": 96}
    assert list(result["runs"][0]["cells"]) == ["@16", "@64", "@all"]
    assert all(0 < bits < 12 for bits in result["runs"][0]["cells"].values())
    with pytest.raises(InvalidInput, match="steps is 0"):
        run_lm([text], ["linear"], steps=0, context=16, results_dir=tmp_path)
    with pytest.raises(InvalidInput, match="no memory 'x'"):
        run_lm([text], ["x"], steps=1, context=16, results_dir=tmp_path)


def test_results_of_every_task_are_printed(tmp_path: Path) -> None:
    written(tmp_path)
    console = Console(width=120, record=True)
    for task in DRAWN:
        show(kept(tmp_path, task)[-1], console)
    said = console.export_text()
    for word in ("p64+8@512", "bits per byte", "state-tracking S3", "a to b: 2.00", "20,000"):
        assert word in said


def test_plots_are_written_for_the_last_result_of_each_task(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    written(tmp_path)
    done = CliRunner().invoke(app, ["bench", "plots", "--results", str(tmp_path)])
    assert done.exit_code == 0
    names = {Path(line).name for line in done.output.split()}
    assert names == {
        "mqar-cells.png", "mqar-bytes.png", "noise-cells.png", "noise-bytes.png",
        "needle-cells.png", "state-tracking-S3-cells.png", "state-tracking-parity-cells.png",
        "lm-cells.png", "lm-bytes.png", "nn-speed-throughput.png", "nn-speed-latency.png",
        "nn-memory-footprint.png", "nn-memory-bytes.png",
    }  # fmt: skip
    for name in names:
        assert (tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "mqar.jsonl").open("a") as file:
        file.write("{\n")
    with pytest.raises(InvalidInput, match=r"mqar\.jsonl, line 2 is no JSON"):
        run_plots(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="no result that can be drawn"):
        run_plots(tmp_path / "empty")


def test_of_each_memory_the_last_run_is_drawn(tmp_path: Path) -> None:
    def keep(*runs: dict[str, Any]) -> None:
        with (tmp_path / "mqar.jsonl").open("a") as file:
            file.write(json.dumps({"task": "mqar", "runs": runs}) + "\n")

    keep(run_of("a", {"8@64": 0.1}), run_of("b", {"8@64": 0.2}))
    keep(run_of("b", {"8@64": 0.3}), run_of("b", {"8@64": 0.4}, 1))
    [merged] = last_results(tmp_path)
    seen = [(run["memory"], run["cells"]["8@64"]) for run in merged["runs"]]
    assert seen == [("a", 0.1), ("b", 0.3), ("b", 0.4)]
    keep(run_of("c", {"9@64": 0.5}))
    [merged] = last_results(tmp_path)
    assert [run["memory"] for run in merged["runs"]] == ["c"]


@pytest.mark.parametrize(
    ("arguments", "missing", "said"),
    [
        (["plots"], "matplotlib", "mnemic[bench]"),
        (["state-tracking"], "torch", "mnemic[nn]"),
        (["lm", "none.txt"], "", "none.txt"),
    ],
)
def test_a_command_says_in_one_line_what_is_wrong(
    arguments: list[str], missing: str, said: str
) -> None:
    prelude = f"import sys\nsys.modules[{missing!r}] = None\n" if missing else ""
    done = subprocess.run(
        [sys.executable, "-c", f"{prelude}from mnemic.serve.cli import main\nmain()",
         "bench", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, ["bench", command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_a_command_draws_what_it_was_told_to_draw(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ["--memories", "linear", "--steps", "1", "--sequences", "1", "--json", "--plot"]
    done = CliRunner().invoke(app, ["bench", "mqar", *arguments, "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[0])["task"] == "mqar"
    assert (tmp_path / "plots" / "mqar-cells.png").exists()


def test_the_same_model_answers_alike_alone_and_among_its_widths() -> None:
    """Changing W changes no weight."""
    layers = [{"rule": "delta", "cache": {"width": 4, "chunk": 4}}]
    model = LanguageModel(ModelConfig(11, 8, layers))
    wider = LanguageModel(
        ModelConfig(11, 8, [{"rule": "delta", "cache": {"width": 9, "chunk": 4}}])
    )
    assert wider.load_state_dict(model.state_dict()).missing_keys == []
