"""By transformers' conventions: saved and loaded, padded, searched, trained; and rows of states."""

# ruff: noqa: E402
from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors")

from tests.nn.test_layers_and_models import LAYERS, SHOWN, UNBOUNDED, close, make, tokens
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

from mnemic.errors import InvalidTensor, NotAModel, StateMismatch
from mnemic.nn.models import LanguageModel, preset
from mnemic.nn.models.hugging_face import MnemicConfig, MnemicForCausalLM, StateCache

MIXED: tuple[dict[str, Any], ...] = (
    {"rule": "gated_delta", "mlp": 8},
    {"rule": "delta", "cache": {"width": 3, "chunk": 5}},
    {"rule": "window"},
)
GREEDY: dict[str, Any] = {"max_new_tokens": 9, "do_sample": False}


def wrapped(*layers: dict[str, Any]) -> MnemicForCausalLM:
    return MnemicForCausalLM.of(make(*(layers or MIXED))).eval()


@pytest.mark.parametrize("layer", LAYERS, ids=SHOWN)
def test_chosen_rows_go_on_like_the_originals(layer: dict[str, Any]) -> None:
    """Rows at different block phases, repeated and reordered; and the originals never change."""
    model, said = make(layer, {"rule": "delta"}), tokens(3, 17)
    mask = torch.arange(9) >= torch.tensor([[0], [2], [4]])
    with torch.no_grad():
        state = model(said[:, :9], mask=mask).state
        state = model.step(said[:, 9], state).state
        expected = model(said[:, 10:], state).logits
        index = torch.tensor([2, 0, 2, 1])
        chosen = state.rows(index)
        assert chosen.position == state.position
        assert close(model(said[index, 10:], chosen).logits, expected[index])
        stepped, mine = chosen, state
        for t in range(10, 17):
            _, stepped = model.step((said[index, t] + t) % 11, stepped)
            again, mine = model.step(said[:, t], mine)
            assert close(again, expected[:, t - 10])
        assert close(model(said[index, 10:], chosen).logits, expected[index])


def test_rows_that_are_not_there_are_refused() -> None:
    state = make(*MIXED).init_state(2)
    with pytest.raises(InvalidTensor, match="no row 2 in a batch of 2"):
        state.rows(torch.tensor([0, 2]))
    with pytest.raises(InvalidTensor, match="no row -1"):
        state.rows(torch.tensor([-1]))
    for wrong in (torch.tensor([0.0]), torch.tensor([True, False]), torch.zeros(0).long()):
        with pytest.raises(InvalidTensor, match="the index of rows is"):
            state.rows(wrong)


def test_a_model_survives_as_a_folder(tmp_path: Path) -> None:
    """Bit for bit, without warnings, each tensor once; also through the Auto classes."""
    for dtype in (torch.float64, torch.float32):
        model, said = wrapped().to(dtype), tokens(2, 12)
        path = tmp_path / str(dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.save_pretrained(path)
            loaded = [MnemicForCausalLM.from_pretrained(path)]
            loaded.append(AutoModelForCausalLM.from_pretrained(path))
        with torch.no_grad():
            expected = model(said).logits
            for one in loaded:
                assert isinstance(one, MnemicForCausalLM)
                assert one.dtype == dtype
                assert torch.equal(one(said).logits, expected)
        with safetensors.safe_open(path / "model.safetensors", "pt") as file:
            assert sorted(file.keys()) == sorted(n for n, _ in model.named_parameters())
    config = AutoConfig.from_pretrained(path)
    assert config.model_config.fingerprint == model.model.config.fingerprint
    assert (config.vocab_size, config.hidden_size, config.num_hidden_layers) == (11, 8, 3)


def test_weights_are_never_made_up(tmp_path: Path) -> None:
    model = wrapped()
    weights = dict(model.state_dict())
    weights.pop("model.norm.gain")
    model.save_pretrained(tmp_path, state_dict=weights)
    with pytest.raises(NotAModel, match=r"lacks the weights \['model.norm.gain'\]"):
        MnemicForCausalLM.from_pretrained(tmp_path)


def test_a_new_model_begins_as_ours_does() -> None:
    config = make(*MIXED).config
    torch.manual_seed(3)
    mine = LanguageModel(config)
    torch.manual_seed(3)
    theirs = MnemicForCausalLM(MnemicConfig.of(mine.config)).model
    assert all(
        torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True)
    )
    assert MnemicForCausalLM(MnemicConfig()).config.vocab_size == 257


@pytest.mark.parametrize("cut", [1, 7, 11])
def test_going_on_equals_a_whole_forward(cut: int) -> None:
    model, said = wrapped(), tokens(2, 12)
    with torch.no_grad():
        whole = model(said).logits
        first = model(said[:, :cut])
        kept = StateCache(first.past_key_values.state)
        second = model(said[:, cut:], past_key_values=first.past_key_values)
        assert close(torch.cat([first.logits, second.logits], 1), whole)
        assert second.past_key_values is first.past_key_values
        assert kept.get_seq_length() == cut
        assert close(model(said[:, cut:], past_key_values=kept).logits, whole[:, cut:])


def test_only_wanted_logits_are_made() -> None:
    model, said = wrapped(), tokens(2, 6)
    with torch.no_grad():
        whole = model(said).logits
        assert torch.equal(model(said, logits_to_keep=2).logits, whole[:, -2:])
        index = torch.tensor([0, 3])
        assert torch.equal(model(said, logits_to_keep=index).logits, whole[:, index])
        assert model(said, use_cache=False).past_key_values is None
        assert torch.equal(model(said, return_dict=False)[0], whole)
    assert model.train()(said).past_key_values is None


