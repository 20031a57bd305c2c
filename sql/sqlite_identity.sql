-- The identity of this database: a random name, which copies of the file have too. A server compares it to tell an
-- older copy of its database from another database. The identity never changes.
-- The column advances has the time of the last tickrd advance, in microseconds since 1970; 0: it never ran. Servers that refuse
-- the database wait for a greater number.
--
-- By hand: .parameter set :identity "'32 random hexadecimal digits'", then run this file.

CREATE TABLE IF NOT EXISTS tickr_identity (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  identity TEXT NOT NULL,
  advances INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT OR IGNORE INTO tickr_identity (id, identity) VALUES (1, :identity);
