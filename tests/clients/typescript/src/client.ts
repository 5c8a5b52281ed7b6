// A client of the council's API: what is read is kept in a normalised cache, and lists grow page by page.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange, type CacheExchangeOpts, type KeyingConfig } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import schema from "./generated/schema.json" with { type: "json" };

// With the schema the cache knows which types a fragment on `Node` may be.
// Objects that have no id belong to the object that they were read from.
const embedded = ["ChangePage", "ChangeEdge", "Checkpoint", "ServiceStatus", "Translation", "Viewer"];
const keys: KeyingConfig = Object.fromEntries(embedded.map((type) => [type, () => null]));

const pages = ["recommendations", "meetings", "organizations", "bodies", "themes", "instruments", "mandates"];
const resolvers = { Query: Object.fromEntries(pages.map((list) => [list, relayPagination()])) };

export function connect(url: string, token: string) {
  const headers = { Authorization: `Bearer ${token}` };
  const socket = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: headers });
  const live = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? "", variables: variables as Record<string, unknown> }, sink) }),
    }),
  });
  const exchanges = [cacheExchange({ schema: schema as CacheExchangeOpts["schema"], keys, resolvers }), fetchExchange, live];
  const client = new Client({ url, fetchOptions: { headers }, exchanges });
  return { client, close: () => socket.dispose() };
}
