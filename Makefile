# Every target sets up what it needs; only Python 3.11+, make and package registries are assumed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help test lint format demo bench bench-peers protos clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[control-plane]" --group dev
	@touch $@

test: $(READY)  ## Run the whole suite, real Envoys included
	$(BIN)/python -m pytest

lint: $(READY)  ## Check style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Put the code into its canonical form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(READY)  ## Play the main job on a real Envoy (DEMO_ARGS="--keep")
	$(BIN)/python -m demo $(DEMO_ARGS)

bench: $(READY)  ## Measure Checks and print ratios
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-peers: $(READY)  ## The same beside bare tonic and grpc-go servers, built here
	$(BIN)/python -m benchmarks --peers $(BENCH_ARGS)

protos: $(READY)  ## Regenerate adapter/messages from protos/
	$(BIN)/python -m protos.generate

clean:  ## Remove everything that the targets made
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
