#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

struct mailbox {
	int eventfd;
	struct event *wake;
	struct {
		pthread_mutex_t mutex;
		struct mail_list list;
	} posted;
};

static void
mailbox_on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t ignored;
	ssize_t got = read(fd, &ignored, sizeof(ignored));

	(void)got; /* may be nothing: mailbox_open_all() may have been called directly */
	(void)what;
	mailbox_open_all(arg);
}

struct mailbox *
mailbox_new(struct event_base *base)
{
	struct mailbox *mailbox = xcalloc(1, sizeof(*mailbox));

	mailbox->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox->eventfd < 0) {
		log_error("cannot create an eventfd", LOG_TEXT("reason", strerror(errno)));
		loop_give_up();
	}
	pthread_mutex_init(&mailbox->posted.mutex, NULL);
	TAILQ_INIT(&mailbox->posted.list);
	mailbox->wake = loop_event_new(base, mailbox->eventfd, EV_READ | EV_PERSIST,
				       mailbox_on_wake, mailbox);
	event_add(mailbox->wake, NULL);
	return mailbox;
}

void
mailbox_free(struct mailbox *mailbox)
{
	assert(TAILQ_EMPTY(&mailbox->posted.list));
	event_free(mailbox->wake);
	close(mailbox->eventfd);
	pthread_mutex_destroy(&mailbox->posted.mutex);
	free(mailbox);
}

void
mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	static const uint64_t one = 1;
	bool was_empty;
	ssize_t written;

	pthread_mutex_lock(&mailbox->posted.mutex);
	was_empty = TAILQ_EMPTY(&mailbox->posted.list);
	TAILQ_INSERT_TAIL(&mailbox->posted.list, mail, link);
	pthread_mutex_unlock(&mailbox->posted.mutex);
	if (!was_empty)
		return; /* the thread that posted the first mail wakes the loop */
	written = write(mailbox->eventfd, &one, sizeof(one));
	assert(written == sizeof(one));
}

void
mailbox_open_all(struct mailbox *mailbox)
{
	struct mail_list list = TAILQ_HEAD_INITIALIZER(list);
	struct mail *mail;

	pthread_mutex_lock(&mailbox->posted.mutex);
	TAILQ_CONCAT(&list, &mailbox->posted.list, link);
	pthread_mutex_unlock(&mailbox->posted.mutex);
	while ((mail = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, mail, link);
		mail->open(mail);
	}
}
