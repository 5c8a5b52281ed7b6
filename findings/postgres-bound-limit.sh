#!/usr/bin/env bash
# PostgreSQL 18 (PGlite 0.5.17) plans a prepared page with a bound LIMIT anew each time that it runs, for good.
#
# The guess: after five executions a prepared statement has a generic plan, and is planned no more. What is seen: of a LIMIT that it does not
# know the planner expects a tenth of the rows, 5,000 of 50,000, so the generic plan looks dearer than a plan for 21, which is made each time:
# 20 custom plans of 20. The same statement with its LIMIT written out has 5 custom plans, and then 15 times the generic one.
source "$(dirname "$0")/lib.sh"
with_pglite 0.5.17 <<'NODE'
await database.exec(`
  CREATE TABLE recommendation (id int PRIMARY KEY, audience int, adopted_on int);
  INSERT INTO recommendation SELECT n, 0, n FROM generate_series(1, 50000) n;
  CREATE INDEX ON recommendation (audience, adopted_on);
  ANALYZE;
  PREPARE bound(int, bigint) AS SELECT id FROM recommendation WHERE audience = $1 ORDER BY adopted_on LIMIT $2;
  PREPARE written(int) AS SELECT id FROM recommendation WHERE audience = $1 ORDER BY adopted_on LIMIT 21`);
for (let times = 0; times < 20; times++) {
  await database.exec("EXECUTE bound(0, 21); EXECUTE written(0)");
}
const { rows } = await database.query("SELECT name, custom_plans, generic_plans FROM pg_prepared_statements ORDER BY name");
console.table(rows);
assert.deepEqual(
  rows.map((row) => [row.name, Number(row.custom_plans), Number(row.generic_plans)]),
  [["bound", 20, 0], ["written", 5, 15]],
);
await database.close();
NODE
