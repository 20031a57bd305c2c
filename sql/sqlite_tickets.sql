-- The tickets table in an SQLite file: one row, which counts.
--
-- The row begins at 1, so the first base is 2, as Tickr's arithmetic expects. tickrd only adds to it, so it needs no
-- pruning.
--
-- The file's header holds the two marks, and .backup and VACUUM INTO keep them. The first says that the file belongs
-- to tickrd ("tick" in ASCII). The second is the version of the schema.

PRAGMA application_id = 1953063787;
PRAGMA user_version = 1;

CREATE TABLE tickets (
  stub TEXT NOT NULL PRIMARY KEY CHECK (stub = 'a'),
  id INTEGER NOT NULL CHECK (id >= 1)
) STRICT, WITHOUT ROWID;

INSERT INTO tickets (stub, id) VALUES ('a', 1);
