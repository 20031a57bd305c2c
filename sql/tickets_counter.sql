-- The tickets table in the counter layout: one row, which counts. For a database that gives the
-- tickets of its node alone: several masters would each give the same ones.
--
-- The row begins at 1, which makes 2 the first number that is given, as Tickr's arithmetic
-- expects; or at @newest, if that was set before. tickrd adds to it and never takes away; there is
-- nothing to prune.

CREATE TABLE tickets (
  id BIGINT UNSIGNED NOT NULL,
  stub CHAR(1) NOT NULL PRIMARY KEY
) ENGINE = InnoDB;

INSERT INTO tickets (id, stub) VALUES (COALESCE(@newest, 1), 'a');
