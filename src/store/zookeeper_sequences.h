/*
 * zookeeper_sequences -- named sequences in ZooKeeper: a node for each, below the folder of the host list, as Layotto
 * names them. See shelf.h.
 *
 * Main thread, apart from the functions of the store.
 */
#ifndef TICKR_STORE_ZOOKEEPER_SEQUENCES_H
#define TICKR_STORE_ZOOKEEPER_SEQUENCES_H

#include "store/store.h"

struct zookeeper_place {
	const char *hosts;  /* "host:port,host:port", with "/folder" at the end or not */
	const char *digest; /* "user:password"; NULL: none */
	unsigned session_s; /* the session's time-out, 1 or more */
};

/* Copy PLACE into SETTINGS as its OWN. forget() of the store frees it, and the name of SETTINGS too. */
void zookeeper_place_set(struct store_settings *settings, const struct zookeeper_place *place);

/* Write the path of the sequence NAME to PATH, of ZOOKEEPER_PATH_SIZE bytes. Pure, for tests. */
#define ZOOKEEPER_PATH_SIZE 1024
void zookeeper_path_write(const char *name, size_t name_len, char *path);

/* Read such a path. False: it is none. NAME has SHELF_NAME_SIZE bytes. */
bool zookeeper_path_read(const char *path, char *name, size_t *name_len) MUST_CHECK;

extern const struct store zookeeper_sequences_store;

#endif
