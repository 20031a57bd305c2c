#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/mail.h"
#include "base/memory.h"
#include "front/stores.h"
#include "http/reply.h"
#include "sequence_desk.h"
#include "sequence_registry.h"

#define PROBLEM_SIZE 1024

struct sequence_errand {
	struct mail mail; /* its link is the desk's until the thread has the errand */
	struct sequence_desk *desk;
	struct exchange *exchange;
	struct sequence_request request;
	struct sequence_scope scope;
	struct evbuffer *out;
	enum sequence_outcome outcome;
	char problem[PROBLEM_SIZE];
};

struct sequence_desk {
	const struct config *config;
	struct mailbox *mailbox;
	struct mail_list waiting;
	struct sequence_errand *present; /* NULL: no thread runs */
	pthread_t thread;
	bool is_ending; /* sequence_desk_free() has joined the thread */
};

static void sequence_desk_go_on(struct sequence_desk *desk);

struct sequence_desk *
sequence_desk_new(const struct config *config, struct mailbox *mailbox)
{
	struct sequence_desk *desk = xcalloc(1, sizeof(*desk));

	desk->config = config;
	desk->mailbox = mailbox;
	TAILQ_INIT(&desk->waiting);
	return desk;
}

/* --- answers ------------------------------------------------------------------------------------- */

static void
sequence_desk_log(const struct sequence_errand *errand)
{
	static const char *const words[] = {
		[SEQUENCE_CREATE] = "create",
		[SEQUENCE_ADVANCE] = "advance",
		[SEQUENCE_RETIRE] = "retire",
		[SEQUENCE_FOLD] = "fold",
	};
	const struct sequence_request *request = &errand->request;

	if (request->is_trial || words[request->task] == NULL)
		return;
	log_info("the operator changed named sequences", LOG_WORD("command", words[request->task]),
		 LOG_TEXT("name", request->name),
		 LOG_WORD("store", request->store[0] != '\0' ? request->store : FRONT_STORE_OWN));
}

/* Answer ERRAND, and free it. */
static void
sequence_desk_answer(struct sequence_errand *errand)
{
	static const int codes[] = {
		[SEQUENCE_WRONG] = 400,
		[SEQUENCE_MISSING] = 404,
		[SEQUENCE_REFUSED] = 409,
		[SEQUENCE_FAILED] = 503,
	};
	struct evbuffer *body = reply_body(errand->exchange);
	size_t len = evbuffer_get_length(errand->out);

	if (errand->outcome == SEQUENCE_DONE) {
		sequence_desk_log(errand);
		if (len > 0) /* the control server ends each body with a line end */
			evbuffer_remove_buffer(errand->out, body, len - 1);
		reply_text(errand->exchange, "text/plain; charset=utf-8");
	} else
		reply_error(errand->exchange, codes[errand->outcome], "%s", errand->problem);
	evbuffer_free(errand->out);
	free(errand);
}

/* --- the thread ---------------------------------------------------------------------------------- */

static void *
sequence_desk_main(void *arg)
{
	struct sequence_errand *errand = arg;
	const struct store *store = errand->scope.store;
	struct text problem = TEXT_OVER(errand->problem);
	struct sequence_registry *registry;

	store->thread_begin();
	registry = sequence_registry_new(&errand->scope, true);
	errand->outcome = sequence_registry_run(registry, &errand->request, errand->out, &problem);
	sequence_registry_free(registry);
	store->thread_end();
	mailbox_post(errand->desk->mailbox, &errand->mail);
	return NULL;
}

/* In the main loop: the thread has posted ERRAND, and ends. */
static void
sequence_desk_on_done(struct mail *mail)
{
	struct sequence_errand *errand = (struct sequence_errand *)mail;
	struct sequence_desk *desk = errand->desk;

	if (!desk->is_ending)
		pthread_join(desk->thread, NULL);
	desk->present = NULL;
	sequence_desk_answer(errand);
	sequence_desk_go_on(desk);
}

