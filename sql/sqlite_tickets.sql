-- The tickets table in a file of SQLite's: one row, which counts.
--
-- The row begins at 1, which makes 2 the first number that is given, as Tickr's arithmetic
-- expects. tickrd adds to it and never takes away; there is nothing to prune.
--
-- The two marks are kept in the file's header, by .backup and VACUUM INTO too: they say that
-- the file is tickrd's ("tick" in ASCII) and which schema it has.

PRAGMA application_id = 1953063787;
PRAGMA user_version = 1;

CREATE TABLE tickets (
  stub TEXT NOT NULL PRIMARY KEY CHECK (stub = 'a'),
  id INTEGER NOT NULL CHECK (id >= 1)
) STRICT, WITHOUT ROWID;

INSERT INTO tickets (stub, id) VALUES ('a', 1);
