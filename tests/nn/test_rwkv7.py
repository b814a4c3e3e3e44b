"""RWKV-7 is the official one: logits and state are those of the package `rwkv`, however it is fed."""

# ruff: noqa: E402
from __future__ import annotations

import os
import pickle
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("rwkv")

from safetensors.torch import load_file, save_file

from mnemic.errors import InvalidTensor, NotACheckpoint, NotAState, StateMismatch
from mnemic.nn.models import LanguageModel, ModelConfig
from mnemic.nn.models.rwkv7 import (
    SIZES,
    Rwkv7Config,
    Rwkv7Model,
    from_official_state,
    load_checkpoint,
    official_state,
    save_checkpoint,
)

TOLERANCE = 1e-4
"""Largest difference of float32 logits, which have a standard deviation of 1, from `rwkv`."""

TOLERANCE_FLOAT64 = 1e-10
"""Largest difference of float64 logits between two ways to read the same tokens."""

LENGTH = 1000
WIDE = Rwkv7Config(vocabulary=500, width=768, layers=3)
"""The official 0.1B with fewer layers and tokens."""

SMALL = Rwkv7Config(
    vocabulary=11,
    width=16,
    layers=3,
    head_size=8,
    hidden=24,
    decay_rank=3,
    rate_rank=4,
    value_rank=2,
    gate_rank=5,
)


def randomise(model: Rwkv7Model, seed: int = 0) -> Rwkv7Model:
    """Weights under which every part has a say: no activation vanishes, few gates saturate.

    Decays then lie between 0.68 and 0.9985 a token, half-lives of 2 to 460 tokens.
    """
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            normal = torch.randn(weight.shape, generator=random)
            uniform = torch.rand(weight.shape, generator=random)
            leaf = name.rsplit(".", 1)[-1]
            made = {
                "w0": -6 + 6.5 * uniform,
                "a0": normal,
                "v0": normal,
                "k_k": 0.7 + 0.2 * normal,
                "k_a": 1 + 0.2 * normal,
                "r_k": 0.2 * normal,
                "bias": 0.1 * normal,
            }.get(leaf)
            if made is None and leaf.startswith("x_"):
                made = uniform
            elif made is None and leaf == "weight" and ".ln" in f".{name}":
                made = 1 + 0.2 * normal
            elif made is None:
                # [in, out] for low ranks, [out, in] for the rest; embeddings are normalised.
                made = normal * weight.shape[0 if leaf[1:] in ("1", "2") else -1] ** -0.5
            if name.endswith(("output.weight", "ffn.value.weight")):
                # As GPT-2 begins: layers add to what is there, they do not drown it.
                made = made * (2 * model.config.layers) ** -0.5
            weight.copy_(made)
    return model.requires_grad_(False)


def tokens(batch: int, length: int, vocabulary: int = 11, seed: int = 7) -> Any:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(vocabulary, (batch, length), generator=random)


def small() -> Rwkv7Model:
    return randomise(Rwkv7Model(SMALL)).double()


def close(a: Any, b: Any) -> bool:
    return torch.allclose(a, b, atol=TOLERANCE_FLOAT64, rtol=0)


class Official(NamedTuple):
    """What `rwkv` says to 1,000 tokens, and our model of the same weights."""

    package: Any
    model: Rwkv7Model
    said: Any
    logits: Any
    state: list[Any]


