// Clients of an older major version: node clients.js http://127.0.0.1:8080/graphql TOKEN
// Each reads, writes and shows why it was refused; urql pages through its normalised cache, and graphql-ws follows the register.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createClient as createUrqlClient, fetchExchange, gql as urqlGql, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { GraphQLClient } from "graphql-request";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

// Nothing here takes long.
setTimeout(() => process.exit(1), 20_000).unref();

const [url, token] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const read = "query Body($code: String!) { body(by: { code: $code }) { id code } }";
const write = "mutation Create($input: CreateThemeInput!) { createTheme(input: $input) { theme { id code } userErrors { code } } }";
const theme = (code) => ({ code, kind: "SUBJECT", name: [{ locale: "EN", text: "Older" }] });
const why = 'Unknown field "nothing" on type "Query".';

const request = new GraphQLClient(url, { headers });
assert.equal((await request.request(read, { code: "EC" })).body.code, "EC");
assert.equal((await request.request(write, { input: theme("REQUEST-6") })).createTheme.theme.code, "REQUEST-6");
await assert.rejects(request.request("{ nothing }"), ({ message, response }) => message.startsWith(why) && response.status === 422);

// Version 3 has no entry for Node's modules.
const { ApolloClient, HttpLink, InMemoryCache, gql } = createRequire(import.meta.url)("@apollo/client/core/core.cjs");
const apollo = new ApolloClient({ link: new HttpLink({ uri: url, headers, fetch }), cache: new InMemoryCache() });
assert.equal((await apollo.query({ query: gql(read), variables: { code: "EC" } })).data.body.code, "EC");
assert.equal((await apollo.mutate({ mutation: gql(write), variables: { input: theme("APOLLO-3") } })).data.createTheme.theme.code, "APOLLO-3");
await assert.rejects(apollo.query({ query: gql("{ nothing }") }), ({ networkError }) => networkError.statusCode === 422 && networkError.result.errors[0].message.startsWith(why));

const socket = createSocket({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: headers, lazy: false });
const cache = cacheExchange({ resolvers: { Query: { meetings: relayPagination() } } });
const forwardSubscription = ({ query, variables }) => ({ subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }) });
const exchanges = [cache, fetchExchange, subscriptionExchange({ forwardSubscription })];
const urql = createUrqlClient({ url, preferGetMethod: false, fetchOptions: { headers }, exchanges });
assert.equal((await urql.query(read, { code: "EC" })).data.body.code, "EC");
const { data: { feedHead } } = await urql.query("{ feedHead }", {});
const heard = new Promise((resolve) => {
  const follow = urqlGql`subscription Follow($after: String) { changes(after: $after, types: [THEME]) { kind recordId } }`;
  urql.subscription(follow, { after: feedHead }).subscribe((result) => resolve(result.data.changes));
});
const written = await urql.mutation(write, { input: theme("URQL-5") });
const { kind, recordId } = await heard;
assert.deepEqual([kind, recordId], ["CREATED", written.data.createTheme.theme.id]);
const refused = await urql.query("{ nothing }", {});
assert.ok((refused.error.graphQLErrors[0] ?? refused.error.networkError).message.length > 0);
assert.ok(refused.error.message.includes(why), refused.error.message);
const page = "query Page($after: String) { meetings(first: 2, after: $after) { edges { node { id title } } pageInfo { endCursor hasNextPage } } }";
const titles = (result) => result.data.meetings.edges.map(({ node }) => node.title);
const first = await urql.query(page, {});
const second = await urql.query(page, { after: first.data.meetings.pageInfo.endCursor });
assert.equal(titles(second).length, 4, "graphcache joins the pages");
await socket.dispose();
console.log("older: graphql-request 6, Apollo Client 3, urql 5 with graphcache 7 and graphql-ws 5 read, write and show why they are refused.");
process.exit(0);
