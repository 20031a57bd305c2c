/*
 * unix_path -- listens on the path of a Unix socket. One server has the path at a time.
 */
#ifndef TICKR_LOOP_UNIX_PATH_H
#define TICKR_LOOP_UNIX_PATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "loop/socket_address.h"

struct unix_path {
	atomic_bool is_ours;
	dev_t device;
	ino_t inode;
};

/*
 * Return a socket that listens on ADDRESS and does not block; -1 with errno. If a dead server left the
 * path, it is replaced. If the server lives, errno is EADDRINUSE. If several servers start together, one
 * gets the path. This may block for 2 s.
 */
int unix_path_listen(const struct socket_address *address, int backlog,
		     struct unix_path *path) MUST_CHECK;

/*
 * Remove the path if it is still the one that this process made. Later calls do nothing. The socket must
 * still be open: otherwise another server could replace the path first. Any thread.
 */
void unix_path_remove(const struct socket_address *address, struct unix_path *path);

#endif
