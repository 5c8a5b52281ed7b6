#!/usr/bin/env bash
# SQLite 3.51.3 begins at the bound of a key that is written first, tighter or not.
#
# The guess: the terms of WHERE may stand in any order, and `day >= x AND (day, id) > (x, y)` is found as `(day, id) > (x, y)`, which says
# all that the other one does: an index has both columns. What is seen, in steps of SQLite's machine for 20 rows, the thousandth last
# and after it, of 2,000 and of 20,000 rows with one day:
#   (day, id) > (x, y)                        271    271
#   day >= x AND (day, id) > (x, y)         10266 190266    the index is asked for day >= x; all rows of that day are passed by
#   (day, id) > (x, y) AND day >= x           317    317    the same terms, the other way round
source "$(dirname "$0")/lib.sh"
python_with apsw==3.51.3.0 <<'PYTHON'
import apsw

assert apsw.sqlite_lib_version() == "3.51.3", apsw.sqlite_lib_version()


def steps(rows, term):
    database = apsw.Connection(":memory:")
    database.execute("CREATE TABLE meeting (id INTEGER NOT NULL UNIQUE, audience INTEGER, day TEXT)")
    database.execute("CREATE INDEX meeting_day ON meeting (audience, day, id)")
    numbers = "WITH RECURSIVE number(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
    database.execute(numbers + " INSERT INTO meeting SELECT n, 1, '2024-11-27' FROM number", (rows,))
    taken = 0

    def step():
        nonlocal taken
        taken += 1
        return False

    values = {"day": "2024-11-27", "id": rows - 1000}
    page = f"SELECT id FROM meeting WHERE audience = 1 AND {term} ORDER BY day, id LIMIT 20"
    plan = " ".join(row[3] for row in database.execute("EXPLAIN QUERY PLAN " + page, values))
    database.set_progress_handler(step, 1)
    found = database.execute(page, values).fetchall()
    assert [id for id, in found] == list(range(rows - 999, rows - 979)), found
    return taken, plan


for term, grows in {
    "(day, id) > (:day, :id)": False,
    "day >= :day AND (day, id) > (:day, :id)": True,
    "(day, id) > (:day, :id) AND day >= :day": False,
}.items():
    (few, plan), (many, _) = steps(2_000, term), steps(20_000, term)
    print(f"{term:42} {few:7} {many:7}  {plan}")
    assert (many > 5 * few) == grows and (many == few) != grows, term
PYTHON
