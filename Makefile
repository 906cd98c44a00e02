.DEFAULT_GOAL := help
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
UV_VERSION := 0.13.9

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(BIN)/uv:
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

lock: $(BIN)/uv ## Resolve the locked requirements again from pyproject.toml
	@$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) -c requirements/dev.txt --group local pyproject.toml -o requirements/local.txt
	@$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
	@$(LOCK) -c requirements/dev.txt --group pyproject.toml:columnar -o requirements/columnar.txt
