// Clients that follow the register, and a service that restarts: node resume.js PROGRAM DATA
// graphql-ws and graphql-sse find it again by themselves, and are told what was written after it came back.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once as event } from "node:events";
import { createInterface } from "node:readline";
import { createClient as overEvents } from "graphql-sse";
import { createClient as overSocket } from "graphql-ws";
import WebSocket from "ws";

const [program, data] = process.argv.slice(2);
const rec = (...more) => ["--data-dir", data, ...more];

// Serves on an address; returns the process and where it is reached.
async function serve(address) {
  const service = spawn(program, rec("--listen", address), { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await event(createInterface({ input: service.stdout }), "line");
  return { service, url: line.match(/http:\S+/)[0] };
}

async function stop({ service }) {
  service.kill("SIGTERM");
  await event(service, "exit");
}

const first = await serve("127.0.0.1:0");
const { url } = first;
const token = execFileSync(program, rec("token", "--role", "secretariat"), { encoding: "utf8" }).trim();
const retry = { retryAttempts: 10, shouldRetry: () => true };
const clients = [
  overSocket({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, ...retry }),
  overEvents({ url, ...retry }),
];
const followed = clients.map((client) => client.iterate({ query: "subscription { serviceStatus { head } }" }));
const next = async (heads) => (await heads.next()).value.data.serviceStatus.head;
const before = await Promise.all(followed.map(next));
const again = followed.map(next);
const write = async (code) => {
  const mutation = `mutation { createTheme(input: { code: "${code}", kind: SUBJECT, name: [{ locale: EN, text: "Resumed" }] }) { theme { id } change { cursor } } }`;
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const written = await (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: mutation }) })).json();
  return written.data.createTheme;
};
// What is written while a client is away it is told of when it goes on after the last cursor that it had.
const follow = (client, after) => client.iterate({ query: `subscription { changes(after: "${after}") { cursor recordId } }` });
const heard = async (changes) => (await changes.next()).value.data.changes;
const changed = clients.map((client) => follow(client, before[0]));
const one = await write("ONE");
const last = await Promise.all(changed.map(heard));
assert.deepEqual(last.map(({ recordId }) => recordId), [one.theme.id, one.theme.id]);
await Promise.all(changed.map((changes) => changes.return()));
assert.deepEqual(await Promise.all(again), [one.change.cursor, one.change.cursor]);
const missed = await write("MISSED");
assert.deepEqual(await Promise.all(followed.map(next)), [missed.change.cursor, missed.change.cursor]);
const later = followed.map(next);

await stop(first);
const second = await serve(new URL(url).host);
try {
  const head = missed.change.cursor;
  assert.deepEqual(await Promise.all(later), [head, head], "each is told the head at once when it comes again");
  const resumed = clients.map((client, index) => follow(client, last[index].cursor));
  assert.deepEqual((await Promise.all(resumed.map(heard))).map(({ recordId }) => recordId), [missed.theme.id, missed.theme.id]);
  const told = followed.map(next);
  const { cursor } = (await write("RESUMED")).change;
  assert.deepEqual(await Promise.all(told), [cursor, cursor]);
  await Promise.all(resumed.map((changes) => changes.return()));
  await Promise.all(followed.map((heads) => heads.return()));
} finally {
  await stop(second);
}
console.log("graphql-ws and graphql-sse: resume after the service restarts.");
