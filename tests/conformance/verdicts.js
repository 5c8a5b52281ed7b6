// The reference implementation and the program judge the same documents: node verdicts.js PROGRAM DATA [COUNT] [SEED]
// Each is no GraphQL, or does not fit the schema, or may be executed; both must say the same of all, but for the exceptions below. So must
// version 16 of the reference.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as graphql from "graphql";
import { Documents } from "./documents.js";
import { PAIRS, STRICTER } from "./rules.js";
import { serve } from "./service.js";

const { isExecutableDefinitionNode } = graphql;
const older = createRequire(new URL("older/", import.meta.url))("graphql");

const [program, data, count = "6000", seed = "1"] = process.argv.slice(2);
const most = "1000000";
const limits = ["COST", "FIELDS", "ALIASES", "DIRECTIVES", "ROOT_FIELDS"].map((name) => [`REC_MAX_${name}`, most]);
const { service, url } = await serve(program, data, { ...Object.fromEntries(limits), REC_RATE_POINTS: most });
const sdl = await (await fetch(url.replace("graphql", "schema.graphql"))).text();
const schema = graphql.buildSchema(sdl);

// By name: where our verdict is another one than the reference's, and why.
const EXCEPTIONS = {
  // The types of the reference's schema take any value; ours know their own: `"yesterday"` is no DateTime.
  "values of our scalars": (ours, theirs) => theirs.verdict === "fits" && ours.errors.every(({ message }) => /: a value of type Date(Time)? is expected,/.test(message)),
  // findings/graphql-js-one-of-variable.sh
  "nullable variables in a @oneOf input": (ours, theirs) =>
    theirs.verdict === "fits" && ours.errors.every(({ message }) => message.includes("may be null, and a field of")),
  // async-graphql would execute such a field of a mutation twice: findings/async-graphql-merged-mutation.sh
  "one field of a mutation under several conditions": (ours, theirs) =>
    theirs.verdict === "fits" && ours.errors.every(({ message }) => message.includes("depends on several conditions")),
  // The reference compares arguments as they are printed, where a text in a block string is another one than the same text in quotes.
  "equal texts in another notation merge": (ours, theirs, text) =>
    ours.verdict === "fits" && theirs.verdict === "does not fit" && text.includes('"""') &&
    graphql.validate(schema, theirs.document).every(({ message }) => /conflict because they have differing arguments/.test(message)),
  // Our parser knows what can be executed, and nothing else.
  "definitions of types": (ours, theirs) =>
    ours.verdict === "is no GraphQL" && theirs.verdict === "does not fit" && !theirs.document.definitions.every(isExecutableDefinitionNode),
};

// Braces with whatever may stand between them without a meaning.
const EMPTY = /\{(?:[\s,\uFEFF]|#[^\n\r]*)*\}/;

// By name: where the verdict of version 16 is another one than that of 17, and why.
const OLDER = {
  "includeDeprecated is not null since September 2025": (verdict, theirs, text) =>
    verdict === "fits" && theirs === "does not fit" && /\bincludeDeprecated\b/.test(text),
  "empty selection sets are of September 2026": (verdict, theirs, text) => verdict === "is no GraphQL" && EMPTY.test(text),
  "@skip and @include at the root of a subscription are refused since September 2025": (verdict, theirs, text) =>
    theirs === "does not fit" && /subscription/.test(text) && /@(skip|include)/.test(text) && /^fits$|^throws: .* (was not provided|has invalid value)/.test(verdict),
};

function judge({ parse, recommendedRules, specifiedRules, validate }, schema) {
  // Those of the specification.
  const rules = specifiedRules.filter((rule) => !recommendedRules.includes(rule));
  return (text) => {
    let document;
    try {
      document = parse(text);
    } catch {
      return { verdict: "is no GraphQL" };
    }
    try {
      return { document, verdict: validate(schema, document, rules, { maxErrors: 1 }).length ? "does not fit" : "fits" };
    } catch (error) {
      // Version 16 throws where `@skip` at the root of a subscription has a variable or a value that is none.
      return { document, verdict: `throws: ${error.message}` };
    }
  };
}

const reference = judge(graphql, schema);
const olderReference = judge(older, older.buildSchema(sdl));

const VERDICTS = { GRAPHQL_PARSE_FAILED: "is no GraphQL", GRAPHQL_VALIDATION_FAILED: "does not fit", OPERATION_RESOLUTION_FAILURE: "fits" };

// No operation is called so: nothing is executed.
const operationName = "NothingIsCalledSo";

async function judged(query) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, operationName }) });
  const { errors } = await response.json();
  const { code } = errors[0].extensions;
  return { code, verdict: VERDICTS[code], errors };
}

const differences = [];
const excepted = {};
function compareOlder(text, theirs) {
  const { verdict } = olderReference(text);
  if (verdict === theirs.verdict) return;
  const exception = Object.entries(OLDER).find(([, holds]) => holds(verdict, theirs.verdict, text));
  if (exception) excepted[`16: ${exception[0]}`] = (excepted[`16: ${exception[0]}`] ?? 0) + 1;
  else differences.push({ text, theirs: theirs.verdict, older: verdict });
}

async function compare(text, theirs) {
  const ours = await judged(text);
  if (ours.verdict === theirs.verdict) return;
  const exception = Object.entries(EXCEPTIONS).find(([, holds]) => holds(ours, theirs, text));
  if (exception) excepted[exception[0]] = (excepted[exception[0]] ?? 0) + 1;
  else differences.push({ text, theirs: theirs.verdict, ours: ours.errors });
}

try {
  const documents = new Documents(schema, Number(seed));
  const told = {};
  for (let number = 0; number < Number(count); number += 1) {
    const text = number % 4 ? documents.broken() : documents.next();
    const theirs = reference(text);
    told[theirs.verdict] = (told[theirs.verdict] ?? 0) + 1;
    compareOlder(text, theirs);
    await compare(text, theirs);
  }
  for (const [rule, { fits, does_not: broken }] of Object.entries(PAIRS)) {
    assert.equal(reference(fits).verdict, "fits", `${rule}: ${fits}`);
    assert.equal(reference(broken).verdict, "does not fit", `${rule}: ${broken}`);
    for (const text of [fits, broken]) {
      compareOlder(text, reference(text));
      await compare(text, reference(text));
    }
  }
  for (const [rule, { fits, does_not: broken }] of Object.entries(STRICTER)) {
    assert.equal(reference(broken).verdict, "fits", `${rule}: the reference has caught up`);
    await compare(fits, { verdict: "fits" });
    await compare(broken, { verdict: "does not fit" });
  }
  assert.deepEqual(differences.slice(0, 10), [], `${differences.length} of ${count} documents`);
  // None is rare.
  for (const verdict of Object.values(VERDICTS)) assert.ok(told[verdict] > Number(count) / 10, JSON.stringify(told));
  console.log(`verdicts: ${count} documents and ${Object.keys(PAIRS).length} pairs`, told, "exceptions", excepted);
} finally {
  service.kill("SIGTERM");
}