static struct sequence_errand *
sequence_desk_next(struct sequence_desk *desk)
{
	struct mail *mail = TAILQ_FIRST(&desk->waiting);

	if (mail != NULL)
		TAILQ_REMOVE(&desk->waiting, mail, link);
	return (struct sequence_errand *)mail;
}

static void
sequence_desk_give_up(struct sequence_errand *errand, const char *words)
{
	struct text problem = TEXT_OVER(errand->problem);

	errand->outcome = SEQUENCE_FAILED;
	text_add(&problem, words);
	sequence_desk_answer(errand);
}

/* Start the next command, if none runs. */
static void
sequence_desk_go_on(struct sequence_desk *desk)
{
	struct sequence_errand *errand;

	while (desk->present == NULL && (errand = sequence_desk_next(desk)) != NULL) {
		if (pthread_create(&desk->thread, NULL, sequence_desk_main, errand) == 0)
			desk->present = errand;
		else
			sequence_desk_give_up(errand, "the server cannot create a thread: run the "
						      "command again");
	}
}

void
sequence_desk_free(struct sequence_desk *desk)
{
	struct sequence_errand *errand;

	while ((errand = sequence_desk_next(desk)) != NULL)
		sequence_desk_give_up(errand, "the server stops: run the command again after it "
					      "has started");
	desk->is_ending = true;
	if (desk->present != NULL) { /* the thread posts its errand before it ends */
		pthread_join(desk->thread, NULL);
		mailbox_open_all(desk->mailbox);
	}
	free(desk);
}

/* --- requests ------------------------------------------------------------------------------------ */

static bool
sequence_desk_read_name(struct sequence_request *request, const struct route_argument *argument,
			struct text *problem)
{
	char *encoded = xstrndup(argument->start, argument->len);
	size_t len = 0;
	char *name = evhttp_uridecode(encoded, 0, &len);
	bool is_good = name != NULL && sequence_request_set_name(request, name, len, problem);

	free(name);
	free(encoded);
	return is_good;
}

static bool
sequence_desk_read_query(struct sequence_request *request, const char *query, struct text *problem)
{
	struct evkeyvalq options;
	struct evkeyval *option;
	bool is_good = true;

	if (query == NULL || query[0] == '\0')
		return true;
	if (evhttp_parse_query_str(query, &options) != 0) {
		text_add(problem, "the query must be option=value, with & between several");
		return false;
	}
	TAILQ_FOREACH (option, &options, next)
		if (is_good)
			is_good =
				sequence_request_set(request, option->key, option->value, problem);
	evhttp_clear_headers(&options);
	return is_good;
}

void
sequence_desk_take(struct sequence_desk *desk, struct exchange *exchange, enum sequence_task task,
		   const struct route_argument *name)
{
	struct sequence_errand *errand = xcalloc(1, sizeof(*errand));
	struct text problem = TEXT_OVER(errand->problem);

	errand->mail.open = sequence_desk_on_done;
	errand->desk = desk;
	errand->exchange = exchange;
	errand->out = evbuffer_new();
	if (errand->out == NULL)
		abort();
	errand->request.task = task;
	errand->request.is_trial = evhttp_request_get_command(exchange->http) != EVHTTP_REQ_POST;
	if ((name != NULL && !sequence_desk_read_name(&errand->request, name, &problem)) ||
	    !sequence_desk_read_query(&errand->request, exchange_query(exchange), &problem)) {
		errand->outcome = SEQUENCE_WRONG;
		sequence_desk_answer(errand);
		return;
	}
	if (!sequence_scope_find(&errand->scope, desk->config, errand->request.store, &problem)) {
		errand->outcome = SEQUENCE_MISSING;
		sequence_desk_answer(errand);
		return;
	}
	TAILQ_INSERT_TAIL(&desk->waiting, &errand->mail, link);
	sequence_desk_go_on(desk);
}
