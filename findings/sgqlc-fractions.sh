#!/usr/bin/env bash
# sgqlc 18: how its DateTime reads a fraction of a second.
#
# The guess: `.5` is half a second, and `.484` is 484 milliseconds, as RFC 3339 says. What is seen: the digits are taken for a number of
# microseconds, so only six digits are read right; more than six raise an error.
source "$(dirname "$0")/lib.sh"
python_with sgqlc==18 <<'PYTHON'
from sgqlc.types.datetime import DateTime

for text, microseconds in [
    ("2026-11-30T09:30:00.5Z", 5),
    ("2026-11-30T09:30:00.484Z", 484),
    ("2026-11-30T09:30:00.484000Z", 484000),
]:
    read = DateTime(text)
    print(f"{text}: {read.microsecond} microseconds")
    assert read.microsecond == microseconds
try:
    DateTime("2026-11-30T09:30:00.484000000Z")
    raise SystemExit("nine digits are read")
except ValueError as error:
    print(f"nine digits: {error}")
    assert "microsecond must be in 0..999999" in str(error)
PYTHON
