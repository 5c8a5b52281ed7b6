// node build/main.js http://127.0.0.1:8080/graphql TOKEN
// Reads pages, looks a record up, writes and is refused, and hears of a change.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { connect } from "./client.js";
import * as council from "./generated/graphql.js";

const [url = "", token = ""] = process.argv.slice(2);
const { client, close } = connect(url, token);

// Nothing here takes long.
setTimeout(() => process.exit(1), 20_000).unref();

const year = { from: "2024-01-01", to: "2025-12-31", first: 2 };
const first = await client.query(council.MeetingCalendarDocument, year).toPromise();
const after = first.data?.meetings?.pageInfo.endCursor;
const calendar = await client.query(council.MeetingCalendarDocument, { ...year, after }).toPromise();
const meetings = calendar.data?.meetings?.edges.map(({ node }) => node) ?? [];
assert.equal(meetings.length, 4, "the cache joins the pages");
assert.ok(meetings.every(({ startsOn, timezone }) => startsOn <= year.to && timezone.includes("/")));

const found = await client.query(council.BodyByCodeDocument, { code: "wg-a", locale: "RU" }).toPromise();
const group = found.data?.body;
assert.ok(group && group.code === "WG-A");
const wrong = await client.query(council.MeetingCalendarDocument, { ...year, from: "2024-02-30" }).toPromise();
assert.match(wrong.error?.message ?? "", /\$from: a value of type Date is expected/);

const head = await client.query(council.FeedHeadDocument, {}).toPromise();
const heard = new Promise<council.FollowChangesSubscription["changes"]>((resolve, reject) => {
  const follow = client.subscription(council.FollowChangesDocument, { after: head.data?.feedHead, types: ["RECOMMENDATION"] });
  follow.subscribe(({ data, error }) => (data ? resolve(data.changes) : reject(error)));
});
const draft: council.DraftRecommendationInput = {
  bodyId: group.id,
  kind: "RECOMMENDATION",
  title: [{ locale: "EN", text: "From TypeScript" }],
  text: [{ locale: "EN", text: "A text" }],
};
const refused = await client.mutation(council.DraftRecommendationDocument, { input: { ...draft, title: [], targetDate: "2020-01-01" } }).toPromise();
const errors = refused.data?.draftRecommendation?.userErrors ?? [];
assert.deepEqual(errors.map(({ code, path }) => [code, ...path]).sort(), [["INVALID", "targetDate"], ["REQUIRED", "title"]]);
const written = await client.mutation(council.DraftRecommendationDocument, { input: draft }).toPromise();
const id = written.data?.draftRecommendation?.recommendation?.id ?? "";
const { kind, recordId } = await heard;
assert.deepEqual([kind, recordId], ["CREATED", id]);

// The change and the record are two objects of the cache.
const records = await client.query(council.RecordsByIdDocument, { ids: [id, group.id] }).toPromise();
assert.deepEqual(records.data?.nodes?.map((record) => record?.__typename), ["Recommendation", "Body"]);
await close();
const required = createRequire(import.meta.url);
const versions = ["@graphql-codegen/cli", "@urql/core", "@urql/exchange-graphcache"].map((name) => `${name} ${required(`${name}/package.json`).version}`);
console.log(`TypeScript: ${versions.join(", ")} read, write, are refused and follow.`);
process.exit(0);
