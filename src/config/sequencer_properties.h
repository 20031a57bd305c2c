/*
 * sequencer_properties -- reads the metadata of one store of TICKR_SEQUENCERS_FILE, and lets the store parse it.
 *
 * For sequencers.c only. Main thread.
 */
#ifndef TICKR_CONFIG_SEQUENCER_PROPERTIES_H
#define TICKR_CONFIG_SEQUENCER_PROPERTIES_H

#include <jansson.h>

#include "base/attributes.h"
#include "config/loader.h"

/* One store while it is read. */
struct sequencer_reader {
	struct loader *loader;
	struct sequencer *sequencer; /* its name and its type are set */
	const json_t *metadata;	     /* NULL: none */
	char **values;		     /* by the index of the property; NULL: not given */
	struct store_given given;
};

/* Report a mistake of the store, or warn of it. */
void sequencer_complain(struct sequencer_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
void sequencer_warn(struct sequencer_reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);

/* Read the metadata into VALUES. Report each mistake, and warn of each property that the type does not have. */
void sequencer_properties_read(struct sequencer_reader *reader);

/* Let the store parse VALUES into the settings of the sequencer, and report its mistakes. */
void sequencer_properties_parse(struct sequencer_reader *reader);

/* Wipe and free VALUES. */
void sequencer_properties_forget(struct sequencer_reader *reader);

#endif
