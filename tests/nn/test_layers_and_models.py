"""Layers and models: step = run at any cut, padding has no say, states are files."""

# ruff: noqa: E402
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from mnemic.errors import InvalidTensor, NotAState, StateMismatch
from mnemic.nn import rule_names, save_states
from mnemic.nn.layers import LayerConfig, ShortConv
from mnemic.nn.layers.gates import GATES
from mnemic.nn.models import LanguageModel, ModelConfig, ModelState

TOLERANCE = 1e-11
"""Largest difference of float64 logits between two ways to read the same tokens."""

SMALL: dict[str, Any] = {"heads": 2, "key_width": 4, "value_width": 6}
CACHE = {"width": 3, "chunk": 5}
LAYERS: list[dict[str, Any]] = [
    *({"rule": name} for name in rule_names()),
    *({"rule": name, "cache": CACHE} for name in rule_names()),
    {"rule": "window", "options": {"width": 3}},
    {"rule": "gated_delta", "decay_per_key": True},
    {"rule": "delta", "gates_see_conv": True, "conv": 1, "mlp": 8},
    {"rule": "delta", "cache": {"width": 4, "chunk": 4, "score": "recency"}},
    {"rule": "delta", "cache": {"kind": "pooled", "width": 5}},
    {
        "rule": "gated_delta",
        "cache": {"kind": "pooled", "width": 4},
        "gates_see_conv": True,
        "slow": 3,
    },
    {"rule": "linear", "slow": 2},
    *({"rule": name, "negative_eigenvalues": True} for name in ("delta", "gated_delta", "rwkv7")),
]
SHOWN = [" ".join(map(str, layer.values())) for layer in LAYERS]

UNBOUNDED = [layer for layer in LAYERS if "options" not in layer]
"""Without the short window, whose width counts padding too."""


def make(*layers: dict[str, Any], seed: int = 0) -> LanguageModel:
    torch.manual_seed(seed)
    config = ModelConfig(vocabulary=11, width=8, layers=layers, defaults=SMALL)
    return LanguageModel(config).double()


def tokens(batch: int, length: int) -> Any:
    return torch.randint(11, (batch, length), generator=torch.Generator().manual_seed(7))


def close(a: Any, b: Any) -> bool:
    return torch.allclose(a, b, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("layer", LAYERS, ids=SHOWN)
def test_steps_equal_a_run_and_a_run_may_be_cut_anywhere(layer: dict[str, Any]) -> None:
    model, said = make(layer, {"rule": "delta"}), tokens(2, 19)
    whole = model(said, chunk=4)
    with torch.no_grad():
        state, stepped = None, []
        for t in range(19):
            logits, state = model.step(said[:, t], state)
            stepped.append(logits)
    assert close(torch.stack(stepped, 1), whole.logits)
    for cut in (1, 4, 5, 10, 18):
        first = model(said[:, :cut], chunk=4)
        second = model(said[:, cut:], first.state, chunk=4)
        assert close(torch.cat([first.logits, second.logits], 1), whole.logits)
        assert second.state.position == 19


@pytest.mark.parametrize("layer", LAYERS, ids=SHOWN)
def test_gradients_do_not_depend_on_the_cut(layer: dict[str, Any]) -> None:
    model, said = make(layer), tokens(2, 13)
    model(said, chunk=4).logits.square().sum().backward()
    whole = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    first = model(said[:, :6], chunk=4)
    second = model(said[:, 6:], first.state, chunk=4)
    (first.logits.square().sum() + second.logits.square().sum()).backward()
    cut = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(whole, cut, strict=True))
    assert all(g.isfinite().all() for g in whole)


