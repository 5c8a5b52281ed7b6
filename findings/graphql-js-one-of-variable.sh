#!/usr/bin/env bash
# graphql 17.1.0 (graphql-js, the reference implementation): whether a nullable variable may stand in a @oneOf input depends on the type of the
# argument around it.
#
# The guess: `{ a: $a }` with `$a: String` does not validate (specification, "All Variable Usages Are Allowed", of September 2025 on), wherever a
# @oneOf input stands. What is seen: it is refused where the argument is of type `By`, and passes where it is of type `By!`: the rule looks
# for the input at the parent, which is then its non-null wrapper.
source "$(dirname "$0")/lib.sh"
cd "$folder"
npm init --yes >/dev/null
npm install --silent graphql@17.1.0
cat > program.mjs <<'NODE'
import assert from "node:assert";
import { buildSchema, parse, validate, version } from "graphql";

assert.equal(version, "17.1.0");
const schema = buildSchema("input By @oneOf { a: String b: Int } type Query { nullable(by: By): Int required(by: By!): Int }");
for (const [field, variable, refused] of [
  ["nullable", "String", true],
  ["required", "String", false],
  ["nullable", "String!", false],
  ["required", "String!", false],
]) {
  const errors = validate(schema, parse(`query($a: ${variable}) { ${field}(by: { a: $a }) }`));
  console.log(`${field}(by: { a: $a }) with $a: ${variable}: ${errors.length ? errors[0].message : "valid"}`);
  assert.equal(errors.length > 0, refused);
}
NODE
node program.mjs
