-- The identity of this database: a random name that copies of the file have too.
--
-- A server that has noted it can tell its own database, or an older copy of it, from any other. The
-- column advances says when an operator ran tickrd advance last, in microseconds since 1970; 0: never.
-- Servers that refuse the database wait for a greater number.
-- By hand: .parameter set :identity "'32 random hexadecimal digits'"; then this file. Never change it.

CREATE TABLE IF NOT EXISTS tickr_identity (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  identity TEXT NOT NULL,
  advances INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT OR IGNORE INTO tickr_identity (id, identity) VALUES (1, :identity);
