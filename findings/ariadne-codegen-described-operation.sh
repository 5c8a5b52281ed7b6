#!/usr/bin/env bash
# ariadne-codegen 0.19.0 (graphql-core 3.2.14, ruff 0.15.22): a client for an operation with a description.
#
# The guess: descriptions of operations (specification of September 2025) are read and kept or dropped, whichever of the two forms of string
# they are written in. What is seen: a description in "..." is kept in the document that the generated client sends; one in """...""" ends the
# string of Python that the document stands in, and the generation fails when the code is formatted.
source "$(dirname "$0")/lib.sh"
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet ariadne-codegen==0.19.0 graphql-core==3.2.14 ruff==0.15.22
echo 'type Query { sessions: Int }' >schema.graphql
printf '[tool.ariadne-codegen]\nschema_path = "schema.graphql"\nqueries_path = "operations.graphql"\n' >pyproject.toml

echo '"How many sessions." query Sessions { sessions }' >operations.graphql
python/bin/ariadne-codegen >/dev/null
echo "As a string: $(grep -c 'How many sessions' graphql_client/client.py) description in the generated client."
grep -q '"How many sessions."' graphql_client/client.py

echo '"""How many sessions.""" query Sessions { sessions }' >operations.graphql
if python/bin/ariadne-codegen >said 2>&1; then
    echo "As a block string: generated." && exit 1
fi
echo "As a block string: $(grep -o 'RuntimeError: ruff format failed' said)"
grep -q 'RuntimeError: ruff format failed' said
