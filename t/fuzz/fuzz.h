/*
 * fuzz -- the common part of the fuzz targets.
 *
 * A target is one function. libFuzzer calls it with bytes that it makes, and replay.c with the files of the
 * corpus. See scripts/fuzz.
 */
#ifndef TICKR_FUZZ_FUZZ_H
#define TICKR_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Abort, with a message for libFuzzer, unless CLAIM holds. It must hold for every input. */
#define MUST_HOLD(claim)                                                                           \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
