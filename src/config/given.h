/*
 * given -- finds the values of the variables in the environment and in the file of --env-file. Main thread.
 */
#ifndef TICKR_CONFIG_GIVEN_H
#define TICKR_CONFIG_GIVEN_H

#include "config/loader.h"

/*
 * Fill the values of LOADER from the file at ENV_FILE (NULL: none) and from ENVIRONMENT, which wins. Warn of
 * names that are no variables. Variables that Kubernetes or Docker made for a service get one warning.
 */
void given_read(struct loader *loader, const char *env_file, char *const *environment);

#endif
