# `make demo` and `make test` set everything up by themselves; all they need is python3, its venv module and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The commands that it prints begin with ./forklab, and can be pasted.
GRADER := FORKLAB_PROGRAM=./forklab $(BIN)/grader

LAB ?= labs/copy-on-write

.PHONY: demo test c core axe proofs grade check bench clean

$(READY): pyproject.toml
	$(PYTHON) -I -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -I -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q grader
	touch $(READY)

# A kernel with a typical mistake, then the model answer.
demo: $(READY)
	@echo '== A kernel that leaves the parent writable after fork =='
	@$(GRADER) run labs/copy-on-write --submission misconception:parent_w || test $$? -eq 1
	@echo
	@echo '== The model answer =='
	@$(GRADER) run labs/copy-on-write --submission reference

# The tests of a file run one after the other, in one process: some look at what others have left. To compile the tests
# takes each process 5 s, so what it gives is kept.
test: $(READY)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# make grade LAB=labs/demand-paging SUBMISSION=path/to/kernel.py
# Exit status 1 means that points are still missing, which is not an error for make.
grade: $(READY)
	@$(GRADER) run $(LAB) $(if $(SUBMISSION),--submission $(SUBMISSION)) || test $$? -eq 1

# The compiler and the runtime for kernels in C; without them their tests are skipped.
c: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[c]'

# The compiled core of the machine (grader/machine/compiled); says so where it cannot be built, and Python does its work.
core: $(READY)
	@$(BIN)/python -I -m grader.machine.compiled.build

# axe-core, which proofs look at pages with, without the browser driver that its package asks for: tests have their own.
axe: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'axe-playwright-python>=0.1.8'

# Long matrices, which `make test` leaves out; the slowest ones are listed at the end.
proofs: $(READY)
	$(MAKE) axe || echo "axe-core could not be installed; tests with it are skipped" >&2
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m proof -n auto --maxprocesses 4 --dist loadfile --durations 15 tests

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check grader reference tests benchmarks
	$(BIN)/mypy
	$(BIN)/oxlint --quiet --deny-warnings -D correctness -D suspicious -D perf -A unicorn/prefer-add-event-listener grader/view

bench: $(READY)
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/machine.py

clean:
	rm -rf $(VENV) build dist *.egg-info
