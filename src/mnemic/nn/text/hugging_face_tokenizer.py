"""Tokenizers of the tokenizers library: a tokenizer.json, or byte pairs learned from the text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mnemic.errors import InvalidInput, NotAModel
from mnemic.nn.files import write_whole

TOKENIZER_FILE = "tokenizer.json"
END_OF_TEXT = "<|endoftext|>"
ENDS = (END_OF_TEXT, "</s>", "<|end_of_text|>", "[SEP]")
"""Names under which vocabularies keep the token between texts; the first one found is it."""

UNFINISHED = "\ufffd"


class PieceStream:
    """Decodes the last few tokens anew until they end in a whole character.

    A decoder may treat the first piece of a text apart (a space that is dropped), so the piece
    shown last stays in front of the next ones.
    """

    def __init__(self, tokenizer: HuggingFaceTokenizer) -> None:
        self._tokenizer = tokenizer
        self._shown: list[int] = []
        self._waiting: list[int] = []

    def feed(self, token: int) -> str:
        """The text that this token completes."""
        self._waiting.append(token)
        text = self._text()
        if text.endswith(UNFINISHED):
            return ""
        self._shown, self._waiting = self._waiting, []
        return text

    def end(self) -> str:
        """What is left."""
        text = self._text()
        self._shown, self._waiting = [], []
        return text

    def _text(self) -> str:
        before = self._tokenizer.decode(self._shown)
        return self._tokenizer.decode(self._shown + self._waiting)[len(before) :]


class HuggingFaceTokenizer:
    """A tokenizer of the tokenizers library, as it is.

    Args:
        made: a `tokenizers.Tokenizer`.
    """

    def __init__(self, made: Any) -> None:
        self._made = made
        # The name of a special token within a text is text: who wrote it may end nothing by it.
        made.encode_special_tokens = True
        # Numbers may be left out, so the size is that of the largest one.
        self.vocabulary = 1 + max(made.get_vocab().values())
        found = (made.token_to_id(name) for name in ENDS)
        self.end_of_text: int | None = next((one for one in found if one is not None), None)

    @classmethod
    def load(cls, path: str | Path) -> HuggingFaceTokenizer:
        """The tokenizer of a tokenizer.json, or of a folder that holds one.

        Raises:
            NotAModel: there is none, or it cannot be read.
        """
        path = Path(path)
        path = path / TOKENIZER_FILE if path.is_dir() else path
        if not path.is_file():
            raise NotAModel(f"there is no tokenizer at {str(path)!r}")
        library = _library()
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            json.loads(text)["model"]
        except (ValueError, KeyError, TypeError, RecursionError) as wrong:
            raise NotAModel(f"{str(path)!r} is no tokenizer.json: {wrong}") from wrong
        try:
            return cls(library.Tokenizer.from_str(text))
        except Exception as wrong:  # the library raises nothing more particular
            raise NotAModel(f"{str(path)!r} is no tokenizer.json: {wrong}") from wrong

    @classmethod
    def learn(cls, texts: Iterable[str], vocabulary: int) -> HuggingFaceTokenizer:
        """Byte pairs learned from texts, the most frequent first.

        Args:
            texts: to learn from.
            vocabulary: tokens in all; the 256 bytes and the end of a text are among them.

        Raises:
            InvalidInput: `vocabulary` has no room for a single pair.

        Source:
            Neural Machine Translation of Rare Words with Subword Units (Sennrich et al., 2016),
            section 3.2, arXiv:1508.07909; on bytes as in GPT-2 (Radford et al., 2019), section 2.2.
        """
        if vocabulary < 258:
            raise InvalidInput(
                f"a vocabulary of {vocabulary} has no room for pairs beside 256 bytes and the end "
                "of a text; take 258 or more, or the tokenizer 'bytes'"
            )
        library = _library()
        made = library.Tokenizer(library.models.BPE())
        made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[END_OF_TEXT],
            initial_alphabet=sorted(library.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        made.train_from_iterator(texts, trainer)
        return cls(made)

    @property
    def fingerprint(self) -> str:
        """Of everything tokenizer.json says."""
        return blake2b(self._made.to_str().encode(), digest_size=16).hexdigest()

    def encode(self, text: str) -> list[int]:
        """The tokens, without any that the tokenizer would put around a text."""
        return list(self._made.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; special tokens say nothing."""
        return str(self._made.decode(list(tokens), skip_special_tokens=True))

    def stream(self) -> PieceStream:
        """A new stream."""
        return PieceStream(self)

    def save(self, folder: Path) -> None:
        """Writes tokenizer.json, and beside it what transformers' AutoTokenizer asks for."""
        write_whole(folder / TOKENIZER_FILE, self._made.to_str().encode())
        described: dict[str, Any] = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "padding_side": "left",
            "clean_up_tokenization_spaces": False,
        }
        if self.end_of_text is not None:
            name = self._made.id_to_token(self.end_of_text)
            described |= {"eos_token": name, "pad_token": name}
        text = json.dumps(described, indent=2) + "\n"
        write_whole(folder / "tokenizer_config.json", text.encode())


def _library() -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as missing:
        if missing.name != "tokenizers":
            raise
        raise ModuleNotFoundError(
            "this tokenizer needs the package tokenizers, which is not installed; "
            "run pip install 'mnemic[lm]', or use the tokenizer 'bytes'",
            name="tokenizers",
        ) from missing
    return tokenizers
