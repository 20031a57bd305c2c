/* The file of stores, in a tickrd that was built without jansson. */
#include "config/loader.h"

void
sequencers_read(struct loader *loader)
{
	if (loader->config->sequencers_file[0] != '\0')
		text_add(loader->problems,
			 "TICKR_SEQUENCERS_FILE: this tickrd was built without jansson: remove "
			 "the variable, or build tickrd with libjansson\n");
}

void
sequencers_forget(struct config *config)
{
	(void)config;
}
