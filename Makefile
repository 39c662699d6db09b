# Needs Python 3.11+ and make; everything else is installed into .venv and contracts/node_modules.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
NPM    := contracts/node_modules/.package-lock.json
BUNDLER := guest-sdk/javascript/bundler/node_modules/.package-lock.json
ASC    := guest-sdk/assemblyscript/node_modules/.package-lock.json
# The demo needs less, unless the full environment is there anyway, or its chain comes from npm: that needs node.
DEMO_ENVIRONMENT = $(if $(CHAIN:embedded=),$(VENV)/.dev $(NPM),$(if $(wildcard $(VENV)/.dev),$(VENV)/.dev,$(VENV)/.demo))
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo devnet check format test test-python conformance sdk-conformance test-contracts test-contracts-shipped test-aarch64 audit mutants rebuild rebuild-go rebuild-python starter-kit fixtures lock fuzz hostile model kill-sweep simulate planted bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(VENV)/.dev ## create .venv with everything that development needs

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "executor needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make environments; on Debian: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.created
	$(INSTALL) --require-hashes -r requirements/dev.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/.created
	$(INSTALL) --require-hashes -r requirements/demo.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(NPM): contracts/package-lock.json | $(VENV)/.dev
	$(PY) contracts/tools/npm.py

$(BUNDLER): guest-sdk/javascript/bundler/package-lock.json | $(VENV)/.dev
	$(PY) contracts/tools/npm.py guest-sdk/javascript/bundler

$(ASC): guest-sdk/assemblyscript/package-lock.json | $(VENV)/.dev
	$(PY) contracts/tools/npm.py guest-sdk/assemblyscript

demo: $(DEMO_ENVIRONMENT) ## the main job, end to end, on this machine (CHAIN=anvil: on another EVM node)
	$(BIN)/executor demo $(if $(CHAIN),--chain $(CHAIN))

devnet: $(DEMO_ENVIRONMENT) ## the demo's network, left up for play (CHAIN=anvil)
	$(BIN)/executor devnet $(if $(CHAIN),--chain $(CHAIN))

check: $(VENV)/.dev ## format, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(VENV)/.dev ## put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Three processes, because tests wait, too: for rounds, timeouts, other processes. Which tests stay together in one is
# said in tests/conftest.py.
PARALLEL ?= --numprocesses 3 --no-loadscope-reorder

test: $(VENV)/.dev $(NPM) $(BUNDLER) $(ASC) ## every test: forge and pytest side by side
	$(MAKE) --jobs=2 test-contracts test-python

test-python: $(VENV)/.dev $(NPM) $(BUNDLER) $(ASC) ## pytest in three processes (ARGS="-k name" for a part, PARALLEL= in one, ARGS=--costs for what it costs)
	$(BIN)/pytest $(PARALLEL) $(ARGS)

conformance: $(VENV)/.dev ## every conformance vector and hostile guest on every engine: wasmtime in five ways, older ones, V8 in three
	CONFORMANCE=all $(BIN)/pytest tests/conformance $(ARGS)

sdk-conformance: $(VENV)/.dev ## every case of guest-sdk/conformance in every language (the tests leave out what takes long to compile)
	$(PY) guest-sdk/conformance/conformance.py check

# Suites that are run on the code that ships, which takes minutes to compile: gas, memory, exact gas of callbacks, assembly.
SHIPPED := {Router,Hostile,Memory,Verifiers,Remembered,CommitteeGas,BeaconGas,CompatGas}

test-contracts: $(VENV)/.dev $(NPM) ## forge: every suite built fast, then those about gas and assembly on the code that ships
	FOUNDRY_PROFILE=dev $(PY) contracts/tools/forge.py test
	$(PY) contracts/tools/forge.py test --match-path 'test/$(SHIPPED).t.sol'

test-contracts-shipped: $(VENV)/.dev $(NPM) ## every forge suite on the code that ships: ten minutes and more
	$(PY) contracts/tools/forge.py test

audit: $(VENV)/.dev $(NPM) .audit/.tools ## slither and halmos over the contracts, in an environment of their own: docs/audit.md
	$(PY) contracts/tools/audit.py

