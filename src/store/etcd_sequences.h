/*
 * etcd_sequences -- named sequences in etcd: a key for each, below a prefix, as Layotto names them. See shelf.h.
 *
 * Main thread, apart from the functions of the store.
 */
#ifndef TICKR_STORE_ETCD_SEQUENCES_H
#define TICKR_STORE_ETCD_SEQUENCES_H

#include "store/store.h"

#define ETCD_DEFAULT_PREFIX "/layotto/"

struct etcd_place {
	const char *const *endpoints; /* each has passed web_endpoint_mistake() */
	size_t endpoints_count;	      /* 1 or more */
	const char *
		prefix; /* of the keys: a "/" is added at its ends if there is none; NULL: the default */
	const char *user, *password;		    /* NULL: none */
	const char *ca_file, *cert_file, *key_file; /* PEM; NULL: none */
};

/* Copy PLACE into SETTINGS as its OWN. forget() of the store frees it, and the name of SETTINGS too. */
void etcd_place_set(struct store_settings *settings, const struct etcd_place *place);

extern const struct store etcd_sequences_store;

#endif
