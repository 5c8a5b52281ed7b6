// Apollo's client against a running service: node apollo.js http://127.0.0.1:8080/graphql TOKEN
// It reads, writes, is refused, follows the register over a WebSocket, and names a query that it has sent before by its hash.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [uri, token] = process.argv.slice(2);
const bodies = [];
const recorded = (address, options) => {
  bodies.push(JSON.parse(options.body));
  return fetch(address, options);
};
const http = new HttpLink({ uri, fetch: recorded, headers: { Authorization: `Bearer ${token}` } });
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const persisted = new PersistedQueryLink({ sha256 });
const client = (link) => new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
const plain = client(http);
const hashing = client(ApolloLink.from([persisted, http]));

const groups = gql`query Groups { workingGroups { nodes { id code } } }`;
const codes = (result) => result.data.workingGroups.nodes.map((group) => group.code);
assert.deepEqual(codes(await plain.query({ query: groups })), ["WG-A", "WG-B", "WG-C", "WG-D"]);
const socket = createClient({ url: uri.replace("http", "ws"), webSocketImpl: WebSocket, lazy: false });
const { data: { feedHead } } = await plain.query({ query: gql`{ feedHead }` });
const heard = new Promise((resolve, reject) => {
  const follow = gql`subscription Follow($after: String) { changes(after: $after, types: [THEME]) { kind recordId } }`;
  const following = client(new GraphQLWsLink(socket)).subscribe({ query: follow, variables: { after: feedHead } });
  following.subscribe({ next: ({ data }) => resolve(data.changes), error: reject });
});
const written = await plain.mutate({
  mutation: gql`mutation { createTheme(input: { code: "APOLLO", kind: SUBJECT, name: [{ locale: EN, text: "Apollo" }] }) { theme { id code } userErrors { code } } }`,
});
assert.equal(written.data.createTheme.theme.code, "APOLLO");
const { kind, recordId } = await heard;
assert.deepEqual([kind, recordId], ["CREATED", written.data.createTheme.theme.id]);
await socket.dispose();
await assert.rejects(plain.query({ query: gql`{ nothing }` }), (error) => error.errors[0].extensions.code === "GRAPHQL_VALIDATION_FAILED");

for (const _ of [1, 2]) assert.deepEqual(codes(await hashing.query({ query: groups })), ["WG-A", "WG-B", "WG-C", "WG-D"]);
const last = bodies.at(-1);
assert.equal(last.query, undefined);
assert.match(last.extensions.persistedQuery.sha256Hash, /^[0-9a-f]{64}$/);
console.log("@apollo/client: reads, writes, is refused, follows the register, and names a query by its hash.");
