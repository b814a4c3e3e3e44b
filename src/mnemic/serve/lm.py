"""`mnemic lm …`: train a small language model, evaluate it, let it speak, keep its memory."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.markup import escape
from rich.table import Table

from mnemic.errors import InvalidInput
from mnemic.serve.lm_run import EXIT_STOPPED, Wanted, stopping_on_interrupt, train_run
from mnemic.serve.terminal import bar, err, out, plain, print_json

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Language models with a memory that can be saved; needs pip install 'mnemic\\[lm]'.\n\n"
        "Try:  mnemic lm train book.txt --out book-model  then  "
        "mnemic lm chat book-model --session book.session"
    ),
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A folder with a model, or an official RWKV-7 checkpoint."
    ),
]
Vocabulary = Annotated[
    Path | None,
    typer.Option(help="The vocabulary of an RWKV-7 checkpoint, rwkv_vocab_v20230424.txt."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Tokens = Annotated[int, typer.Option(min=1, help="Tokens at most.")]
Temperature = Annotated[float, typer.Option(help="0: always the most likely token.")]
TopP = Annotated[float, typer.Option(help="Only the likeliest tokens with this much probability.")]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=2**63 - 1, help="Of chance; without it every time is another."),
]


@app.command()
def train(
    texts: Annotated[
        list[Path] | None, typer.Argument(metavar="TEXT…", help="UTF-8 text files.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--out", help="A new folder for the model; with --resume a run's.")
    ] = ...,  # type: ignore[assignment]
    steps: Annotated[int | None, typer.Option(help="Of the optimiser. Default: 300.")] = None,
    layers: Annotated[int | None, typer.Option(help="How many. Default: 3.")] = None,
    width: Annotated[int | None, typer.Option(help="Of the model. Default: 128.")] = None,
    heads: Annotated[int | None, typer.Option(help="Memories a layer. Default: 4.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="How states are written. Default: gated_delta.")
    ] = None,
    cache_width: Annotated[
        int | None, typer.Option(help="Pairs an exact cache keeps; 0: no cache. Default: 64.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="The layers as a JSON list, or a file that holds one; see LayerConfig."),
    ] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of a window. Default: 128.")] = None,
    batch: Annotated[int | None, typer.Option(help="Windows side by side. Default: 16.")] = None,
    accumulate: Annotated[int | None, typer.Option(help="Batches a step. Default: 1.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Highest learning rate. Default: 0.003.")
    ] = None,
    carry: Annotated[
        int | None,
        typer.Option(help="Windows through which a state is carried; 1: none. Default: 8."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="bytes, bpe:2048 or so, or a tokenizer.json. Default: bytes.")
    ] = None,
    held_out: Annotated[
        float | None, typer.Option(help="Share at the end that is not learned from. Default: 0.05.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and order. Default: 0.")] = None,
    checkpoint_s: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 30.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model on text; Ctrl-C saves, and --resume goes on as if nothing had happened.

    With the defaults a few minutes on a CPU.
    """
    wanted = Wanted(
        files=tuple(texts or ()),
        training=_given(
            steps=steps, context=context, batch=batch, accumulate=accumulate, rate=rate,
            carry=carry, seed=seed,
        ),
        model=_given(
            layers=layers, width=width, heads=heads, rule=rule, cache_width=cache_width,
            pattern=None if pattern is None else _pattern(pattern),
        ),
        tokenizer=tokenizer,
        held_out=held_out,
        checkpoint_s=checkpoint_s,
        resume=resume,
    )  # fmt: skip
    with stopping_on_interrupt() as stop:
        found = train_run(folder, wanted, stop)
    if as_json:
        print_json(found)
    else:
        held, speed = found["held_out_bits_per_byte"], found["tokens_per_s"]
        out.print(
            f"{escape(plain(str(folder)))}: step {found['step']:,} of {found['steps']:,}, "
            f"{found['parameters']:,} parameters"
            + (f", [bold]{held:.3f}[/] bits per byte held out" if held is not None else "")
            + (f", {speed:,.0f} tokens/s" if speed else "; it was finished before")
        )
    if not found["finished"]:
        err.print(
            f"stopped and saved; go on with  mnemic lm train --out "
            f"{escape(plain(shlex.quote(str(folder))))} --resume"
        )
        raise typer.Exit(EXIT_STOPPED)


