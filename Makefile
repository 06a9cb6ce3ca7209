# The two commands of the README are `make up` and `make test`; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV := .tools/bin/uv
export UV_PYTHON_DOWNLOADS := never

RUST_SOURCES := $(shell find plate_core -name '*.rs' -o -name '*.lua' -o -name Cargo.toml) Cargo.toml Cargo.lock
LOCK := requirements/dev.lock

.PHONY: help check-prerequisites setup build up down demo lock

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 24

check-prerequisites:
	@bash scripts/check-prerequisites

.tools/uv-$(UV_VERSION): | check-prerequisites
	@$(PYTHON) -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# The lock is hashed, so that what is installed is what was reviewed.
$(VENV)/.locked: $(LOCK) .tools/uv-$(UV_VERSION)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes $(LOCK)
	@touch $@

# An editable install puts only the facade's folder on the path; the second line adds the root, where plateapi stands.
$(VENV)/.built: $(VENV)/.locked $(RUST_SOURCES) pyproject.toml
	@echo "Building the core (release); the first time takes some minutes."
	@PATH="$(abspath $(BIN)):$$PATH" $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/plates_root.pth"
	@touch $@

setup: $(VENV)/.locked ## the Python environment, from the lock

build: $(VENV)/.built ## the Rust core and the command line, release build

# `exec`, so that Ctrl-C reaches `plates` itself, which stops everything in order.
up: build ## build, start everything, print the address and what to try; Ctrl-C stops it
	@exec $(BIN)/plates up

down: build ## stop what runs here, whoever started it
	@$(BIN)/plates down

demo: build ## the country as on opening day: 5.9 million marks already on the road
	@$(BIN)/plates demo

lock: .tools/uv-$(UV_VERSION) ## write the lock anew from pyproject.toml
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --group dev pyproject.toml -o $(LOCK)

# --- the proof of the day -----------------------------------------------------------------------------------

.PHONY: lock test test-packages lint test-rust test-core test-python format reference

VALKEY_BINARY = $(shell $(BIN)/python -c 'from tests.servers import server_binary; print(server_binary("valkey"))')
RUST_TEST_ENVIRONMENT = PLATES_TEST_VALKEY="$(VALKEY_BINARY)" PLATES_TEST_REDIS="$$(command -v redis-server)"

test: test-packages build lint test-rust test-python ## everything, on the embedded Valkey and on Redis 7.0

test-packages: | check-prerequisites
	@bash scripts/install-test-packages
	@bash scripts/install-proof-packages

lint: $(VENV)/.built
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features plate-fuzz/program --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test-rust: $(VENV)/.built
	$(RUST_TEST_ENVIRONMENT) cargo test --workspace --quiet

# The core with a clock as an argument and faults to plant, and the simulation, for the proof only; never installed.
test-core: $(VENV)/.built
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo build --profile test --quiet \
		--package plate-binding --package plate-simulation --features plate-binding/sabotage
	@bash scripts/install-package c++ g++ "building libFuzzer"
	$(COVERAGE_BUILD) engine

# libFuzzer and our own crates as it wants them. Not incremental and apart from other builds of ours, but with the same
# crates of others. Without the inventory's readers, as `make test` has it, it is built in half the time.
COVERAGE_BUILD = RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/scripts/rustc-with-coverage CARGO_INCREMENTAL=0 \
	cargo build --profile test --quiet --package plate-fuzz --features

test-python: $(VENV)/.built test-core bench-native
	$(BIN)/pytest --numprocesses 2 --dist loadgroup --ignore tests/browser
	# Playwright keeps an event loop running in its process, so the browser has a process of its own.
	$(BIN)/pytest tests/browser
	$(BIN)/pytest bench --benchmark-disable --quiet

reference: $(VENV)/.built ## write docs/reference's pages of the API from the code
	$(BIN)/python -m plateapi.reference

format: $(VENV)/.locked ## rewrite the sources in the house's format
	cargo fmt --all
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

# --- every promise as an experiment -----------------------------------------------------------------------------

.PHONY: proof proof-packages proof-report replay fuzzers fuzz

PROOF_JSON ?= var/proof.json
TARGETS ?= $(or $(CARGO_TARGET_DIR),target)
FUZZED ?= patterns
FUZZ_SECONDS ?= 600

