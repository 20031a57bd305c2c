-- The tickets table: plain AUTO_INCREMENT, one row for each reserved number.
--
-- The first row is 1, which makes 2 the first number that is given, as Tickr's arithmetic expects;
-- or @newest, if that was set before.
-- tickrd prunes old rows, never the newest: servers before MySQL 8.0 start again from
-- MAX(id) when they restart.

CREATE TABLE tickets (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY
) ENGINE = InnoDB;

INSERT INTO tickets (id) VALUES (COALESCE(@newest, 1));
