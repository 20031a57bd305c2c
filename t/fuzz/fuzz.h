/*
 * fuzz -- what the fuzz targets have in common.
 *
 * A target is one function that libFuzzer calls with bytes of its own making; replay.c calls
 * it with the files of the corpus instead. See scripts/fuzz.
 */
#ifndef TICKR_FUZZ_FUZZ_H
#define TICKR_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* As assert, with a message that libFuzzer shows: CLAIM must hold for every input. */
#define MUST_HOLD(claim)                                                                           \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
