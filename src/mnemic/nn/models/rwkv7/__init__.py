"""RWKV-7 ("Goose", x070): the official checkpoints, their tokenizer, and a state that is a value.

    model = load_checkpoint("RWKV-x070-World-0.1B-v2.8-20241210-ctx4096.pth")
    words = WorldTokenizer("rwkv_vocab_v20230424.txt")
    logits, state = model(torch.tensor([words.encode("The Eiffel tower is in")]))

`model(tokens)` reads many tokens at once, `model.step(tokens)` one; cut, padded, saved and loaded
as every model of `mnemic.nn.models`.
"""

from __future__ import annotations

from mnemic.nn.models.rwkv7.checkpoint import load_checkpoint, save_checkpoint
from mnemic.nn.models.rwkv7.config import SIZES, Rwkv7Config
from mnemic.nn.models.rwkv7.exchange import from_official_state, official_state
from mnemic.nn.models.rwkv7.model import Rwkv7Model

__all__ = [
    "SIZES",
    "Rwkv7Config",
    "Rwkv7Model",
    "from_official_state",
    "load_checkpoint",
    "official_state",
    "save_checkpoint",
]
