/*
 * question -- asks the operator at the terminal before something that cannot be undone. Main thread.
 */
#ifndef TICKR_QUESTION_H
#define TICKR_QUESTION_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/text.h"

/* Ask WORDS. Return true only for the answer "yes". Else PROBLEM says why not. */
bool question_ask(const char *words, struct text *problem) MUST_CHECK;

#endif
