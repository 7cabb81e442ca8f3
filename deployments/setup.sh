#!/bin/sh
# Put everything Fresh needs on this machine and into .venv. Safe to repeat, also after being killed half-way.
set -eu
cd "$(dirname "$0")/.."
command -v bwrap >/dev/null || sh deployments/apt.sh bubblewrap

if ! python=$(sh deployments/find_python.sh 2>/dev/null); then
    sh deployments/apt.sh python3 python3-venv
    python=$(sh deployments/find_python.sh)
fi

# An environment holds absolute paths: one that was moved, or whose Python is gone, is made anew.
here=$(pwd -P)/.venv
if [ "$(.venv/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null)" != "$here" ] || ! .venv/bin/pip --version >/dev/null 2>&1; then
    echo "Setting up .venv with $python ..."
    "$python" -m venv --clear .venv
fi
echo "Installing $(wc -l < requirements.lock) pinned packages ..."
.venv/bin/pip install -qq --disable-pip-version-check -r requirements.lock
.venv/bin/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
.venv/bin/pip check >/dev/null
.venv/bin/python -m deployments.prefect_template
touch .venv/ready