@pytest.mark.parametrize("layer", UNBOUNDED, ids=lambda layer: " ".join(map(str, layer.values())))
def test_left_padding_changes_nothing_at_any_call(layer: dict[str, Any]) -> None:
    """Two calls, each padded on the left by another amount in each row, then a padded step."""
    model, lengths = make(layer, layer), ((3, 9), (8, 2))
    rows = [tokens(1, 12), tokens(1, 12) * 3 % 11]
    alone = []
    for row, real in enumerate(zip(*lengths, strict=True)):
        alone.append(model(rows[row][:, : sum(real)], chunk=4).logits[0])
    state, found, used = None, [[], []], [0, 0]
    for real in lengths:
        width = max(real) + 1
        said = torch.zeros(2, width, dtype=torch.int64)
        mask = torch.zeros(2, width, dtype=torch.bool)
        for row, n in enumerate(real):
            said[row, width - n :] = rows[row][0, used[row] : used[row] + n]
            mask[row, width - n :] = True
            used[row] += n
        logits, state = model(said, state, mask, chunk=4)
        for row, n in enumerate(real):
            found[row].append(logits[row, width - n :])
    for row in range(2):
        assert close(torch.cat(found[row]), alone[row])
    here = torch.tensor([True, False])
    next_tokens = torch.tensor([4, 5])
    _, after = model.step(next_tokens, state, here)
    logits = model.step(torch.tensor([6, 6]), after).logits
    expected = torch.cat([rows[0][0, : used[0]], torch.tensor([4, 6])])
    assert close(logits[0], model(expected.unsqueeze(0)).logits[0, -1])
    expected = torch.cat([rows[1][0, : used[1]], torch.tensor([6])])
    assert close(logits[1], model(expected.unsqueeze(0)).logits[0, -1])


@pytest.mark.parametrize("layer", LAYERS, ids=SHOWN)
def test_a_float64_model_gives_the_same_bits_wherever_a_text_is_cut(layer: dict[str, Any]) -> None:
    model, said = make(layer, {"rule": "delta", "mlp": 8}), tokens(2, 17)
    with torch.no_grad():
        whole = model(said)
        for cut in range(1, 17):
            first = model(said[:, :cut])
            second = model(said[:, cut:], first.state)
            assert torch.equal(torch.cat([first.logits, second.logits], 1), whole.logits)
            assert second.state.equals(whole.state)


def test_the_future_and_other_rows_have_no_say() -> None:
    model, said = make({"rule": "delta", "cache": CACHE}, {"rule": "gated_delta"}), tokens(3, 16)
    logits = model(said, chunk=4).logits
    changed = said.clone()
    changed[:, 9:] = (said[:, 9:] + 1) % 11
    changed[1] = (said[1] + 3) % 11
    other = model(changed).logits
    assert close(other[0, :9], logits[0, :9])
    assert not close(other[0, 9:], logits[0, 9:])
    assert close(model(said[2:]).logits, logits[2:])


@pytest.mark.parametrize("layer", LAYERS, ids=SHOWN)
def test_a_session_survives_as_a_file(layer: dict[str, Any], tmp_path: Path) -> None:
    model, said = make(layer, {"rule": "delta"}), tokens(2, 14)
    with torch.no_grad():
        state = model(said[:, :9]).state
        state.save(tmp_path / "a.state", fingerprint=model.config.fingerprint)
        loaded = model.load_state(tmp_path / "a.state")
        assert loaded.equals(state)
        assert torch.equal(model(said[:, 9:], loaded).logits, model(said[:, 9:], state).logits)
    other = make({"rule": "linear"})
    with pytest.raises(StateMismatch, match="belongs to the configuration"):
        other.load_state(tmp_path / "a.state")


def test_a_file_that_is_not_a_models_state_is_refused(tmp_path: Path) -> None:
    model = make({"rule": "delta"})
    layer = model.init_state(1).layers[0]
    mine = model.config.fingerprint
    for states in (
        {"state": layer.rule},
        {"layers.1.rule": layer.rule, "layers.1.conv": layer.conv},
        {"layers.0.rule": layer.rule},
        {"layers.0.rule": layer.conv, "layers.0.conv": layer.rule},
        {"layers.0.rule": layer.rule, "layers.0.conv": layer.conv, "layers.0.x": layer.conv},
    ):
        save_states(tmp_path / "a.state", states, fingerprint=mine)
        with pytest.raises(NotAState):
            model.load_state(tmp_path / "a.state")


