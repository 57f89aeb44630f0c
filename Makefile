# `make run` takes an empty clone to a running console, `make test` to a tested one.

VENV := .venv
PYTHON_OF_VENV := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
NODE_MODULES := node_modules/.package-lock.json
STATIC := staticfiles/staticfiles.json
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
COMPILE := $(PYTHON_OF_VENV) -m uv pip compile --quiet --no-config --universal \
	--python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' -c constraints.txt

# pip's own settings may name other sources or constraints; the hashes hold all the same.
PIP_INSTALL := $(PYTHON_OF_VENV) -m pip install --quiet --quiet --disable-pip-version-check \
	--no-input --require-hashes

# npm notes where to send money to each author; the lock holds names, versions and hashes only.
define STRIP_ADDRESSES
import json, pathlib
path = pathlib.Path("package-lock.json")
lock = json.loads(path.read_text())
for package in lock["packages"].values():
    package.pop("funding", None)
path.write_text(json.dumps(lock, indent=2) + "\n")
endef
export STRIP_ADDRESSES

# The console is many processes, and its tests start many more: each would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint lint-types lint-style format lock words actions matrix bench screenshots clean haproxy

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

run: $(STATIC) $(CATALOGUES) haproxy ## set up what is missing and start the console (Ctrl-C stops it)
	@exec $(PYTHON_OF_VENV) manage.py up --end-with-parent

test: $(STAMPS)/dev $(STATIC) $(CATALOGUES) ## set up what is missing, lint, and run all tests
	@$(PYTHON_OF_VENV) -m console.runtime.packages haproxy nginx chromium
	@$(MAKE) --no-print-directory lint
	$(PYTHON_OF_VENV) -m pytest -n auto --dist loadgroup

lint: $(STAMPS)/dev ## check style, templates, import contracts and types
	@$(MAKE) --no-print-directory -j2 lint-types lint-style

lint-types:
	$(PYTHON_OF_VENV) -m mypy

lint-style:
	$(PYTHON_OF_VENV) -m ruff check .
	$(PYTHON_OF_VENV) -m ruff format --check .
	$(PYTHON_OF_VENV) -m djlint --quiet --check --lint templates
	$(VENV)/bin/lint-imports

format: $(STAMPS)/dev ## put code and templates into their one form
	$(PYTHON_OF_VENV) -m ruff check --fix-only .
	$(PYTHON_OF_VENV) -m ruff format .
	$(PYTHON_OF_VENV) -m djlint --quiet --reformat templates

lock: $(STAMPS)/dev $(NODE_MODULES) ## lock the newest allowed versions (make lock UPGRADE=--upgrade)
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) $(UPGRADE) --group bench -c requirements-dev.txt -o requirements-bench.txt
	$(COMPILE) $(UPGRADE) --group node -o requirements-node.txt
	$(NPM) install --package-lock-only --ignore-scripts --no-audit --no-fund
	@$(PYTHON_OF_VENV) -c "$$STRIP_ADDRESSES"

words: $(STAMPS)/run ## bring the translations in locale/ up to date with code and templates
	@$(PYTHON_OF_VENV) manage.py catalogue

actions: $(STAMPS)/dev ## test the local cloud and show what is tested of each action
	@$(PYTHON_OF_VENV) -m tests.localcloud.coverage

matrix: $(STAMPS)/dev ## kill every kind of write at every single step, in about half an hour
	CRASH_AT_EVERY_STEP=1 $(PYTHON_OF_VENV) -m pytest tests/crashes -n 2 --timeout=3000

bench: $(STAMPS)/bench ## measure the API, the data plane, the sync and the pages on this machine, in about 10 minutes
	@$(PYTHON_OF_VENV) -m console.runtime.packages haproxy nginx wrk || true
	$(PYTHON_OF_VENV) -m tests.bench

screenshots: $(STAMPS)/dev $(STATIC) $(CATALOGUES) ## picture every page and dialog into screenshots/
	@$(PYTHON_OF_VENV) -m console.runtime.packages haproxy chromium
	@$(PYTHON_OF_VENV) -m console.runtime.packages chinese-font || true
	$(PYTHON_OF_VENV) -m tests.browser.screenshots

clean: ## remove what make made; the data in var/ stays
	rm -rf $(VENV) node_modules staticfiles

# Without HAProxy the console runs on, without data plane, and without nginx without UDP listeners, so
# a failure here only speaks.
haproxy: $(PYTHON_OF_VENV)
	@$(PYTHON_OF_VENV) -m console.runtime.packages haproxy nginx || true

$(PYTHON_OF_VENV):
	@sh console/runtime/make-venv.sh $(VENV)

$(STAMPS)/run: requirements.txt | $(PYTHON_OF_VENV)
	@echo "Installing the locked Python packages."
	@$(PIP_INSTALL) -r requirements.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/run
	@echo "Installing the locked Python packages of the tests."
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(STAMPS)/bench: requirements-bench.txt $(STAMPS)/dev
	@echo "Installing the locked Python packages of the benchmarks."
	@$(PIP_INSTALL) -r requirements-bench.txt
	@touch $@

# Where the machine has no npm, a wheel of Node.js goes into the virtual environment.
NPM = $(shell command -v npm || echo $(VENV)/bin/npm)

$(NODE_MODULES): package.json package-lock.json .npmrc | $(PYTHON_OF_VENV)
	@command -v npm >/dev/null || test -x $(VENV)/bin/npm || { \
		echo "npm is missing: installing Node.js into $(VENV)."; \
		$(PIP_INSTALL) -r requirements-node.txt; }
	@echo "Installing the locked front-end packages."
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# Compiled catalogues are not committed; Babel needs no gettext programs.
locale/%.mo: locale/%.po $(STAMPS)/run
	@$(PYTHON_OF_VENV) -m babel.messages.frontend --quiet compile --input-file $< --output-file $@

$(STATIC): $(STAMPS)/run $(NODE_MODULES) console/settings.py $(shell find static -type f)
	@echo "Collecting the static files."
	@$(PYTHON_OF_VENV) manage.py collectstatic --no-input --clear --verbosity 0
