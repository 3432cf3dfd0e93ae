# Each target is one readable command; `make help` lists them.
PYTHON ?= python3
RUN = .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test check proof bench screenshots lock dev python

help: ## List what there is
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: python ## Start the portal with made-up data on this machine; Ctrl-C ends it
	@$(PYTHON) -m scripts.demo

demo-reset: python ## Forget the demo's data, so that the next start is fresh
	@$(PYTHON) -m scripts.demo reset

test: dev ## Run all tests: SQLite always, PostgreSQL and the browser where they are found
	@$(RUN) pytest -q -n 2 --dist loadfile

check: dev ## Look for mistakes without running anything: style, types, imports, templates, security
	@$(RUN) scripts.check

proof: dev ## Run the slow proofs, or one with PART=…; SABOTAGE=1 removes the guards one at a time
	@$(RUN) proofs $(PART)

bench: dev ## Measure speed beside bare Flask applications that do the least such a page or webhook could do
	@$(RUN) bench $(PART)

screenshots: dev ## Draw docs/pictures/ anew from the running demo
	@$(RUN) scripts.screenshots

lock: ## Choose the newest allowed versions of everything and lock them (needs uv)
	@$(PYTHON) -m scripts.lock

dev: python
	@$(PYTHON) -m scripts.environment requirements-dev.txt

python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed; install it, then run make again"; exit 1; }
