/*
 * spool -- the folder that keeps the audit until it is in the bucket: its lock, its size and its files.
 *
 * One server has the folder, by a lock. Any thread. A file never replaces another one, and a rename or a removal is on
 * the disk when the function returns. A file belongs to one thread:
 *
 *	the writer	.part ----------------------------------------> .json.gz
 *			.journal ---> .lines                              ^
 *	the keeper	              .lines ---> .packing ---------------|
 *			.torn (a .part of an earlier run) ----------------'   .json.gz ---> the bucket
 */
#ifndef TICKR_EVENTS_SPOOL_H
#define TICKR_EVENTS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/text.h"
#include "events/audit_name.h"

struct spool;

/*
 * Lock FOLDER, which may hold MOST bytes, and give the files of an earlier run to the keeper. Return NULL, with the
 * reason and the remedy in PROBLEM, if the folder cannot be used. The caller closes the result.
 */
struct spool *spool_open(const char *folder, uint64_t most, struct text *problem) MUST_CHECK;
void spool_close(struct spool *spool); /* NULL is allowed */

/* Return the random part of this run's names: 16 hexadecimal digits. It ends with SPOOL. */
const char *spool_instance(const struct spool *spool);

/* Return the name of a new file, by MAKER in HOUR. */
struct audit_name spool_next_name(struct spool *spool, const struct audit_maker *maker,
				  uint64_t hour) MUST_CHECK;

/*
 * Open the file NAME. FLAGS as open(2). A new file's name is on the disk when the function returns. Return -1, with
 * errno, if that fails. The caller closes it.
 */
int spool_open_file(struct spool *spool, const struct audit_name *name, enum audit_kind kind,
		    int flags) MUST_CHECK;

/* Return whether LEN more bytes fit the limit. */
bool spool_has_room(const struct spool *spool, uint64_t len) MUST_CHECK;

/* A file has become LEN bytes longer, or shorter. */
void spool_add(struct spool *spool, uint64_t len);
void spool_subtract(struct spool *spool, uint64_t len);

uint64_t spool_bytes(const struct spool *spool); /* of all files */

/* Measure all files again, because an operator may have moved some away. */
void spool_measure_again(struct spool *spool);

uint64_t spool_most(const struct spool *spool);

/* Make the file NAME one of the kind TO. Return false, with errno, if that fails or TO exists. */
bool spool_rename(struct spool *spool, const struct audit_name *name, enum audit_kind from,
		  enum audit_kind to) MUST_CHECK;

/* Remove the file NAME. False, with errno: it is there. */
bool spool_remove(struct spool *spool, const struct audit_name *name,
		  enum audit_kind kind) MUST_CHECK;

/* Return whether there is a file NAME of KIND. */
bool spool_has(struct spool *spool, const struct audit_name *name, enum audit_kind kind) MUST_CHECK;

/*
 * Return the *COUNT files of KIND, the oldest first. NULL, with errno: the folder cannot be read. The caller frees
 * the result.
 */
struct audit_name *spool_list(struct spool *spool, enum audit_kind kind, size_t *count) MUST_CHECK;

/* The same for FOLDER, without its lock, for a command: another process may have it. All kinds; KINDS in parallel. */
struct audit_name *spool_look(const char *folder, enum audit_kind **kinds,
			      size_t *count) MUST_CHECK;

#endif
