/*
 * attributes -- the compiler attributes we use, under names that say what they promise.
 *
 * Every source file includes this header, some through others: t/asserts.t checks it.
 */
#ifndef TICKR_BASE_ATTRIBUTES_H
#define TICKR_BASE_ATTRIBUTES_H

/* An assertion that fails ends the process. Without it a bug may issue a ticket twice. */
#ifdef NDEBUG
#error "tickr needs its assertions: build without -DNDEBUG"
#endif

/* The caller must look at what the function returns. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument FORMAT is a printf format for the arguments from FIRST on. */
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

/* The function does not come back. */
#define NORETURN __attribute__((noreturn))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of TYPE that holds, as its MEMBER, what POINTER points to. */
#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
