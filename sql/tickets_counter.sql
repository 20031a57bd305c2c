-- The tickets table in the counter layout: one row, which counts. It is only for a database that issues all tickets of
-- its node, because several masters would each issue the same ones.
--
-- The row begins at 1, so the first base is 2, as Tickr's arithmetic expects. If @newest is set, the row begins at
-- that. tickrd only adds to it, so it needs no pruning.

CREATE TABLE tickets (
  id BIGINT UNSIGNED NOT NULL,
  stub CHAR(1) NOT NULL PRIMARY KEY
) ENGINE = InnoDB;

INSERT INTO tickets (id, stub) VALUES (COALESCE(@newest, 1), 'a');
