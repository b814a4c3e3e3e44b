"""A run gives the same bits however often it is stopped, and never overwrites or mixes runs."""

# ruff: noqa: E402
from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file

from mnemic.errors import (
    Diverged,
    InvalidInput,
    InvalidTensor,
    InvalidText,
    ModelError,
    NotAModel,
    RunMismatch,
)
from mnemic.nn.models import (
    ModelConfig,
    Sampling,
    generate,
    load_model,
    preset,
    read_prompt,
    weights_name,
)
from mnemic.nn.text import ByteTokenizer
from mnemic.nn.train import (
    Outcome,
    Run,
    TrainingConfig,
    Upkeep,
    evaluate,
    new_model,
    plot_losses,
    read_corpus,
    read_texts,
    train,
)
from mnemic.nn.train.journal import read_journal
from mnemic.nn.train.loop import make_optimiser
from mnemic.nn.train.windows import Shuffled, Streams

TEXT = "".join(f"{n} times {n} is {n * n}, they say; " for n in range(60))
MODEL = preset(257, layers=2, width=8, heads=2, cache_width=4)
PLAN = TrainingConfig(steps=9, context=12, batch=3, accumulate=2, rate=0.02, warmup=0.3)


def begin(folder: Path, plan: TrainingConfig = PLAN, text: str = TEXT, **options: Any) -> Outcome:
    corpus, tokenizer = read_corpus([text], ByteTokenizer())
    run = Run(plan, MODEL, corpus.fingerprint)
    return train(run, corpus, tokenizer, folder, **options)


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in read_journal(folder / "losses.jsonl")]


@pytest.mark.parametrize("carry", [1, 3, 100], ids=["shuffled", "carried", "carried far"])
def test_stopping_changes_nothing(tmp_path: Path, carry: int) -> None:
    """Stopped after every second step, the weights and the losses are the same to the bit."""
    plan = replace(PLAN, carry=carry)
    whole = begin(tmp_path / "whole", plan)
    assert whole.finished
    for n in range(5):
        asked: list[int] = []
        torch.manual_seed(n)

        def stop(asked: list[int] = asked) -> bool:
            asked.append(1)
            return len(asked) == 2

        parts = begin(tmp_path / "parts", plan, resume=n > 0, stop=stop)
        assert parts.finished == (n == 4)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert len(losses(tmp_path / "parts")) == 9
    assert begin(tmp_path / "parts", plan, resume=True).finished
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_killing_changes_nothing(tmp_path: Path) -> None:
    """SIGKILL in the middle; what is half-written is no checkpoint and no line."""
    plan = replace(PLAN, steps=24, accumulate=1, carry=9)
    begin(tmp_path / "whole", plan)
    code = (
        "import sys, torch\ntorch.set_num_threads(1)\nfrom pathlib import Path\n"
        "from dataclasses import replace\nfrom tests.nn.test_train import PLAN, begin, Upkeep\n"
        "begin(Path(sys.argv[1]), replace(PLAN, steps=24, accumulate=1, carry=9), upkeep=Upkeep(checkpoint_steps=2))\n"
    )
    folder = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("checkpoints/step-*")):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (folder / "checkpoints" / ".step-00000023.half").mkdir()
    with (folder / "losses.jsonl").open("a") as journal:
        journal.write('{"step": 25, "lo')
    assert begin(folder, plan, resume=True).finished
    assert same(weights(tmp_path / "whole"), weights(folder))
    assert losses(tmp_path / "whole") == losses(folder)
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["step-00000024"]


