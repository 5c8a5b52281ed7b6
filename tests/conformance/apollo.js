// Apollo's client against a running service: node apollo.js http://127.0.0.1:8080/graphql TOKEN
// It reads, writes, is refused, follows the register over a WebSocket, joins pages in its cache, and names a query that it has sent before by its
// hash.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
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

// The cache: pages of a list are one list, a change is not the record that it tells of, and what has no id does no harm.
const list = relayStylePagination(["filter", "orderBy"]);
const typePolicies = { Query: { fields: { meetings: list } }, Viewer: { merge: true } };
const caching = new ApolloClient({ link: http, cache: new InMemoryCache({ typePolicies }) });
const page = gql`query Page($after: String) { meetings(first: 2, after: $after) { edges { node { id } } pageInfo { endCursor } } }`;
const pages = caching.watchQuery({ query: page });
const { data: { meetings } } = await pages.refetch();
await pages.fetchMore({ variables: { after: meetings.pageInfo.endCursor } });
assert.equal(caching.readQuery({ query: page }).meetings.edges.length, 4);
const { id } = written.data.createTheme.theme;
await caching.query({ query: gql`{ node(id: "${id}") { id ... on Theme { kind } } }` });
const changed = await caching.query({ query: gql`query Since($after: String) { changes(after: $after) { edges { kind recordId } } }`, variables: { after: feedHead } });
assert.deepEqual(changed.data.changes.edges.map((edge) => edge.kind), ["CREATED"]);
assert.equal(caching.cache.extract()[`Theme:${id}`].kind, "SUBJECT");
await caching.query({ query: gql`{ viewer { role } }` });
await caching.query({ query: gql`{ viewer { organization { id } } }` });
assert.equal(caching.readQuery({ query: gql`{ viewer { role organization { id } } }` }).viewer.role, "SECRETARIAT");

for (const _ of [1, 2]) assert.deepEqual(codes(await hashing.query({ query: groups })), ["WG-A", "WG-B", "WG-C", "WG-D"]);
const last = bodies.at(-1);
assert.equal(last.query, undefined);
assert.match(last.extensions.persistedQuery.sha256Hash, /^[0-9a-f]{64}$/);
console.log("@apollo/client: reads, writes, is refused, follows the register, joins pages, and names a query by its hash.");
