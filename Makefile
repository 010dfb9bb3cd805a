# The one place where commands are spelled. `make demo` and `make test` install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet
# Files whose hash is not in constraints.txt or constraints/: `warn` installs them with a word, `required` installs none.
HASHES ?= warn
REQUIRED := $(filter required,$(HASHES))
WARNING := WARNING: the hashes of %s do not hold here, as pip says above; what it names is installed unchecked.\n
define locked
	@$(PIP) --require-hashes --requirement $(1) || $(if $(REQUIRED),exit 1,{ printf '$(WARNING)' $(1) && \
	    sed -e '/--hash=/d' -e 's/ *\\$$//' $(1) > $(VENV)/versions.txt && $(PIP) --requirement $(VENV)/versions.txt; })
endef
# pip itself, and what builds the package; another pip does it too.
define installers
	@$(PIP) --require-hashes --requirement constraints/pip.txt || \
	    $(if $(REQUIRED),exit 1,{ printf '$(WARNING)' constraints/pip.txt && $(PIP) --upgrade pip; })
endef
# The package itself has no hash. What setup.cfg asks for and the files lack is installed too, unless hashes are required.
define package
	@$(PIP) $(if $(REQUIRED),--no-deps) --no-build-isolation --editable '.[$(1)]' || \
	    $(if $(REQUIRED),exit 1,$(PIP) --editable '.[$(1)]')
endef
# Whatever says otherwise: the hundreds of processes that tests start would each compile all of our modules again.
unexport PYTHONDONTWRITEBYTECODE
# Tests wait more than they compute: four processes at a time keep two cores busy. Each runs whole modules, in the order
# of tests/conftest.py, the longest first.
BESIDE := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo up test test-fast test-long test-s3 test-redis test-clients lint lint-kubernetes docs audit fuzz bench bench-init bench-train bench-growth bench-scale bench-search sweep chaos test-containers install lock clean

install: $(INSTALLED)

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(call installers)
	$(call locked,constraints.txt)
	$(call package,test)
	touch $@

# An extra of setup.cfg, for the commands that need one.
$(INSTALLED)-%: $(INSTALLED) constraints/%.txt
	$(call locked,constraints/$*.txt)
	$(call package,$*)
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

test-s3: $(INSTALLED)-s3-server  ## blobs and data sources in a bucket, against a server of S3's API that is slow, fails and breaks off
	$(BIN)/python -m pytest tests/s3

test-redis: $(INSTALLED)  ## the primary of three Redis nodes lost under load, behind Sentinels; needs Debian's redis-server, minutes
	MLSERVICE_TEST_REDIS=1 $(BIN)/python -m pytest -s tests/failover

test-clients: $(INSTALLED)-clients  ## clients of others: those that generators make of the definition (needs Java and npm), and packages as they are; CLIENTS="tritonclient mlserver" for some
	$(if $(CLIENTS),,$(BIN)/python -m pytest tests/clients)
	$(BIN)/python -m tests.clients $(CLIENTS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.lint_lua

lint-kubernetes: $(INSTALLED)-kubernetes  ## infra/kubernetes/ against the schemas of Kubernetes and KEDA (needs kubectl or kustomize)
	$(BIN)/python -m tests.lint_kubernetes

docs: $(INSTALLED)-docs  ## the site of docs/, in build/docs; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env -d build/doctrees docs build/docs

audit: $(INSTALLED)-audit  ## the pinned packages against known vulnerabilities
	$(BIN)/python -m tests.audit

lock: $(INSTALLED)-lock  ## constraints.txt and constraints/ anew, after a change of setup.cfg; LOCK="--upgrade" for newer versions
	$(BIN)/python -m tests.lock $(LOCK)

fuzz: $(INSTALLED)-fuzz  ## the running service against its definition, with schemathesis; FUZZ="-n 20" for a glance
	$(BIN)/python -m tests.fuzz $(FUZZ)

bench: $(INSTALLED)-bench  ## the service beside what one would have without it; BENCH="--seconds 2 --rounds 1" for a glance
	$(BIN)/python -m tests.benchmarks $(BENCH)

bench-init: $(INSTALLED)  ## an init of large tables beside reading the same CSV
	$(BIN)/python -m tests.benchmarks.init $(BENCH)

bench-train: $(INSTALLED)  ## a train beside the same call in a script
	$(BIN)/python -m tests.benchmarks.train $(BENCH)

bench-growth: $(INSTALLED)  ## what it costs as work grows, at three sizes, and the shape of that; BENCH="--only tasks" for one
	$(BIN)/python -m tests.benchmarks.growth $(BENCH)

bench-scale: $(INSTALLED)  ## the rate of 1, 2, 4 and 8 estimate processes whose model needs no processor; BENCH="--seconds 5" for a glance
	$(BIN)/python -m tests.benchmarks.scale $(BENCH)

bench-search: $(INSTALLED)-tables  ## params that a search of a minute finds beside the defaults, on ten real tables
	$(BIN)/python -m tests.benchmarks.search $(BENCH)

sweep: $(INSTALLED)-tables  ## real tables of public packages through the service; SWEEP="--only titanic" for one
	$(BIN)/python -m tests.sweep $(SWEEP)

test-containers: $(INSTALLED)-containers  ## the images built, and the service in them from start to end; CONTAINERS="--only stack" for a part
	$(BIN)/python -m tests.containers $(CONTAINERS)

chaos: $(INSTALLED)  ## faults under load, and the account of all that was accepted; CHAOS="--short" for a glance
	$(BIN)/python -m tests.chaos $(CHAOS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
