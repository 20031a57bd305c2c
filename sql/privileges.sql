-- The least privileges. Insert your own names and passwords. The examples are for a tickrd that connects from the
-- database's own host.

-- A user for tickrd createdb, which needs it once:
CREATE USER 'tickr_admin'@'localhost' IDENTIFIED BY 'change this too';
GRANT CREATE, SELECT, INSERT ON tickr.* TO 'tickr_admin'@'localhost';

-- A user for serving. Create it after createdb has made the tables. Give it no global right: with SUPER,
-- READ ONLY ADMIN or CONNECTION_ADMIN it would write to a demoted server.
CREATE USER 'tickr'@'localhost' IDENTIFIED BY 'change this';
GRANT SELECT, INSERT, DELETE ON tickr.tickets TO 'tickr'@'localhost';
GRANT SELECT ON tickr.tickr_settings TO 'tickr'@'localhost';
GRANT SELECT, UPDATE (advances) ON tickr.tickr_identity TO 'tickr'@'localhost';
-- Named sequences, and the commands tickrd sequence, need one more right:
GRANT SELECT, INSERT, UPDATE ON tickr.tickr_sequences TO 'tickr'@'localhost';
-- To remove the row of a server that no longer exists, tickrd sequence fold also needs DELETE on this table.

-- The stub layout of an old Tickr needs the same rights. The counter layout inserts and deletes no rows. There,
-- replace the first of the three GRANTs by:
--   GRANT SELECT, UPDATE ON tickr.tickets TO 'tickr'@'localhost';
