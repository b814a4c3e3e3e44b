"""Names, explicit checks, and what importing costs."""

# ruff: noqa: E402
from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from mnemic.errors import InvalidTensor
from mnemic.nn import Inputs, check_finite, make_rule, rule_names
from mnemic.nn.rules.decay import decayed_products
from mnemic.nn.rules.rwkv7.spec import write_magnitude


def test_importing_mnemic_loads_no_torch() -> None:
    code = "import mnemic, sys; assert 'torch' not in sys.modules, 'torch was loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_the_message_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "try:\n    import mnemic.nn\n"
        "except ModuleNotFoundError as e:\n    assert 'mnemic[nn]' in str(e), e\n"
        "else:\n    raise SystemExit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_and_options_are_named() -> None:
    with pytest.raises(InvalidTensor, match="Did you mean 'delta'"):
        make_rule("detla")
    with pytest.raises(InvalidTensor, match="gated_delta, linear, mamba2"):
        make_rule("hebb")
    with pytest.raises(InvalidTensor, match="cannot be made with"):
        make_rule("delta", width=3)
    with pytest.raises(InvalidTensor, match="width is 0"):
        make_rule("window", width=0)
    for name in rule_names():
        assert make_rule(name).name.startswith(name)


def test_nan_is_named_but_not_looked_for_within_a_graph() -> None:
    """There the loss tells, and looking would cost; check_finite may be asked by hand."""
    good = torch.zeros(1, 3, 1, 2)
    bad = good.clone()
    bad[0, 2, 0, 1] = torch.nan
    rule = make_rule("linear")
    rule.run(rule.init_state(1, 1, 2, 2), Inputs(good, good, bad.requires_grad_()))
    bad = bad.detach()
    with pytest.raises(InvalidTensor, match=r"v holds nan at \(0, 2, 0, 1\)"):
        rule.run(rule.init_state(1, 1, 2, 2), Inputs(good, good, bad))
    check_finite(Inputs(good, good, good))
    with pytest.raises(InvalidTensor, match=r"v holds nan at \(0, 2, 0, 1\)"):
        check_finite(Inputs(good, good, bad))


@pytest.mark.parametrize("strict", [True, False])
def test_decayed_products_survive_decays_that_would_overflow(strict: bool) -> None:
    """A decay of e^-50 a token: the factored form would need e^+3000."""
    x, y = torch.randn(2, 60, 5, dtype=torch.float64), torch.randn(2, 60, 5, dtype=torch.float64)
    log_decay = -50 * torch.rand(2, 60, 5, dtype=torch.float64) ** 3
    log_decay.requires_grad_()
    g = log_decay.cumsum(1)
    found = decayed_products(x, y, g, g, strict=strict)
    gap = (g.unsqueeze(2) - g.unsqueeze(1)).clamp(max=0).exp()
    direct = torch.einsum("bid,bjd,bijd->bij", x, y, gap).tril(-1 if strict else 0)
    assert torch.allclose(found, direct, atol=1e-12, rtol=0)
    (gradient,) = torch.autograd.grad(found.sum(), log_decay)
    assert gradient.isfinite().all()


def test_a_write_that_changes_nothing_has_no_size() -> None:
    """RWKV-7 writing back what it removed: the plain formula loses half the digits here."""
    removal = torch.randn(100, 64)
    v = torch.randn(100, 64)
    size = write_magnitude(v, removal, removal, v)
    assert float(size.max()) < 1e-4 * float((removal.norm(dim=-1) * v.norm(dim=-1)).min())
    nothing = write_magnitude(v, torch.zeros(100, 64), removal, v)
    assert torch.allclose(nothing, removal.norm(dim=-1) * v.norm(dim=-1))
