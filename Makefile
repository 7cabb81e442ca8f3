# Fresh, from a clone to a running agent: `make start`. To work on Fresh itself: `make test`.

SHELL := /bin/sh
.DEFAULT_GOAL := help

REPO ?=
ARGS ?=
TESTS ?= tests
# More than processors, because tests of processes and servers wait for most of their time.
WORKERS ?= 3
# What decides: rules, inventory, engines, proofs. The other rooms' tests wait for processes, servers and clocks.
QUICK := tests/domain tests/inventory tests/engines tests/proving
# The sample is nobody's work: a whole night's run on it, which asks nobody and ends when nothing is left to do.
NIGHT ?= --overnight --hours 1 --no-approval
BIN := .venv/bin
READY := .venv/ready
CODE := $(wildcard fresh tasks flows bot cli deployments)

.PHONY: help
help: ## say what can be made
	@echo "Fresh: autonomous development agents that improve a git repository overnight."
	@echo
	@grep -hE '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  make %-8s %s\n' "$$name" "$$text"; done

$(READY): requirements.lock pyproject.toml deployments/setup.sh deployments/apt.sh deployments/find_python.sh
	@flock . sh deployments/setup.sh

.PHONY: setup
setup: $(READY) ## install everything into .venv, and bubblewrap on this machine
	@command -v bwrap >/dev/null || sh deployments/apt.sh bubblewrap

.PHONY: start
start: setup ## improve a sample project, or your own with REPO=path; more options with ARGS="--agents 3"
ifeq ($(strip $(REPO)),)
	@$(BIN)/python -m deployments.sample sample
	@$(BIN)/fresh auto start --repo sample $(NIGHT) $(ARGS)
else
	@$(BIN)/fresh auto start --repo "$(REPO)" $(ARGS)
endif

.PHONY: quick
quick: setup ## run the tests that take seconds; with TESTS=tests/bot those of another room
	@$(BIN)/python -m pytest $(or $(filter-out tests,$(TESTS)),$(QUICK)) -n $(WORKERS) -m "not slow and not server and not real and not night"

.PHONY: lint
lint: setup ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: postgres
postgres:
	@ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || sh deployments/postgres.sh

# Its tools hold the server as well, and, unlike the package of the server, start none.
.PHONY: redis
redis:
	@command -v redis-check-rdb >/dev/null || sh deployments/apt.sh redis-tools

.PHONY: test
test: lint postgres ## check everything and run all tests but nights and other people's projects
	@$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -m "not real and not night" || { \
	  echo "Once more, one at a time: what fails only beside other tests is named above, what fails twice is broken."; \
	  $(BIN)/python -m pytest $(TESTS) --last-failed --last-failed-no-failures none -m "not real and not night"; }

.PHONY: nights
nights: setup postgres redis ## play whole nights, with kills, outages and everything that the README says
	@$(BIN)/python -m pytest $(TESTS) -m night

.PHONY: real
real: setup ## let agents work on published projects of others, fetched by pip; takes long
	@$(BIN)/python -m pytest $(TESTS) -m real

.PHONY: bench
bench: setup ## measure how Fresh does, and how long it takes
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: lock
lock: ## write requirements.lock anew from pyproject.toml
	@sh deployments/lock.sh

.PHONY: clean
clean: ## remove what was set up and made here: .venv, the sample project, caches
	@rm -rf .venv sample build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +
