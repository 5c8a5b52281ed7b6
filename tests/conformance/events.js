// The client graphql-sse against a running service: node events.js http://127.0.0.1:8080/graphql TOKEN
// It reads, writes, is refused, and follows the register while it writes.
import assert from "node:assert/strict";
import { createClient } from "graphql-sse";
import { once, readWriteFollow } from "./follow.js";

const [url, token] = process.argv.slice(2);
const anonymous = createClient({ url });
const secretariat = createClient({ url, headers: { Authorization: `Bearer ${token}` } });

await readWriteFollow(url, "events", anonymous, secretariat, "SSE");

const refused = await once(anonymous, "{ nothing }");
assert.equal(refused.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");

console.log("graphql-sse: reads, writes, is refused, follows and leaves.");
