#!/bin/sh
# Makes the virtual environment named by $1 with the first Python that is new enough.
set -eu

venv=$1
found=
for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        found=$name
        break
    fi
done
if [ -z "$found" ]; then
    name=${PYTHON:-python3}
    echo "The console needs Python 3.12 or newer; $name here is" \
        "$("$name" --version 2>/dev/null || echo "missing or broken")." >&2
    echo "Install one, and name it if it is not on PATH: make run PYTHON=/path/to/python3.13" >&2
    exit 1
fi

echo "Making the virtual environment with $("$found" --version)."
"$found" -m console.runtime.packages venv
# A half-made environment would look like a whole one to the next start.
"$found" -m venv --clear "$venv" || { rm -rf "$venv"; exit 1; }
