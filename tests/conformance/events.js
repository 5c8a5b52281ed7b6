// The client graphql-sse against a running service: node events.js http://127.0.0.1:8080/graphql TOKEN
// It reads, writes, is refused, and follows the record while it writes.
import assert from "node:assert/strict";
import { createClient } from "graphql-sse";

const [url, token] = process.argv.slice(2);
const anonymous = createClient({ url });
const secretariat = createClient({ url, headers: { Authorization: `Bearer ${token}` } });

async function once(client, query) {
  for await (const result of client.iterate({ query })) return result;
  throw new Error("no result");
}

const read = await once(anonymous, '{ body(by: { code: "EC" }) { code } }');
assert.deepEqual(read, { data: { body: { code: "EC" } } });

const refused = await once(anonymous, "{ nothing }");
assert.equal(refused.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");

const heads = anonymous.iterate({ query: "subscription { serviceStatus { head } }" });
const first = (await heads.next()).value.data.serviceStatus.head;
const write = 'mutation { createTheme(input: { code: "SSE", kind: SUBJECT, name: [{ locale: EN, text: "Events" }] }) { change { cursor } userErrors { code } } }';
const written = (await once(secretariat, write)).data.createTheme;
assert.deepEqual(written.userErrors, []);
const second = (await heads.next()).value.data.serviceStatus.head;
assert.notEqual(second, first);
assert.equal(second, written.change.cursor);
await heads.return();
console.log("graphql-sse: reads, writes, is refused, follows and leaves.");
