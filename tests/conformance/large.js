// A body that is too large, by Node's fetch: node large.js http://127.0.0.1:8080/graphql. The client reads 413 although it is still writing.
import assert from "node:assert/strict";

const [url] = process.argv.slice(2);
for (const megabytes of [0.3, 1, 5, 20]) {
  const body = JSON.stringify({ query: "{ __typename }", variables: { padding: "x".repeat(megabytes * 1_000_000) } });
  for (let time = 0; time < 10; time += 1) {
    const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const { errors } = await response.json();
    assert.deepEqual([response.status, errors[0].extensions.code], [413, "BODY_TOO_LARGE"]);
  }
}
console.log("fetch: reads that a body is too large, at 0.3, 1, 5 and 20 MB.");
