"""Text as tokens and back: bytes as they are, or a vocabulary of the tokenizers library.

A tokenizer is saved beside the model it was used with, so that a folder is all one needs.
"""

from __future__ import annotations

from mnemic.nn.text.byte_tokenizer import ByteTokenizer
from mnemic.nn.text.choice import load_tokenizer, make_tokenizer
from mnemic.nn.text.hugging_face_tokenizer import HuggingFaceTokenizer
from mnemic.nn.text.tokenizer import TextStream, Tokenizer

__all__ = [
    "ByteTokenizer",
    "HuggingFaceTokenizer",
    "TextStream",
    "Tokenizer",
    "load_tokenizer",
    "make_tokenizer",
]
