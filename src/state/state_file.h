/*
 * state_file -- the file in TICKR_STATE_DIR that remembers how far a node's tickets have been given.
 *
 * By it a database that was put back to an older state while tickrd was down is recognised at the
 * next start. Its name is node-N.state, by the node's number; beside it node-N.lock is held from
 * open to close, so that no two servers write one file. Opened and closed by the main thread; saved
 * by one thread at a time.
 */
#ifndef TICKR_STATE_STATE_FILE_H
#define TICKR_STATE_STATE_FILE_H

#include "base/attributes.h"
#include "base/text.h"
#include "state/record.h"
#include "ticket/space.h"

struct state_file;

/*
 * Lock and read the file of SPACE's node in FOLDER; one that is missing says that nothing is known.
 * NULL: PROBLEM says what is wrong, and what to do. The caller gives it to state_file_close().
 */
struct state_file *state_file_open(const char *folder, const struct ticket_space *space,
				   struct text *problem) MUST_CHECK;

/* What was in it when it was opened. */
const struct record *state_file_record(const struct state_file *file);

/*
 * Replace what it says. When it is true RECORD is on the disk; else, with PROBLEM, the file says
 * what it said before, or RECORD. Blocks for the disk.
 */
bool state_file_save(struct state_file *file, const struct record *record,
		     struct text *problem) MUST_CHECK;

/*
 * Whether the file, its lock and its folder are still where they were. If not, make the folder and
 * take the lock again, and add to PROBLEM what was missing: a save makes the file.
 */
bool state_file_is_there(struct state_file *file, struct text *problem) MUST_CHECK;

void state_file_close(struct state_file *file);

/* Only read what it says now, beside whoever has it open, into RECORD, which is zeroed. */
bool state_file_look(const char *folder, const struct ticket_space *space, struct record *record,
		     struct text *problem) MUST_CHECK;

#endif
