/*
 * audit_file -- the file of the spool that the writer appends to: a part or a journal. One thread.
 *
 * It holds whole members or whole lines up to the last success. If a write fails, the file is cut there, and the
 * caller ends it: the next one begins with sound ground.
 */
#ifndef TICKR_EVENTS_AUDIT_FILE_H
#define TICKR_EVENTS_AUDIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "events/spool.h"

struct audit_file;

/*
 * Make a file of KIND, AUDIT_PART or AUDIT_JOURNAL, for the ids of MAKER in HOUR. The first bytes have room on the
 * disk already. Return NULL, with errno: EDQUOT, ENOSPC and EFBIG say that it is full.
 */
struct audit_file *audit_file_new(struct spool *spool, enum audit_kind kind,
				  const struct audit_maker *maker, uint64_t hour) MUST_CHECK;

/* Append BYTES and sync them to the disk, which may block. False, with errno: none of them count. */
bool audit_file_append(struct audit_file *file, const void *bytes, size_t len) MUST_CHECK;

const struct audit_name *audit_file_name(const struct audit_file *file);
uint64_t audit_file_len(const struct audit_file *file); /* bytes that count */

/*
 * End FILE, which is gone afterwards: a part is finished, and a journal becomes lines for the keeper. False, with
 * errno: the next start of the server takes the file over.
 */
bool audit_file_end(struct audit_file *file) MUST_CHECK;

#endif
