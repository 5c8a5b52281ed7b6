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

# Runs the JavaScript program on standard input with a `database`, PostgreSQL 18 as PGlite has it: with_pglite VERSION.
with_pglite() {
    cd "$folder"
    npm init --yes >/dev/null </dev/null
    npm install --silent "@electric-sql/pglite@$1" </dev/null
    cat > database.mjs <<'NODE'
import assert from "node:assert";
import { PGlite } from "@electric-sql/pglite";

const database = new PGlite();
const [{ server_version: version }] = (await database.query("SHOW server_version")).rows;
assert(version.startsWith("18."), version);
NODE
    cat database.mjs - > program.mjs
    node program.mjs
}
