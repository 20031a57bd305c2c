/*
 * state_file -- the file in TICKR_STATE_DIR that remembers which tickets of a node were issued.
 *
 * With it tickrd recognises, at its start, a database that went back in time while tickrd was down. Its
 * name is node-N.state, with the node's number. The lock node-N.lock in the same folder is held from
 * open to close, so that no two servers write one file. The main thread opens and closes it. One thread
 * at a time saves it.
 */
#ifndef TICKR_STATE_STATE_FILE_H
#define TICKR_STATE_STATE_FILE_H

#include "base/attributes.h"
#include "base/text.h"
#include "state/record.h"
#include "ticket/space.h"

struct state_file;

/*
 * Lock and read the file of SPACE's node in FOLDER. If it is missing, nothing is known. NULL: PROBLEM
 * says what is wrong, and what to do. The caller releases it with state_file_close().
 */
struct state_file *state_file_open(const char *folder, const struct ticket_space *space,
				   struct text *problem) MUST_CHECK;

/* The record that the file held when it was opened. */
const struct record *state_file_record(const struct state_file *file);

/*
 * Replace the record in the file. True: RECORD is on the disk. False, with PROBLEM: the file holds the
 * former record, or RECORD. Blocks for the disk.
 */
bool state_file_save(struct state_file *file, const struct record *record,
		     struct text *problem) MUST_CHECK;

/*
 * Whether the file, its lock and its folder are still where they were. If not, make the folder and take
 * the lock again, and add the missing thing to PROBLEM. A save makes the file.
 */
bool state_file_is_there(struct state_file *file, struct text *problem) MUST_CHECK;

void state_file_close(struct state_file *file);

/* Only read the file, even while a server has it open, into RECORD, which is zeroed. */
bool state_file_look(const char *folder, const struct ticket_space *space, struct record *record,
		     struct text *problem) MUST_CHECK;

#endif
