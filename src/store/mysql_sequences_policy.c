/*
 * DESIGN. A command locks the rows of a sequence and of the clock, in the order of their names, as every statement
 * does. While they are locked it computes the distance, and adds it to both. It makes a row by an INSERT, which changes
 * nothing if the row is there. A locking read of a missing row would lock the gap, and two of them deadlock.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "store/mysql_look.h"
#include "store/mysql_sequences.h"

/* The columns of mysql_sequences_policy_read(), of the table k, and all that was raised. */
#define COLUMNS                                                                        \
	"k.name,LENGTH(k.name),k.newest,k.revision,k.start,k.most,k.ordering,k.width," \
	"k.form,k.fingerprint,k.retired"
#define RAISED "(SELECT c.raised FROM tickr_sequences c WHERE c.name=" SEQUENCES_CLOCK ")"
#define SELECT "SELECT " COLUMNS "," RAISED " FROM tickr_sequences k WHERE "

#define SQL_SIZE 2048 /* of a statement with two names of 255 bytes */

struct listing {
	store_listed_fn *each;
	void *arg;
	bool is_damaged;
	uint64_t found;
};

/* Read the policy of ROW. False: it holds a number that tickrd never writes. */
static bool
mysql_sequences_policy_read(MYSQL_ROW row, struct store_listed *listed, uint64_t *newest)
{
	uint64_t numbers[9];

	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		if (!mysql_sequences_read_number(row[i + 2], &numbers[i]))
			return false;
	*newest = numbers[0];
	*listed = (struct store_listed){
		.name = row[0],
		.policy = {
			.revision = (uint32_t)numbers[1],
			.start = numbers[2] > 0 ? numbers[2] : 1,
			.most = numbers[3] > 0 && numbers[3] < SEQUENCE_MOST ? numbers[3]
									     : SEQUENCE_MOST,
			.order = numbers[4] == 1 ? SEQUENCE_WEAK : SEQUENCE_STRONG,
			.width = numbers[5] == 53 ? 53 : 63,
			.form = numbers[6] == 1 ? SEQUENCE_SCRAMBLED : SEQUENCE_PLAIN,
			.fingerprint = numbers[7],
			.is_retired = numbers[8] != 0,
			.is_declared = row[4] != NULL,
		}};
	return true;
}

static void
mysql_sequences_policy_list(void *arg, MYSQL_ROW row)
{
	struct listing *listing = arg;
	struct store_listed listed;
	uint64_t newest, raised, name_len;

	listing->found++;
	if (!mysql_sequences_policy_read(row, &listed, &newest) || row[11] == NULL ||
	    !mysql_sequences_read_number(row[1], &name_len) ||
	    !mysql_sequences_read_number(row[11], &raised) ||
	    !sequence_rows_number(newest, raised, &listed.last)) {
		listing->is_damaged = true;
		return;
	}
	listed.name_len = (uint8_t)name_len;
	listing->each(listing->arg, &listed);
}

static enum store_result
mysql_sequences_policy_query(struct store_session *session, const char *sql,
			     struct listing *listing, struct text *reason)
{
	enum store_result result =
		mysql_session_query(session, sql, mysql_sequences_policy_list, listing, reason);

	if (result != STORE_OK || !listing->is_damaged)
		return result;
	text_add(reason, "a row of the table `tickr_sequences` is damaged, or that of the clock is "
			 "gone: restore the database");
	return STORE_REFUSED;
}

/* --- reading ----------------------------------------------------------------------------------- */

static void
mysql_sequences_policy_keep(void *arg, const struct store_listed *listed)
{
	*(struct store_listed *)arg = *listed;
}

enum store_result
mysql_sequences_show(struct store_session *session, const char *name, uint8_t name_len,
		     struct store_listed *listed, bool *found, struct text *reason)
{
	struct listing listing = {.each = mysql_sequences_policy_keep, .arg = listed};
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);
	enum store_result result;

	text_add(&sql, SELECT "k.name=");
	mysql_sequences_add_name(&sql, name, name_len);
	result = mysql_sequences_policy_query(session, memory, &listing, reason);
	*found = listing.found > 0;
	listed->name = name;
	listed->name_len = name_len;
	return result;
}

