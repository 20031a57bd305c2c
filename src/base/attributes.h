/*
 * attributes -- the compiler attributes we use, under names that say what they promise.
 */
#ifndef TICKR_BASE_ATTRIBUTES_H
#define TICKR_BASE_ATTRIBUTES_H

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
