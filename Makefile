# Every target sets up what it needs; only Python 3.11+, make and package registries are assumed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# What the compiled Check path is held against: the tests that reach compiled modules, with the slow
# files first.
COMPILED_TESTS := tests/e2e/test_policies.py tests/e2e/test_identity_policies.py \
	tests/e2e/test_answers.py tests/integration/transport tests/contract tests/unit/analytics \
	tests/fuzz tests/unit/authorization tests/unit/ext_authz tests/unit/operations/test_denials.py \
	tests/unit/operations/test_explain.py tests/unit/platform_client tests/unit/policy \
	tests/unit/quota tests/unit/runtime/test_version.py tests/unit/transport
COMPILED := .cache/compiled
# Python's own folder first, the compiled adapter next, the sources of everything else last.
WITH_COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(COMPILED)

# Each file of tests runs in one of so many processes. Three keep two cores busy, because tests wait
# for Envoys and browsers. Files start in order of their names, so that the short ones come last.
TEST_PROCESSES ?= 3
PARALLEL := --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
# Lines and branches together; the tests fail under these shares.
COVERAGE := $(BIN)/coverage report --skip-covered

.PHONY: help test lint format policy-schemas demo chaos fuzz mesh manifests vendor-tools lock sbom image bench bench-peers screenshots protos clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[control-plane,ldap,otel]" --group dev
	@# xds-protos overwrites these modules with an older version of its own.
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps "$$($(BIN)/python -m pip freeze | grep ^opentelemetry-proto==)"
	@touch $@

# The Check path as the image has it, bytecode included. Where there is no C compiler, a wheel brings
# one.
$(COMPILED)/.ready: $(READY) hatch_build.py $(shell find adapter -name '*.py')
	rm -rf $(COMPILED) $(COMPILED).wheel
	command -v cc >/dev/null || $(BIN)/python -m pip install --quiet "ziglang>=0.13"
	export CC="$$(command -v cc || echo $(CURDIR)/$(BIN)/python -m ziglang cc)" POLICY_ADAPTER_COMPILE=1; \
		$(BIN)/python -m hatchling build --target wheel --directory $(COMPILED).wheel
	$(BIN)/python -m zipfile -e $(COMPILED).wheel/*.whl $(COMPILED)
	rm -r $(COMPILED)/control_plane
	$(BIN)/python -m compileall -q $(COMPILED)/adapter
	@touch $@

test: $(READY) $(COMPILED)/.ready  ## Run the whole suite, real Envoys included
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=
	$(COVERAGE) --include='adapter/policy/*' --fail-under=100 --show-missing
	$(COVERAGE) --include='adapter/*' --fail-under=96 --format=total
	$(COVERAGE) --include='control_plane/*' --fail-under=95 --format=total
	$(WITH_COMPILED) $(BIN)/python -m pytest $(PARALLEL) --import-mode=append $(COMPILED_TESTS)

# Style checks and the compiler take one core each, so they run at the same time if both are asked for.
# The tests begin after them.
ifeq ($(sort $(MAKECMDGOALS)),lint test)
MAKEFLAGS += --jobs=2
test: | lint
endif

lint: $(READY)  ## Check style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What the control plane checks policies with where the adapter is not installed. A test compares it.
policy-schemas: $(READY)  ## Write the adapter's schemas of policies into the control plane
	$(BIN)/policy-adapter policy-schemas > control_plane/management/policy_checks/schemas.json

format: $(READY)  ## Put the code into its canonical form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: $(READY)  ## Play the main job on a real Envoy (DEMO_ARGS="--keep")
	$(BIN)/python -m demo $(DEMO_ARGS)

chaos: $(READY)  ## Break real processes under load, and write docs/chaos.md (CHAOS_ARGS="--only disk")
	$(BIN)/python -m chaos --output docs/chaos.md $(CHAOS_ARGS)

bench: $(READY) $(COMPILED)/.ready  ## Measure Checks, the console's pages and the store of events
	$(WITH_COMPILED) $(BIN)/python -m benchmarks $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.console_pages
	$(BIN)/python -m benchmarks.event_store
	$(BIN)/python -m benchmarks.event_store --postgresql

bench-peers: $(READY) $(COMPILED)/.ready  ## The same beside bare tonic and grpc-go servers, built here
	$(WITH_COMPILED) $(BIN)/python -m benchmarks --peers $(BENCH_ARGS)

# Each build gets half of the time. A seed repeats a run; without one, it is new and printed.
FUZZ_SECONDS ?= 60
FUZZ := $(BIN)/python -m tests.fuzz --seconds $$(($(FUZZ_SECONDS) / 2)) --seed "$(FUZZ_SEED)"

fuzz: $(READY) $(COMPILED)/.ready  ## Compare both readers on mutated messages (FUZZ_SECONDS, FUZZ_SEED)
	$(FUZZ)
	$(WITH_COMPILED) $(FUZZ)

mesh: $(READY)  ## Run the control planes of meshes with what is rendered for them, built here once
	$(BIN)/python -m tests.mesh

manifests: $(READY)  ## Write the plain manifests and the schemas of the Helm charts' values
	$(BIN)/python -m deploy

vendor-tools: $(READY)  ## Run the vendor's tools and write the tables of docs/vendor-tools.md
	$(BIN)/python -m tests.control_plane.vendor_tools

# Every version and hash of what is in the image. The Python is the Dockerfile's.
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.12 --python-platform linux --generate-hashes \
	--upgrade --no-annotate --no-header

lock: $(READY)  ## Renew the lock files of the image
	$(LOCK) pyproject.toml --extra control-plane --extra ldap --extra otel --output-file image/requirements.lock
	$(LOCK) image/build.in --output-file image/build.lock

sbom: $(READY)  ## Write the bill of materials of the image to dist/sbom.cdx.json
	@mkdir -p dist
	$(BIN)/python image/sbom.py image/requirements.lock > dist/sbom.cdx.json

image: sbom  ## Build the container image (IMAGE, needs docker); its packages are those of the lock files
	docker build --tag $(IMAGE) .

IMAGE ?= policy-adapter

screenshots: $(READY)  ## Take the pictures of the console for docs/images
	$(BIN)/python -m tests.browser.screenshots

protos: $(READY)  ## Regenerate adapter/messages from protos/
	$(BIN)/python -m protos.generate

clean:  ## Remove everything that the targets made
	rm -rf .venv .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
