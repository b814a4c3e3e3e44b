"""The language model by the conventions of Hugging Face's transformers.

Importing this registers the type "mnemic", so that `AutoModelForCausalLM.from_pretrained` loads a
folder that `MnemicForCausalLM.save_pretrained`, `save_model` or `mnemic lm train` wrote.
"""

from __future__ import annotations

try:
    import transformers as _transformers
except ModuleNotFoundError as missing:
    if missing.name != "transformers":
        raise
    raise ModuleNotFoundError(
        "mnemic.nn.models.hugging_face needs transformers, which is not installed; "
        "run pip install 'mnemic[lm]'",
        name="transformers",
    ) from missing

from mnemic.nn.models.hugging_face.cache import StateCache
from mnemic.nn.models.hugging_face.causal_lm import MnemicForCausalLM
from mnemic.nn.models.hugging_face.config import MnemicConfig

__all__ = ["MnemicConfig", "MnemicForCausalLM", "StateCache"]

_transformers.AutoConfig.register(MnemicConfig.model_type, MnemicConfig, exist_ok=True)
_transformers.AutoModelForCausalLM.register(MnemicConfig, MnemicForCausalLM, exist_ok=True)