def test_a_state_of_fixed_size_stays_as_large_however_long_the_session() -> None:
    model = make({"rule": "delta", "cache": CACHE}, {"rule": "window", "options": {"width": 4}})
    with torch.no_grad():
        sizes = {model(tokens(1, n)).state.nbytes for n in (8, 50, 500)}
    assert len(sizes) == 1
    state = model.init_state(1)
    assert state.cache_bytes > 0
    assert state.nbytes == state.state_bytes + state.cache_bytes


def test_older_states_never_change() -> None:
    model, said = make({"rule": "softmax", "cache": CACHE}, {"rule": "delta"}), tokens(1, 9)
    with torch.no_grad():
        state = model(said).state
        once = model.step(said[:, 0], state).logits
        model.step(said[:, 3], state)
        model(said, state)
        assert torch.equal(model.step(said[:, 0], state).logits, once)


def test_width_zero_is_the_bare_rule_bit_for_bit() -> None:
    with_cache, bare = make({"rule": "delta", "cache": {"width": 0}}), make({"rule": "delta"})
    bare.load_state_dict(with_cache.state_dict(), strict=False)
    assert torch.equal(with_cache(tokens(2, 20)).logits, bare(tokens(2, 20)).logits)


def test_every_rule_has_gates_and_every_parameter_learns() -> None:
    assert set(GATES) == set(rule_names())
    for layer in LAYERS:
        model = make(layer)
        model(tokens(2, 12)).logits.logsumexp(-1).sum().backward()
        still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        # What only gates see begins without a say, so its projection waits for the first step.
        assert [n for n in still if not n.endswith("slow.project.weight")] == [], layer


def test_the_configuration_is_data() -> None:
    config = ModelConfig(11, 8, [{"rule": "delta", "cache": {"width": 2}}], {"heads": 4})
    assert ModelConfig.of(config.to_dict()).fingerprint == config.fingerprint
    assert config.layer_configs[0].heads == 4
    model = LanguageModel(config)
    assert model.parameter_count == sum(p.numel() for p in model.parameters())
    with pytest.raises(InvalidTensor, match="a layer has no 'head'; it has: rule"):
        LayerConfig.of({"head": 2})
    with pytest.raises(InvalidTensor, match="Did you mean 'delta'"):
        LayerConfig.of({"rule": "dleta"})
    with pytest.raises(InvalidTensor, match="heads is 0"):
        LayerConfig(heads=0)
    with pytest.raises(InvalidTensor, match="cannot be made with"):
        LanguageModel(ModelConfig(11, 8, [{"cache": {"size": 2}}]))
    with pytest.raises(InvalidTensor, match="no layers"):
        ModelConfig(11, 8, [])
    with pytest.raises(InvalidTensor, match="mlp is -1"):
        LayerConfig(mlp=-1)
    with pytest.raises(InvalidTensor, match="decay_per_key"):
        LayerConfig(rule="delta", decay_per_key=True)
    with pytest.raises(InvalidTensor, match="describes no model"):
        ModelConfig.of({"width": 3})


def test_bad_input_is_named() -> None:
    model = make({"rule": "delta", "cache": CACHE})
    with pytest.raises(InvalidTensor, match="token 11 is not in a vocabulary of 11"):
        model(torch.tensor([[1, 11]]))
    with pytest.raises(InvalidTensor, match=r"not \[B, T >= 1\]"):
        model(torch.zeros(2, 0, dtype=torch.int64))
    with pytest.raises(InvalidTensor, match="float32"):
        model(torch.zeros(1, 2))
    with pytest.raises(InvalidTensor, match="one step takes"):
        model.step(tokens(1, 2))
    with pytest.raises(StateMismatch, match="batch cannot change"):
        model(tokens(2, 3), model.init_state(1))
    with pytest.raises(StateMismatch, match="2 layers, the model 1"):
        model(tokens(1, 3), ModelState(model.init_state(1).layers * 2))
    with pytest.raises(StateMismatch, match="state of the cache is 'missing'"):
        model(tokens(1, 3), make({"rule": "delta"}).init_state(1))
    with pytest.raises(StateMismatch):
        model(tokens(1, 3), make({"rule": "linear", "cache": CACHE}).init_state(1))
    with pytest.raises(InvalidTensor, match="padding after a real token"):
        model(tokens(1, 3), mask=torch.tensor([[True, False, True]]))


