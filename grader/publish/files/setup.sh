#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the autograder's image.
set -euo pipefail

source=${AUTOGRADER:-/autograder}/source
# The first Python that runs, is recent enough and can make an environment: a name on PATH may be a stand-in for none.
find_python() {
    for python in python3.13 python3.12 python3.11 python3; do
        "$python" -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    done
    return 1
}
if ! find_python; then
    apt-get update
    apt-get install -y --no-install-recommends python3.11 python3.11-venv || apt-get install -y python3 python3-venv
    find_python || { echo "the grader needs Python 3.11 or later with its venv module" >&2; exit 1; }
fi
"$python" -I -m venv "$source/venv"
"$source/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check "$source"/*.whl@C_TOOLS@
# Kernels run as another user, so file permissions protect the lab even where the sandbox has fewer layers.
chmod -R go-rwx "$source/labs"
