// node main.js http://127.0.0.1:8080/graphql TOKEN
// Reads pages into one connection, looks a record up, writes and is refused, and hears of a change that the store keeps apart from its record.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import WebSocket from "ws";
import body from "./src/__generated__/operationsBodyQuery.graphql.js";
import changes from "./src/__generated__/operationsChangesSubscription.graphql.js";
import createTheme from "./src/__generated__/operationsCreateThemeMutation.graphql.js";
import meetings from "./src/__generated__/operationsMeetingsQuery.graphql.js";
import nextMeetings from "./src/__generated__/operationsMeetingsPaginationQuery.graphql.js";

// Nothing here takes long.
setTimeout(() => process.exit(1), 20_000).unref();

const { commitMutation, ConnectionHandler, Environment, fetchQuery, Network, Observable, RecordSource, requestSubscription, Store } = relay;
const [url, token] = process.argv.slice(2);
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };

const ask = async ({ text }, variables) => (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query: text, variables }) })).json();
const socket = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: headers });
const follow = ({ text }, variables) => Observable.create((sink) => socket.subscribe({ query: text, variables }, sink));
const environment = new Environment({ network: Network.create(ask, follow), store: new Store(new RecordSource()) });
const read = (query, variables) => fetchQuery(environment, query, variables).toPromise();
const list = ConnectionHandler.getConnectionID("client:root", "operationsMeetings_meetings", { orderBy: [{ direction: "DESC", field: "STARTS_ON" }] });
const connection = () => environment.getStore().getSource().get(list);

await read(meetings, { count: 2 });
const edges = () => connection().edges.__refs.length;
const { endCursor } = environment.getStore().getSource().get(connection().pageInfo.__ref);
assert.equal(edges(), 2);
await read(nextMeetings, { count: 2, cursor: endCursor });
assert.equal(edges(), 4, "the pages are joined");

const { body: group, feedHead } = await read(body, { code: "wg-a" });
assert.equal(group.code, "WG-A");

const wrong = await ask({ text: "{ nothing }" });
assert.match(wrong.errors[0].message, /Unknown field "nothing" on type "Query"/);

const heard = new Promise((resolve, reject) => {
  requestSubscription(environment, { subscription: changes, variables: { after: feedHead }, onNext: resolve, onError: reject });
});
const write = (input) => new Promise((resolve, reject) => {
  commitMutation(environment, { mutation: createTheme, variables: { input }, onCompleted: resolve, onError: reject });
});
const refused = await write({ code: "no code", kind: "SUBJECT", name: [] });
assert.deepEqual(refused.createTheme.userErrors.map(({ path }) => path[0]).sort(), ["code", "name"]);
const { createTheme: { theme, userErrors } } = await write({ code: `RELAY-${Date.now()}`, kind: "SUBJECT", name: [{ locale: "EN", text: "Relay" }] });
assert.deepEqual(userErrors, []);
const { changes: change } = await heard;
assert.deepEqual([change.kind, change.recordId, change.node.kind], ["CREATED", theme.id, "SUBJECT"]);
assert.equal(environment.getStore().getSource().get(theme.id).kind, "SUBJECT", "a change does not overwrite the record that it tells of");

await socket.dispose();
const { version } = createRequire(import.meta.url)("relay-runtime/package.json");
console.log(`Relay ${version}: its compiler takes the schema; its runtime joins pages, writes, is refused, and follows.`);
