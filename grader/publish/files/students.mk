# Python runs with -I (isolated), so that it imports nothing from this folder, whatever the files here are called.
# `make grade` sets everything up; it needs only python3, its venv module and make.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
# The commands that it prints begin with ./forklab, and can be pasted.
GRADER := FORKLAB_PROGRAM=./forklab $(VENV)/bin/python -I -m grader
LAB := labs/@LAB@
WHEEL := @WHEEL@

.PHONY: grade quiz clean

# Exit status 1 means that points are still missing, which is not an error for make.
grade: $(READY)
	@$(GRADER) run $(LAB) || test $$? -eq 1

quiz: $(READY)
	@$(GRADER) quiz $(LAB) || test $$? -eq 1

$(READY): $(WHEEL)
	@$(PYTHON) -I -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -I -m venv $(VENV)
	$(VENV)/bin/python -I -m pip install --quiet --disable-pip-version-check $(WHEEL)
	@touch $(READY)

clean:
	rm -rf $(VENV)