def test_it_learns_and_the_folder_is_all_one_needs(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=40, rate=0.01)
    seen: list[Any] = []
    done = begin(tmp_path / "a", plan, report=seen.append, upkeep=Upkeep(evaluate_steps=20))
    assert [one.step for one in seen] == list(range(1, 41))
    lines = read_journal(tmp_path / "a" / "losses.jsonl")
    assert lines[-1]["loss"] < 0.75 * lines[0]["loss"]
    assert [line["step"] for line in lines if "held_out" in line] == [20, 40]
    held_out = read_corpus([TEXT], ByteTokenizer())[0].held_out
    expected = evaluate(done.model, held_out, len(held_out) - 1, context=plan.context)
    assert lines[-1]["bits_per_byte"] == done.progress.bits_per_byte == expected.bits_per_byte
    assert lines[-1]["tokens"] == 40 * 12 * 3 * 2
    loaded = load_model(tmp_path / "a")
    line = torch.arange(9).unsqueeze(0)
    assert torch.equal(loaded(line).logits, done.model(line).logits)
    pytest.importorskip("matplotlib")
    plot_losses(tmp_path / "a" / "losses.jsonl", tmp_path / "a.png", "a")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    transformers = pytest.importorskip("transformers")
    import mnemic.nn.models.hugging_face as ours

    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    assert isinstance(theirs, ours.MnemicForCausalLM)
    assert torch.equal(theirs(line).logits, done.model(line).logits)
    assert theirs.generation_config.eos_token_id == 256
    theirs.save_pretrained(tmp_path / "b")
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert torch.equal(load_model(tmp_path / "b")(line).logits, done.model(line).logits)


