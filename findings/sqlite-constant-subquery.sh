#!/usr/bin/env bash
# SQLite 3.51.3 asks a WHERE term that is a scalar subquery of nothing but constants of every row.
#
# The guess: such a term is the same for all rows, so it is asked once, before the first row, like `WHERE 0`. What is seen, in steps of
# SQLite's machine over 1,000 and over 100,000 rows, none of which is in the answer:
#   0                                     8      8
#   (SELECT open FROM gate)            6016 600016    read once, but tested for each row, all of which are passed by
#   CASE WHEN (SELECT ...) THEN 1 END    21     21    as what an indexed column must be equal to: unknown, so no row is looked at
#   EXISTS (SELECT 1 FROM gate ...)    6014 600014    likewise; 3.54.1 asks it before the first row (18 steps)
source "$(dirname "$0")/lib.sh"
python_with apsw==3.51.3.0 <<'PYTHON'
import apsw

assert apsw.sqlite_lib_version() == "3.51.3", apsw.sqlite_lib_version()


def steps(rows, term):
    database = apsw.Connection(":memory:")
    database.execute("CREATE TABLE meeting (id INTEGER PRIMARY KEY, audience INTEGER, starts_on TEXT)")
    database.execute("CREATE INDEX meeting_starts_on ON meeting (audience, starts_on)")
    database.execute("CREATE TABLE gate (open INTEGER)")
    database.execute("INSERT INTO gate VALUES (0)")
    numbers = "WITH RECURSIVE number(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
    database.execute(numbers + " INSERT INTO meeting SELECT n, 1, date('2024-01-01', n || ' days') FROM number", (rows,))
    taken = 0

    def step():
        nonlocal taken
        taken += 1
        return False

    database.set_progress_handler(step, 1)
    found = database.execute(f"SELECT id FROM meeting WHERE {term} ORDER BY starts_on LIMIT 20").fetchall()
    assert found == [], found
    return taken


# Each with whether it takes more steps among more rows.
terms = {
    "audience = 1 AND 0": False,
    "audience = 1 AND (SELECT open FROM gate)": True,
    "audience = CASE WHEN (SELECT open FROM gate) THEN 1 END": False,
    "audience = 1 AND EXISTS (SELECT 1 FROM gate WHERE open)": True,
}
for term, grows in terms.items():
    few, many = steps(1_000, term), steps(100_000, term)
    print(f"{term:60} {few:7} {many:7}")
    assert (many > 50 * few) == grows and (many == few) != grows, term
PYTHON
