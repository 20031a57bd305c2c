-- The named sequences, one row each, and the rows that keep them safe. tickrd createdb makes the table in a new
-- database, and tickrd createdb --sequences adds it to one that is there.
--
-- The number of a sequence is its column newest and the column raised of the row '\xffclock'. Each statement moves
-- sequences, that row and the row of its server together, so never change a row by hand: use tickrd sequence and
-- tickrd advance --sequences. A name that begins with the byte 0xFF is no sequence:
--   \xffclock        newest: the sum of all moves; raised: of all raises; revision: the time of the last advance
--   \xffinstance:ID  newest: how often this server has counted; seen: the clock as it knew it then
--
-- ordering 0 is strong, 1 is weak; form 0 is plain, 1 is scrambled. revision 0: the sequence was made on first use.
-- Else it is about the time of the last change in seconds.

CREATE TABLE tickr_sequences (
  name VARBINARY(255) NOT NULL PRIMARY KEY,
  newest BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0,
  raised BIGINT NULL,
  seen BIGINT NULL,
  start BIGINT NULL,
  most BIGINT NULL,
  ordering TINYINT NULL,
  width TINYINT NULL,
  form TINYINT NULL,
  fingerprint BIGINT UNSIGNED NULL,
  retired TINYINT NULL,
  created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB;

INSERT INTO tickr_sequences (name, newest, raised) VALUES (X'FF636C6F636B', 1, 0);
