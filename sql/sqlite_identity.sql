-- The identity of this database: a random name that copies of the file have too.
--
-- A server that has noted it can tell its own database, or an older copy of it, from any other.
-- By hand: .parameter set :identity "'32 random hexadecimal digits'"; then this file. Never change it.

CREATE TABLE IF NOT EXISTS tickr_identity (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  identity TEXT NOT NULL
) STRICT;

INSERT OR IGNORE INTO tickr_identity (id, identity) VALUES (1, :identity);
