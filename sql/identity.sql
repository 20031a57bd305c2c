-- The identity of a database: 128 random bits, which a copy of the database has too. tickrd
-- knows by it whether a counter that came back lower is an older copy of the one it knows.
-- It is made once and never changed. The column advances says when an operator ran tickrd advance last, in
-- microseconds since 1970; 0: never. Servers that refuse the database wait for a greater number.
--
-- By hand: SET @identity = a string of 32 hexadecimal digits; then this file.

CREATE TABLE IF NOT EXISTS tickr_identity (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  identity CHAR(32) CHARACTER SET ascii NOT NULL,
  advances BIGINT UNSIGNED NOT NULL DEFAULT 0
) ENGINE = InnoDB;

INSERT IGNORE INTO tickr_identity (id, identity) VALUES (1, @identity);
