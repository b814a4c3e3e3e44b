"""Benchmarks of memories inside a model. They need the extra `nn`.

    task           what a task is; tasks are files of data:
    mqar             sequences of facts, filler and questions
    noise            facts at random depths in random noise
    needle           needles in a haystack of words (needle_words)
    tracking         running products of group elements (groups), and copying
    text             windows of text files, for language models
    lineup         the models compared, and the control of the same bytes
    memories, haystacks, problems    who meets which task, and how each is trained
    training       the loop
    accuracy       the cells
    comparison     every memory on the same data
    knobs          accuracy against bytes: widths changed after training, key widths before
    speed, footprint   one layer (layer_cost): tokens a second, milliseconds, bytes
    table          the runs, side by side
    plots          PNG from the lines in results/

`commands` holds one function for each command of `mnemic bench`.
"""

from __future__ import annotations

from mnemic.bench.neural.commands import (
    run_lm,
    run_mqar,
    run_needle,
    run_nn_memory,
    run_nn_speed,
    run_noise,
    run_plots,
    run_state_tracking,
)

__all__ = [
    "run_lm",
    "run_mqar",
    "run_needle",
    "run_nn_memory",
    "run_nn_speed",
    "run_noise",
    "run_plots",
    "run_state_tracking",
]
