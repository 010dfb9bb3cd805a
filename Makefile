# The one place where commands are spelled. `make demo` and `make test` install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench
FUZZ_INSTALLED := $(VENV)/.installed-fuzz
CLIENTS_INSTALLED := $(VENV)/.installed-clients
TABLES_INSTALLED := $(VENV)/.installed-tables
AUDIT_INSTALLED := $(VENV)/.installed-audit
DOCS_INSTALLED := $(VENV)/.installed-docs
# Tests wait more than they compute: four processes at a time keep two cores busy. Each runs whole modules, in the order
# of tests/conftest.py, the longest first.
BESIDE := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo up test test-fast test-long test-clients lint docs audit fuzz bench bench-train sweep chaos install clean

install: $(INSTALLED)

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(BENCH_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,bench]'
	touch $@

$(FUZZ_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,fuzz]'
	touch $@

$(CLIENTS_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[clients]'
	touch $@

$(TABLES_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[tables]'
	touch $@

$(AUDIT_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[audit]'
	touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

demo: $(INSTALLED)  ## init, train and estimate on real data, through every process; leaves nothing running
	$(BIN)/mlservice demo

up: $(INSTALLED)  ## serve until Ctrl-C
	$(BIN)/mlservice up

test: $(INSTALLED)  ## unit, contract and integration tests
	$(BIN)/python -m pytest $(BESIDE) -m "not long"

test-fast: $(INSTALLED)  ## unit and contract tests, while one works
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long" tests/unit tests/contract

test-long: $(INSTALLED)  ## what those tests show once, again and again: soaks, bursts, kills at any moment, bodies that need much memory
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

test-clients: $(CLIENTS_INSTALLED)  ## clients that generators make of the definition (needs Java and npm); CLIENTS="openapi-typescript" for one
	$(BIN)/python -m tests.clients $(CLIENTS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.lint_lua

docs: $(DOCS_INSTALLED)  ## the site of docs/, in build/docs; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env -d build/doctrees docs build/docs

audit: $(AUDIT_INSTALLED)  ## the pinned packages against known vulnerabilities
	$(BIN)/python -m tests.audit

fuzz: $(FUZZ_INSTALLED)  ## the running service against its definition, with schemathesis; FUZZ="-n 20" for a glance
	$(BIN)/python -m tests.fuzz $(FUZZ)

bench: $(BENCH_INSTALLED)  ## the service beside what one would have without it; BENCH="--seconds 2 --rounds 1" for a glance
	$(BIN)/python -m tests.benchmarks $(BENCH)

bench-train: $(INSTALLED)  ## a train beside the same call in a script
	$(BIN)/python -m tests.benchmarks.train $(BENCH)

sweep: $(TABLES_INSTALLED)  ## real tables of public packages through the service; SWEEP="--only titanic" for one
	$(BIN)/python -m tests.sweep $(SWEEP)

chaos: $(INSTALLED)  ## faults under load, and the account of all that was accepted; CHAOS="--short" for a glance
	$(BIN)/python -m tests.chaos $(CHAOS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
