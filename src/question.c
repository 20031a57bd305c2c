#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "question.h"

bool
question_ask(const char *words, struct text *problem)
{
	char answer[16];

	if (!isatty(STDIN_FILENO)) {
		text_add(problem, "there is no terminal to ask at: add --yes");
		return false;
	}
	printf("%s Type yes to do it: ", words);
	fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0)
		return true;
	text_add(problem, "the answer was not yes");
	return false;
}
