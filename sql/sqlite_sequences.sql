-- The named sequences in an SQLite file, one row each, and the rows that keep them safe. tickrd createdb makes the table
-- in a new file, and tickrd createdb --sequences adds it to one that is there. sql/sequences.sql explains the columns.
--
-- The table is STRICT. Without that an overflow would become a number with a fraction, and a name might be there
-- twice, as text and as bytes.

CREATE TABLE tickr_sequences (
  name BLOB NOT NULL PRIMARY KEY,
  newest INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  raised INTEGER,
  seen INTEGER,
  start INTEGER,
  most INTEGER,
  ordering INTEGER,
  width INTEGER,
  form INTEGER,
  fingerprint INTEGER,
  retired INTEGER,
  created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT, WITHOUT ROWID;

INSERT INTO tickr_sequences (name, newest, raised) VALUES (X'FF636C6F636B', 1, 0);
