"""`mnemic bench when`: made-up memories with known times, and questions that ask for a time.

wording.py    how each language says a time, and how questions ask
spans.py      kinds of windows, dated by plain arithmetic on calendar days
world.py      episodes and questions of one case, hard distractors among them
ask.py        asks them through `Memory.recall`
run.py        the result object, and its tables

No window that is expected is made by the grammar that is measured.
"""

from mnemic.bench.when.run import run_when, show_when

__all__ = ["run_when", "show_when"]
