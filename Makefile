# Two commands matter: `make run` and `make test`. Both do all set-up themselves.
SHELL := /bin/sh
.DEFAULT_GOAL := help
SERVICES := identity assets render billing privacy
VENV := .venv/bin
PORT ?= 8080
SEEDS ?= 300
FIRST ?= 1
export PORT
FAULTS ?= all
export FAULTS

# The first Python on the path that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
INSTALL = @p="$(PYTHON)"; "$${p:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Nexoraz needs Python 3.11 or later, and the one found is: $$("$${p:-python3}" --version 2>/dev/null || echo none)." >&2; \
	exit 1; }; "$$p" deploy/local/install.py

.PHONY: help install install-run run demo test faults size policy check bench stop status rotate clean model format lock $(SERVICES:%=test-%)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo "  make test-<service>  the tests of one of: $(SERVICES)"
	@echo "  PORT=… chooses the gateway's port (8080); the parts use the forty after it"

install: ## everything into .venv, from the lock files
	$(INSTALL) dev

install-run:
	$(INSTALL) run

run: install-run ## the whole suite on http://localhost:$PORT, until Ctrl-C
	@exec $(VENV)/python -m nexoraz.local run

stop: install-run ## end the suite of this clone; the data stays in var/
	@$(VENV)/python -m nexoraz.local stop

status: install-run ## which processes run
	@$(VENV)/python -m nexoraz.local status

rotate: install-run ## begin a new epoch of every vault's keys in the running suite
	@$(VENV)/python -m nexoraz.local rotate

demo: install ## one person's journey through the running suite: make demo PHOTO=photo.jpg
	@$(VENV)/python tests/journey/demo.py $(PHOTO)

model: install-run ## fetch the weights of the neural cut-out (176 MB) into var/model
	@$(VENV)/python -m nexoraz.render.engine.weights --dir var/model

test: install ## every test, on two processes that share nothing
	$(VENV)/pytest -n 2 --dist loadfile

$(SERVICES:%=test-%): test-%: install
	$(VENV)/pytest services/$*

faults: install ## kill, fill, restart and restore everything under people's journeys (FAULTS=quick: a bounded portion)
	$(VENV)/pytest tests/faults
	[ "$(FAULTS)" = quick ] || OUTAGE_S=60 $(VENV)/pytest tests/journey

policy: install ## every clause of the policy, with what shows that it works; what is not shown is listed as failing
	@$(VENV)/pytest tests/policy --policy -q

size: install ## an export of 5 GB and 50,000 events through the suite, with its memory (SIZE_MB=…)
	SIZE_MB=$${SIZE_MB:-5000} SIZE_EVENTS=$${SIZE_EVENTS:-50000} $(VENV)/pytest tests/size -s

simulate: install ## all services in one process, seed by seed, with faults: make simulate SEEDS=10000 FIRST=1
	@$(VENV)/python -m tests.simulation --seeds $(SEEDS) --first $(FIRST)

replay: install ## one seed of the simulation again, with all that happened: make replay SEED=1
	@$(VENV)/python -m tests.simulation --seed $(SEED) --trace

check: install ## lint, format, types, layers
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy libs services deploy tests benchmarks requirements conftest.py
	$(VENV)/lint-imports

format: install ## let ruff repair what it can
	$(VENV)/ruff check --fix
	$(VENV)/ruff format

bench: install ## measure this machine's figures beside their ceilings (BENCH=quick: a rough and bounded portion)
	@$(VENV)/python -m benchmarks $(if $(filter quick,$(BENCH)),--quick)

lock: install ## compile the lock files from requirements/*.in
	@$(VENV)/python requirements/lock.py

clean: ## remove .venv, caches and ALL data in var/
	@[ ! -x $(VENV)/python ] || [ ! -d var ] || $(VENV)/python -m nexoraz.local stop
	rm -rf .venv var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
