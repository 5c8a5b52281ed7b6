// The client graphql-request against a running service: node request.js http://127.0.0.1:8080/graphql TOKEN
// It reads, writes, is refused, and learns the schema.
import assert from "node:assert/strict";
import { buildClientSchema, getIntrospectionQuery } from "graphql";
import { GraphQLClient } from "graphql-request";

const [url, token] = process.argv.slice(2);
const client = new GraphQLClient(url, { headers: { Authorization: `Bearer ${token}` } });
const read = await client.request("query($code: String!) { body(by: { code: $code }) { code } }", { code: "EC" });
assert.deepEqual(read, { body: { code: "EC" } });
const written = await client.request('mutation { createTheme(input: { code: "REQUEST", kind: SUBJECT, name: [{ locale: EN, text: "Request" }] }) { theme { code } } }');
assert.equal(written.createTheme.theme.code, "REQUEST");
// What explorers and generators of code begin with.
const whole = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
const schema = buildClientSchema(await client.request(getIntrospectionQuery(whole)));
assert.ok(schema.getType("Recommendation") && schema.getMutationType());
await assert.rejects(client.request("{ nothing }"), ({ message, response }) =>
  message.startsWith('Unknown field "nothing" on type "Query".') && response.status === 422 && response.errors[0].locations[0].column === 3);
console.log("graphql-request: reads, writes, is refused, and learns the schema.");
