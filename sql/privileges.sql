-- The least privileges. Put your own names and passwords in; the examples serve a tickrd
-- that connects from the database's own host.

-- A user for tickrd createdb, needed once:
CREATE USER 'tickr_admin'@'localhost' IDENTIFIED BY 'change this too';
GRANT CREATE, SELECT, INSERT ON tickr.* TO 'tickr_admin'@'localhost';

-- A user for serving, to be made after createdb, when the tables are there. Give it no global right:
-- with SUPER, READ ONLY ADMIN or CONNECTION_ADMIN it would write to a server that was demoted.
CREATE USER 'tickr'@'localhost' IDENTIFIED BY 'change this';
GRANT SELECT, INSERT, DELETE ON tickr.tickets TO 'tickr'@'localhost';
GRANT SELECT ON tickr.tickr_settings TO 'tickr'@'localhost';
GRANT SELECT, UPDATE (advances) ON tickr.tickr_identity TO 'tickr'@'localhost';

-- In the stub layout of an old Tickr the same will do. In the counter layout, whoever made it,
-- nothing is inserted or deleted; instead of the first of the three GRANTs it is:
--   GRANT SELECT, UPDATE ON tickr.tickets TO 'tickr'@'localhost';
