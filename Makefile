# Each target does its own set-up, once: a stamp in .venv says what is done, setup.cfg and constraints.txt when to do it again.
# The core installs without a compiler, so that `make demo` shows a result at once; only `make test` needs torch-cluster.

PYTHON ?= python3
PYTEST_ARGS ?=
# Processes that share the test files, with one thread each: every one needs about 1 GB and imports PyTorch.
TEST_PROCESSES ?= 2
TORCH_INDEX ?=
TORCH ?=
CORE_TESTS = tests/clusterers tests/encoders tests/heads tests/losses tests/methods tests/nn tests/pipelines tests/runs \
	tests/tasks tests/transforms
CONCLU_WHEELS ?=

PY := .venv/bin/python
# What is compiled is kept outside .venv, by the torch that it was compiled for.
BUILT := .setup/wheels-$(shell sed -n 's/^torch==//p' constraints.txt)
OPTIONS = --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
	--find-links $(BUILT) $(if $(CONCLU_WHEELS),--find-links $(CONCLU_WHEELS))
# --no-compile: Python compiles a module when it is first imported, so the first result need not wait for all of them.
INSTALL = $(PY) -m pip install $(OPTIONS) --no-compile --no-build-isolation
# --no-cache-dir: pip's cache does not ask which torch an extension was compiled for.
WHEELS = $(PY) -m pip wheel $(OPTIONS) --no-cache-dir --no-deps --no-build-isolation -w $(BUILT) torch-cluster torch-scatter

# Their setup.py turns ninja off, so the parallel compilation comes from setuptools: see `parallel` of its build_ext.
define COMPILE
$(PY) tools/check_system.py compiler --install || exit 2; \
echo "== Compiling torch-cluster and torch-scatter, since no wheel of them is found: about 11 minutes on two cores"; \
printf '[build_ext]\nparallel = %s\n' $$(getconf _NPROCESSORS_ONLN) > .setup/build.cfg; \
{ minutes=0; while sleep 60 >/dev/null 2>&1 && kill -0 $$$$ 2>/dev/null; do minutes=$$((minutes + 1)); echo "   compiling for $$minutes min"; done; } & clock=$$!; \
DIST_EXTRA_CONFIG=$(CURDIR)/.setup/build.cfg $(WHEELS) --use-pep517; status=$$?; kill $$clock; exit $$status
endef

# Bytecode is kept: without it every process compiles PyTorch's modules again, for seconds, and the tests start many.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-torch lint docs clean

help:
	@echo "make demo   pre-train PointNet on built-in data and evaluate it with a linear SVM (5 minutes on two cores, no compiler)"
	@echo "make test   set up everything, torch-cluster, torch-scatter and Open3D included, and run the tests"
	@echo "make test-torch TORCH=2.14.1   run the tests of the core with another torch"
	@echo "make lint   ruff and mypy"
	@echo "make docs   build the documentation site in build/docs"
	@echo "make setup  the core in .venv, for tools/*.py and .venv/bin/conclu"
	@echo "make clean  remove .venv, the compiled wheels and the caches; runs/ stays"
	@echo
	@echo "PYTHON=python3.12       the Python that .venv is made from (3.11 or newer; the pinned versions were tested on 3.11)"
	@echo "TORCH_INDEX=URL         take torch from there: https://download.pytorch.org/whl/cpu is small, PyPI's has CUDA on Linux"
	@echo "CONCLU_WHEELS=FOLDER    wheels of torch-cluster and torch-scatter, to spare their compilation"
	@echo "PYTEST_ARGS='-k name'   for make test"
	@echo "TEST_PROCESSES=8        for make test, which starts 2"

setup: .venv/.core
	@echo "Set up. Next: source .venv/bin/activate, then python tools/train.py configs/conclu_pointnet.yaml"

demo: .venv/.core
	@run=runs/demo-$$(date +%Y%m%d-%H%M%S) && \
	echo "== Pre-training PointNet without labels: $$run" && \
	$(PY) tools/train.py configs/conclu_pointnet.yaml pipeline.run_dir=$$run && \
	echo "== What it learned: a linear SVM with ten labelled shapes of each category" && \
	$(PY) tools/evaluate.py $$run --with-random --label-per-class 10

test: .venv/.test
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(PY) -m pytest -n $(TEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)

# The core with another torch, in an environment of its own and without the compiled extensions.
test-torch:
	@test -n "$(TORCH)" || { echo "name a version: make test-torch TORCH=2.14.1" >&2; exit 2; }
	@mkdir -p .setup && grep -v '^torch==' constraints.txt > .setup/constraints-$(TORCH).txt
	@test -d .setup/torch-$(TORCH) || $(PYTHON) -m venv .setup/torch-$(TORCH)
	@.setup/torch-$(TORCH)/bin/python -m pip install --disable-pip-version-check -c .setup/constraints-$(TORCH).txt \
	  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==$(TORCH) -e .[fast,train,eval,vis,test]
	.setup/torch-$(TORCH)/bin/python -m pytest $(CORE_TESTS) $(PYTEST_ARGS)

lint: .venv/.lint
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy conclu_pyg tools

docs: .venv/.docs
	$(PY) -m sphinx -b html -q -W --keep-going docs build/docs
	@echo "Built: build/docs/index.html"

clean:
	rm -rf .venv .setup build docs/generated *.egg-info .mypy_cache .pytest_cache .ruff_cache

# A changed pin starts from an empty environment: an extension compiled for another torch would stay otherwise.
.venv/.made: constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not found: install Python 3.11 or name yours, make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) tools/check_system.py python
	@echo "== Making .venv"
	@rm -rf .venv && mkdir -p $(BUILT) && $(PYTHON) -m venv .venv && touch $@

.venv/.core: .venv/.made setup.cfg
	@echo "== Installing PyTorch and the rest of the core: about a minute on a fast connection"
	@$(INSTALL) setuptools wheel
	@$(INSTALL) -e .[fast,train,eval,vis]
	@touch $@

.venv/.test: .venv/.core
	@echo "== Installing torch-cluster, torch-scatter, Open3D and the test tools"
	@$(PY) tools/check_system.py open3d --install
	@$(WHEELS) --only-binary :all: --quiet 2>/dev/null || { $(COMPILE); }
	@$(INSTALL) -e .[cluster,formats,hub,onnx,open3d,test]
	@touch $@

.venv/.lint: .venv/.core
	@echo "== Installing ruff and mypy"
	@$(INSTALL) -e .[hub,lint]
	@touch $@

.venv/.docs: .venv/.core
	@echo "== Installing Sphinx, furo and MyST"
	@$(INSTALL) -e .[docs,hub]
	@touch $@
