# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check docs clean

demo: .venv/ready
	@$(BIN)/python examples/demo.py

test: .venv/ready-test check
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: .venv/ready-test
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# The site in build/site; a link that leads nowhere is an error.
docs: .venv/ready-docs
	@$(BIN)/python scripts/reference.py --check
	@MNEMIC_DOCS_THEME=zensical $(BIN)/zensical build --clean --strict -f mkdocs.yml

# The environment with pinned versions, and the model that makes deep keys (25 MB, built once).
.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mnemic needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[serve]'
	@$(BIN)/mnemic model install
	@touch $@

# What the tests need too, and the tensor memories and language models: torch, transformers.
.venv/ready-test: .venv/ready
	@echo "installing torch into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,nn,lm]'
	@touch $@

.venv/ready-docs: .venv/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
