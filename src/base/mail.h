/*
 * mail -- the head of a struct that is handed from one thread to another by pointer.
 *
 * The struct embeds it. The link belongs to the present owner of the struct: the pool's queue on the way
 * out, a loop's mailbox on the way back.
 */
#ifndef TICKR_BASE_MAIL_H
#define TICKR_BASE_MAIL_H

#include <sys/queue.h>

struct mail {
	TAILQ_ENTRY(mail) link;
	void (*open)(struct mail *mail); /* called on arrival, in the receiving thread */
};

TAILQ_HEAD(mail_list, mail);

#endif
