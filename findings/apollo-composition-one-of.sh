#!/usr/bin/env bash
# @apollo/composition 2.14.4 and @theguild/federation-composition 0.27.0: a subgraph with a @oneOf input, composed to a supergraph.
#
# The guess: @oneOf, which the specification has had since September 2025, is in the API of the supergraph. What is seen: the composition of
# Apollo does not know it unless the subgraph defines it, and then drops it without an error or a hint: a router takes two keys at once for
# valid and leaves their refusal to the subgraph. That of The Guild keeps it, defined or not.
source "$(dirname "$0")/lib.sh"
cd "$folder"
npm init --yes >/dev/null
npm install --silent graphql@16.15.0 @apollo/composition@2.14.4 @theguild/federation-composition@0.27.0
cat > program.mjs <<'NODE'
import assert from "node:assert";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild } from "@theguild/federation-composition";
import { parse } from "graphql";

const typeDefs = (definition) => parse(`
  ${definition}
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])
  input SessionBy @oneOf { id: ID number: Int }
  type Session @key(fields: "id") { id: ID! }
  type Query { session(by: SessionBy!): Session }
`);
for (const [name, compose, keeps] of [["@apollo/composition", apollo, false], ["@theguild/federation-composition", guild, true]]) {
  const composed = (definition) => compose([{ name: "sessions", url: "http://sessions.invalid", typeDefs: typeDefs(definition) }]);
  const unknown = composed("").errors?.map(({ message }) => message) ?? [];
  console.log(`${name}, not defined: ${unknown.join() || "composes"}`);
  assert.deepEqual(unknown, keeps ? [] : ['[sessions] Unknown directive "@oneOf".']);
  const { errors, hints = [], supergraphSdl } = composed("directive @oneOf on INPUT_OBJECT");
  assert.deepEqual([errors ?? [], hints], [[], []]);
  const [input] = supergraphSdl.match(/input SessionBy[^{]*/);
  console.log(`${name}, defined: ${input.replace(/\s+/g, " ")}`);
  assert.equal(input.includes("@oneOf"), keeps);
}
NODE
node program.mjs