@pytest.mark.parametrize("layer", UNBOUNDED, ids=lambda layer: " ".join(map(str, layer.values())))
@pytest.mark.parametrize("options", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
def test_a_padded_batch_generates_what_each_row_does_alone(
    layer: dict[str, Any], options: dict[str, Any]
) -> None:
    model, lengths = wrapped(layer, {"rule": "delta"}), (7, 3, 5)
    said = tokens(3, 7)
    mask = torch.arange(7) >= torch.tensor([[7 - n] for n in lengths])
    asked = {**GREEDY, **options, "return_dict_in_generate": True, "output_logits": True}
    asked["output_scores"] = True
    padded = said.masked_fill(~mask, 0)
    together = model.generate(padded, attention_mask=mask.long(), **asked)
    for row, n in enumerate(lengths):
        alone = model.generate(said[row : row + 1, 7 - n :], **asked)
        assert together.sequences[row, 7:].tolist() == alone.sequences[0, n:].tolist()
        if options:
            assert abs(together.sequences_scores[row] - alone.sequences_scores[0]) < 1e-6
        else:
            ours, theirs = torch.stack(together.logits)[:, row], torch.stack(alone.logits)[:, 0]
            assert torch.allclose(ours, theirs, atol=1e-6, rtol=0)


def test_beam_search_finds_what_it_finds_without_a_cache() -> None:
    model, said = wrapped(), tokens(2, 6)
    for options in ({"num_beams": 4, "num_return_sequences": 2}, {"num_beams": 3}):
        cached = model.generate(said, **GREEDY, **options)
        assert torch.equal(cached, model.generate(said, **GREEDY, **options, use_cache=False))


def test_sampling_follows_the_seed_and_goes_on_from_a_cache() -> None:
    model, said = wrapped(), tokens(2, 6)
    drawn = []
    for use_cache in (True, False):
        torch.manual_seed(5)
        options = {**GREEDY, "do_sample": True, "top_p": 0.9, "use_cache": use_cache}
        drawn.append(model.generate(said, **options))
    assert torch.equal(*drawn)
    whole = model.generate(said, **GREEDY)
    done = model.generate(said, **{**GREEDY, "max_new_tokens": 4}, return_dict_in_generate=True)
    rest = {**GREEDY, "max_new_tokens": 5}
    later = model.generate(done.sequences, past_key_values=done.past_key_values, **rest)
    assert torch.equal(later, whole)
    cache = StateCache(model(said[:, :5]).past_key_values.state)
    cache.batch_repeat_interleave(2)
    twice = said.repeat_interleave(2, 0)
    both = model.generate(twice, past_key_values=cache, **GREEDY)
    assert torch.equal(both, whole.repeat_interleave(2, 0))


def test_training_through_transformers_loss() -> None:
    model, said = wrapped().train(), tokens(2, 12)
    labels = said.clone()
    labels[0, :4] = -100
    done = model(said, labels=labels)
    logits = model.model(said).logits[:, :-1].flatten(0, 1).float()
    expected = torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten())
    assert torch.allclose(done.loss, expected, atol=1e-6)
    done.loss.backward()
    still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_what_cannot_be_is_refused_by_name() -> None:
    model, said = wrapped(), tokens(2, 4)
    right = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    with pytest.raises(InvalidTensor, match=r"row 1 of attention_mask .* pad on the left"):
        model(said, attention_mask=right)
    with pytest.raises(InvalidTensor, match="pad on the left"):
        model.generate(said, attention_mask=right, max_new_tokens=2)
    with pytest.raises(InvalidTensor, match=r"must be \(2, 4\) or \(2, 4\)"):
        model(said, attention_mask=torch.ones(2, 3))
    with pytest.raises(InvalidTensor, match="DynamicCache; this model carries a StateCache"):
        model(said, past_key_values=DynamicCache())
    cache = model(said).past_key_values
    with pytest.raises(InvalidTensor, match="4 tokens cannot be cropped to 2"):
        cache.crop(2)
    with pytest.raises(InvalidTensor, match="cannot be resized"):
        model.resize_token_embeddings(12)
    with pytest.raises(StateMismatch, match="batch cannot change"):
        model(said[:1], past_key_values=cache)
    cache.reset()
    assert (len(cache), cache.get_seq_length(), cache.has_previous_state()) == (0, 0, False)


def test_transformers_is_asked_for_only_when_needed() -> None:
    code = (
        "import sys\nimport mnemic.nn, mnemic.nn.models, mnemic.nn.train, mnemic.nn.text\n"
        "assert not {'transformers', 'tokenizers', 'matplotlib'} & set(sys.modules)\n"
        "sys.modules['transformers'] = None\n"
        "try:\n    import mnemic.nn.models.hugging_face\n"
        "except ModuleNotFoundError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "needs transformers" in done.stdout
    assert "mnemic[lm]" in done.stdout


def test_padding_has_no_say_in_the_loss() -> None:
    """The loss of a padded row is that of the row alone, whatever the padding says."""
    model = MnemicForCausalLM.of(LanguageModel(preset(11, layers=2, width=8, heads=2)))
    row = torch.tensor([[3, 1, 4, 1, 5]])
    alone = model(row, labels=row).loss
    for token in (0, 7):
        padded = torch.cat([torch.full((1, 3), token), row], 1)
        mask = (torch.arange(8) >= 3).long().unsqueeze(0)
        labels = padded.masked_fill(mask == 0, -100)
        assert torch.allclose(model(padded, attention_mask=mask, labels=labels).loss, alone)
