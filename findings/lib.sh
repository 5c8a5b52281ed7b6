# What the scripts share: they stop at the first failure, work in a temporary folder, and leave nothing behind.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Runs the Python program on standard input with one package: python_with NAME==VERSION.
python_with() {
    python3 -m venv "$folder/venv" </dev/null
    "$folder/venv/bin/pip" install --quiet "$1" </dev/null
    "$folder/venv/bin/python" -
}