def test_a_run_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    begin(tmp_path / "a")
    kept = weights(tmp_path / "a")
    for plan in (replace(PLAN, rate=0.5), replace(PLAN, steps=10)):
        name = "rate is 0.5" if plan.rate == 0.5 else "steps is 10"
        with pytest.raises(RunMismatch, match=name):
            begin(tmp_path / "a", plan, resume=True)
    with pytest.raises(RunMismatch, match="the text"):
        begin(tmp_path / "a", text=TEXT + "more", resume=True)
    corpus, tokenizer = read_corpus([TEXT], ByteTokenizer())
    other = Run(PLAN, ModelConfig(257, 16, [{}]), corpus.fingerprint)
    with pytest.raises(RunMismatch, match=r"model\.width is 16.*begun with 8"):
        train(other, corpus, tokenizer, tmp_path / "a", resume=True)
    with pytest.raises(RunMismatch, match="nothing is overwritten; resume it"):
        begin(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("mine")
    with pytest.raises(RunMismatch, match="holds something already"):
        begin(tmp_path / "b")
    with pytest.raises(NotAModel, match="holds no run"):
        begin(tmp_path / "c", resume=True)
    assert same(kept, weights(tmp_path / "a"))


def test_only_one_process_trains_in_a_folder(tmp_path: Path) -> None:
    refused: list[str] = []

    def again(where: Any) -> None:
        if where.step == 2:
            with pytest.raises(ModelError) as error:
                begin(tmp_path / "a", resume=True)
            refused.append(str(error.value))

    assert begin(tmp_path / "a", report=again).finished
    assert "another process is training in" in refused[0]


def test_a_loss_that_is_no_number_keeps_the_last_good_weights(tmp_path: Path) -> None:
    plan, steps = replace(PLAN, steps=12), []

    def spoil(where: Any) -> None:
        steps.append(where.step)
        if where.step == 5:
            with torch.no_grad():
                grown[0].layers[0].mixer.project.weight.fill_(math.inf)

    import mnemic.nn.train.loop as loop

    grown: list[Any] = []
    original = loop.new_model

    def watched(*arguments: Any) -> Any:
        grown.append(original(*arguments))
        return grown[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "new_model", watched)
        with pytest.raises(Diverged, match=r"loss is nan at step 6 .*step-00000004"):
            begin(tmp_path / "a", plan, report=spoil, upkeep=Upkeep(checkpoint_steps=2))
    assert steps == [1, 2, 3, 4, 5]
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "a").values())
    begin(tmp_path / "b", plan)
    assert begin(tmp_path / "a", plan, resume=True).finished
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_every_window_comes_once_and_the_order_is_the_seeds() -> None:
    line = torch.arange(100)
    order = Shuffled(line, context=10, size=3, seed=1)
    starts = [int(row[0]) for n in range(3) for row in order.batch(n).tokens]
    assert len({start // 10 for start in starts}) == 9
    assert len({start % 10 for start in starts}) == 1
    assert all(torch.equal(row, torch.arange(row[0], row[0] + 11)) for row in order.batch(0).tokens)
    again = Shuffled(line, 10, 3, 1)
    assert all(torch.equal(order.batch(n).tokens, again.batch(n).tokens) for n in range(9))
    other = Shuffled(line, 10, 3, 2)
    assert any(not torch.equal(order.batch(n).tokens, other.batch(n).tokens) for n in range(3))


def test_streams_read_on() -> None:
    order, last = Streams(torch.arange(101), context=5, size=4, seed=0, carry=100), None
    fresh = []
    for n in range(12):
        batch = order.batch(n)
        fresh.append(batch.fresh)
        if not batch.fresh:
            assert torch.equal(batch.tokens[:, 0], last)
        last = batch.tokens[:, -1]
    assert fresh[0]
    assert fresh.count(True) == 3
    often = Streams(torch.arange(101), context=5, size=4, seed=0, carry=2)
    assert [often.batch(n).fresh for n in range(5)] == [True, False, True, False, True]
    assert torch.equal(often.batch(2).tokens[:, 0], often.batch(1).tokens[:, -1])
    with pytest.raises(InvalidInput, match="7 window"):
        Streams(torch.arange(34), context=5, size=7, seed=0, carry=2)
    Streams(torch.arange(36), context=5, size=7, seed=0, carry=2).batch(3)
    Shuffled(torch.arange(6), context=5, size=4, seed=0).batch(2)


def test_the_tail_is_held_out() -> None:
    corpus, _ = read_corpus(["aé" * 50, "b" * 100], ByteTokenizer(), held_out=0.25)
    assert bytes(corpus.held_out.tolist()) == b"b" * 50
    assert corpus.train.tolist()[150] == 256
    assert (corpus.train_bytes, corpus.held_out_bytes) == (200, 50)
    told: list[list[str]] = []

    def learn(texts: Any) -> Any:
        told.append(list(texts))
        return ByteTokenizer()

    read_corpus(["a" * 90 + "b" * 10], learn, held_out=0.1)
    assert told == [["a" * 90]]


def test_only_matrices_decay_and_the_rate_rises_and_falls() -> None:
    model = new_model(MODEL, 0)
    groups = make_optimiser(model, PLAN).param_groups
    decayed = {id(p) for p in groups[0]["params"]}
    names = {name for name, p in model.named_parameters() if id(p) in decayed}
    assert "embedding.weight" in names
    assert "layers.0.mixer.project.weight" in names
    assert not any(
        end in name for name in names for end in ("gain", "bias", "gamma", "conv", "sink")
    )
    assert groups[1]["weight_decay"] == 0
    assert sum(len(g["params"]) for g in groups) == len(list(model.parameters()))
    plan = TrainingConfig(steps=100, rate=1.0, warmup=0.1, rate_last=0.2)
    assert plan.rate_at(0) == pytest.approx(0.1)
    assert plan.rate_at(9) == plan.rate_at(10) == 1.0
    assert plan.rate_at(55) == pytest.approx(0.6)
    assert plan.rate_at(100) == pytest.approx(0.2)


def test_accumulating_equals_a_larger_batch() -> None:
    """Of the same windows; the mean of means is the mean."""
    from mnemic.nn.train.loop import HeldOut, _Going

    found = []
    for batch, parts in ((4, 1), (2, 2), (1, 4)):
        plan = TrainingConfig(steps=2, context=6, batch=batch, accumulate=parts, seed=3)
        model = new_model(MODEL, 0).double()
        order = Shuffled(torch.tensor(list(TEXT.encode())), 6, batch, 3)
        optimiser = make_optimiser(model, plan)
        nothing = HeldOut(torch.tensor([]), 1)
        going = _Going(plan, Path(), nothing, model, optimiser, order, Upkeep())
        loss, norm, _ = going.step(0, None)
        found.append((loss, norm))
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert found[2] == pytest.approx(found[0], rel=1e-12)


def test_every_token_is_predicted_once_whatever_the_context() -> None:
    model, line = new_model(MODEL, 0).double(), torch.tensor(list(TEXT.encode()))[:700]
    with torch.no_grad():
        logits = model(line[:-1].unsqueeze(0)).logits[0]
        nats = float(torch.nn.functional.cross_entropy(logits, line[1:], reduction="sum"))
    whole = evaluate(model, line, 699)
    assert whole.nats == pytest.approx(nats, rel=1e-12)
    assert whole.bits_per_byte == pytest.approx(nats / math.log(2) / 699)
    assert whole.perplexity == pytest.approx(math.exp(nats / 699))
    assert evaluate(model, line, 699, context=699).nats == pytest.approx(nats, rel=1e-12)
    seen: list[tuple[int, int]] = []
    short = evaluate(model, line, 699, 10, lambda *done: seen.append(done))
    assert short.tokens == whole.tokens == 699
    assert seen[-1] == (699, 699)
    by_hand = sum(
        float(
            torch.nn.functional.cross_entropy(
                model(line[i : min(i + 10, 699)].unsqueeze(0)).logits[0],
                line[i + 1 : i + 11],
                reduction="sum",
            ).detach()
        )
        for i in range(0, 699, 10)
    )
    assert short.nats == pytest.approx(by_hand, rel=1e-12)


def test_generating_reads_what_it_draws() -> None:
    model = new_model(MODEL, 0).double()
    logits, state = read_prompt(model, list(b"one two"))
    drawn = list(generate(model, logits, state, tokens=6, sampling=Sampling(0)))
    tokens = [one.token for one in drawn]
    whole = model(torch.tensor([list(b"one two") + tokens])).logits[0]
    assert tokens == whole[6:-1].argmax(-1).tolist()
    after = model(torch.tensor([[1]]), drawn[-1].state).logits[0, 0]
    expected = model(torch.tensor([[*b"one two", *tokens, 1]])).logits[0, -1]
    assert torch.allclose(after, expected, atol=1e-11)
    with pytest.raises(InvalidInput, match="no tokens"):
        read_prompt(model, [])


def test_top_p_keeps_the_likeliest() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().expand(4000, 4)
    chance = torch.Generator().manual_seed(0)
    drawn = Sampling(1.0, 0.75).draw(logits, chance)
    shares = torch.bincount(drawn, minlength=4) / 4000
    assert shares[2:].tolist() == [0, 0]
    assert abs(float(shares[0]) - 0.625) < 0.03
    assert set(Sampling(1.0, 1e-9).draw(logits, chance).tolist()) == {0}
    assert set(Sampling(0.0).draw(logits).tolist()) == {0}
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            Sampling(**wrong)


def test_what_cannot_be_is_named(tmp_path: Path) -> None:
    for wrong in ({"rate": 0.0}, {"clip": math.nan}, {"warmup": 2.0}, {"decay": -1.0}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            TrainingConfig(**wrong)
    with pytest.raises(InvalidTensor, match="steps is 0"):
        TrainingConfig(steps=0)
    with pytest.raises(InvalidInput, match="smaller context"):
        begin(tmp_path / "a", replace(PLAN, context=10_000))
    assert not (tmp_path / "a").exists()
    with pytest.raises(InvalidInput, match="no text file"):
        read_texts([tmp_path / "none"])
    (tmp_path / "bad").write_bytes(b"ab\xff")
    with pytest.raises(InvalidText, match="not UTF-8 at byte 2"):
        read_texts([tmp_path / "bad"])
    with pytest.raises(InvalidInput, match="held_out is 1"):
        read_corpus([TEXT], ByteTokenizer(), held_out=1)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    begin(tmp_path / "a", replace(PLAN, steps=1))
    first = weights_name(tmp_path / "a")
    file = tmp_path / "a" / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:-5])
    assert weights_name(tmp_path / "a") != first
    with pytest.raises(NotAModel, match="was cut short"):
        load_model(tmp_path / "a")
    file.write_bytes(content)
    config = tmp_path / "a" / "config.json"
    described = json.loads(config.read_text())
    config.write_text(json.dumps({**described, "model": {**described["model"], "width": 9}}))
    with pytest.raises(NotAModel, match="does not fit its configuration in embedding"):
        load_model(tmp_path / "a")
    config.write_text(json.dumps({**described, "model_type": "gpt2"}))
    with pytest.raises(NotAModel, match="of the type 'gpt2'"):
        load_model(tmp_path / "a")
    config.write_text("{")
    with pytest.raises(NotAModel, match="describes no model"):
        load_model(tmp_path / "a")
    with pytest.raises(NotAModel, match="holds no model"):
        load_model(tmp_path / "b")


@pytest.mark.parametrize(
    "harm",
    ["flip a bit", "lose the state", "lose the optimiser", "another step", "no list", "deep"],
)
def test_a_harmed_checkpoint_is_not_gone_on_from(tmp_path: Path, harm: str) -> None:
    """Not even where what is left could be loaded: the run would be another one."""
    plan = replace(PLAN, carry=3, accumulate=1)
    begin(tmp_path / "a", plan, stop=iter([False, False, True]).__next__)
    (place,) = (tmp_path / "a" / "checkpoints").iterdir()
    step = place / "step.json"
    if harm == "flip a bit":
        raw = bytearray((place / "model.safetensors").read_bytes())
        raw[-5] ^= 1
        (place / "model.safetensors").write_bytes(raw)
    elif harm == "lose the state":
        (place / "state.safetensors").unlink()
    elif harm == "lose the optimiser":
        (place / "optimiser.safetensors").unlink()
    elif harm == "another step":
        step.write_text(json.dumps({**json.loads(step.read_text()), "step": -3}))
    else:
        step.write_text("[]" if harm == "no list" else "[" * 100_000)
    with pytest.raises(NotAModel, match="checkpoint"):
        begin(tmp_path / "a", plan, resume=True)


def test_what_others_keep_beside_checkpoints_stays(tmp_path: Path) -> None:
    begin(tmp_path / "a", stop=iter([False, True]).__next__)
    place = tmp_path / "a" / "checkpoints"
    (place / "best").mkdir()
    (place / "note").write_text("mine")
    begin(tmp_path / "a", resume=True)
    assert {one.name for one in place.iterdir()} == {"best", "note", "step-00000009"}


def test_what_cannot_be_made_does_not_block_its_folder(tmp_path: Path) -> None:
    corpus, tokenizer = read_corpus([TEXT], ByteTokenizer())
    layer = {"rule": "delta", "cache": {"bogus": 1}}
    run = Run(PLAN, ModelConfig(257, 8, [layer]), corpus.fingerprint)
    with pytest.raises(InvalidTensor, match="bogus"):
        train(run, corpus, tokenizer, tmp_path / "a")
    begin(tmp_path / "a", upkeep=Upkeep())


def test_of_two_that_begin_at_once_one_is_refused(tmp_path: Path) -> None:
    """Both have seen the empty folder; the second may not rewrite what the run is."""
    corpus, _ = read_corpus([TEXT], ByteTokenizer())
    first = Run(PLAN, MODEL, corpus.fingerprint)
    second = Run(replace(PLAN, seed=1), MODEL, corpus.fingerprint)
    for run in (first, second):
        run.make_room(tmp_path / "a")
    first.begin(tmp_path / "a")
    with pytest.raises(RunMismatch, match="already"):
        second.begin(tmp_path / "a")
    assert Run.load(tmp_path / "a").training == first.training


def test_a_large_vocabulary_is_read_in_small_pieces() -> None:
    from mnemic.nn.train.evaluate import LOGITS_AT_ONCE, _pieces

    line = torch.zeros(3000, dtype=torch.int64)
    for context in (None, 16, 512):
        for tokens in _pieces(line, context, 65_536):
            assert tokens[:, 1:].numel() <= max(LOGITS_AT_ONCE // 65_536, context or 1)
        assert sum(t[:, 1:].numel() for t in _pieces(line, context, 65_536)) == 2999


def test_no_temperature_makes_an_infinity() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0]])
    assert Sampling(1e-310).draw(logits).item() == 1
