/*
 * unix_path -- the path of a Unix socket that we listen on: one server has it at a time.
 */
#ifndef TICKR_LOOP_UNIX_PATH_H
#define TICKR_LOOP_UNIX_PATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "config/address.h"

struct unix_path {
	atomic_bool is_ours;
	dev_t device;
	ino_t inode;
};

/*
 * Return a socket that listens on ADDRESS and does not block; -1 with errno. A path that a dead server
 * left is replaced. A path whose server lives is not: EADDRINUSE. Of several servers that start
 * together one gets the path. Blocks for a moment.
 */
int unix_path_listen(const struct listen_address *address, int backlog,
		     struct unix_path *path) MUST_CHECK;

/*
 * Remove the path, once, if it is still the one that we made. The socket must be open yet, so that no
 * other server takes the path for a dead one. Any thread.
 */
void unix_path_remove(const struct listen_address *address, struct unix_path *path);

#endif
