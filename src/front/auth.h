/*
 * auth -- recognises clients by a password, and the operator by the user at the other end of a socket. All protocols
 * use it.
 *
 * Any thread.
 */
#ifndef TICKR_FRONT_AUTH_H
#define TICKR_FRONT_AUTH_H

#include <stdbool.h>

#include "base/attributes.h"

/*
 * Return whether HEADER, the value of Authorization or NULL, carries PASSWORD by HTTP Basic, with any user
 * name. The time it takes depends on the header's length only, not on how much of the password is right.
 */
bool auth_allows(const char *header, const char *password) MUST_CHECK;

/*
 * Return whether root, or the user of this process, connected to the Unix socket FD. Any other socket
 * returns false.
 */
bool auth_is_operator(int fd) MUST_CHECK;

#endif
