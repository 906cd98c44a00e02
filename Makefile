.DEFAULT_GOAL := help
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Nothing uploaded in the last week: most hijacked releases are found within days.
LOCK = $(BIN)/uv pip compile --exclude-newer "1 week" --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
UV_VERSION := 0.13.9
# The Lambdas' Python compiles bytecode into what is deployed. It is asked to run: a shim may stand for nothing.
PYTHON313 ?= $(shell python3.13 -c 'import sys; print(sys.executable)' 2>/dev/null \
	|| $(BIN)/uv python find --no-config --no-python-downloads --managed-python 3.13 2>/dev/null)

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(BIN)/uv:
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

lock: $(BIN)/uv ## Resolve the locked requirements again from pyproject.toml
	@$(LOCK) --extra cli --group dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) -c requirements/dev.txt --extra cli --group local pyproject.toml -o requirements/local.txt
	@$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
	@$(LOCK) -c requirements/dev.txt --group pyproject.toml:columnar -o requirements/columnar.txt
	@$(LOCK) -c requirements/dev.txt --group pyproject.toml:bench -o requirements/bench.txt

# The command line, as a link to this folder; uv builds that by itself, without network.
LINK_CLI = $(BIN)/uv pip install --quiet --offline --no-deps --editable .

$(VENV)/.local: $(BIN)/uv requirements/local.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/local.txt
	@$(LINK_CLI)
	@touch $@

$(VENV)/.dev: $(BIN)/uv requirements/dev.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	@$(LINK_CLI)
	@touch $@ $(VENV)/.local

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

install: $(VENV)/.dev ## Install what development needs into .venv

run: $(VENV)/.local ## Start the whole platform on this machine
	@PYTHONPATH=. $(BIN)/python -m infra.local

demo: $(VENV)/.local ## Show the main job against a running platform: register, connect, publish, query, export
	@PYTHONPATH=.:layers/core/python $(BIN)/python -m infra.local.demo

check: install ## Format, lint, types, import contracts, and whether openapi.json and its client are current
	ruff format --check --quiet .
	ruff check --quiet .
	basedpyright --level error
	PYTHONPATH=.:layers/core/python lint-imports --no-cache
	PYTHONPATH=.:layers/core/python python -m functions.openapi --check
	PYTHONPATH=. python -m cli.generate --check

fix: install ## Format, and mend what the linter can
	ruff format --quiet .
	ruff check --quiet --fix .

test: install ## Run the whole test suite
	pytest -n 2 --dist loadgroup

test-browser: install ## Use the documentation page in Chromium, which must be there with its driver
	pytest tests/browser

test-clients: install ## Generate a client in TypeScript, compile it, and use it
	npm ci --prefix tests/clients/typescript
	pytest tests/clients

test-long: install ## Run what takes minutes: ten million readings in one export
	pytest tests/long -s

test-oracle: install ## Hold the policy evaluator against another's, in the directory WHIMBREL_IAM_SIMULATE
	PYTHONPATH=.:layers/core/python python -m tests.infra.iam_oracle

openapi: install ## Generate openapi.json from the operations
	PYTHONPATH=.:layers/core/python python -m functions.openapi

client: install ## Generate the command line's client from openapi.json
	PYTHONPATH=. python -m cli.generate

layers: install ## Build the third-party layers for the Lambda platform
	PYTHONPATH=. python -m infra.layers --python "$(PYTHON313)"

synth: install layers ## Synthesize the CloudFormation templates into cdk.out
	npx --yes aws-cdk@2.1148.1 synth --quiet -c python="$(PYTHON313)"

bench: $(VENV)/.bench ## Measure bytes, costs and times, beside other systems where installed, into docs/benchmarks.md
	PYTHONPATH=.:layers/core/python python -m tests.benchmarks

.PHONY: help lock install run demo check fix test test-browser test-clients test-long test-oracle openapi client layers synth bench
