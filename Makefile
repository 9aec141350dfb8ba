# Everything a user or a developer runs. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= .demo
PEOPLE ?= 5000
# Compiled modules are kept, whatever the environment says: each process starts in a third of the time.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench format docs constraints clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The stamp is newer than the files that say what to install, so that set-up runs once and again when they change.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("register needs Python 3.11 or newer; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

setup: $(VENV)/.installed ## install the program and its tools into .venv

demo: $(VENV)/.installed ## make a synthetic country, build its register and compare it with the truth
	rm -rf $(DEMO)
	$(BIN)/register synth $(DEMO)/country --people $(PEOPLE) --seed 1 --years 2018-2024
	$(BIN)/register init $(DEMO)/project --country col
	cp $(DEMO)/country/extracts/* $(DEMO)/project/extracts/
	$(BIN)/register -C $(DEMO)/project build
	$(BIN)/register -C $(DEMO)/project evaluate $(DEMO)/country/truth

# Two workers: linear algebra starts no threads of its own, and each worker has half of the files, so that what the
# tests of a file share is made once.
test: $(VENV)/.installed ## run the tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q

check: $(VENV)/.installed ## lint, types, layers, declarations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed ## measure speed, memory and accuracy (takes a while)
	$(BIN)/python -m benchmarks

format: $(VENV)/.installed ## mend the layout of the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(VENV)/.installed ## write the generated reference pages
	$(BIN)/python -m docs.generate

constraints: ## pin the dependencies again: exact versions with hashes, no addresses
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --upgrade \
		--no-emit-package migration-register -o constraints.txt

clean: ## remove what the targets made
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
