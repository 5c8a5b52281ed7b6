#!/usr/bin/env bash
# PostgreSQL 18 (PGlite 0.5.17) reads all rows of an EXISTS that is an operand, whatever LIMIT the statement has.
#
# The guess: `WHERE open OR EXISTS (...)` with LIMIT 20 asks the index of the EXISTS for each row that it passes by, some twenty times. What
# is seen: the planner turns it into a hashed SubPlan, which reads all 5,000 texts of the theme before the first row is answered; the LIMIT
# does not count in that choice. Alone in WHERE the EXISTS becomes a join, and reads an entry of the index for each row. Written as
# `(SELECT true ... LIMIT 1)` it does so as an operand too: a subquery with a LIMIT is not hashed.
source "$(dirname "$0")/lib.sh"
with_pglite 0.5.17 <<'NODE'
await database.exec(`
  CREATE TABLE recommendation (id int PRIMARY KEY, adopted_on int, open boolean);
  CREATE TABLE recommendation_theme (recommendation_id int, theme_id int, PRIMARY KEY (recommendation_id, theme_id));
  INSERT INTO recommendation SELECT n, n, n % 2 = 0 FROM generate_series(1, 50000) n;
  INSERT INTO recommendation_theme SELECT n, n % 10 FROM generate_series(1, 50000) n;
  CREATE INDEX ON recommendation (adopted_on);
  CREATE INDEX ON recommendation_theme (theme_id, recommendation_id);
  ANALYZE`);

const ofTheme = "FROM recommendation_theme t WHERE t.recommendation_id = r.id AND t.theme_id = 3";
const options = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF";
// Each with whether all rows of the theme are read.
const terms = [
  [`EXISTS (SELECT 1 ${ofTheme})`, false],
  [`open OR EXISTS (SELECT 1 ${ofTheme})`, true],
  [`COALESCE(EXISTS (SELECT 1 ${ofTheme}), false)`, true],
  [`open OR (SELECT true ${ofTheme} LIMIT 1)`, false],
];
for (const [term, readsAll] of terms) {
  const sql = `EXPLAIN (${options}) SELECT id FROM recommendation r WHERE ${term} ORDER BY adopted_on LIMIT 20`;
  const plan = (await database.query(sql)).rows.map((row) => row["QUERY PLAN"]);
  console.log([term, ...plan].join("\n  "));
  const text = plan.join("\n");
  assert.equal(text.includes("hashed SubPlan"), readsAll, term);
  assert.equal(/recommendation_theme t \(actual rows=5000/.test(text), readsAll, term);
}
await database.close();
NODE