@app.command(name="eval")
def eval_(
    folder: Folder,
    texts: Annotated[list[Path], typer.Argument(metavar="TEXT…", help="UTF-8 text files.")],
    contexts: Annotated[
        list[int] | None,
        typer.Option("--context", help="Clear the state every so many tokens; repeatable."),
    ] = None,
    limit_bytes: Annotated[
        int | None, typer.Option(min=2, help="Only about so much of the text, from its end.")
    ] = None,
    vocabulary: Vocabulary = None,
    as_json: AsJson = False,
) -> None:
    """Bits per byte and perplexity of a text, with the state carried over all of it and without."""
    from mnemic.nn.train import evaluate

    opened = _open(folder, vocabulary)
    line, text_bytes = _line(texts, opened.tokenizer, limit_bytes)
    rows = []
    for context in [*(contexts or (32, 128, 512)), None]:
        label = "whole text" if context is None else f"{context} tokens"
        with bar(label) as tick:
            found = evaluate(opened.model, line, text_bytes, context, tick)
        rows.append(
            {
                "context": context, "bits_per_byte": found.bits_per_byte,
                "perplexity": found.perplexity, "tokens": found.tokens, "bytes": found.text_bytes,
                "tokens_per_s": found.tokens_per_s,
            }
        )  # fmt: skip
    if as_json:
        print_json({"model": str(folder), "results": rows})
        return
    table = Table(box=None, pad_edge=False)
    for name in ("memory of", "bits per byte", "perplexity", "tokens/s"):
        table.add_column(name, justify="left" if name == "memory of" else "right")
    for row in rows:
        memory = "the whole text" if row["context"] is None else f"{row['context']:,} tokens"
        table.add_row(
            memory, f"{row['bits_per_byte']:.4f}", f"{row['perplexity']:,.2f}",
            f"{row['tokens_per_s']:,.0f}",
        )  # fmt: skip
    out.print(table)
    out.print(f"[dim]{rows[0]['tokens']:,} tokens, {rows[0]['bytes']:,} bytes[/]")


@app.command()
def generate(
    folder: Folder,
    prompt: Annotated[str, typer.Option(help="What to go on from; '-' reads standard input.")] = "",
    tokens: Tokens = 200,
    temperature: Temperature = 0.8,
    top_p: TopP = 0.95,
    seed: Seed = None,
    vocabulary: Vocabulary = None,
    as_json: AsJson = False,
) -> None:
    """Text that goes on from a prompt, printed as it is made."""
    from mnemic.nn.models import Sampling, read_prompt

    sampling = Sampling(temperature, top_p)
    opened = _open(folder, vocabulary)
    _read_any_bytes()
    line = opened.encode_prompt(sys.stdin.read() if prompt == "-" else prompt)
    logits, state = read_prompt(opened.model, line)
    began = time.perf_counter()
    reply = _speak(opened, logits, state, tokens, sampling, _chance(seed), "", not as_json)
    seconds = time.perf_counter() - began
    if as_json:
        print_json(
            {
                "prompt": prompt, "text": reply.text, "tokens": reply.tokens,
                "tokens_per_s": reply.tokens / seconds,
            }
        )  # fmt: skip
        return
    sys.stdout.write("\n")
    err.print(f"[dim]{reply.tokens} tokens, {reply.tokens / seconds:,.0f} tokens/s[/]")


