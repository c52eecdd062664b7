#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the autograder's image.
set -euo pipefail

source=${AUTOGRADER:-/autograder}/source
python=$(command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3)
if ! "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || ! "$python" -I -c 'import venv, ensurepip'; then
    apt-get update
    apt-get install -y --no-install-recommends python3.11 python3.11-venv || apt-get install -y python3 python3-venv
    python=$(command -v python3.11 || command -v python3)
fi
"$python" -I -m venv "$source/venv"
"$source/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check "$source"/*.whl@C_TOOLS@
# Kernels run as another user, so file permissions protect the lab even where the sandbox has fewer layers.
chmod -R go-rwx "$source/labs"
