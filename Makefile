# Every chore by name. `make run` needs python3 ≥ 3.11 with venv and a package index; nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# uv on PATH is used; else pip puts one into the environment.
UV     := $(shell command -v uv 2>/dev/null)
ifeq ($(UV),)
UV     := $(BIN)/uv
endif
SOURCES := src tests bench

# uv asks the system for its certificates and, like pip, the index that pip's settings name.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
ifndef UV_DEFAULT_INDEX
INDEX := $(or $(PIP_INDEX_URL),$(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null))
ifneq ($(INDEX),)
export UV_DEFAULT_INDEX := $(INDEX)
endif
endif

.PHONY: run install develop test test-clients faults check format lock bench clean

run: install
	$(BIN)/dragoman serve

install: $(VENV)/.run

$(VENV)/.run: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements/run.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --editable .
	@touch $@

develop: $(VENV)/.develop

$(VENV)/.develop: $(VENV)/.run requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

test: develop
	$(BIN)/python -m tests.gate

test-clients: develop
	$(BIN)/python -m tests.clients.install
	$(BIN)/python -m pytest tests/clients -m clients

# 10,000 requests to upstreams that fail three attempts in ten; docs/reliability.md has the figures.
faults: develop
	$(BIN)/python -m tests.faults.endurance $(ARGS)

check: develop
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/python -m pytest tests/test_layers.py

format: develop
	$(BIN)/ruff check --fix --quiet $(SOURCES) || true
	$(BIN)/ruff format $(SOURCES)

# The locks name no index host: hashes only, so any mirror serves them.
lock: $(VENV)/.run
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements/run.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt

# Beside Python it needs nginx and wrk; root on Debian gets them.
bench: develop
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null && command -v wrk >/dev/null \
		|| test "$$(id -u)" != 0 || apt-get install --yes --no-install-recommends nginx-light wrk
	$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
