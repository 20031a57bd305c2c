/*
 * mailbox -- other threads post mail here, and the loop opens it.
 *
 * Mail travels by pointer and belongs to the loop once posted. The first mail wakes the loop, which
 * then opens all mail of the box together.
 */
#ifndef TICKR_LOOP_MAILBOX_H
#define TICKR_LOOP_MAILBOX_H

#include <event2/event.h>

#include "base/attributes.h"
#include "base/mail.h"

struct mailbox;

/* Loop thread, or before it runs. */
struct mailbox *mailbox_new(struct event_base *base) MUST_CHECK;
void mailbox_free(struct mailbox *mailbox); /* must be empty */

/* Post MAIL, whose open function will run in the loop's thread. Any thread. */
void mailbox_post(struct mailbox *mailbox, struct mail *mail);

/* Open all mail now. Loop thread, or any thread after the loop has ended. */
void mailbox_open_all(struct mailbox *mailbox);

#endif