def test_a_convolution_is_the_weighted_sum_of_the_last_tokens() -> None:
    conv, x = ShortConv(3, taps=4).double(), torch.randn(2, 9, 3, dtype=torch.float64)
    out = conv(conv.init_state(2, torch.float64), x).out
    direct = torch.zeros_like(x)
    for t in range(9):
        for i in range(4):
            if t - i >= 0:
                direct[:, t] += conv.weight[3 - i] * x[:, t - i]
    assert torch.allclose(out, direct, atol=1e-14)
    with pytest.raises(StateMismatch, match="conv"):
        conv(ShortConv(3, taps=2).init_state(2), x)
    with pytest.raises(InvalidTensor, match=r"\[B, T >= 1, 3\]"):
        conv(conv.init_state(2), x[..., :2])


def test_bfloat16_stays_near_float32() -> None:
    """A cache that keeps everything: which of two near equals a narrow one keeps is chance."""
    wide_cache = {"width": 30, "chunk": 5}
    model, said = make({"rule": "delta", "cache": wide_cache, "mlp": 8}).float(), tokens(2, 30)
    wide = model(said)
    narrow = model.bfloat16()(said)
    assert narrow.state.layers[0].conv.tail.dtype == torch.float32
    error = (narrow.logits.float() - wide.logits).square().mean() / wide.logits.square().mean()
    assert error.sqrt() < 0.02


@pytest.mark.parametrize("rule", ["delta", "gated_delta", "rwkv7"])
def test_negative_eigenvalues_turn_what_a_key_held_into_its_opposite(rule: str) -> None:
    """Reflections reach 2 where the plain rule stops at 1; wanted of other rules they are refused."""
    plain, turning = (
        make({"rule": rule, "negative_eigenvalues": on}).layers[0].mixer.gates
        for on in (False, True)
    )
    turning.load_state_dict(plain.state_dict())
    seen, k = torch.randn(5, 8).double(), torch.randn(5, 2, 4).double()
    one, two = plain(seen, k), turning(seen, k)
    for a, b in ((one.beta, two.beta), (one.a, two.a)):
        assert (a is None) == (b is None)
        assert a is None or torch.equal(2 * a, b)
    with torch.no_grad():
        for parameter in turning.parameters():
            parameter.fill_(30.0)
    with torch.no_grad():
        strong = turning(torch.ones(1, 8).double(), k[:1])
    assert float((strong.beta if rule != "rwkv7" else strong.a).max()) == pytest.approx(2)


def test_negative_eigenvalues_are_part_of_the_layer_and_no_choice_of_every_rule() -> None:
    config = LayerConfig(negative_eigenvalues=True)
    assert LayerConfig.of(config.to_dict()) == config
    assert config.to_dict()["negative_eigenvalues"] is True
    assert LayerConfig().to_dict()["negative_eigenvalues"] is False
    for rule in ("linear", "softmax", "mamba2"):
        with pytest.raises(InvalidTensor, match="no choice of negative_eigenvalues"):
            LayerConfig(rule=rule, negative_eigenvalues=True)


def test_a_configuration_is_its_own() -> None:
    """What the caller does with his mapping later changes neither it nor its name."""
    cache = {"width": 3, "chunk": 5}
    config = ModelConfig(11, 8, [{"rule": "delta", "cache": cache}], SMALL)
    before = config.fingerprint
    cache["chunk"] = 7
    assert config.fingerprint == before
    assert ModelConfig(11, 8, [{"rule": "delta", "cache": cache}], SMALL).fingerprint != before


def test_a_sessions_file_goes_into_a_model_with_a_wider_cache(tmp_path: Path) -> None:
    narrow, wide = (make({"rule": "delta", "cache": {"width": w, "chunk": 5}}) for w in (3, 6))
    state = narrow(tokens(1, 9)).state
    state.save(tmp_path / "s", fingerprint=narrow.config.fingerprint)
    loaded = wide.load_state(tmp_path / "s")
    assert wide(tokens(1, 9), loaded).logits.isfinite().all()
