"""What a rule is told at each token besides q, k and v: strengths, decays, removals.

One class per family of rules, chosen by the rule's name in `GATES`. All begin so that the memory
works before any training: writes of middle strength, slow decays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, softplus

from mnemic.nn.axes import Gates, Keys

DECAY_MIN, DECAY_MAX = 0.001, 0.1
"""Log-uniform range of the first decays: memories of about 1,000 to 10 tokens."""


class Gating(NamedTuple):
    """The keys as they are written, and the fields of `Inputs` a rule is given beside them."""

    k: Keys
    beta: Gates | None = None
    log_decay: Gates | Keys | None = None
    a: Keys | None = None
    kk: Keys | None = None


class NoGates(nn.Module):
    """For rules that take none: linear, softmax, window.

    Args:
        features: width of what gates see.
        heads: H.
        key_width: K.
        top: what beta, or a of RWKV-7, stays below. 1: a write at most replaces what the key held;
            2: it may turn it into its opposite, which gives the state's transition an eigenvalue
            down to -1.

    Source:
        Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues (Grazzi et al., 2024),
        section 4.2, arXiv:2411.12537, for `top` = 2.
    """

    def __init__(self, features: int, heads: int, key_width: int, top: float = 1.0) -> None:
        super().__init__()
        self.heads, self.key_width, self.top = heads, key_width, top

    def forward(self, seen: Tensor, k: Keys) -> Gating:
        """From seen [..., features] and k [..., H, K]; every class here is called like this."""
        return Gating(k)


class Strength(NoGates):
    """beta = top sigmoid(W x): the delta rule's.

    Source:
        DeltaNet (Yang et al., 2024), section 2.2, arXiv:2406.06484.
    """

    def __init__(self, features: int, heads: int, key_width: int, top: float = 1.0) -> None:
        super().__init__(features, heads, key_width, top)
        self.beta = nn.Linear(features, heads, bias=False)

    def forward(self, seen: Tensor, k: Keys) -> Gating:
        """Strengths [..., H] in (0, top)."""
        return Gating(k, self.strength(seen))

    def strength(self, seen: Tensor) -> Gates:
        """How much of a write is done, [..., H]."""
        return self.top * self.beta(seen).sigmoid()


class StrengthAndDecay(Strength):
    """beta as above; log_decay = -softplus(W x + b) per head: Gated DeltaNet's.

    Source:
        Gated DeltaNet (Yang et al., 2024), section 3.4, arXiv:2412.06464.
        Differs: exp(A) is not learned apart from b.
    """

    per_key = False

    def __init__(self, features: int, heads: int, key_width: int, top: float = 1.0) -> None:
        super().__init__(features, heads, key_width, top)
        self.decay = nn.Linear(features, heads * (key_width if self.per_key else 1))
        _slow(self.decay)

    def forward(self, seen: Tensor, k: Keys) -> Gating:
        """Strengths [..., H]; log_decay [..., H], or [..., H, K] per key."""
        log_decay = -softplus(self.decay(seen))
        if self.per_key:
            log_decay = log_decay.reshape(k.shape)
        return Gating(k, self.strength(seen), log_decay)


class StrengthAndDecayPerKey(StrengthAndDecay):
    """The same with a decay for every key: Kimi Delta Attention's.

    Source:
        Kimi Linear (Kimi Team, 2025), arXiv:2510.26692. Differs: full projection, not low rank.
    """

    per_key = True


class TimeStep(NoGates):
    """beta = Δ = softplus(W x + b); log_decay = -exp(A) Δ: Mamba-2's.

    Source:
        Transformers are SSMs (Dao & Gu, 2024), section 7, arXiv:2405.21060.
    """

    def __init__(self, features: int, heads: int, key_width: int, top: float = 1.0) -> None:
        super().__init__(features, heads, key_width, top)
        self.step = nn.Linear(features, heads)
        _slow(self.step)
        self.log_rate = nn.Parameter(torch.zeros(heads))

    def forward(self, seen: Tensor, k: Keys) -> Gating:
        """Time steps and log_decay, [..., H]."""
        delta = softplus(self.step(seen))
        return Gating(k, delta, -self.log_rate.exp() * delta)


class Removal(NoGates):
    """kk = k / ||k||; a = top sigmoid(W x); k = kk (1 + (a - 1) k_a); decay per key: RWKV-7's.

    log_decay = -e^(-1/2) sigmoid(W x + b).

    Source:
        RWKV-7 (Peng et al., 2025), section 4, arXiv:2503.14456.
        Differs: full projections, not low rank; k has length 1 before k_a, kk shares it; no token
        shift (the short convolution stands in for it), no bonus.
    """

    def __init__(self, features: int, heads: int, key_width: int, top: float = 1.0) -> None:
        super().__init__(features, heads, key_width, top)
        self.rate = nn.Linear(features, heads * key_width, bias=False)
        self.decay = nn.Linear(features, heads * key_width)
        nn.init.normal_(self.decay.weight, std=0.02)
        nn.init.uniform_(self.decay.bias, -6.0, -3.0)
        self.share = nn.Parameter(torch.ones(heads, key_width))

    def forward(self, seen: Tensor, k: Keys) -> Gating:
        """log_decay, a, kk [..., H, K]."""
        kk = normalize(k, dim=-1)
        a = self.top * self.rate(seen).reshape(k.shape).sigmoid()
        log_decay = -math.exp(-0.5) * self.decay(seen).reshape(k.shape).sigmoid()
        return Gating(kk * (1 + (a - 1) * self.share), None, log_decay, a, kk)


def _slow(linear: nn.Linear) -> None:
    """Biases so that softplus gives the range of first decays; small weights."""
    nn.init.normal_(linear.weight, std=0.02)
    with torch.no_grad():
        first = torch.empty_like(linear.bias).uniform_(math.log(DECAY_MIN), math.log(DECAY_MAX))
        linear.bias.copy_(first.exp().expm1().log())


GATES: Mapping[str, type[NoGates]] = MappingProxyType(
    {
        "delta": Strength,
        "gated_delta": StrengthAndDecay,
        "linear": NoGates,
        "mamba2": TimeStep,
        "rwkv7": Removal,
        "softmax": NoGates,
        "window": NoGates,
    }
)
"""Gates by the name of the rule they serve; a rule without an entry cannot be put in a layer."""
