// The client graphql-ws against a running service: node socket.js http://127.0.0.1:8080/graphql TOKEN SHORT_TOKEN PROCESS
// It reads, writes, is refused, and follows the register while it writes; and sockets that break the protocol are closed with
// its codes. At the end of its token and of the service (which this ends) a socket is closed as well.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { once, readWriteFollow } from "./follow.js";

const [http, token, shortToken, service] = process.argv.slice(2);
const url = http.replace("http", "ws");
const anonymous = createClient({ url, webSocketImpl: WebSocket });
const secretariat = createClient({ url, webSocketImpl: WebSocket, connectionParams: { Authorization: `Bearer ${token}` } });

await readWriteFollow(http, "socket", anonymous, secretariat, "WS");
await assert.rejects(once(anonymous, "{ nothing }"), (errors) => errors[0].extensions.code === "GRAPHQL_VALIDATION_FAILED");
await assert.rejects(once(anonymous, "{"), (errors) => errors[0].extensions.code === "GRAPHQL_PARSE_FAILED");

await anonymous.dispose();
await secretariat.dispose();

// Sends messages, and tells the code that the socket is closed with, or the status that it is refused with.
function closed(messages, options = {}) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, options.protocol ?? "graphql-transport-ws", { headers: options.headers });
    socket.on("open", () => messages.forEach((message) => socket.send(typeof message === "string" ? message : JSON.stringify(message))));
    socket.on("close", (code) => resolve(code));
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
    socket.on("error", () => {});
  });
}

const init = { type: "connection_init" };
const follow = (id) => ({ id, type: "subscribe", payload: { query: "subscription { serviceStatus { head } }" } });
for (const [code, messages, options] of [
  [4400, ["nonsense"]],
  [4400, [{ type: "unknown" }]],
  [4400, [init, { id: "1", type: "subscribe", payload: {} }]],
  [4401, [follow("1")]],
  [4403, [{ ...init, payload: { Authorization: "Bearer a.b.c" } }]],
  [4408, []],
  [4409, [init, follow("1"), follow("1")]],
  [4429, [init, init]],
  [4429, [init, ...Array.from({ length: 200 }, (_, index) => follow(`${index}`))]],
  [403, [], { headers: { Origin: "https://stranger.example" } }],
  [400, [], { protocol: "graphql-ws" }],
]) {
  assert.equal(await closed(messages, options), code, JSON.stringify(messages).slice(0, 100));
}
assert.notEqual(await closed(["x".repeat(300 * 1024)]), 1000);
const expired = await closed([{ ...init, payload: { Authorization: `Bearer ${shortToken}` } }, follow("1")]);
assert.equal(expired, 4403, "the end of a token");
const stopped = closed([init, follow("1")]);
setTimeout(() => process.kill(Number(service), "SIGTERM"), 300);
assert.equal(await stopped, 1001, "the end of the service");
console.log("graphql-ws: reads, writes, is refused, follows and leaves; the protocol's close codes are kept.");
