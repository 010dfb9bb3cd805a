#!/usr/bin/env bash
# ADBC's driver of SQLite 1.13.0: one would guess that a column declared REAL is one of doubles, and that values which do
# not fit are told by a type of the whole column. The driver goes by the values of the first 1,024 rows. Where they are
# NULL the column is int64, whatever was declared, and the first number further down fails; where they are whole numbers,
# so does the first text. A row in front, of the type that is wanted, and a cast of the others make it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1
cd "$folder"

cat >show.py <<'PYTHON'
import sqlite3
from contextlib import closing
from importlib.metadata import version

from adbc_driver_sqlite import dbapi

print("adbc-driver-sqlite", version("adbc-driver-sqlite"))
with closing(sqlite3.connect("table.db")) as database:
    database.execute("CREATE TABLE readings (number INTEGER PRIMARY KEY, power REAL, word)")
    rows = [(row, None if row < 2000 else 0.5, 1 if row < 2000 else "text") for row in range(2001)]
    database.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
    database.commit()
for select in (
    "SELECT power FROM readings",
    "SELECT power FROM readings ORDER BY number DESC",
    "SELECT word FROM readings",
    "SELECT 0.0 AS power UNION ALL SELECT CAST(power AS REAL) FROM readings",
    "SELECT '' AS word UNION ALL SELECT CAST(word AS TEXT) FROM readings",
):
    with closing(dbapi.connect("file:table.db?mode=ro")) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(select)
        try:
            column = cursor.fetch_arrow_table().column(0)
        except Exception as error:
            print(f"{select}: {str(error).partition(': ')[2] or error}"[:100])
        else:
            print(f"{select}: {column.type}, {len(column)} rows")
PYTHON

expected=$(
    cat <<'SEEN'
adbc-driver-sqlite 1.13.0
SELECT power FROM readings: expected INT64 but got DOUBLE
SELECT power FROM readings ORDER BY number DESC: double, 2001 rows
SELECT word FROM readings: expected INT64 but got STRING/BINARY
SELECT 0.0 AS power UNION ALL SELECT CAST(power AS REAL) FROM readings: double, 2002 rows
SELECT '' AS word UNION ALL SELECT CAST(word AS TEXT) FROM readings: string, 2002 rows
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
