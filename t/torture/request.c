#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "record.h"
#include "request.h"

#define MOST_TICKETS	  100000 /* TICKR_MAX_BATCH */
#define MOST_GROUP	  4096	 /* Snowflake ids */
#define HOT_KEYS	  4	 /* the first ones */
#define NEW_KEYS	  8	 /* the last ones */
#define STRONG_KEY	  1
#define DECLARED_WEAK_KEY 2

/* --- dice ------------------------------------------------------------------------------------- */

/* Splitmix64. */
uint64_t
request_dice(uint64_t *random, uint64_t below)
{
	uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

uint32_t
request_count(uint64_t *random, uint32_t most)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(most);
	uint64_t count = request_dice(random, UINT64_C(1) << (1 + request_dice(random, bits)));

	return count == 0 ? 1 : count > most ? most : (uint32_t)count;
}

/* --- requests ----------------------------------------------------------------------------------- */

/* Return the key of the next request, or 0 for tickets. A few keys are busy, and new ones have many first users. */
static uint32_t
request_some_key(uint64_t *random, const struct keys *keys)
{
	unsigned only = keys->only, count = keys->count;
	uint64_t dice = request_dice(random, 100);

	if (dice < 50 || count == 0 || only == NO_KEY)
		return 0;
	if (only != ALL_KEYS)
		return only;
	if (dice < 70 || count <= NEW_KEYS)
		return 1 + (uint32_t)request_dice(random, count < HOT_KEYS ? count : HOT_KEYS);
	if (dice < 80)
		return count - (uint32_t)request_dice(random, NEW_KEYS);
	return 1 + (uint32_t)request_dice(random, count);
}

/* Return the number of a store of SERVER, or 0 for its own. */
static uint32_t
request_some_store(uint64_t *random, const struct keys *keys, unsigned server)
{
	uint32_t store = (uint32_t)request_dice(random, keys->store_count + UINT64_C(1));

	if (store > 0 && keys->stores[store - 1].server != EACH_SERVER &&
	    keys->stores[store - 1].server != server)
		return 0;
	return store;
}

/* A strong request drops the numbers that a server holds. So there are keys without strong requests. */
static bool
request_is_of_weak_key(uint32_t key)
{
	return key % 3 == 2;
}

/*
 * Return the parameter "order" of a request for KEY. A weak key over several databases cannot be strong. Only keys of the
 * server's own store are declared.
 */
static const char *
request_some_order(uint64_t *random, uint32_t key, uint32_t store, bool *is_strong)
{
	uint64_t dice = request_dice(random, 10);

	if (store == 0 && key == DECLARED_WEAK_KEY && dice < 7)
		return "";
	if (request_is_of_weak_key(key))
		return "order=weak";
	*is_strong = (store == 0 && key == STRONG_KEY) || dice < 7;
	if (dice >= 7)
		return "order=weak";
	return dice < 3 ? "order=strong" : "";
}

static bool
request_some_format(uint64_t *random, uint32_t *count)
{
	uint64_t dice = request_dice(random, 100);

	*count = 1;
	if (dice >= 90)
		*count = request_count(random, dice == 99 ? MOST_TICKETS : 1000);
	else if (dice >= 75)
		*count = request_count(random, dice == 89 ? 10000 : 200);
	return dice < 5 || dice >= 90;
}

static void
request_add_parameter(struct text *parameters, const char *parameter)
{
	if (parameter[0] != '\0')
		text_addf(parameters, "%s%s", parameters->len == 0 ? "?" : "&", parameter);
}

/* Add the parts that name KEY and its store. Return the key of the record. */
static uint32_t
request_add_key(struct request *request, uint64_t *random, const struct keys *keys, unsigned server,
		uint32_t key, struct text *parameters)
{
	uint32_t store = request_some_store(random, keys, server);
	const struct store *other = store > 0 ? &keys->stores[store - 1] : NULL;
	char parameter[80];

	if (other != NULL && other->is_snowflake)
		request_add_parameter(parameters, key % 2 == 0 ? "order=weak" : "");
	else
		request_add_parameter(parameters,
				      request_some_order(random, key, store, &request->is_strong));
	if (other == NULL)
		return key;
	snprintf(parameter, sizeof(parameter), "store=%s", other->name);
	request_add_parameter(parameters, parameter);
	request->may_split = other->is_snowflake;
	return store * RECORD_STORE_KEYS + (other->is_snowflake ? 1 : key);
}

/* Make the path for ids of some sequence, or for tickets. */
static void
request_make_path(struct request *request, uint64_t *random, const struct keys *keys,
		  unsigned server, struct text *path)
{
	bool is_group = request_some_format(random, &request->count);
	uint32_t key = request_some_key(random, keys);
	char memory[160];
	struct text parameters = TEXT_OVER(memory);

	request->is_strong = false;
	request->may_split = keys->are_snowflakes;
	request->key = 0;
	text_add(path, "/tickets/create");
	if (key > 0) {
		text_clear(path);
		text_addf(path, "/sequences/key-%" PRIu32 "/create", key);
		request->key = request_add_key(request, random, keys, server, key, &parameters);
	}
	request_add_parameter(&parameters, is_group ? "format=group" : "");
	if (request->may_split && is_group && request->count > MOST_GROUP)
		request->count = MOST_GROUP;
	if (request->count > 1)
		text_addf(path, "/%" PRIu32, request->count);
	text_add(path, memory);
}

void
request_make(struct request *request, uint64_t *random, const struct keys *keys, unsigned server,
	     const char *version, const char *headers)
{
	bool is_post = request_dice(random, 10) == 0;
	char memory[224];
	struct text path = TEXT_OVER(memory);

	request_make_path(request, random, keys, server, &path);
	request->len =
		(size_t)snprintf(request->text, sizeof(request->text),
				 "%s %s HTTP/%s\r\nHost: t\r\n%s%s\r\n", is_post ? "POST" : "GET",
				 memory, version, headers, is_post ? "Content-Length: 0\r\n" : "");
}