@app.command()
def chat(
    folder: Folder,
    session: Annotated[
        Path, typer.Option("--session", help="The file that keeps what was said; made if need be.")
    ],
    tokens: Tokens = 200,
    temperature: Temperature = 0.8,
    top_p: TopP = 0.95,
    seed: Seed = None,
    template: Annotated[
        str, typer.Option(help=r"How a line is read: {} is the line, \n a new line.")
    ] = r"{}\n",
    until: Annotated[
        str, typer.Option(help=r"What ends a reply; empty: only the end of a text.")
    ] = r"\n\n",
    vocabulary: Vocabulary = None,
    as_json: AsJson = False,
) -> None:
    """Say lines, get replies; the session is a file of fixed size that survives the program.

    Reads lines from a terminal or a pipe. After each reply the state is saved in one move.
    """
    from mnemic.nn.models import Sampling, load_session, read_prompt, save_session

    sampling, chance = Sampling(temperature, top_p), _chance(seed)
    if "{}" not in template:
        raise InvalidInput(f"template is {template!r}; it needs {{}} where the line goes")
    if (session.exists() and not session.is_file()) or not os.access(session.parent, os.W_OK):
        raise InvalidInput(f"no session can be kept at {str(session)!r}: give a file in a folder")
    template, until = (text.replace(r"\n", "\n") for text in (template, until))
    opened = _open(folder, vocabulary)
    state = load_session(session, opened.model, opened.weights) if session.exists() else None
    known_as = _stamp(session)
    _read_any_bytes()
    talking = sys.stdin.isatty() and not as_json
    if talking:
        known = (
            f"{state.position:,} tokens are remembered" if state is not None else "a new session"
        )
        err.print(f"[dim]{known}; an empty line or Ctrl-D ends[/]")
    while line := _next_line(talking):
        logits, state = read_prompt(
            opened.model,
            opened.encode_prompt(template.replace("{}", line), first=state is None),
            state,
        )
        reply = _speak(opened, logits, state, tokens, sampling, chance, until, not as_json)
        state = reply.state
        if _stamp(session) != known_as:
            raise InvalidInput(
                f"another chat has written to {str(session)!r} meanwhile; this turn is not kept, "
                "so that its turns are not lost: say the line again in a new chat"
            )
        save_session(session, opened.model, state, opened.weights)
        known_as = _stamp(session)
        if as_json:
            print_json(
                {
                    "line": line, "reply": reply.text, "tokens": reply.tokens,
                    "position": state.position, "state_bytes": state.nbytes,
                }
            )  # fmt: skip
            sys.stdout.flush()
        elif not reply.text.endswith("\n"):
            sys.stdout.write("\n")


def _stamp(session: Path) -> tuple[int, int, int] | None:
    """What tells one writing of a file from the next; None: there is none."""
    try:
        found = session.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class Opened(NamedTuple):
    """A model that can speak: any `CausalModel`, its tokenizer, and the name of its weights."""

    model: Any
    tokenizer: Any
    weights: str

    def encode_prompt(self, text: str, *, first: bool = True) -> list[int]:
        """The tokens of a prompt; an empty one is the end of the text before, at the first turn."""
        # Lone surrogates, from a terminal that is not UTF-8, are no text.
        line: list[int] = self.tokenizer.encode(text.encode(errors="replace").decode())
        if not line and first and self.tokenizer.end_of_text is not None:
            return [self.tokenizer.end_of_text]
        return line


class Reply(NamedTuple):
    """text and how many tokens it took; state: after all of them."""

    text: str
    tokens: int
    state: Any


