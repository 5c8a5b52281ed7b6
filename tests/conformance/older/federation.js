// A router in front of the program and another subgraph: node federation.js http://127.0.0.1:8080/graphql
// The two subgraphs compose by both implementations, and the router finds the council's records by the ids that the other one gives.
import assert from "node:assert/strict";
import { composeServices } from "@apollo/composition";
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from "@apollo/gateway";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { composeServices as composeByGuild } from "@theguild/federation-composition";
import { parse } from "graphql";

const [url] = process.argv.slice(2);
const ask = async (query) => {
  const headers = { "Content-Type": "application/json" };
  return (await (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) })).json()).data;
};
const { _service, organization, body } = await ask('{ _service { sdl } organization(by: { acronym: "OSCE" }) { id } body(by: { code: "WG-A" }) { id } }');

// The reports of a partner, about organisations and bodies of the council.
const reports = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])
  type Query { reports: ReportConnection! }
  type ReportConnection { nodes: [Report!]! pageInfo: PageInfo! }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type Report @key(fields: "id") { id: ID! about: Organization! to: Body }
  type Organization @key(fields: "id") { id: ID! reports: [Report!]! }
  type Body @key(fields: "id", resolvable: false) { id: ID! }
`);
const report = (id, to) => ({ id, about: { id: organization.id }, to: to && { id: to } });
const all = [report("1", body.id), report("2", `bod_${"0".repeat(32)}`), report("3", null)];
const page = { hasNextPage: false, hasPreviousPage: false };
const resolvers = { Query: { reports: () => ({ nodes: all, pageInfo: page }) }, Organization: { reports: ({ id }) => all.filter(({ about }) => about.id === id) } };

const services = [{ name: "council", url, typeDefs: parse(_service.sdl) }, { name: "reports", url: "http://reports.invalid", typeDefs: reports }];
const [composed, byGuild] = [composeServices(services), composeByGuild(services)];
assert.deepEqual([composed.errors, composed.hints, byGuild.errors], [undefined, [], undefined]);
assert.match(byGuild.supergraphSdl, /type Recommendation implements Node/);

const local = new LocalGraphQLDataSource(buildSubgraphSchema({ typeDefs: reports, resolvers }));
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error };
const buildService = ({ name }) => (name === "reports" ? local : new RemoteGraphQLDataSource({ url, honorSubgraphCacheControl: false }));
const gateway = new ApolloGateway({ supergraphSdl: composed.supergraphSdl, buildService, logger });
const { executor } = await gateway.load();
const query = `{
  reports { nodes { about { acronym kind } to { code } } pageInfo { hasNextPage } }
  organization(by: { acronym: "OSCE" }) { acronym reports { id } }
}`;
const answer = await executor({
  document: parse(query), request: { query, variables: {} }, queryHash: "1", context: {}, cache: new Map(), logger, overallCachePolicy: {},
});
assert.equal(answer.errors, undefined);
const about = { acronym: "OSCE", kind: "INTERGOVERNMENTAL_ORGANIZATION" };
assert.deepEqual(JSON.parse(JSON.stringify(answer.data)), {
  reports: { nodes: [{ about, to: { code: "WG-A" } }, { about, to: null }, { about, to: null }], pageInfo: { hasNextPage: false } },
  organization: { acronym: "OSCE", reports: [{ id: "1" }, { id: "2" }, { id: "3" }] },
});
await gateway.stop();
console.log("federation: composes by two implementations, and a router finds the council's records by their ids.");
