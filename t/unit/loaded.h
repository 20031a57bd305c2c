/*
 * loaded -- the settings of an environment, with what config_load() said of it.
 */
#ifndef TICKR_UNIT_LOADED_H
#define TICKR_UNIT_LOADED_H

#include "config/config.h"

#define SECRET "correct-horse"

struct loaded {
	struct config config;
	bool is_good;
	char problems[8192];
	char warnings[4096];
};

static inline struct loaded
load(const char *env_file, const char *const *environment)
{
	struct loaded loaded;
	struct text problems = TEXT_OVER(loaded.problems), warnings = TEXT_OVER(loaded.warnings);

	loaded.is_good = config_load(&loaded.config, env_file, (char *const *)environment,
				     &problems, &warnings);
	return loaded;
}

#define LOAD(...) load(NULL, (const char *const[]){__VA_ARGS__, NULL})

#endif
