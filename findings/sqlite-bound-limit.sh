#!/usr/bin/env bash
# SQLite 3.51.3 prepares a statement with a bound LIMIT anew each time that it is run, with the same value as well.
#
# The guess: a statement is prepared once, and what is bound to its LIMIT is read when it runs. What is seen, by how often the authorizer is
# asked, which is while a statement is prepared, in five runs of one prepared statement:
#   LIMIT 1    3 0 0 0 0
#   LIMIT ?    6 3 3 3 3    the planner reads the value that is bound, so binding it again, to the same as well, ends the plan
#   LIMIT +?   3 0 0 0 0    of an expression it reads none
# Of a statement of many parts, each with its limit, that takes longer than to run it.
source "$(dirname "$0")/lib.sh"
python_with apsw==3.51.3.0 <<'PYTHON'
import apsw

assert apsw.sqlite_lib_version() == "3.51.3", apsw.sqlite_lib_version()
database = apsw.Connection(":memory:")
database.execute("CREATE TABLE recommendation (id INTEGER PRIMARY KEY, label TEXT UNIQUE)")
asked = 0


def ask(*_):
    global asked
    asked += 1
    return apsw.SQLITE_OK


database.authorizer = ask
seen = {}
for limit, values in {"LIMIT 1": ("x",), "LIMIT ?": ("x", 1), "LIMIT +?": ("x", 1)}.items():
    seen[limit] = []
    for _ in range(5):
        asked = 0
        database.execute(f"SELECT id FROM recommendation WHERE label = ? {limit}", values).fetchall()
        seen[limit].append(asked)
    print(f"{limit:10}", *seen[limit])
assert all(count > 0 for count in seen["LIMIT ?"]), seen
for limit in ("LIMIT 1", "LIMIT +?"):
    assert seen[limit][0] > 0 and not any(seen[limit][1:]), seen
PYTHON