enum store_result
mysql_sequences_list(struct store_session *session, const char *after, uint8_t after_len,
		     uint32_t limit, store_listed_fn *each, void *arg, struct text *reason)
{
	struct listing listing = {.each = each, .arg = arg};
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);

	text_add(&sql, SELECT "k.name>");
	mysql_sequences_add_name(&sql, after, after_len);
	text_addf(&sql, " AND k.name<X'FF' ORDER BY k.name LIMIT %" PRIu32, limit);
	return mysql_sequences_policy_query(session, memory, &listing, reason);
}

enum store_result
mysql_sequences_count(struct store_session *session, uint64_t *count, struct text *reason)
{
	bool found;

	return mysql_session_numbers(
		session,
		"SELECT COUNT(*) FROM tickr_sequences WHERE name<X'FF' AND retired IS NULL", count,
		1, &found, reason);
}

/* --- commands ---------------------------------------------------------------------------------- */

/* The rows of a sequence and of the clock, while they are locked. */
struct locked {
	bool has_sequence, has_clock, is_damaged;
	struct store_listed listed;
	uint64_t newest, clock, raised;
};

static void
mysql_sequences_policy_read_locked(void *arg, MYSQL_ROW row)
{
	struct locked *locked = arg;
	uint64_t name_len;

	if (!mysql_sequences_read_number(row[1], &name_len))
		locked->is_damaged = true;
	else if (name_len == SEQUENCE_CLOCK_LEN && (unsigned char)row[0][0] == SEQUENCE_RESERVED)
		locked->has_clock = row[11] != NULL &&
				    mysql_sequences_read_number(row[2], &locked->clock) &&
				    mysql_sequences_read_number(row[11], &locked->raised);
	else {
		locked->has_sequence = true;
		if (!mysql_sequences_policy_read(row, &locked->listed, &locked->newest))
			locked->is_damaged = true;
	}
}

/* Add the statement that locks the rows of NAME and the clock. */
static void
mysql_sequences_policy_add_lock(struct text *sql, const char *name, uint8_t name_len)
{
	text_add(sql, "SELECT " COLUMNS ",k.raised FROM tickr_sequences k WHERE k.name IN(");
	mysql_sequences_add_name(sql, name, name_len);
	text_add(sql, "," SEQUENCES_CLOCK ")ORDER BY k.name FOR UPDATE");
}

static enum store_result
mysql_sequences_policy_lock(struct store_session *session, const char *sql, struct locked *locked,
			    struct text *reason)
{
	enum store_result result = mysql_sequences_begin(
		session, sql, mysql_sequences_policy_read_locked, locked, reason);

	if (result != STORE_OK || (locked->has_clock && !locked->is_damaged))
		return result;
	text_add(reason, "a row of the table `tickr_sequences` is damaged, or that of the clock is "
			 "gone: restore the database");
	return STORE_REFUSED;
}

/* Move the locked rows of NAME and the clock by DISTANCE, and commit. */
static enum store_result
mysql_sequences_policy_move(struct store_session *session, const char *name, uint8_t name_len,
			    uint64_t distance, struct text *reason)
{
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);

	text_addf(&sql, "UPDATE tickr_sequences SET newest=newest+%" PRIu64 " WHERE name IN(",
		  distance);
	mysql_sequences_add_name(&sql, name, name_len);
	text_add(&sql, "," SEQUENCES_CLOCK ");COMMIT");
	return mysql_sequences_commit(session, memory, reason);
}

enum store_result
mysql_sequences_jump(struct store_session *session, const char *name, uint8_t name_len,
		     uint64_t number, bool *found, struct text *reason)
{
	struct locked locked = {.is_damaged = false};
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);
	uint64_t distance = 0;
	enum store_result result;

	text_add(&sql, "BEGIN;");
	mysql_sequences_policy_add_lock(&sql, name, name_len);
	result = mysql_sequences_policy_lock(session, memory, &locked, reason);
	*found = locked.has_sequence;
	if (result != STORE_OK)
		return result;
	if (*found)
		result = sequence_rows_jump(locked.newest, locked.raised, locked.clock, number,
					    &distance, reason);
	if (distance == 0)
		return mysql_sequences_roll_back(session, result);
	return mysql_sequences_policy_move(session, name, name_len, distance, reason);
}

enum store_result
mysql_sequences_retire(struct store_session *session, const char *name, uint8_t name_len,
		       bool *found, struct text *reason)
{
	struct store_listed listed;
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);
	enum store_result result = mysql_check_writable(session, reason);

	text_add(&sql, "UPDATE tickr_sequences SET retired=1,revision=revision+1 WHERE retired IS "
		       "NULL AND name=");
	mysql_sequences_add_name(&sql, name, name_len);
	if (result == STORE_OK)
		result = mysql_sequences_commit(session, memory, reason);
	if (result != STORE_OK)
		return result;
	return mysql_sequences_show(session, name, name_len, &listed, found, reason);
}

