"""Models: layers given as data, between an embedding and its transpose.

`rwkv7` beside them is one made elsewhere: official checkpoints, called the same way.
"""

from __future__ import annotations

from mnemic.nn.models.config import ModelConfig
from mnemic.nn.models.language_model import LanguageModel
from mnemic.nn.models.model_state import ModelState
from mnemic.nn.models.recurrent import LanguageModelOutput, RecurrentModel

__all__ = ["LanguageModel", "LanguageModelOutput", "ModelConfig", "ModelState", "RecurrentModel"]
