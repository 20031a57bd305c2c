/*
 * etcd_json -- the JSON of etcd's gateway: requests are written, answers are read. Only the files of etcd use it. Pure.
 *
 * In it 64-bit numbers are strings of digits, keys and values are base64, and members that are 0, false or empty are
 * left out.
 */
#ifndef TICKR_REMOTE_ETCD_JSON_H
#define TICKR_REMOTE_ETCD_JSON_H

#include <jansson.h>

#include "remote/etcd.h"

/* Set NAME of OBJECT to NUMBER, or to BYTES. */
void etcd_json_set_number(json_t *object, const char *name, uint64_t number);
void etcd_json_set_bytes(json_t *object, const char *name, const char *bytes, size_t len);

/* Read NAME of OBJECT, which may be NULL. False: it is there, and no number from 0 to 2^64-1. *NUMBER is 0 if it is not there. */
bool etcd_json_number(const json_t *object, const char *name, uint64_t *number) MUST_CHECK;

/* The request of TRANSACTION. The caller owns it. */
json_t *etcd_json_transaction(const struct etcd_transaction *transaction) MUST_CHECK;

/* Read the member "header" of ANSWER. False: it has none. */
bool etcd_json_header(const json_t *answer, struct etcd_header *header) MUST_CHECK;

/* Read the answer to a transaction. False: it is none; ANSWER holds nothing to free. */
bool etcd_json_answer(const json_t *json, struct etcd_answer *answer) MUST_CHECK;

bool etcd_json_pair(const json_t *json, struct etcd_pair *pair) MUST_CHECK;
void etcd_pair_clear(struct etcd_pair *pair);

#endif
