/*
 * auth -- HTTP Basic: any user name, one password. Pure; any thread.
 */
#ifndef TICKR_HTTP_AUTH_H
#define TICKR_HTTP_AUTH_H

#include <stdbool.h>

#include "base/attributes.h"

/*
 * Whether HEADER, the value of Authorization or NULL, carries PASSWORD. The time it takes
 * depends on the header's length only, not on how much of the password is right.
 */
bool auth_allows(const char *header, const char *password) MUST_CHECK;

#endif
