-- The settings that determine the tickets of this database, pinned next to its counter. A tickrd with other settings
-- refuses to serve.
--
-- By hand: SET @max_nodes = 10, @node_number = 0, @starting_offset = 1, then run this file.

CREATE TABLE IF NOT EXISTS tickr_settings (
  id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  max_nodes BIGINT UNSIGNED NOT NULL,
  node_number BIGINT UNSIGNED NOT NULL,
  starting_offset BIGINT UNSIGNED NOT NULL,
  pinned_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB;

INSERT INTO tickr_settings (id, max_nodes, node_number, starting_offset)
  VALUES (1, @max_nodes, @node_number, @starting_offset);
