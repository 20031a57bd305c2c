/*
 * mailbox -- how other threads reach a loop: they post mail, the loop opens it.
 *
 * Mail travels by pointer and belongs to the loop once posted. The loop is woken once
 * for a full box, however much is in it, and takes all of it at once.
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

/* Any thread. MAIL's open function will run in the loop's thread. */
void mailbox_post(struct mailbox *mailbox, struct mail *mail);

/* Loop thread, or after it ended: open what is there, without waiting to be woken. */
void mailbox_open_all(struct mailbox *mailbox);

#endif
