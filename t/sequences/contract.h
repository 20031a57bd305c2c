/*
 * contract -- checks of the seam of named sequences, which hold for every store.
 *
 * The program t/sequences/contract runs them over the memory store, an SQLite file, or a server. Each
 * check uses sequences of its own, so that one database serves all of them.
 */
#ifndef TICKR_SEQUENCES_CONTRACT_H
#define TICKR_SEQUENCES_CONTRACT_H

#include "store/store.h"

struct contract {
	const struct store *store; /* of named sequences */
	struct store_settings *settings;
	struct store_session *session;
	bool is_memory;
	char words[1024];  /* the last reason */
	const char *fault; /* the first thing that was not so; NULL: none */
	int line;
};

/* Note a fault of CONTRACT unless CONDITION holds, and go on. */
#define CHECK(contract, condition) contract_check((contract), (condition), #condition, __LINE__)
void contract_check(struct contract *contract, bool condition, const char *words, int line);

/* A session of its own on the same database; NULL: none, which is a fault. */
struct store_session *contract_open(struct contract *contract);

/* Move NAME by COUNT in SESSION, without an instance. Return the result; MOVE may be NULL. */
enum store_result contract_move(struct contract *contract, struct store_session *session,
				const char *name, uint32_t count, struct store_move *move,
				struct ticket_range *clock) MUST_CHECK;

/* The same, which must succeed, in the contract's session. The newest number; 0: it did not. */
uint64_t contract_newest(struct contract *contract, const char *name, uint32_t count);

/* The clock; 0: it cannot be read. */
uint64_t contract_clock(struct contract *contract);

/*
 * The store NAME of named sequences on other servers; NULL: there is none of that name. Its own SETTINGS come from the
 * environment. ENDPOINTS is a list with commas. The others are SEQUENCES_PREFIX, SEQUENCES_USER, SEQUENCES_PASSWORD,
 * CA_FILE, CERT_FILE and KEY_FILE. Of Redis they are SEQUENCES_DB and SEQUENCES_DURABILITY.
 */
const struct store *contract_remote(const char *name, struct store_settings *settings) MUST_CHECK;

/* Run a load until SIGTERM, see load.c. Return the exit status. */
int contract_load(struct contract *contract);

struct contract_test {
	const char *promise;
	void (*run)(struct contract *contract);
};
extern const struct contract_test contract_moves[], contract_policies[], contract_copies[],
	contract_threads[]; /* ended by an empty one */

#endif
