"""The commands: measure, print a table or one JSON object, append the same object to results/."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnemic.errors import InvalidInput

RESULTS = Path("results")

Progress = Callable[[str, int, int], None]


def run_mqar(
    memories: Sequence[str] = (),
    *,
    steps: int = 360,
    seeds: int = 1,
    prefix_max: int = 0,
    sequences: int = 128,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """Associative recall among random filler; a line of results/mqar.jsonl.

    Args:
        memories: names; none: all of `memories.memory_names()`.
        steps: of training, for each memory and seed.
        seeds: 0 to this - 1.
        prefix_max: most filler in front of the facts in training.
        sequences: in each cell of the evaluation.
        results_dir: gets the line.
        json_output: the object on stdout in place of the table.

    Raises:
        InvalidInput: PyTorch is not installed; there is no such memory; a count below 1.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.comparison import compare

        counts = {"steps": steps, "seeds": seeds, "sequences": sequences}
        runs = compare(memories, **counts, prefix_max=prefix_max, progress=tick)
        return {"task": "mqar", "runs": runs, "prefix_max": prefix_max}

    return _publish(measure, results_dir, json_output=json_output)


def run_noise(
    memories: Sequence[str] = (),
    *,
    steps: int = 600,
    seeds: int = 1,
    sequences: int = 128,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """Facts at random depths in random noise, asked at the end; a line of results/noise.jsonl.

    Arguments and errors as of `run_mqar`; the memories are those of `haystacks`.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.haystacks import noise_comparison

        found = noise_comparison(steps).runs(
            memories, seeds=seeds, sequences=sequences, progress=tick
        )
        return {"task": "noise", "runs": list(found)}

    return _publish(measure, results_dir, json_output=json_output)


def run_needle(
    memories: Sequence[str] = (),
    *,
    steps: int = 600,
    seeds: int = 1,
    sequences: int = 64,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """Needles in a haystack at 1, 2 and 4 times the length in training; results/needle.jsonl.

    Arguments and errors as of `run_mqar`; the memories are those of `haystacks`.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.haystacks import needle_comparison

        found = needle_comparison(steps).runs(
            memories, seeds=seeds, sequences=sequences, progress=tick
        )
        return {"task": "needle", "runs": list(found)}

    return _publish(measure, results_dir, json_output=json_output)


def run_state_tracking(
    problems: Sequence[str] = (),
    memories: Sequence[str] = (),
    *,
    steps: int | None = None,
    seeds: int = 1,
    sequences: int = 128,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> list[dict[str, Any]]:
    """Parity, S3, A5, S5 and copy; for each a line of results/state-tracking.jsonl.

    Args:
        problems: names in `problems.PROBLEMS`; none: all.
        memories: names in `problems.MEMORIES`; none: all.
        steps: of training; None: those of each problem.
        seeds: 0 to this - 1.
        sequences: in each cell.
        results_dir: gets the lines.
        json_output: the objects on stdout, one a line, in place of tables.

    Raises:
        InvalidInput: PyTorch is not installed; no such problem or memory; a count below 1.
    """

    def known(_tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.problems import PROBLEMS, comparison_of

        for name in problems:
            comparison_of(name)
        return {"names": list(problems or PROBLEMS)}

    def measured(name: str) -> Callable[[Progress], dict[str, Any]]:
        def measure(tick: Progress) -> dict[str, Any]:
            from mnemic.bench.neural.problems import comparison_of

            found = comparison_of(name, steps).runs(
                memories, seeds=seeds, sequences=sequences, progress=tick
            )
            return {"task": "state-tracking", "problem": name, "runs": list(found)}

        return measure

    names = _measured(known)["names"]
    return [_publish(measured(name), results_dir, json_output=json_output) for name in names]


def run_nn_speed(
    *,
    longest: int = 32_768,
    steps: int = 512,
    repetitions: int = 3,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """One layer's tokens a second against length, and decoding steps; results/nn-speed.jsonl.

    Args:
        longest: of the lengths 512, 1024, 2048, … that are read.
        steps: tokens decoded for one figure.
        repetitions: of each figure, interleaved; the median counts.
        results_dir: gets the line.
        json_output: the object on stdout in place of the table.

    Raises:
        InvalidInput: PyTorch is not installed; a number below what can be measured.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.speed import measure_speed

        found = measure_speed(longest, steps, repetitions, tick)
        return {"task": "nn-speed", **found}

    return _publish(measure, results_dir, json_output=json_output)


def run_nn_memory(
    families: Sequence[str] = (),
    *,
    layers: Sequence[str] = (),
    longest: int = 1_000_000,
    limit_s: float = 600.0,
    steps: int = 360,
    seeds: int = 1,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """Bytes and peak memory while decoding, and accuracy against bytes; results/nn-memory.jsonl.

    Args:
        families: whose accuracy is set against bytes, of `knobs`; none: all.
        layers: which ones decode, of `layer_cost`; none: `footprint.DECODED`.
        longest: most tokens decoded; lengths are 1,000 and on by factors of 10.
        limit_s: seconds of decoding for each memory, which then stops at the last length it reached.
        steps: of training of the models whose accuracy is set against their bytes; 0: none.
        seeds: of that training.
        results_dir: gets the line.
        json_output: the object on stdout in place of the table.

    Raises:
        InvalidInput: PyTorch is not installed; a number below what can be measured.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.footprint import DECODED, measure_footprint
        from mnemic.bench.neural.knobs import FAMILIES, accuracy_against_bytes
        from mnemic.bench.neural.layer_cost import make_layer

        for name in layers:
            make_layer(name)
        odd = [name for name in families if name not in FAMILIES]
        if odd or steps < 0 or seeds < 1:
            raise InvalidInput(
                f"families {odd}, steps {steps} or seeds {seeds} cannot be: families are "
                f"{', '.join(FAMILIES)}, steps 0 or more, seeds 1 or more"
            )

        found = measure_footprint(longest, tick, names=tuple(layers) or DECODED, limit_s=limit_s)
        chosen = families or FAMILIES
        runs = accuracy_against_bytes(steps, seeds, tick, families=chosen) if steps else []
        return {"task": "nn-memory", **found, "runs": runs}

    return _publish(measure, results_dir, json_output=json_output)


def run_lm(
    paths: Sequence[Path],
    memories: Sequence[str] = (),
    *,
    steps: int = 300,
    seeds: int = 1,
    context: int = 256,
    results_dir: Path = RESULTS,
    json_output: bool = False,
) -> dict[str, Any]:
    """Bits per byte on the tail of text that no model was trained on; results/lm.jsonl.

    Args:
        paths: text files, read as bytes, one behind the other.
        memories: names in `text_models.MEMORIES`; none: all.
        steps: of training.
        seeds: 0 to this - 1.
        context: bytes of a sequence in training.
        results_dir: gets the line.
        json_output: the object on stdout in place of the table.

    Raises:
        InvalidInput: PyTorch is not installed; no such file or memory; too little text.
    """

    def measure(tick: Progress) -> dict[str, Any]:
        from mnemic.bench.neural.text_models import compare_on_text

        found = compare_on_text(
            paths, memories, steps=steps, seeds=seeds, context=context, progress=tick
        )
        return {"task": "lm", **found}

    return _publish(measure, results_dir, json_output=json_output)


def run_plots(results_dir: Path = RESULTS, folder: Path | None = None) -> list[Path]:
    """PNG files of the last result of each benchmark.

    Args:
        results_dir: holds the lines.
        folder: gets the files; None: `plots` in results_dir.

    Raises:
        InvalidInput: matplotlib is not installed, or there is nothing to draw.
    """
    from mnemic.bench.neural.plots import draw_all

    return draw_all(results_dir, results_dir / "plots" if folder is None else folder)


def _publish(
    measure: Callable[[Progress], dict[str, Any]], results_dir: Path, *, json_output: bool
) -> dict[str, Any]:
    """What `measure` gives, stamped, kept and shown."""
    from rich.console import Console

    from mnemic.bench import report

    console = Console(stderr=json_output)
    # Before hours of work, not after them.
    results_dir.mkdir(parents=True, exist_ok=True)
    if not os.access(results_dir, os.W_OK):
        raise InvalidInput(f"results cannot be kept in {str(results_dir)!r}: it is not writable")
    result = report.stamped(_measured(measure, console))
    if json_output:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    kept = report.keep(result, results_dir)
    if json_output:
        return result
    from mnemic.bench.neural.table import show

    show(result, console)
    console.print(f"appended to {kept}")
    return result


def _measured(measure: Callable[[Progress], dict[str, Any]], console: Any = None) -> dict[str, Any]:
    from rich.console import Console

    from mnemic.bench import progress_bar

    with _torch_at_hand(), progress_bar(console or Console(stderr=True)) as tick:
        return measure(tick)


@contextmanager
def _torch_at_hand() -> Iterator[None]:
    """Says what to install, where it must, as bad input: one line, no traceback."""
    try:
        import mnemic.nn  # noqa: F401
    except ModuleNotFoundError as missing:
        if missing.name not in ("torch", "safetensors"):
            raise
        raise InvalidInput(str(missing)) from missing
    yield
