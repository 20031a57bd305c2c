/*
 * state_file -- the file in TICKR_STATE_DIR that remembers how far a node's tickets were issued.
 *
 * A database may be replaced by an older copy while tickrd is down. The next start recognises that by this file. Its
 * name is node-N.state for node N, and sequences-N.state for the named sequences of its database. A store of
 * TICKR_SEQUENCERS_FILE has store-NAME-N.state. From open to close the server holds a lock on a file of that name that
 * ends in .lock. So no two servers write one file. Main opens and closes the file. One thread at a time saves it.
 */
#ifndef TICKR_STATE_STATE_FILE_H
#define TICKR_STATE_STATE_FILE_H

#include "base/attributes.h"
#include "base/text.h"
#include "state/record.h"
#include "ticket/space.h"

struct state_file;

/*
 * Lock and read the file of SPACE's node in FOLDER. A missing file is an empty record. Return NULL, with
 * the reason and the remedy in PROBLEM, if the file cannot be used. The caller closes the result with
 * state_file_close().
 */
struct state_file *state_file_open(const char *folder, const struct ticket_space *space,
				   struct text *problem) MUST_CHECK;

/* The same for the file of the named sequences. Its bases are values of their clock. */
struct state_file *state_file_open_sequences(const char *folder, const struct ticket_space *space,
					     struct text *problem) MUST_CHECK;

/* The same for the store STORE of TICKR_SEQUENCERS_FILE, in store-STORE-N.state. */
struct state_file *state_file_open_store(const char *folder, const char *store,
					 const struct ticket_space *space,
					 struct text *problem) MUST_CHECK;

/*
 * The same for the bound of a Snowflake worker, in snowflake-N.state. SPACE has 1024 nodes, and the epoch as its offset.
 * Its bases are milliseconds since the epoch.
 */
struct state_file *state_file_open_snowflake(const char *folder, const struct ticket_space *space,
					     struct text *problem) MUST_CHECK;

/* Return the content of the file when it was opened. */
const struct record *state_file_record(const struct state_file *file);

/*
 * Replace the content of the file with RECORD and sync it to the disk, which may block. If that fails,
 * return false, with PROBLEM: the file then holds the old content or RECORD.
 */
bool state_file_save(struct state_file *file, const struct record *record,
		     struct text *problem) MUST_CHECK;

/*
 * Return true if the file, its lock and its folder are still in their places. If not, make the folder
 * and the lock again, and name the missing one in PROBLEM. The next save makes the file.
 */
bool state_file_is_there(struct state_file *file, struct text *problem) MUST_CHECK;

void state_file_close(struct state_file *file);

/* Read the present content into RECORD, which is zeroed, without a lock: another process may have the file open. */
bool state_file_look(const char *folder, const struct ticket_space *space, struct record *record,
		     struct text *problem) MUST_CHECK;
bool state_file_look_sequences(const char *folder, const struct ticket_space *space,
			       struct record *record, struct text *problem) MUST_CHECK;
bool state_file_look_store(const char *folder, const char *store, const struct ticket_space *space,
			   struct record *record, struct text *problem) MUST_CHECK;

#endif
