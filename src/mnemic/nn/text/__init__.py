"""Text as tokens and back: bytes, a vocabulary of the tokenizers library, or RWKV's World.

A tokenizer is saved beside the model it was used with, so that a folder is all one needs.
"""

from __future__ import annotations

from mnemic.nn.text.byte_tokenizer import ByteTokenizer
from mnemic.nn.text.choice import load_tokenizer, make_tokenizer
from mnemic.nn.text.hugging_face_tokenizer import HuggingFaceTokenizer
from mnemic.nn.text.tokenizer import TextStream, Tokenizer
from mnemic.nn.text.world_tokenizer import WorldTokenizer

__all__ = [
    "ByteTokenizer",
    "HuggingFaceTokenizer",
    "TextStream",
    "Tokenizer",
    "WorldTokenizer",
    "load_tokenizer",
    "make_tokenizer",
]
