-- The tickets table: plain AUTO_INCREMENT, one row for each reserved number.
--
-- The first row is 1, so the first base is 2, as Tickr's arithmetic expects. If @newest is set, the first row is that.
-- tickrd prunes old rows, but never the newest one: before MySQL 8.0 a server that restarts continues after MAX(id).

CREATE TABLE tickets (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY
) ENGINE = InnoDB;

INSERT INTO tickets (id) VALUES (COALESCE(@newest, 1));
