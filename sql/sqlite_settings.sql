-- The settings that determine the tickets of this file, pinned next to its counter. A tickrd with other settings
-- refuses to serve.
--
-- By hand: .parameter set :max_nodes 10, the same for the others, then run this file.

CREATE TABLE tickr_settings (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  max_nodes INTEGER NOT NULL,
  node_number INTEGER NOT NULL,
  starting_offset INTEGER NOT NULL,
  pinned_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;

INSERT INTO tickr_settings (id, max_nodes, node_number, starting_offset)
  VALUES (1, :max_nodes, :node_number, :starting_offset);
