# All set-up is done here: a machine needs Python 3.11 or later, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help story demo test check bench torture lock clean

help:
	@echo "make story     borrow a book with a card from the other end of the country, and more"
	@echo "make demo      run the demo world (SIP2 on 127.0.0.1:6001, NCIP on :6080/ncip, pages on :6088, metrics on :9464)"
	@echo "make test      run the tests; PORTVAKT_TEST_POSTGRES=postgresql://… joins PostgreSQL in"
	@echo "make check     style, types and architecture"
	@echo "make bench     benchmarks, as ratios against other software in the same run"
	@echo "make torture   what takes longer than tests may: a minute for each, or SECONDS=600"
	@echo "make lock      resolve the dependencies anew"

# pip's own record of hashes is the proof: nothing is installed that the lock file does not name.
$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

story: $(READY)
	$(BIN)/portvakt demo --story

demo: $(READY)
	$(BIN)/portvakt demo

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

torture: $(READY)
	$(BIN)/python -m pytest -m torture
	$(BIN)/python -m tests.torture --seconds $(or $(SECONDS),60)

lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
