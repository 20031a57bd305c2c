/*
 * mail -- the head of whatever crosses from one thread to another by pointer.
 *
 * Embedded in the thing that travels. The link belongs to whoever holds the thing
 * just now: the pool's queue on the way out, a loop's mailbox on the way back.
 */
#ifndef TICKR_BASE_MAIL_H
#define TICKR_BASE_MAIL_H

#include <sys/queue.h>

struct mail {
	TAILQ_ENTRY(mail) link;
	void (*open)(
		struct mail *mail); /* what to do on arrival; runs in the thread it arrives in */
};

TAILQ_HEAD(mail_list, mail);

#endif