def open_with_rwkv(path: Path) -> Any:
    """The official reader; it wants its switches before it is imported, prints, and warns."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("RWKV_V7_ON", "1")
        patch.setenv("RWKV_CUDA_ON", "0")
        from rwkv.model import RWKV

        return RWKV(str(path.with_suffix("")), strategy="cpu fp32")


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Official:
    path = tmp_path_factory.mktemp("rwkv7") / "wide.pth"
    save_checkpoint(randomise(Rwkv7Model(WIDE)), path)
    package, said = open_with_rwkv(path), tokens(1, LENGTH, WIDE.vocabulary)
    logits, state = package.forward(said[0].tolist(), None, full_output=True)
    model = load_checkpoint(path).requires_grad_(False)
    return Official(package, model, said, logits, state)


def worst(a: Any, b: Any) -> float:
    return float((a - b).abs().max())


def assert_state(mine: list[Any], theirs: list[Any]) -> None:
    """The same, as far as float32 says: within the tolerance per unit of their spread."""
    for a, b in zip(mine, theirs, strict=True):
        assert 0.5 < b.std() < 10
        assert worst(a, b) <= TOLERANCE * float(b.std())


# It is the official model.


@pytest.mark.parametrize("chunk", [16, 64])
def test_chunks_say_what_rwkv_says(official: Official, chunk: int) -> None:
    done = official.model(official.said, chunk=chunk)
    assert 0.5 < official.logits.std() < 2
    assert worst(done.logits[0], official.logits) <= TOLERANCE
    assert_state(official_state(done.state), official.state)


@pytest.mark.slow
def test_steps_say_what_rwkv_says(official: Official) -> None:
    state = None
    for t in range(LENGTH):
        logits, state = official.model.step(official.said[:, t], state)
        assert worst(logits[0], official.logits[t]) <= TOLERANCE
    assert state is not None
    assert_state(official_state(state), official.state)


def test_any_cut_into_chunks_and_steps_says_what_rwkv_says(official: Official) -> None:
    state, logits, start = None, [], 0
    for length in (1, 63, 65, 7, 200, 333, 130, 201):
        piece = official.said[:, start : start + length]
        if length in (1, 7):
            for t in range(length):
                out, state = official.model.step(piece[:, t], state)
                logits.append(out)
        else:
            out, state = official.model(piece, state)
            logits.append(out[0])
        start += length
    assert start == LENGTH
    assert worst(torch.cat(logits), official.logits) <= TOLERANCE
    assert_state(official_state(state), official.state)


def test_states_go_over_to_rwkv_and_back(official: Official) -> None:
    more = tokens(1, 20, WIDE.vocabulary, seed=1)
    mine = official.model(official.said).state
    theirs, _ = official.package.forward(more[0].tolist(), official_state(mine), full_output=True)
    ours = from_official_state(official.model, official.state, LENGTH)
    assert ours.position == LENGTH
    assert worst(official.model(more, ours).logits[0], theirs) <= TOLERANCE
    again = from_official_state(official.model, official_state(mine), LENGTH)
    assert again.equals(mine)


def _eps(model: Rwkv7Model) -> None:
    for block in model.blocks:
        block.att.ln_x.eps = 1e-5


def _fill(value: float, *names: str) -> Callable[[Rwkv7Model], None]:
    def mutate(model: Rwkv7Model) -> None:
        for name, weight in model.named_parameters():
            if name.endswith(names):
                weight.fill_(value)

    return mutate


def _flip_decays(model: Rwkv7Model) -> None:
    for block in model.blocks:
        block.att.w0.copy_(block.att.w0.flip(-1))


MUTATIONS: dict[str, Callable[[Rwkv7Model], None]] = {
    "eps of the head norm": _eps,
    "no mix of the first values": _fill(-1e4, "att.v0"),
    "only the first values": _fill(1e4, "att.v0"),
    "no bonus": _fill(0.0, "att.r_k"),
    "k_a as 1": _fill(1.0, "att.k_a"),
    "k_k as 1": _fill(1.0, "att.k_k"),
    "a as sigmoid(0 + ...)": _fill(0.0, "att.a0"),
    "no token shift of w": _fill(0.0, "att.x_w"),
    "no token shift in the channels": _fill(0.0, "ffn.x_k"),
    "decays on other channels": _flip_decays,
    "no low rank of w": _fill(0.0, "att.w2"),
    "no ln0": _fill(1.0, "ln0.weight"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_part_has_a_say(official: Official, name: str) -> None:
    """The weights are such that a wrong part shows, above the tolerance by a factor of hundreds."""
    model = Rwkv7Model(WIDE)
    model.load_state_dict(official.model.state_dict())
    model.requires_grad_(False)
    MUTATIONS[name](model)
    difference = (model(official.said[:, :100]).logits[0] - official.logits[:100]).abs().max()
    assert difference > 100 * TOLERANCE, difference


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("MNEMIC_RWKV_FULL") != "1", reason="MNEMIC_RWKV_FULL is not 1")
@pytest.mark.parametrize("size", SIZES)
def test_official_sizes_say_what_rwkv_says(size: str, tmp_path: Path) -> None:
    """bfloat16 files of the official shapes, 1,000 tokens, in chunks and token by token."""
    path = tmp_path / f"{size}.pth"
    save_checkpoint(randomise(Rwkv7Model(SIZES[size])).bfloat16(), path)
    model = load_checkpoint(path).requires_grad_(False)
    package = open_with_rwkv(path)
    path.unlink()
    said = tokens(1, LENGTH, SIZES[size].vocabulary)
    began = time.process_time()
    logits, theirs = package.forward(said[0].tolist(), None, full_output=True)
    theirs_took, began = time.process_time() - began, time.process_time()
    done = model(said)
    ours_took = time.process_time() - began
    state, in_steps, began = None, 0.0, time.process_time()
    for t in range(LENGTH):
        out, state = model.step(said[:, t], state)
        in_steps = max(in_steps, worst(out[0], logits[t]))
    steps_took, began = time.process_time() - began, time.process_time()
    again: Any = None
    for t in range(100):
        _, again = package.forward([int(said[0, t])], again)
    their_steps_took = (time.process_time() - began) * LENGTH / 100
    assert state is not None
    pairs = [(done.state, "chunks"), (state, "steps")]
    states = {
        form: max(
            worst(a, b) / float(b.std()) for a, b in zip(official_state(s), theirs, strict=True)
        )
        for s, form in pairs
    }
    print(
        f"\n{size}: {model.parameter_count:,} parameters, state {state.nbytes:,} bytes; "
        f"logits (std {float(logits.std()):.3f}) differ by at most "
        f"{worst(done.logits[0], logits):.2e} in chunks, {in_steps:.2e} in steps; "
        f"states, per std, {states}; tokens per CPU second: chunks {LENGTH / ours_took:.1f}, "
        f"rwkv's {LENGTH / theirs_took:.1f}; steps {LENGTH / steps_took:.1f}, "
        f"rwkv's {LENGTH / their_steps_took:.1f}"
    )
    assert worst(done.logits[0], logits) <= TOLERANCE
    assert in_steps <= TOLERANCE
    assert_state(official_state(done.state), theirs)
    assert_state(official_state(state), theirs)


# It is a model like the others.


def test_steps_equal_a_run_and_a_run_may_be_cut_anywhere() -> None:
    model, said = small(), tokens(2, 40)
    whole = model(said, chunk=8)
    assert whole.logits.std() > 0.1
    state, stepped = None, []
    for t in range(40):
        logits, state = model.step(said[:, t], state)
        stepped.append(logits)
    assert close(torch.stack(stepped, 1), whole.logits)
    for cut in (1, 7, 8, 9, 20, 39):
        first = model(said[:, :cut], chunk=8)
        second = model(said[:, cut:], first.state, chunk=8)
        assert close(torch.cat([first.logits, second.logits], 1), whole.logits)
        assert second.state.position == 40
        for name, a in second.state.states().items():
            b = whole.state.states()[name]
            assert all(close(x, y) for (_, x), (_, y) in zip(a.tensors(), b.tensors(), strict=True))


def test_a_float64_model_gives_the_same_bits_wherever_a_text_is_cut() -> None:
    model, said = small(), tokens(2, 17)
    whole = model(said)
    for cut in range(1, 17):
        first = model(said[:, :cut])
        second = model(said[:, cut:], first.state)
        assert torch.equal(torch.cat([first.logits, second.logits], 1), whole.logits)
        assert second.state.equals(whole.state)


@pytest.mark.parametrize("chunk", [1, 4, 64])
def test_left_padding_changes_nothing_at_any_call(chunk: int) -> None:
    """Two calls, each padded on the left by another amount in each row, then a padded step."""
    model, lengths = small(), ((3, 9), (8, 0))
    rows = [tokens(1, 12), tokens(1, 12) * 3 % 11]
    state, found, used = None, [[], []], [0, 0]
    for real in lengths:
        width = max(real) + 1
        said = torch.zeros(2, width, dtype=torch.int64)
        mask = torch.zeros(2, width, dtype=torch.bool)
        for row, n in enumerate(real):
            said[row, width - n :] = rows[row][0, used[row] : used[row] + n]
            mask[row, width - n :] = True
            used[row] += n
        logits, state = model(said, state, mask, chunk)
        for row, n in enumerate(real):
            found[row].append(logits[row, width - n :])
    for row in range(2):
        assert close(torch.cat(found[row]), model(rows[row][:, : used[row]]).logits[0])
    _, after = model.step(torch.tensor([4, 5]), state, torch.tensor([True, False]))
    logits = model.step(torch.tensor([6, 6]), after).logits
    for row, last in enumerate(([4, 6], [6])):
        expected = torch.cat([rows[row][0, : used[row]], torch.tensor(last)])
        assert close(logits[row], model(expected.unsqueeze(0)).logits[0, -1])
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    same = model(tokens(2, 3), after, nothing, chunk).state
    assert all(
        torch.equal(a, b) for a, b in zip(official_state(same), official_state(after), strict=True)
    )


def test_the_future_and_other_rows_have_no_say() -> None:
    model, said = small(), tokens(3, 16)
    logits = model(said, chunk=4).logits
    changed = said.clone()
    changed[:, 9:] = (said[:, 9:] + 1) % 11
    changed[1] = (said[1] + 3) % 11
    other = model(changed, chunk=4).logits
    assert close(other[0, :9], logits[0, :9])
    assert not close(other[0, 9:], logits[0, 9:])
    assert close(model(said[2:]).logits, logits[2:])


def test_gradients_reach_every_weight_and_do_not_depend_on_the_cut() -> None:
    model, said = small().requires_grad_(True), tokens(2, 13)
    model(said, chunk=4).logits.logsumexp(-1).sum().backward()
    whole = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    assert [n for n, p in model.named_parameters() if n not in whole or not whole[n].any()] == []
    model.zero_grad()
    first = model(said[:, :6], chunk=4)
    second = model(said[:, 6:], first.state, chunk=4)
    (first.logits.logsumexp(-1).sum() + second.logits.logsumexp(-1).sum()).backward()
    for name, weight in model.named_parameters():
        assert torch.allclose(weight.grad, whole[name], atol=1e-9), name


def test_fresh_weights_learn() -> None:
    """A model begun at random finds a repeated line within a few steps."""
    torch.manual_seed(0)
    model, said = Rwkv7Model(SMALL), tokens(1, 12).repeat(4, 3)
    optimiser = torch.optim.Adam(model.parameters(), 2e-2)
    losses = []
    for _ in range(40):
        logits = model(said[:, :-1], chunk=16).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), said[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 2
    assert losses[-1] < 0.5


def test_a_session_survives_as_a_file(tmp_path: Path) -> None:
    model, said = small(), tokens(2, 14)
    state = model(said[:, :9]).state
    state.save(tmp_path / "a.state", fingerprint=model.config.fingerprint)
    loaded = model.load_state(tmp_path / "a.state")
    assert loaded.equals(state)
    assert torch.equal(model(said[:, 9:], loaded).logits, model(said[:, 9:], state).logits)
    assert torch.equal(model.step(said[:, 9], loaded).logits, model.step(said[:, 9], state).logits)
    other = Rwkv7Model(Rwkv7Config(vocabulary=11, width=16, layers=2, head_size=8))
    with pytest.raises(StateMismatch, match="belongs to the configuration"):
        other.load_state(tmp_path / "a.state")


def test_older_states_never_change_and_none_grows() -> None:
    model, said = small(), tokens(1, 300)
    state = model(said).state
    assert state.nbytes == model.init_state(1).nbytes == 8 * 3 * (2 * 16 + 2 * 8 * 8)
    assert state.cache_bytes == 0
    once = model.step(said[:, 0], state).logits
    model.step(said[:, 3], state)
    model(said, state)
    assert torch.equal(model.step(said[:, 0], state).logits, once)
    assert state.to(torch.float32).nbytes == state.nbytes // 2


def test_bfloat16_stays_near_float32() -> None:
    model, said = small().float(), tokens(2, 30)
    wide = model(said)
    narrow = model.bfloat16()(said)
    assert narrow.logits.dtype == torch.bfloat16
    assert {t.dtype for s in narrow.state.states().values() for _, t in s.tensors()} == {
        torch.float32
    }
    error = (narrow.logits.float() - wide.logits).square().mean() / wide.logits.square().mean()
    assert error.sqrt() < 0.1


def test_bad_input_is_named() -> None:
    model = small()
    with pytest.raises(InvalidTensor, match="token 11 is not in a vocabulary of 11"):
        model(torch.tensor([[1, 11]]))
    with pytest.raises(InvalidTensor, match="one step takes"):
        model.step(tokens(1, 2))
    with pytest.raises(InvalidTensor, match="float32"):
        model.step(torch.zeros(1))
    with pytest.raises(InvalidTensor, match="padding after a real token"):
        model(tokens(1, 3), mask=torch.tensor([[True, False, True]]))
    with pytest.raises(InvalidTensor, match=r"must be \(1, 3\) of torch.bool"):
        model(tokens(1, 3), mask=torch.ones(1, 2, dtype=torch.bool))
    with pytest.raises(InvalidTensor, match="chunk is 0"):
        model(tokens(1, 3), chunk=0)
    with pytest.raises(StateMismatch, match="batch cannot change"):
        model(tokens(2, 3), model.init_state(1))
    with pytest.raises(StateMismatch, match="1 layers, the model 3"):
        model(tokens(1, 3), Rwkv7Model(Rwkv7Config(11, 16, 1, 8)).init_state(1))
    layer = {"rule": "rwkv7", "heads": 2, "key_width": 8, "value_width": 8, "conv": 2}
    other = LanguageModel(ModelConfig(11, 16, [layer] * 3))
    with pytest.raises(StateMismatch, match=r"'token_shift' was given a state of 'conv\(2\)'"):
        model(tokens(1, 3), other.init_state(1))
    with pytest.raises(StateMismatch, match="token_shift"):
        other(tokens(1, 3), model.init_state(1))
    with pytest.raises(StateMismatch, match="row is 1"):
        official_state(model.init_state(1), 1)
    with pytest.raises(StateMismatch, match="no state of an RWKV-7 model"):
        official_state(other.init_state(1))
    with pytest.raises(NotAState, match="give 3 a layer"):
        from_official_state(model, [])
    wrong = official_state(model.init_state(1))
    wrong[4] = wrong[4][:1]
    with pytest.raises(NotAState, match=r"tensor 4 .*\(1, 8, 8\); it must be \(2, 8, 8\)"):
        from_official_state(model, wrong)
    with pytest.raises(InvalidTensor, match="width is 20; it must be a multiple of head_size, 8"):
        Rwkv7Config(width=20, head_size=8)
    with pytest.raises(InvalidTensor, match="layers is 0"):
        Rwkv7Config(layers=0)
    assert Rwkv7Config.of(SMALL.to_dict()) == SMALL
    with pytest.raises(InvalidTensor, match=r"describes no RWKV-7: .*'depth'"):
        Rwkv7Config.of({"model": "rwkv7", "depth": 3})
    with pytest.raises(InvalidTensor, match="does not say that its model is 'rwkv7'"):
        Rwkv7Config.of(other.config.to_dict())


# Checkpoints.


@pytest.fixture(params=[".pth", ".safetensors"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    made = tmp_path / f"small{request.param}"
    save_checkpoint(small(), made)
    assert [p.name for p in tmp_path.iterdir()] == [made.name]
    return made


def contents(path: Path) -> dict[str, Any]:
    if path.suffix == ".pth":
        return torch.load(path, weights_only=True)
    return load_file(path)


def write(path: Path, tensors: dict[str, Any]) -> None:
    torch.save(tensors, path) if path.suffix == ".pth" else save_file(tensors, path)


def test_the_official_sizes() -> None:
    """As many parameters as are told of them: 0.1B has 191 million, 0.4B 450.8 million."""
    with torch.device("meta"):
        counts = {size: Rwkv7Model(config).parameter_count for size, config in SIZES.items()}
    assert counts == {"0.1B": 191_034_624, "0.4B": 450_767_872}


def test_weights_come_back(path: Path) -> None:
    model = load_checkpoint(path, torch.float64)
    assert model.config == SMALL
    assert model.config.fingerprint == SMALL.fingerprint
    assert model.parameter_count == small().parameter_count
    assert torch.equal(model(tokens(1, 9)).logits, small()(tokens(1, 9)).logits)
    assert all(p.is_leaf and p.requires_grad for p in model.parameters())
    path.unlink()
    assert torch.equal(model(tokens(1, 9)).logits, small()(tokens(1, 9)).logits)


def test_names_shapes_and_order_are_the_official_ones(tmp_path: Path) -> None:
    save_checkpoint(small(), tmp_path / "a.pth")
    tensors = contents(tmp_path / "a.pth")
    names = list(tensors)
    assert names[:2] == ["emb.weight", "blocks.0.ln1.weight"]
    assert names[-3:] == ["ln_out.weight", "ln_out.bias", "head.weight"]
    att = [n.removeprefix("blocks.1.att.") for n in names if n.startswith("blocks.1.att.")]
    assert att == [
        "x_r",
        "x_w",
        "x_k",
        "x_v",
        "x_a",
        "x_g",
        "w0",
        "r_k",
        "w1",
        "w2",
        "a1",
        "a2",
        "a0",
        "g1",
        "g2",
        "v2",
        "v1",
        "v0",
        "k_k",
        "k_a",
        "receptance.weight",
        "key.weight",
        "value.weight",
        "output.weight",
        "ln_x.weight",
        "ln_x.bias",
    ]
    assert "blocks.0.ln0.weight" in names
    shapes = {n: tuple(tensors[f"blocks.1.{n}"].shape) for n in ("att.x_r", "att.r_k", "att.w1")}
    assert shapes == {"att.x_r": (1, 1, 16), "att.r_k": (2, 8), "att.w1": (16, 3)}
    assert tuple(tensors["blocks.1.ffn.key.weight"].shape) == (24, 16)


def test_order_unused_weights_and_flat_rows_do_not_matter(path: Path) -> None:
    tensors = dict(reversed(contents(path).items()))
    for name in ("v0", "v1", "v2"):
        tensors[f"blocks.0.att.{name}"] = torch.zeros(1)
    tensors = {n: t.squeeze().contiguous() for n, t in tensors.items()}
    write(path, tensors)
    model = load_checkpoint(path, torch.float64)
    assert model.config == SMALL
    assert torch.equal(model(tokens(1, 9)).logits, small()(tokens(1, 9)).logits)


def test_bfloat16_files_run_in_float32(path: Path) -> None:
    save_checkpoint(small().bfloat16(), path)
    model = load_checkpoint(path)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    expected = small().bfloat16().float()
    assert torch.equal(model(tokens(1, 9)).logits, expected(tokens(1, 9)).logits)
    assert next(load_checkpoint(path, torch.bfloat16).parameters()).dtype == torch.bfloat16
    with pytest.raises(InvalidTensor, match=r"dtype is torch\.int8"):
        load_checkpoint(path, torch.int8)


def test_a_single_layer_comes_back(path: Path) -> None:
    config = Rwkv7Config(vocabulary=11, width=16, layers=1, head_size=8, value_rank=7)
    model = randomise(Rwkv7Model(config))
    save_checkpoint(model, path)
    again = load_checkpoint(path)
    assert again.config.fingerprint == config.fingerprint
    assert torch.equal(again(tokens(1, 9)).logits, model(tokens(1, 9)).logits)


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda tensors: {n: t for n, t in tensors.items() if n != name}


def _with(name: str, *shape: int, dtype: Any = None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda tensors: {**tensors, name: torch.zeros(shape, dtype=dtype)}


WRONG: list[tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = [
    (_without("head.weight"), r"has no 'head\.weight'"),
    (_without("emb.weight"), r"has no 'emb\.weight': it is no checkpoint of RWKV-7"),
    (_without("blocks.2.att.v1"), r"has no 'blocks\.2\.att\.v1'"),
    (_without("blocks.1.att.v1"), r"has no 'blocks\.1\.att\.v1'"),
    (lambda t: {n: x for n, x in t.items() if ".1." not in n}, r"blocks \[0, 2\]; they must be 0"),
    (lambda t: {n: x for n, x in t.items() if n[:6] != "blocks"}, r"blocks \[\]; they must be 0"),
    (_with("blocks.0.att.x_x", 3), r"the unknown 'blocks\.0\.att\.x_x'"),
    (_with("blocks.9999999.att.x_r", 3), r"the unknown 'blocks\.9999999\.att\.x_r'"),
    (
        _with("blocks.1.att.w0", 1, 1, 17),
        r"blocks\.1\.att\.w0 has the shape \(1, 1, 17\).*\(1, 1, 16\)",
    ),
    (_with("head.weight", 12, 16), r"head\.weight has the shape \(12, 16\); .* must be \(11, 16\)"),
    (_with("blocks.2.ffn.key.weight", 16, 24), r"key\.weight has the shape \(16, 24\)"),
    (_with("emb.weight", 11, 0), r"emb\.weight has the shape \(11, 0\)"),
    (_with("emb.weight", 11), r"emb\.weight has the shape \(11,\); it must have two axes"),
    (_with("blocks.0.att.r_k", 2, 7), r"heads have 7 channels, which do not divide the width 16"),
    (
        _with("ln_out.bias", 16, dtype=torch.int64),
        r"ln_out\.bias is torch\.strided of torch\.int64",
    ),
    (_with("blocks.0.att.time_maa_x", 3), "a checkpoint of RWKV-6"),
    (_with("blocks.0.att.time_faaaa", 3), "a checkpoint of RWKV-5"),
    (_with("blocks.0.att.time_decay", 3), "a checkpoint of RWKV-4"),
    (_with("blocks.0.ffn.s_emb.weight", 3), "RWKV-7 with deep embeddings"),
    (lambda _: {"transformer.wte.weight": torch.zeros(3, 3)}, r"blocks \[\]"),
    (lambda _: {}, r"blocks \[\]"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_wrong_contents_are_named(
    path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    write(path, change(contents(path)))
    with pytest.raises(NotACheckpoint, match=message) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)


class Trap:
    """Pickled, it is code that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def test_code_is_never_run(tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "a.pth"
    tensors = dict(small().state_dict())
    for hostile in ({**tensors, "emb.weight": Trap(trace)}, Trap(trace), [Trap(trace)]):
        torch.save(hostile, path)
        with pytest.raises(NotACheckpoint, match=r"mkdir.*was not run") as caught:
            load_checkpoint(path)
        assert "weights_only" not in str(caught.value)
    path.write_bytes(pickle.dumps(Trap(trace)))
    with pytest.raises(NotACheckpoint, match="bare pickle"):
        load_checkpoint(path)
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    with pytest.raises(NotACheckpoint, match="bare pickle"):
        load_checkpoint(path)
    assert not trace.exists()


def test_other_things_in_an_archive_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    tensors = small().state_dict()
    for thing, message in (
        ([torch.zeros(3)], "holds a list"),
        ({"model": dict(tensors)}, "holds 'model', a dict"),
        ({**tensors, 3: torch.zeros(3)}, "holds 3, a Tensor"),
        ({**tensors, "epoch": 7}, "holds 'epoch', a int"),
        ({**tensors, "ln_out.bias": torch.zeros(16).to_sparse()}, r"ln_out\.bias is torch\.sparse"),
        ({"emb.weight": torch.zeros(1, 1).expand(1 << 20, 1 << 20)}, "only 4 bytes of it"),
    ):
        torch.save(thing, path)
        with pytest.raises(NotACheckpoint, match=message):
            load_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(NotACheckpoint, match="no checkpoint, or was cut short"):
        load_checkpoint(path)


def test_files_cut_short_or_damaged_are_refused(path: Path) -> None:
    whole = path.read_bytes()
    for kept in (0, 1, 3, 4, 8, 100, 1000, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(NotACheckpoint, match=r"cut short"):
            load_checkpoint(path)
    random = torch.Generator().manual_seed(0)
    for _ in range(100):
        spoiled = bytearray(whole)
        for place in torch.randint(len(whole), (20,), generator=random).tolist():
            spoiled[place] ^= 0xFF
        path.write_bytes(spoiled)
        # Damage to the numbers alone cannot be seen; of all other damage this is the only error.
        with suppress(NotACheckpoint):
            load_checkpoint(path)


def test_places_that_cannot_be_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "none.pth")
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_checkpoint(tmp_path)
    with pytest.raises(InvalidTensor, match=r"neither \.pth nor \.safetensors"):
        save_checkpoint(small(), tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []
