// The schema by the reference implementation: node schema.js http://127.0.0.1:8080/graphql
// What the service publishes as text is a valid schema, and the same as what it tells of itself.
import assert from "node:assert/strict";
import { buildClientSchema, buildSchema, findSchemaChanges, getIntrospectionQuery, isScalarType, isSpecifiedScalarType, validateSchema } from "graphql";

const [url] = process.argv.slice(2);
const published = buildSchema(await (await fetch(url.replace("/graphql", "/schema.graphql"))).text());
assert.deepEqual(validateSchema(published), []);

const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, experimentalDirectiveDeprecation: true, oneOf: true };
const headers = { "Content-Type": "application/json" };
const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: getIntrospectionQuery(options) }) });
const live = buildClientSchema((await response.json()).data);
assert.deepEqual(validateSchema(live), []);
assert.ok(live.description);
assert.equal(live.description, published.description);
const changes = (one, other) => findSchemaChanges(one, other).map(({ description }) => description);
assert.deepEqual([changes(published, live), changes(live, published)], [[], []]);
// Changes of texts are none for the function above.
for (const [name, type] of Object.entries(live.getTypeMap())) {
  const same = published.getType(name);
  if (isSpecifiedScalarType(type) || name.startsWith("__")) continue;
  assert.ok(same, `${name} is live only`);
  assert.equal(type.description ?? null, same.description ?? null, name);
  assert.ok(type.description, `${name} has no description`);
  if (isScalarType(type)) assert.ok(type.specifiedByURL && type.specifiedByURL === same.specifiedByURL, name);
  const members = [...Object.values(type.getFields?.() ?? {}), ...(type.getValues?.() ?? [])];
  const others = { ...(same.getFields?.() ?? {}), ...Object.fromEntries((same.getValues?.() ?? []).map((value) => [value.name, value])) };
  for (const member of members) {
    const place = `${name}.${member.name}`;
    assert.equal(member.description ?? null, others[member.name].description ?? null, place);
    assert.equal(member.deprecationReason ?? null, others[member.name].deprecationReason ?? null, place);
    for (const [index, argument] of (member.args ?? []).entries()) assert.equal(argument.description ?? null, others[member.name].args[index].description ?? null, place);
  }
}
console.log(`schema: ${Object.keys(live.getTypeMap()).length} types are valid, and the same as text and live.`);
