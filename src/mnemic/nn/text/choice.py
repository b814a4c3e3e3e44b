"""Which tokenizer: by name for training, by folder ever after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mnemic.errors import InvalidInput, NotAModel
from mnemic.nn.text.byte_tokenizer import BYTES_FILE, ByteTokenizer
from mnemic.nn.text.hugging_face_tokenizer import TOKENIZER_FILE, HuggingFaceTokenizer
from mnemic.nn.text.tokenizer import Tokenizer
from mnemic.nn.text.world_tokenizer import WORLD_FILE, WorldTokenizer


def make_tokenizer(name: str, texts: Iterable[str] = ()) -> Tokenizer:
    """The tokenizer of that name.

    Args:
        name: "bytes"; "bpe:N", N tokens learned from the texts; or the path of a tokenizer.json,
            of a folder that holds one, or of a World vocabulary, which ends in .txt.
        texts: to learn from.

    Raises:
        InvalidInput: no tokenizer has that name.
        NotAModel: the file is no tokenizer.
    """
    if name == "bytes":
        return ByteTokenizer()
    kind, _, size = name.partition(":")
    if kind == "bpe" and size.isascii() and size.isdecimal() and len(size) < 10:
        return HuggingFaceTokenizer.learn(texts, int(size))
    if name.endswith(".txt"):
        return WorldTokenizer(name)
    if Path(name).exists():
        return HuggingFaceTokenizer.load(name)
    raise InvalidInput(
        f"there is no tokenizer {name!r}; give 'bytes', 'bpe:2048', or the path of a tokenizer.json "
        "or of a World vocabulary"
    )


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """The tokenizer that was saved in a folder.

    Raises:
        NotAModel: there is none.
    """
    folder = Path(folder)
    if (folder / BYTES_FILE).is_file():
        return ByteTokenizer()
    if (folder / TOKENIZER_FILE).is_file():
        return HuggingFaceTokenizer.load(folder)
    if (folder / WORLD_FILE).is_file():
        return WorldTokenizer(folder / WORLD_FILE)
    wanted = f"{TOKENIZER_FILE}, {BYTES_FILE} or {WORLD_FILE}"
    raise NotAModel(f"{str(folder)!r} holds no tokenizer: there is no {wanted}")