proof: proof-packages build test-core fuzzers ## every promise tried, each with its control; ONLY=name,name SHORT=1 SEED=n
	$(BIN)/python -m proof --only "$(ONLY)" --json $(PROOF_JSON) $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED))

proof-packages: | check-prerequisites
	@bash scripts/install-proof-packages

proof-report: $(VENV)/.built ## the docs' table of the last proof
	@$(BIN)/python -m proof.table $(PROOF_JSON) docs/proof/table.md

replay: build test-core $(if $(filter fuzz_coverage:%,$(SEED)),fuzzers) ## SEED=experiment:seed [CONTROL=1]: one trial of an experiment again
	@test -n "$(SEED)" || { echo "usage: make replay SEED=experiment:seed" >&2; exit 2; }
	@$(BIN)/python -m proof --replay "$(SEED)" $(if $(CONTROL),--control)

# After test-core, whose program has fewer readers and the same name.
fuzzers: test-core
	$(COVERAGE_BUILD) engine,packed

fuzz: fuzzers ## FUZZED=patterns FUZZ_SECONDS=600: libFuzzer on one reader by hand; what it finds and learns is in var/fuzz
	@mkdir -p var/fuzz/learned/$(FUZZED)
	@$(TARGETS)/debug/fuzz --write-corpus var/fuzz/known
	PLATES_FUZZ_TARGET=$(FUZZED) $(TARGETS)/debug/fuzz_coverage -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-use_value_profile=1 -dict=var/fuzz/known/$(FUZZED).dict -artifact_prefix=var/fuzz/$(FUZZED)- \
		var/fuzz/learned/$(FUZZED) var/fuzz/known/$(FUZZED)

# --- figures and load -----------------------------------------------------------------------------------------

.PHONY: cluster bench bench-native bench-instructions bench-compare bench-report launch-day load

BENCH_JSON ?= var/bench.json
INSTRUCTIONS_JSON ?= var/instructions.json
NEW ?= $(BENCH_JSON)
LOAD_SECONDS ?= 60
LOAD_USERS ?= 40
LAUNCH_GENERATOR ?= native
APPLICATIONS ?= 11000

# What benches measure inside Rust; no part of the wheel.
bench-native: $(VENV)/.built
	@cargo build --release --package plate-bench --quiet

bench: bench-native ## measure: every case asserts its answer; JSON with circumstances
	@bash scripts/install-package pg_ctlcluster postgresql "measuring beside PostgreSQL"
	@mkdir -p $(dir $(BENCH_JSON))
	$(BIN)/pytest bench --benchmark-only --benchmark-json=$(BENCH_JSON) --benchmark-columns=median,iqr,ops,rounds --history

bench-instructions: bench-native ## count the instructions of the pure core: exact where time is not
	@bash scripts/install-package valgrind valgrind "counting instructions"
	@mkdir -p $(dir $(INSTRUCTIONS_JSON))
	@$(BIN)/python -m bench.instructions $(INSTRUCTIONS_JSON)

# make's own exit code is 2 whatever fails; a job that must tell 1 from 2 calls the module itself.
bench-compare: $(VENV)/.locked ## BASE=file [NEW=file]: what became worse beyond noise
	@test -n "$(BASE)" || { echo "usage: make bench-compare BASE=results.json [NEW=$(NEW)]" >&2; exit 2; }
	@$(BIN)/python -m bench.compare "$(BASE)" "$(NEW)"

bench-report: $(VENV)/.locked ## draw the last run: one page that needs no network, and the docs' table and charts
	@$(BIN)/python -m bench.report "$(BENCH_JSON)" --publish docs/performance

launch-day: bench-native ## all 11,000 applications of 5 January 2026, with the check and its control
	$(BIN)/python -m loadtests.launch_day --generator $(LAUNCH_GENERATOR)

cluster: bench-native ## a launch day on 3 primaries and 3 replicas of this machine; APPLICATIONS=n of them
	$(BIN)/python -m loadtests.launch_day --cluster --applications $(APPLICATIONS)

load: $(VENV)/.built ## a launch day in small, ended by the check of every mark's history and its control
	$(BIN)/python -m loadtests.launch --seconds $(LOAD_SECONDS) --users $(LOAD_USERS)
