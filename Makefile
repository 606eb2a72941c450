# `make demo` shows the whole line on a synthetic county, `make test` passes the tests, `make trials` the long proofs.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
# One more than processors: while a worker waits for its browser, QGIS or the disk, another has them.
WORKERS ?= $(shell expr $(JOBS) + 1)

.PHONY: demo test trials floors lint style types documented format docs bench clean

demo: .venv/.demo
	$(BIN)/spatial warmup
	$(BIN)/spatial demo

# Workers and the programs that tests start share what Python has compiled, whatever the environment says.
test trials: export PYTHONDONTWRITEBYTECODE :=

test: .venv/.test
	$(BIN)/spatial warmup
	$(BIN)/python -m pytest --durations 50 -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# The long proofs of which `make test` tries a sample: every kill, and every example of what must hold for any input.
trials: .venv/.test
	$(BIN)/spatial warmup
	$(BIN)/python -m pytest -m 'trial or hypothesis' --hypothesis-profile thorough --durations 50 -n $(WORKERS) --dist loadfile
	$(BIN)/python -m tools.fuzz --seconds 20
	! $(BIN)/python -m pip install --quiet atheris || $(BIN)/python -m tools.fuzz --coverage --seconds 20

# The whole line with the oldest versions that pyproject.toml allows, in an environment of its own.
floors:
	$(PYTHON) -m venv build/floors
	build/floors/bin/python -m pip install --quiet uv
	build/floors/bin/uv pip install --quiet --python build/floors/bin/python --resolution lowest-direct .
	build/floors/bin/spatial demo --raw build/floors/raw --processed build/floors/processed --maps build/floors/maps

# Types take as long as all the rest: side by side, each with its lines together.
lint: .venv/.test
	$(MAKE) --no-print-directory --jobs $(JOBS) --output-sync=target types style documented

style: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 .  # every text names its encoding: Windows has another by default
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tools/docstrings.py

types: .venv/.test
	$(BIN)/mypy

documented: .venv/.test
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

format: .venv/.test
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: .venv/.test
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: .venv/.test
	$(BIN)/python -m benchmarks.stages

clean:
	rm -rf .venv build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spatial needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/.demo: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.test: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,docs]'
	touch $@ .venv/.demo
