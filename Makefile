# Two commands do it all: `make demo` runs the whole loop, `make test` passes the tests.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two test workers on two cores: a BLAS that threads besides would only contend with itself.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: help setup demo test test-all lint types imports check bench bench-peers bench-forecast bench-configure clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(READY) ## create .venv with the locked dependencies

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Atelier needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## run the whole loop on the shipped sample
	$(BIN)/atelier demo

test: $(READY) ## run the tests (stores also on PostgreSQL where ATELIER_TEST_POSTGRES_URL is set)
	$(PYTEST) -m "not slow"

test-all: $(READY) ## run every test, the long ones too
	$(PYTEST)

lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

imports: $(READY) ## the rooms' import direction
	$(BIN)/lint-imports

check: lint types imports test ## everything that .ci/run asks for

bench: $(READY) ## measure batches beside implicit, and one request
	$(BIN)/python benchmarks/recommend.py
	$(BIN)/python benchmarks/request.py

# RecTools and LensKit hold back numpy and pandas: an environment of their own.
PEERS := .venv-peers/bin
WORKSPACE ?= retail

.venv-peers/.ready: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

bench-peers: $(READY) .venv-peers/.ready ## compare with RecTools and LensKit, on WORKSPACE=retail
	$(BIN)/python benchmarks/peers.py --workspace $(WORKSPACE) --peers $(PEERS)/python

.venv-forecasters/.ready: benchmarks/forecast_peers.txt
	$(PYTHON) -m venv .venv-forecasters
	.venv-forecasters/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/forecast_peers.txt
	@touch $@

bench-forecast: $(READY) .venv-forecasters/.ready ## time 100,000 forecasts, AutoETS of statsforecast beside them
	$(BIN)/python benchmarks/forecast.py --variants 100000 --peer .venv-forecasters/bin/python

MODELS ?= ../shared/data/feature_models

.venv-configurators/.ready: benchmarks/configure_peers.txt
	$(PYTHON) -m venv .venv-configurators
	.venv-configurators/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/configure_peers.txt
	@touch $@

bench-configure: $(READY) .venv-configurators/.ready ## read models of products beside flamapy, and let 2,000 random customers choose, on MODELS=folder of UVL files
	$(BIN)/python benchmarks/configure.py --models $(MODELS) --peer .venv-configurators/bin/python

clean: ## remove the environments and caches; workspaces stay
	rm -rf .venv .venv-peers .venv-forecasters .venv-configurators .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
