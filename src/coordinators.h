/*
 * coordinators -- joins the settings and the coordinator of worker ids. Main thread.
 */
#ifndef TICKR_COORDINATORS_H
#define TICKR_COORDINATORS_H

#include "base/attributes.h"
#include "base/text.h"
#include "config/config.h"
#include "lease/coordinator.h"
#include "lease/lease.h"

#define COORDINATORS_IP_SIZE 64

/*
 * Return the driver of CONFIG's coordinator, and fill SETTINGS, which point into CONFIG. NULL, with REASON: this
 * tickrd was built without it.
 */
const struct lease_driver *coordinators_pick(const struct config *config,
					     struct coordinator_settings *settings,
					     struct text *reason) MUST_CHECK;

/* Check whether tickrd was built with the coordinator of CONFIG. False, with PROBLEM: it was not. */
bool coordinators_check(const struct config *config, struct text *problem) MUST_CHECK;

/* Write the address by which other hosts probably reach this one; "": there is none. */
void coordinators_find_ip(char ip[COORDINATORS_IP_SIZE]);

#endif
