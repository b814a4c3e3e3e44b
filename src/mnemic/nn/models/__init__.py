"""Models: layers given as data, between an embedding and its transpose.

`folder` makes a model files, `generation` lets it speak, `session` keeps what it has read. By the
conventions of transformers it is in `hugging_face`, which is not imported from here.
`rwkv7` is one made elsewhere: official checkpoints, called the same way.
"""

from __future__ import annotations

from mnemic.nn.models.carried import CarriedState, CausalModel
from mnemic.nn.models.config import ModelConfig
from mnemic.nn.models.folder import load_model, save_model, weights_name
from mnemic.nn.models.generation import Drawn, Sampling, generate, read_prompt
from mnemic.nn.models.language_model import LanguageModel
from mnemic.nn.models.model_state import ModelState
from mnemic.nn.models.preset import preset
from mnemic.nn.models.recurrent import LanguageModelOutput, RecurrentModel
from mnemic.nn.models.session import load_session, save_session

__all__ = [
    "CarriedState",
    "CausalModel",
    "Drawn",
    "LanguageModel",
    "LanguageModelOutput",
    "ModelConfig",
    "ModelState",
    "RecurrentModel",
    "Sampling",
    "generate",
    "load_model",
    "load_session",
    "preset",
    "read_prompt",
    "save_model",
    "save_session",
    "weights_name",
]
