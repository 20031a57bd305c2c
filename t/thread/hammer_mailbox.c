/*
 * hammer_mailbox -- several threads post to loops as fast as they can. Speaks TAP.
 *
 * Run it under the thread sanitizer too. A plain program: Criterion does not live there.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "tap.h"

#define POSTERS		   6
#define LETTERS_PER_POSTER 20000
#define BALLS		   32
#define HOPS_PER_BALL	   500
#define MOST_SECONDS	   120 /* then the kernel ends the program */

/* --- many post, one opens ------------------------------------------------------------------ */

struct letter {
	struct mail mail;
	struct poster *poster;
	unsigned number; /* of the poster's letters */
	unsigned opened;
};

struct poster {
	pthread_t thread;
	struct reader *reader;
	struct letter *letters;
	unsigned next; /* the number that must be opened next */
};

struct reader {
	struct event_base *base;
	struct mailbox *mailbox;
	struct poster posters[POSTERS];
	unsigned opened;
	unsigned out_of_order;
	pthread_t thread;
	unsigned in_wrong_thread;
};

static void
open_letter(struct mail *mail)
{
	struct letter *letter = CONTAINER_OF(mail, struct letter, mail);
	struct reader *reader = letter->poster->reader;

	letter->opened++;
	reader->opened++;
	reader->out_of_order += letter->number != letter->poster->next;
	letter->poster->next = letter->number + 1;
	reader->in_wrong_thread += !pthread_equal(pthread_self(), reader->thread);
	if (reader->opened == POSTERS * LETTERS_PER_POSTER)
		event_base_loopbreak(reader->base);
}

static void *
post_all(void *arg)
{
	struct poster *poster = arg;

	for (unsigned i = 0; i < LETTERS_PER_POSTER; i++)
		mailbox_post(poster->reader->mailbox, &poster->letters[i].mail);
	return NULL;
}

static void
start_poster(struct reader *reader, struct poster *poster)
{
	poster->reader = reader;
	poster->letters = xcalloc(LETTERS_PER_POSTER, sizeof(*poster->letters));
	for (unsigned i = 0; i < LETTERS_PER_POSTER; i++) {
		poster->letters[i].mail.open = open_letter;
		poster->letters[i].poster = poster;
		poster->letters[i].number = i;
	}
	if (pthread_create(&poster->thread, NULL, post_all, poster) != 0)
		abort();
}

static void
many_post_one_opens(void)
{
	struct reader reader = {.base = loop_base_new(), .thread = pthread_self()};
	unsigned not_once = 0;

	reader.mailbox = mailbox_new(reader.base);
	for (unsigned i = 0; i < POSTERS; i++)
		start_poster(&reader, &reader.posters[i]);
	event_base_dispatch(reader.base);
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(reader.posters[i].thread, NULL);
	mailbox_open_all(reader.mailbox);
	for (unsigned i = 0; i < POSTERS; i++) {
		for (unsigned n = 0; n < LETTERS_PER_POSTER; n++)
			not_once += reader.posters[i].letters[n].opened != 1;
		free(reader.posters[i].letters);
	}
	tap_report(not_once == 0, "every letter is opened exactly once");
	tap_report(reader.out_of_order == 0,
		   "the letters of each thread are opened in their order");
	tap_report(reader.in_wrong_thread == 0, "letters are opened in the loop's thread");
	mailbox_free(reader.mailbox);
	event_base_free(reader.base);
}

/* --- two loops play ball ---------------------------------------------------------------------- */

struct player {
	pthread_t thread;
	struct event_base *base;
	struct mailbox *mailbox;
	struct player *other;
	unsigned caught;
	struct mail whistle;
};

struct ball {
	struct mail mail;
	struct player *at; /* where it will be opened */
	unsigned hops;
};

static _Atomic unsigned balls_finished;

static void
open_whistle(struct mail *mail)
{
	event_base_loopbreak(CONTAINER_OF(mail, struct player, whistle)->base);
}

static void
whistle(struct player *player)
{
	player->whistle.open = open_whistle;
	mailbox_post(player->mailbox, &player->whistle);
}

static void
open_ball(struct mail *mail)
{
	struct ball *ball = CONTAINER_OF(mail, struct ball, mail);
	struct player *player = ball->at;

	player->caught++;
	if (++ball->hops < HOPS_PER_BALL) {
		ball->at = player->other;
		mailbox_post(player->other->mailbox, mail);
		return;
	}
	if (++balls_finished == BALLS) {
		whistle(player->other);
		whistle(player);
	}
}

static void *
play(void *arg)
{
	struct player *player = arg;

	event_base_dispatch(player->base);
	return NULL;
}

static void
two_loops_play_ball(void)
{
	struct player players[2] = {0};
	struct ball balls[BALLS] = {0};

	for (unsigned i = 0; i < 2; i++) {
		players[i].base = loop_base_new();
		players[i].mailbox = mailbox_new(players[i].base);
		players[i].other = &players[1 - i];
	}
	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&players[i].thread, NULL, play, &players[i]) != 0)
			abort();
	for (unsigned i = 0; i < BALLS; i++) {
		balls[i].mail.open = open_ball;
		balls[i].at = &players[i % 2];
		mailbox_post(balls[i].at->mailbox, &balls[i].mail);
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(players[i].thread, NULL);
	tap_report(players[0].caught + players[1].caught == BALLS * HOPS_PER_BALL,
		   "its open function may post mail again");
	for (unsigned i = 0; i < 2; i++) {
		mailbox_free(players[i].mailbox);
		event_base_free(players[i].base);
	}
}

/* --- after the loop --------------------------------------------------------------------------- */

static void
what_comes_after_the_loop_is_opened(void)
{
	struct reader reader = {.base = loop_base_new(), .thread = pthread_self()};

	reader.mailbox = mailbox_new(reader.base);
	start_poster(&reader, &reader.posters[0]);
	pthread_join(reader.posters[0].thread, NULL);
	mailbox_open_all(reader.mailbox);
	tap_report(reader.opened == LETTERS_PER_POSTER && reader.out_of_order == 0,
		   "mail that is posted after the loop has ended can still be opened");
	free(reader.posters[0].letters);
	mailbox_free(reader.mailbox);
	event_base_free(reader.base);
}

int
main(void)
{
	alarm(MOST_SECONDS);
	loop_library_begin();
	many_post_one_opens();
	two_loops_play_ball();
	what_comes_after_the_loop_is_opened();
	loop_library_end();
	return tap_end();
}
