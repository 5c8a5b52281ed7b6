#!/usr/bin/env bash
# Runs the public suite and real clients against the program: tests/conformance/run.sh [PROGRAM]. Needs Node and Python; their
# packages are those of the lock files, package-lock.json and requirements.txt.
set -euo pipefail
program=$(realpath "${1:-target/debug/rec}")
cd "$(dirname "$0")"

npm ci --silent --no-audit --no-fund
data=$(mktemp --directory)
trap 'rm -rf "$data"' EXIT
python3 -m venv "$data/python"
"$data/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
said=$data/said
"$program" --data-dir "$data/data" --listen 127.0.0.1:0 >"$said" 2>"$data/log" &
server=$!
# The last client ends the service by itself.
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT

for _ in $(seq 100); do
    url=$(sed -n 's|.* \(http://[^ ]*/graphql\)$|\1|p' "$said")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$data/log" >&2; exit 1; }

token=$("$program" --data-dir "$data/data" token --role secretariat)
node audits.js "$url"
node verdicts.js "$program" "$data/verdicts"
node edition.js "$program" "$data/edition"
node schema.js "$url"
node large.js "$url"
"$data/python/bin/python" large.py "$url"
node request.js "$url" "$token"
node apollo.js "$url" "$token"
node events.js "$url" "$token"
"$data/python/bin/python" client.py "$url" "$token"
node snippets.js ../../docs/clients.md "$data/python/bin/python" "$url" "$token"
node resume.js "$program" "$data/resumed"
short=$("$program" --data-dir "$data/data" token --role reader --expires-in 2s)
node socket.js "$url" "$token" "$short" "$server"
