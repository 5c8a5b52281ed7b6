// The audits of GraphQL over HTTP against a running service: node audits.js http://127.0.0.1:8080/graphql
// The suite describes the draft before the first edition (September 2026). Every audit must pass, those that are only recommended included, but for
// those that the edition says otherwise; `edition.js` has a check for each of its sentences.
import { auditServer } from "graphql-http";

/** As many audits as the suite has: one that is left out by itself is no pass. */
const AUDITS = 61;

/** By id: what the edition says instead, under "Status Codes" and "Body". */
const REPLACED = {
  ...Object.fromEntries(
    ["423L", "LKJ0", "LKJ1", "LKJ2", "LKJ3", "6C00", "6C01", "6C02", "6C03", "4760", "4761", "4762", "4763", "58B0", "58B1", "58B2", "58B3", "3E3A"].map(
      (id) => [id, "a request that is not well-formed is 422; 400 is for JSON that cannot be parsed"],
    ),
  ),
  "572B": "a client that takes application/json has the same statuses: a document that cannot be parsed is 400",
  FDE2: "a client that takes application/json has the same statuses: a document that does not validate is 422",
  "7B9B": "a client that takes application/json has the same statuses: variables that do not fit are 422",
  "86EE": "variables that do not fit are 422",
};

const url = process.argv[2];
if (!url) {
  console.error("usage: node audits.js URL");
  process.exit(2);
}
const results = await auditServer({ url });
const differs = results.filter(({ id, status }) => (status !== "ok") !== (id in REPLACED));
for (const { id, name, status, reason } of differs) {
  console.error(status === "ok" ? `${id} ${name}: passes, and is listed as replaced` : `${status}: ${id} ${name}: ${reason}`);
}
const replaced = Object.keys(REPLACED).length;
console.log(`GraphQL over HTTP: ${results.length - replaced} of ${results.length} audits pass, ${replaced} are replaced by the edition.`);
process.exit(differs.length === 0 && results.length === AUDITS ? 0 : 1);
