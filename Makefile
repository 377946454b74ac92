# Every command of the project; `make` alone lists them. What a target needs, it builds first:
# `make plans` and `make test` work as the first command on a fresh clone.

# Set on the command line: make plans AS_OF=2026-11-30 LANGUAGE=en JOBS=2. Assigned here, so that
# variables of the same name in the environment (LANGUAGE is one of gettext's) stay out of it.
AS_OF :=
LANGUAGE :=
JOBS :=
OUT :=
CLIENT :=
LAST :=
LAST_RUN :=
FORCE :=
CLUSTER :=
KILL :=
LEDGER :=
BY :=
NOTE :=
SEND :=
SHEET :=
APPLY :=
CLIENTS := params/clients/*.yaml
UV := uv
UPGRADE :=
unexport LANGUAGE

BIN := .venv/bin
PLANNER := $(BIN)/planner
PLAN_OPTIONS = $(if $(AS_OF),--as-of $(AS_OF)) $(if $(LANGUAGE),--language $(LANGUAGE)) \
	$(if $(OUT),--out $(OUT))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup plans plan why approve mail outbox purge check-clients cluster-demo lab format \
	lint typecheck test snapshots bench bench-batch schema check lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo '  variables      AS_OF=2026-11-30 LANGUAGE=zh|en JOBS=2 CLIENTS="a.yaml b.yaml" OUT=folder|URL'
	@echo '                 LAST=plan.json LAST_RUN=folder, of an earlier day, for trends'
	@echo '                 FORCE=1 builds what is unchanged, too; CLUSTER=address of a Dask scheduler'
	@echo '                 LEDGER=folder of ledger and pages where OUT is a URL; KILL=1 a worker of the demo'
	@echo '                 BY="who approves" NOTE="what was looked at"; SEND=1 SHEET=passwords.csv'
	@echo '                 sends; APPLY=1 removes'

setup: .venv/.ready ## create the environment, make sure of a Chinese font, examine the machine
	@$(PLANNER) doctor --fix

plans: .venv/.ready ## build into out/ every client's plan that is not there as it should be
	@$(PLANNER) batch $(CLIENTS) $(PLAN_OPTIONS) $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(LAST_RUN),--last-run $(LAST_RUN)) $(if $(FORCE),--force) \
		$(if $(CLUSTER),--cluster $(CLUSTER)) $(if $(LEDGER),--ledger $(LEDGER))

plan: .venv/.ready ## build one client's plan: make plan CLIENT=example-08-first-loan
	$(if $(CLIENT),,$(error Say which client: make plan CLIENT=ref builds params/clients/ref.yaml))
	@$(PLANNER) plan params/clients/$(CLIENT).yaml $(PLAN_OPTIONS) $(if $(LAST),--last $(LAST)) \
		$(if $(FORCE),--force)

why: .venv/.ready ## say whether a plan would be built now, and because of what: make why CLIENT=ref
	$(if $(CLIENT),,$(error Say which client: make why CLIENT=ref))
	@$(PLANNER) why $(CLIENT) $(PLAN_OPTIONS)

approve: .venv/.ready ## approve the day's plans, or one: make approve BY=name NOTE=text CLIENT=ref
	$(if $(and $(BY),$(NOTE)),,$(error Say who approves and what was looked at: BY="..." NOTE="..."))
	@$(PLANNER) approve $(if $(CLIENT),$(CLIENT),--all) --by "$(BY)" --note "$(NOTE)" \
		$(PLAN_OPTIONS)

mail: .venv/.ready ## write approved plans' letters as drafts; SEND=1 SHEET=file sends them, once
	@$(PLANNER) mail $(CLIENT) $(PLAN_OPTIONS) $(if $(SEND),--send) \
		$(if $(SHEET),--password-sheet $(SHEET))

outbox: .venv/.ready ## list what became of every mail
	@$(PLANNER) outbox $(PLAN_OPTIONS)

purge: .venv/.ready ## list what has been kept long enough; APPLY=1 removes it
	@$(PLANNER) purge $(PLAN_OPTIONS) $(if $(APPLY),--apply)

check-clients: .venv/.ready ## report every problem of every client file
	@$(PLANNER) check $(CLIENTS)

cluster-demo: .venv/.ready ## build the examples on a scheduler and two workers of this machine
	$(BIN)/python -m reports.run.cluster.demo $(if $(KILL),--kill)

lab: .venv/.ready ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

format: .venv/.ready ## rewrite code and notebooks in the house format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/nbstripout notebooks/*.ipynb

lint: .venv/.ready ## check style, notebooks, floors and that the schemas are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	$(BIN)/lint-imports
	$(PLANNER) schema --check

typecheck: .venv/.ready ## check types, strictly in planning/
	$(BIN)/mypy

test: .venv/.ready ## run the whole test suite
	$(BIN)/pytest -n 2

snapshots: .venv/.ready ## rewrite tests/snapshots; read the diff as a client would
	$(BIN)/pytest tests/test_snapshots.py --update-snapshots

bench: .venv/.ready ## time the engine beside what one would otherwise use; a few minutes
	$(BIN)/python benchmarks/loans.py
	$(BIN)/python benchmarks/strategy.py
	$(BIN)/python benchmarks/stress.py

bench-batch: .venv/.ready ## time a batch beside the usual ways; ten minutes
	$(BIN)/python benchmarks/batch.py

schema: .venv/.ready ## regenerate params/schema from the models
	$(PLANNER) schema

check: lint typecheck test ## all that must hold before a change is shared; CI runs this

lock: ## pin every dependency with its hashes; needs uv, UPGRADE=--upgrade moves pins
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet $(UPGRADE) \
		--output-file requirements.lock

clean: ## remove the environment and caches; out/ stays, it holds clients' plans
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	find planning reports tests notebooks -name __pycache__ -prune -exec rm -rf {} +
	find notebooks -name .ipynb_checkpoints -prune -exec rm -rf {} +

# The environment is ready when, and only when, .venv/.ready exists: it is taken away before the
# first change and put back after the last. An environment without it was interrupted and is built
# anew, since pip takes a half-copied package for an installed one. A changed lock also builds anew,
# so that nothing it no longer names stays behind; otherwise only the project itself is installed.
# Debian's python3 has venv without ensurepip: pip installs from outside (--python, pip 22.3). The
# base executable is asked for because python3 may be that of an activated .venv.
.venv/.ready: requirements.lock pyproject.toml
	@set -eu; export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	fresh=yes; \
	if [ -e $@ ] && cmp -s requirements.lock .venv/requirements.lock; then fresh=; fi; \
	rm -f $@; \
	python=; \
	for candidate in $${PYTHON:-} python3 python3.13 python3.12 python3.11; do \
		python=$$($$candidate -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) \
			and print(sys._base_executable)' 2>/dev/null) || true; \
		if [ -n "$$python" ]; then break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed; found: $$(python3 --version 2>/dev/null || echo none)." >&2; \
		echo 'Install one of them, or name it: make setup PYTHON=/path/to/python3.12' >&2; \
		exit 1; \
	fi; \
	if [ -n "$$fresh" ]; then \
		echo "Creating .venv with $$("$$python" --version): about a minute."; \
		rm -rf .venv; "$$python" -m venv --without-pip .venv; \
	fi; \
	if "$$python" -m pip --python $(BIN)/python --version >/dev/null 2>&1; then \
		install() { "$$python" -m pip --python $(BIN)/python install "$$@"; }; \
	elif pip --python $(BIN)/python --version >/dev/null 2>&1; then \
		install() { pip --python $(BIN)/python install "$$@"; }; \
	elif $(BIN)/python -m ensurepip >/dev/null 2>&1; then \
		install() { $(BIN)/python -m pip install "$$@"; }; \
	else \
		echo "pip 22.3 or newer is needed; found $$("$$python" -m pip --version 2>&1)." >&2; \
		echo 'On Debian: apt-get install python3-pip. Elsewhere: see docs/install.md.' >&2; \
		exit 1; \
	fi; \
	if [ -t 1 ]; then quiet=; else quiet=--quiet; fi; \
	if [ -n "$$fresh" ]; then \
		install $$quiet --require-hashes --requirement requirements.lock; \
	fi; \
	install --quiet --no-deps --no-build-isolation --editable .; \
	[ -x $(PLANNER) ]; \
	cp requirements.lock .venv/requirements.lock; \
	touch $@
	@$(if $(filter setup,$(MAKECMDGOALS)),,$(PLANNER) doctor --fix || \
		echo 'Going on; a plan stops where something above is missing.')
