#!/usr/bin/env bash
# graphql 16.15.0: validation of a subscription whose root field has @skip or @include with a variable.
#
# The guess: validate() returns a list of errors for any document that could be parsed. What is seen: it throws, because a rule evaluates the
# directive without the variables of a request; with a literal instead of the variable the document is valid. A server that validates outside
# of its try block fails. In 17.1.0 both are errors of the list.
source "$(dirname "$0")/lib.sh"
cd "$folder"
npm init --yes >/dev/null
npm install --silent graphql@16.15.0 current@npm:graphql@17.1.0
cat > program.mjs <<'NODE'
import assert from "node:assert";
import * as current from "current";
import * as older from "graphql";

const sdl = "type Query { a: Int } type Subscription { sessions: Int }";
const said = ({ buildSchema, parse, validate }, text) => {
  try {
    return validate(buildSchema(sdl), parse(text))[0]?.message ?? "valid";
  } catch (error) {
    return `throws: ${error.message}`;
  }
};
for (const [graphql, literal, variable] of [
  [older, /^valid$/, /^throws: .*"\$off" which was not provided/],
  [current, /must not use/, /must not use/],
]) {
  const version = graphql.version;
  const answers = ["subscription { sessions @skip(if: false) }", "subscription($off: Boolean!) { sessions @skip(if: $off) }"].map((text) => said(graphql, text));
  console.log(`${version}, a literal: ${answers[0]}\n${version}, a variable: ${answers[1]}`);
  assert.match(answers[0], literal);
  assert.match(answers[1], variable);
}
NODE
node program.mjs
