#!/usr/bin/env bash
# Compiles the clients that have types of the schema, and runs them against a service: tests/clients/run.sh http://127.0.0.1:8080/graphql TOKEN.
# Needs Node, Python and Rust; all packages are those of the lock files. docs/clients.md says what each needs.
set -euo pipefail
cd "$(dirname "$0")"
url=$1 token=$2

for client in typescript typescript/older relay relay/older; do
    npm ci --prefix "$client" --silent --no-audit --no-fund
    npm run --prefix "$client" --silent build >/dev/null
done
for client in typescript/build typescript/older/build relay relay/older; do
    node "$client/main.js" "$url" "$token"
done

environment=$(mktemp --directory)
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement python/requirements.txt
(cd python && "$environment/bin/ariadne-codegen" >/dev/null)
"$environment/bin/python" python/main.py "$url" "$token"

CARGO_TARGET_DIR=$(realpath ../..)/target/clients cargo run --quiet --locked --manifest-path rust/Cargo.toml -- "$url" "$token"
