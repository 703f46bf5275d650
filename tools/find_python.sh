#!/bin/sh
# Print the path of a Python 3.12 or 3.13 that can make virtual environments, or say what to install.
#
# A candidate is run, not just looked at: version managers put commands on PATH that only say that the version is not
# active, and some distributions split `venv` off.
set -u

suits='
import sys
assert (3, 12) <= sys.version_info[:2] < (3, 14)
import ensurepip, venv
print(sys.executable)
'

for candidate in \
    python3.13 python3.12 python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python \
    "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-3.13*/bin/python3 \
    "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-3.12*/bin/python3 \
    /opt/homebrew/bin/python3.13 /opt/homebrew/bin/python3.12 /usr/local/bin/python3.13 /usr/local/bin/python3.12; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if found=$("$candidate" -c "$suits" 2>/dev/null); then
        printf '%s\n' "$found"
        exit 0
    fi
done

cat >&2 <<'MESSAGE'
No Python 3.12 or 3.13 with the `venv` module was found on PATH, under pyenv or under uv. Install one of:

    Debian, Ubuntu    apt-get install python3.12 python3.12-venv
    macOS             brew install python@3.13
    pyenv             pyenv install 3.12
    uv                uv python install 3.12
MESSAGE
exit 1
