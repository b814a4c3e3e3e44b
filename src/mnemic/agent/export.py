"""Episodes → JSON lines, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mnemic.errors import StoreError


def write_jsonl(
    path: Path, objects: Iterable[dict[str, Any]], jsonable: Callable[[Any], Any]
) -> int:
    """Writes a line an object beside the target and then gives it its name; how many lines.

    Raises:
        StoreError: the folder does not exist or cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    count = 0
    try:
        with partial.open("w", encoding="utf-8") as file:
            for value in objects:
                file.write(json.dumps(value, ensure_ascii=False, default=jsonable) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return count