/* --- declaring --------------------------------------------------------------------------------- */

/* Add the policy as assignments to columns. */
static void
mysql_sequences_policy_add(struct text *sql, const struct sequence_policy *policy)
{
	text_addf(sql,
		  "revision=GREATEST(revision+1,%" PRIu32 "),start=%" PRIu64 ",most=%" PRIu64
		  ",ordering=%d,width=%u,form=%d,fingerprint=%" PRIu64,
		  policy->revision, policy->start, policy->most, policy->order == SEQUENCE_WEAK,
		  policy->width, policy->form == SEQUENCE_SCRAMBLED, policy->fingerprint);
}

/* Write the policy of the locked row; move it and the clock by DISTANCE. */
static enum store_result
mysql_sequences_policy_write(struct store_session *session, const char *name, uint8_t name_len,
			     const struct sequence_policy *wanted, uint64_t distance,
			     struct text *reason)
{
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);

	text_add(&sql, "UPDATE tickr_sequences SET ");
	mysql_sequences_policy_add(&sql, wanted);
	text_addf(&sql, ",newest=newest+%" PRIu64 " WHERE name=", distance);
	mysql_sequences_add_name(&sql, name, name_len);
	text_addf(&sql,
		  ";UPDATE tickr_sequences SET newest=newest+%" PRIu64
		  " WHERE name=" SEQUENCES_CLOCK ";COMMIT",
		  distance);
	return mysql_sequences_commit(session, memory, reason);
}

static enum store_result
mysql_sequences_policy_declare_old(struct store_session *session, const struct locked *locked,
				   const struct sequence_policy *wanted,
				   enum store_declared *declared, struct text *reason)
{
	bool is_same;

	if (!sequence_rows_may_become(&locked->listed.policy, wanted, &is_same, reason))
		*declared = STORE_DECLARED_DIFFERS;
	else
		*declared = is_same ? STORE_DECLARED_SAME : STORE_DECLARED_CHANGED;
	if (*declared != STORE_DECLARED_CHANGED)
		return mysql_sequences_roll_back(session, STORE_OK);
	return mysql_sequences_policy_write(session, locked->listed.name, locked->listed.name_len,
					    wanted, 0, reason);
}

/* A row that was made by this transaction has moved nothing, and no policy; an old one may be like that. */
static enum store_result
mysql_sequences_policy_declare_new(struct store_session *session, const struct locked *locked,
				   const struct sequence_policy *wanted, struct text *reason)
{
	uint64_t distance;
	enum store_result result =
		sequence_rows_jump(0, 0, locked->clock, wanted->start - 1, &distance, reason);

	if (result != STORE_OK)
		return mysql_sequences_roll_back(session, result);
	return mysql_sequences_policy_write(session, locked->listed.name, locked->listed.name_len,
					    wanted, distance, reason);
}

enum store_result
mysql_sequences_declare(struct store_session *session, const char *name, uint8_t name_len,
			const struct sequence_policy *wanted, enum store_declared *declared,
			struct text *reason)
{
	struct locked locked = {.is_damaged = false};
	char memory[SQL_SIZE];
	struct text sql = TEXT_OVER(memory);
	enum store_result result;

	assert(wanted->start >= 1 && wanted->most <= SEQUENCE_MOST);
	text_add(&sql, "BEGIN;INSERT INTO tickr_sequences(name,newest)VALUES(");
	mysql_sequences_add_name(&sql, name, name_len);
	text_add(&sql, ",0)ON DUPLICATE KEY UPDATE name=VALUES(name);");
	mysql_sequences_policy_add_lock(&sql, name, name_len);
	result = mysql_sequences_policy_lock(session, memory, &locked, reason);
	if (result != STORE_OK)
		return result;
	locked.listed.name = name;
	locked.listed.name_len = name_len;
	*declared = STORE_DECLARED_MADE;
	if (locked.newest == 0 && !locked.listed.policy.is_declared &&
	    !locked.listed.policy.is_retired)
		return mysql_sequences_policy_declare_new(session, &locked, wanted, reason);
	return mysql_sequences_policy_declare_old(session, &locked, wanted, declared, reason);
}
