-- The identity of a database: 128 random bits, which a copy of the database has too. If the counter is lower than
-- before, tickrd compares the identity to tell an older copy from another database. The identity never changes.
-- The column advances has the time of the last tickrd advance, in microseconds since 1970; 0: it never ran. Servers that refuse
-- the database wait for a greater number.
--
-- By hand: SET @identity = a string of 32 hexadecimal digits, then run this file.

CREATE TABLE IF NOT EXISTS tickr_identity (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  identity CHAR(32) CHARACTER SET ascii NOT NULL,
  advances BIGINT UNSIGNED NOT NULL DEFAULT 0
) ENGINE = InnoDB;

INSERT IGNORE INTO tickr_identity (id, identity) VALUES (1, @identity);
