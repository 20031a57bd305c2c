/*
 * The scrambler of a build without OpenSSL's libcrypto: it cannot be made, so no other function is called.
 */
#include <assert.h>
#include <stdlib.h>

#include "ticket/scramble.h"

struct scramble *
scramble_new(const unsigned char key[SCRAMBLE_KEY_SIZE], struct text *reason)
{
	(void)key;
	text_add(reason, "this tickrd was built without OpenSSL, so it cannot scramble ids: "
			 "build it with ./configure --with-openssl");
	return NULL;
}

void
scramble_free(struct scramble *scramble)
{
	assert(scramble == NULL);
}

uint64_t
scramble_fingerprint(const struct scramble *scramble)
{
	(void)scramble;
	abort();
}

bool
scramble_ids(struct scramble *scramble, const struct scramble_domain *domain,
	     const struct ticket_range *ids, uint64_t *scrambled, uint32_t *count)
{
	(void)scramble, (void)domain, (void)ids, (void)scrambled, (void)count;
	abort();
}

bool
scramble_decode(struct scramble *scramble, const struct scramble_domain *domain, uint64_t scrambled,
		uint64_t *id)
{
	(void)scramble, (void)domain, (void)scrambled, (void)id;
	abort();
}