.audit/.tools: requirements/audit.txt
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

mutants: $(VENV)/.dev $(NPM) ## plant faults in the contracts, one at a time; a test must catch each (ARGS=Router for a part)
	$(PY) contracts/tools/mutants.py $(ARGS)

rebuild: $(VENV)/.dev $(NPM) $(ASC) ## rebuild engine, guests and contracts and compare byte for byte with what is committed
	$(PY) guest-sdk/javascript/engine/build.py --check
	$(PY) guest-sdk/c/build.py --check
	$(PY) guest-sdk/conformance/c/build.py --check
	$(PY) guest-sdk/conformance/assemblyscript/build.py --check
	$(PY) guest-sdk/conformance/rust/build.py --check
	$(PY) guest-sdk/conformance/zig/build.py --check
	$(PY) contracts/tools/build.py --check

rebuild-go: $(VENV)/.dev ## rebuild the Go modules of the conformance suite and compare: needs the go of built.json
	$(PY) guest-sdk/conformance/go/build.py --check

rebuild-python: $(VENV)/.dev ## rebuild the Python engine from Debian's source and compare: some five minutes (ARGS="--work DIR")
	$(PY) guest-sdk/python/engine/build.py --check $(ARGS)

starter-kit: $(VENV)/.dev $(NPM) ## fetch Chainlink's starter kit's two sources from GitHub and run the tests of ours like them on those
	$(PY) tools/starter_kit.py

fixtures: $(VENV)/.dev ## make vectors and record receipts again, after a change of profile, engine or rules (CONTRIBUTING.md)
	$(PY) guest-sdk/web/rules.py
	$(PY) fixtures/conformance/generate.py
	$(PY) fixtures/vectors/generate.py
	$(PY) fixtures/receipts/record.py
	$(PY) guest-sdk/conformance/conformance.py record

lock: $(VENV)/.dev ## resolve dependencies again and write requirements/*.txt
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --extra devnet --extra checkout pyproject.toml -o requirements/demo.txt
	$(LOCK) requirements/audit.in -o requirements/audit.txt

test-aarch64: $(VENV)/.dev ## arm64 under qemu: receipts, vectors and NaNs, on every setting (x86-64 Debian; `make test` runs a part)
	EXECUTOR_AARCH64=1 $(BIN)/pytest tests/aarch64 $(ARGS)

fuzz: $(VENV)/.dev $(NPM) ## fuzz the machine (COUNT=5000 SECONDS=600 SEED=1): docs/fuzzing.md
	$(PY) -m executor.testing.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

simulate: $(VENV)/.dev ## committees through schedules drawn by Hypothesis (COUNT=20000 SEED=0 SIGNATURES=real): docs/simulator.md
	$(PY) -m executor.testing.simulator $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(SIGNATURES),--signatures $(SIGNATURES))

planted: $(VENV)/.dev ## plant protocol bugs, one at a time; the simulator must find each: docs/simulator.md
	$(PY) tests/simulator/planted.py $(ARGS)

hostile: $(VENV)/.dev ## hostile guests, and twenty times as many flipped bits: docs/hostile-guests.md
	EXECUTOR_HOSTILE=20 $(BIN)/pytest tests/hostile

model: $(VENV)/.dev ## the rules of agreement in every reachable state, deeper than the tests: docs/model-check.md
	PYTHONPATH=tests/protocol $(PY) tests/protocol/model_check.py

kill-sweep: $(VENV)/.dev ## kill -9 nodes, signers and workers under load, 200 times (POINTS=200 SEED=1): docs/store.md
	$(PY) -m tests.network.kill_sweep --points $(or $(POINTS),200) --seed $(or $(SEED),1)

bench: $(VENV)/.dev $(NPM) ## print every benchmark's figures
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(PY) $$file || exit 1; done

clean: ## remove what the targets made
	rm -rf $(VENV) .audit .engines contracts/node_modules guest-sdk/assemblyscript/node_modules guest-sdk/javascript/bundler/node_modules contracts/out contracts/cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
