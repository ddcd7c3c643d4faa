# Everything a person does with this tree. `make help` lists it.
#
#   PYTHON   the interpreter that .venv is made with (3.11 or later)
#   PORT     where `make up` and `make demo` listen (8000; the demo takes a free one when that is taken)
#   DATA     the folder where `make up` and `make demo` keep everything (data; the demo: a new temporary one)
#   SOCKET   a unix socket that `make up` listens on besides, for programs of this machine
#   ONLY     parts of names of test groups or benchmarks, to run only those: make test ONLY="docker browser"

PYTHON ?= python3
BIN := .venv/bin
QUICK_DATA := $(CURDIR)/var/check

.DEFAULT_GOAL := help
.PHONY: help setup check lint test soak bench demo up job-image lock format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## the environment in .venv, from the hashed lock; nothing to do when nothing changed
	@$(PYTHON) scripts/setup.py

check: lint ## linters, types, import contracts and the quick tests
	@$(BIN)/python -m tests quick

lint: setup ## linters, types and import contracts
	@mkdir -p $(QUICK_DATA)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	FORGE_DATA=$(QUICK_DATA) $(BIN)/mypy
	$(BIN)/lint-imports

test: setup ## all tests; as root on Debian or Ubuntu it installs what they need
	@$(BIN)/python -m tests $(ONLY)

soak: setup ## the tests that take long
	@$(BIN)/python -m tests soak

bench: setup ## the benchmarks, each beside its floor or peer
	@$(BIN)/python -m bench $(ONLY)

demo: setup ## see it work: a project is pushed, run and judged (ONCE=1 ends with the verdict)
	@$(BIN)/forge demo

up: setup ## serve, with one runner, on this machine
	@$(BIN)/forge up --bridge --runner $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA)) $(if $(SOCKET),--unix-socket $(SOCKET))

job-image: ## the default job image, from Debian's packages
	deploy/job-image/build

lock: setup ## requirements*.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 bench/buildbot/requirements.in -o bench/buildbot/requirements.lock

format: setup ## let the formatter and the linter mend what they can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## forget the environment and every cache; data stays
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
