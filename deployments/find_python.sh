#!/bin/sh
# Print the path of a Python that can make environments. A name on PATH is no proof: a pyenv shim
# may stand there for a version that is not installed.
set -eu
probe='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2])'
for name in ${PYTHON:-} python3.11 /usr/bin/python3.11 python3 /usr/bin/python3; do
    if path=$(command -v "$name") && "$path" -c "$probe" 2>/dev/null; then
        "$path" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "No Python 3.11 or newer with venv and ensurepip was found." >&2
echo "Install it (on Debian: apt-get install python3.11 python3.11-venv), or name it with PYTHON=/path/to/python." >&2
exit 1
