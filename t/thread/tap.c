#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tap.h"

static unsigned tests;
static unsigned failed;
static _Atomic unsigned complaints;

void
tap_report(bool is_good, const char *promise)
{
	printf("%sok %u - %s\n", is_good ? "" : "not ", ++tests, promise);
	fflush(stdout);
	failed += !is_good;
}

void
tap_complain(const char *format, ...)
{
	va_list arguments;

	if (complaints++ > 20)
		return;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

unsigned
tap_complaints(void)
{
	return complaints;
}

int
tap_end(void)
{
	printf("1..%u\n", tests);
	return failed > 0;
}
