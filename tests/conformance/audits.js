// The audits of GraphQL over HTTP against a running service: node audits.js http://127.0.0.1:8080/graphql
// Every audit must pass, those that the specification only recommends included.
import { auditServer } from "graphql-http";

/** As many audits as the suite has: one that is left out by itself is no pass. */
const AUDITS = 61;

const url = process.argv[2];
if (!url) {
  console.error("usage: node audits.js URL");
  process.exit(2);
}
const results = await auditServer({ url });
const failed = results.filter((result) => result.status !== "ok");
for (const result of failed) {
  console.error(`${result.status}: ${result.id} ${result.name}: ${result.reason}`);
}
console.log(`GraphQL over HTTP: ${results.length - failed.length} of ${results.length} audits pass.`);
process.exit(failed.length === 0 && results.length === AUDITS ? 0 : 1);
