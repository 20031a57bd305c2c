/*
 * service_link -- recognises variables that Kubernetes and Docker make for a service. Pure; any thread.
 *
 * For a Service named tickr-database, Kubernetes puts TICKR_DATABASE_PORT=tcp://10.96.0.12:3306 into the
 * environment of every pod of the namespace, with half a dozen others. A pod's spec can forbid that with
 * enableServiceLinks: false. Docker's --link makes most of them, too. Their names are like those of settings.
 */
#ifndef TICKR_CONFIG_SERVICE_LINK_H
#define TICKR_CONFIG_SERVICE_LINK_H

#include <stdbool.h>

/* Whether NAME with VALUE is such a variable. ENVIRONMENT, as environ, has all variables; NULL: none. */
bool service_link_is(const char *name, const char *value, char *const *environment);

#endif
