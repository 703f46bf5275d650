# One command per job; `make` alone lists them. Everything is installed into .venv, nothing elsewhere.

.DEFAULT_GOAL := help
.PHONY: help demo test prepare-tests check format frontend bench docs screenshots clean

PORT ?= 5006
ARGS ?=

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
FRONTEND := dataapp/frontend/package-lock.json \
	$(shell find dataapp -name '*.bundle.js' -prune -o \( -name '*.js' -o -name '*.css' \) -print)

help:
	@echo "make demo      sample data and the trading desk, on http://localhost:$(PORT)/trading_desk"
	@echo "make test      every test, the browser's included (ARGS='-k fusion' for some)"
	@echo "make check     format, lint, types, import contracts"
	@echo "make format    format the code and apply safe fixes"
	@echo "make frontend  bundle the front-end"
	@echo "make bench     benchmarks"
	@echo "make docs      the documentation, in build/site"
	@echo "make screenshots  its pictures"
	@echo "make clean     remove what was built; the environment and the sample data stay"

demo: $(VENV)/demo-installed
	@$(PYTHON) tools/port.py $(PORT)
	@$(PYTHON) -m sample_data demo
	@echo
	@echo "Trading desk: http://localhost:$(PORT)/trading_desk   (Ctrl+C stops it)"
	@echo
	@exec $(PYTHON) -m panel serve notebooks/trading_desk.py --port $(PORT)

# pytest comes last, so that its summary is the last line.
test: prepare-tests
	@$(PYTHON) -m pytest $(ARGS)

prepare-tests: $(VENV)/dev-installed frontend
	@$(PYTHON) tools/browser.py

check: $(VENV)/dev-installed
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

format: $(VENV)/dev-installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

frontend: $(VENV)/dev-installed
	@$(PYTHON) hatch_build.py

bench: $(VENV)/dev-installed
	@$(PYTHON) -m benchmarks $(ARGS)

docs: $(VENV)/dev-installed
	@$(PYTHON) -m zensical build --strict --clean

screenshots: $(VENV)/dev-installed frontend
	@$(PYTHON) tools/screenshots.py
	@$(PYTHON) -m tools.gallery

clean:
	rm -rf build dist .cache .coverage .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find dataapp -name '*.bundle.js' -delete
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(PYTHON):
	@python=$$(tools/find_python.sh) && echo "Making $(VENV) with $$python" && "$$python" -m venv $(VENV)

# The two files note when the package was installed with what the demo, or the developer, needs.
$(VENV)/demo-installed: pyproject.toml constraints.txt hatch_build.py $(FRONTEND) | $(PYTHON)
	@echo "Installing dataapp into $(VENV) (some minutes the first time)"
	@$(INSTALL) --editable '.[sample-data]'
	@touch $@

$(VENV)/dev-installed: pyproject.toml constraints.txt hatch_build.py connectors/postgres/pyproject.toml | $(PYTHON)
	@echo "Installing dataapp and the development tools into $(VENV) (some minutes the first time)"
	@$(INSTALL) --editable '.[dev]' --editable connectors/postgres
	@touch $(VENV)/demo-installed $@
