/*
 * attributes -- compiler attributes, under names that state a promise.
 *
 * Every source file includes this header, directly or through another. t/asserts.t checks that.
 */
#ifndef TICKR_BASE_ATTRIBUTES_H
#define TICKR_BASE_ATTRIBUTES_H

/* An assertion that fails ends the process. Without it a bug may issue a ticket twice. */
#ifdef NDEBUG
#error "tickr needs its assertions: build without -DNDEBUG"
#endif

/* The caller must use the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument FORMAT is a printf format for the arguments from FIRST on. */
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

/* The function never returns. */
#define NORETURN __attribute__((noreturn))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Return the struct of TYPE whose MEMBER is at POINTER. */
#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
