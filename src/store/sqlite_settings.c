#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/sqlite_settings.h"

#define MOST_PATH    500 /* SQLite's limit is 512, and its log and index have longer names */
#define DEFAULT_FILE "tickr.db"

const char *const sqlite_variables[] = {"TICKR_DATABASE_NAME", NULL};

const char *
sqlite_path(const struct store_settings *settings)
{
	const struct sqlite_settings *own = settings->own;

	return own->path;
}

/* The path begins with a slash or a folder, so SQLite takes it for no special name, such as :memory: */
void
sqlite_parse(const struct store_given *given, struct store_settings *databases, size_t count)
{
	const char *file = given->text(given, "TICKR_DATABASE_NAME", 0);
	const char *folder = given->text(given, "TICKR_STATE_DIR", 0);
	struct sqlite_settings *own = xcalloc(1, sizeof(*own));
	char memory[MOST_PATH + 2];
	struct text path = TEXT_OVER(memory);

	assert(count == 1);
	if (!given->is_set(given, "TICKR_DATABASE_NAME"))
		file = DEFAULT_FILE;
	if (file[0] == '/')
		text_add(&path, file);
	else
		text_addf(&path, "%s/%s", folder[0] != '\0' ? folder : ".", file);
	if (path.len > MOST_PATH || path.is_truncated)
		given->refuse(given, "TICKR_DATABASE_NAME", NULL);
	own->path = xstrdup(memory);
	pthread_mutex_init(&own->mutex, NULL);
	databases[0].own = own;
	databases[0].name = own->path;
}

void
sqlite_forget(struct store_settings *database)
{
	struct sqlite_settings *own = database->own;

	assert(own->claims == 0);
	pthread_mutex_destroy(&own->mutex);
	free(own->path);
	free(own);
	database->own = NULL;
	database->name = NULL;
}
