"""Writes docs/reference/ from the code; --check only compares.

Pages: Memory and its values (from signatures and docstrings), the table of operations, the command
line, the error tree, the formats of import.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from reference_cli import cli_page
from reference_operations import operations_page
from reference_python import escaped, python_page

from mnemic import errors
from mnemic.importers import FORMATS
from mnemic.serve.access import Forbidden
from mnemic.serve.problems import problem_of

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"


def errors_page() -> str:
    """The tree of errors, and how each looks over HTTP."""
    lines = [
        "# Errors",
        "",
        "Everything that Mnemic raises on purpose, and what a caller of REST sees of it.",
        "Each message names the value that is wrong and what to do.",
        "",
        "| error | base | HTTP | kind | what it says |",
        "|---|---|---|---|---|",
    ]
    for kind in _errors():
        bases = ", ".join(f"`{base.__name__}`" for base in kind.__bases__ if base is not Exception)
        problem = problem_of(kind("x"))
        seen = f"{problem.status} | `{problem.kind}`" if _of_doors(kind) else "– | –"
        lines.append(
            f"| `{kind.__name__}` | {bases or '`Exception`'} | {seen} | "
            f"{escaped(_first_line(kind))} |"
        )
    return "\n".join(lines) + "\n"


def _errors() -> list[type[errors.MnemicError]]:
    found = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, errors.MnemicError)
    ]
    return [*found, Forbidden]


def _of_doors(kind: type) -> bool:
    """Whether a door can meet it; the errors of neural memories and their models it cannot."""
    return not issubclass(kind, (errors.StateError, errors.ModelError, errors.InvalidTensor))


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")


def formats_page() -> str:
    """What `mnemic import` and `mnemic.importers` read."""
    lines = [
        "# Formats of import",
        "",
        "The first argument of `mnemic import`; `auto` judges by names and first lines.",
        "",
        "| format | reads |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {escaped(one.reads)} |" for name, one in FORMATS.items()]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "python.md": python_page(),
        "operations.md": operations_page(),
        "cli.md": cli_page(),
        "errors.md": errors_page(),
        "formats.md": formats_page(),
    }


def main() -> int:
    """Writes the pages, or says which differ from the code."""
    check = "--check" in sys.argv[1:]
    stale = []
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        path = PAGES / name
        body = f"<!-- made by scripts/reference.py; do not edit -->\n\n{text}"
        if path.exists() and path.read_text(encoding="utf-8") == body:
            continue
        stale.append(name)
        if not check:
            path.write_text(body, encoding="utf-8")
    if check and stale:
        print(f"docs/reference is behind the code: {', '.join(stale)}; run scripts/reference.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