def _open(path: Path, vocabulary: Path | None) -> Opened:
    """The model of a folder, or of an RWKV-7 checkpoint."""
    from mnemic.nn.models import load_model, weights_name
    from mnemic.nn.text import WorldTokenizer, load_tokenizer

    if path.is_file():
        from mnemic.nn.models.rwkv7 import load_checkpoint

        if vocabulary is None:
            raise InvalidInput(
                f"{plain(str(path))!r} is a file; an RWKV-7 checkpoint needs --vocabulary, the path "
                "of its rwkv_vocab_v20230424.txt. Other models are folders"
            )
        words = WorldTokenizer(vocabulary)
        model = load_checkpoint(path).eval()
        if words.vocabulary > model.config.vocabulary:
            raise InvalidInput(
                f"{plain(str(vocabulary))!r} has tokens up to {words.vocabulary - 1}, the model "
                f"only {model.config.vocabulary}; they do not belong together"
            )
        return Opened(model, words, weights_name(path))
    if vocabulary is not None:
        raise InvalidInput("--vocabulary is for RWKV-7 checkpoints; a folder has its own tokenizer")
    mine, tokenizer = load_model(path), load_tokenizer(path)
    if tokenizer.vocabulary > mine.config.vocabulary:
        raise InvalidInput(
            f"the tokenizer in {plain(str(path))!r} has {tokenizer.vocabulary} tokens, the model "
            f"only {mine.config.vocabulary}; they do not belong together"
        )
    return Opened(mine, tokenizer, weights_name(path))


def _speak(
    opened: Opened,
    logits: Any,
    state: Any,
    tokens: int,
    sampling: Any,
    chance: Any,
    until: str,
    aloud: bool,
) -> Reply:
    """Draws tokens until the end of a text, or `until`, or there are enough."""
    from mnemic.nn.models import generate

    stream, text, count = opened.tokenizer.stream(), "", 0
    drawn = generate(
        opened.model, logits, state, tokens=tokens, sampling=sampling, generator=chance
    )
    for count, (token, state) in enumerate(drawn, 1):  # noqa: B007
        piece = "" if token == opened.tokenizer.end_of_text else stream.feed(token)
        text += _say(piece, aloud)
        if token == opened.tokenizer.end_of_text or (
            until and until in text[-len(piece + until) :]
        ):
            break
    return Reply(text + _say(stream.end(), aloud), count, state)


def _say(piece: str, aloud: bool) -> str:
    """The piece, said if need be."""
    if aloud and piece:
        sys.stdout.write(plain(piece))
        sys.stdout.flush()
    return piece


def _read_any_bytes() -> None:
    """From here on standard input may hold what is no UTF-8; it reads as U+FFFD."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _next_line(talking: bool) -> str:
    """The next line without its end; empty when there is none. Empty lines of a pipe are skipped."""
    if talking:
        err.print("[bold cyan]>[/] ", end="")
    while line := str(sys.stdin.readline()):
        if talking or line.strip():
            return line.rstrip("\n")
    return ""


def _chance(seed: int | None) -> Any:
    import torch

    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator


def _line(texts: list[Path], tokenizer: Any, limit_bytes: int | None) -> tuple[Any, int]:
    """The tokens of all texts, and the bytes of the text that is to be predicted."""
    from mnemic.nn.train import read_texts, tokens_of

    found = read_texts(texts)
    if limit_bytes is not None:
        found = [b"".join(t.encode() for t in found)[-limit_bytes:].decode(errors="ignore")]
    line = tokens_of(found, tokenizer)
    text_bytes = sum(len(text.encode()) for text in found)
    return line, text_bytes - len(tokenizer.decode(line[:1].tolist()).encode())


def _pattern(pattern: str) -> list[dict[str, Any]]:
    """The layers that a JSON text or file lists."""
    try:
        text = pattern if pattern.lstrip().startswith("[") else Path(pattern).read_text()
        found = json.loads(text)
    except (OSError, ValueError) as wrong:
        raise InvalidInput(f"--pattern {pattern!r} is no JSON list and no file: {wrong}") from wrong
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not found:
        raise InvalidInput(
            f"--pattern must be a JSON list of layers, such as [{{}}], not {found!r}"
        )
    return found


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; the others have the value None."""
    return {name: value for name, value in options.items() if value is not None}
