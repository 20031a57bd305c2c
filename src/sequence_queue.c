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
#include "sequence_queue.h"
#include "sequence_registry.h"

#define PROBLEM_SIZE 1024

struct queued_command {
	struct mail mail; /* its link is the queue's until the thread has the command */
	struct sequence_queue *queue;
	struct exchange *exchange;
	struct sequence_request request;
	struct sequence_scope scope;
	struct evbuffer *out;
	enum sequence_outcome outcome;
	char problem[PROBLEM_SIZE];
};

struct sequence_queue {
	const struct config *config;
	struct mailbox *mailbox;
	struct mail_list waiting;
	struct queued_command *present; /* NULL: no thread runs */
	pthread_t thread;
	bool is_ending; /* sequence_queue_free() has joined the thread */
};

static void sequence_queue_go_on(struct sequence_queue *queue);

struct sequence_queue *
sequence_queue_new(const struct config *config, struct mailbox *mailbox)
{
	struct sequence_queue *queue = xcalloc(1, sizeof(*queue));

	queue->config = config;
	queue->mailbox = mailbox;
	TAILQ_INIT(&queue->waiting);
	return queue;
}

/* --- answers ------------------------------------------------------------------------------------- */

static void
sequence_queue_log(const struct queued_command *command)
{
	static const char *const words[] = {
		[SEQUENCE_CREATE] = "create",
		[SEQUENCE_ADVANCE] = "advance",
		[SEQUENCE_RETIRE] = "retire",
		[SEQUENCE_FOLD] = "fold",
	};
	const struct sequence_request *request = &command->request;

	if (request->is_trial || words[request->task] == NULL)
		return;
	log_info("the operator changed named sequences", LOG_WORD("command", words[request->task]),
		 LOG_TEXT("name", request->name),
		 LOG_WORD("store", request->store[0] != '\0' ? request->store : FRONT_STORE_OWN));
}

/* Answer COMMAND, and free it. */
static void
sequence_queue_answer(struct queued_command *command)
{
	static const int codes[] = {
		[SEQUENCE_WRONG] = 400,
		[SEQUENCE_MISSING] = 404,
		[SEQUENCE_REFUSED] = 409,
		[SEQUENCE_FAILED] = 503,
	};
	struct evbuffer *body = reply_body(command->exchange);
	size_t len = evbuffer_get_length(command->out);

	if (command->outcome == SEQUENCE_DONE) {
		sequence_queue_log(command);
		if (len > 0) /* the control server ends each body with a line end */
			evbuffer_remove_buffer(command->out, body, len - 1);
		reply_text(command->exchange, "text/plain; charset=utf-8");
	} else
		reply_error(command->exchange, codes[command->outcome], "%s", command->problem);
	evbuffer_free(command->out);
	free(command);
}

/* --- the thread ---------------------------------------------------------------------------------- */

static void *
sequence_queue_main(void *arg)
{
	struct queued_command *command = arg;
	const struct store *store = command->scope.store;
	struct text problem = TEXT_OVER(command->problem);
	struct sequence_registry *registry;

	store->thread_begin();
	registry = sequence_registry_new(&command->scope, true);
	command->outcome =
		sequence_registry_run(registry, &command->request, command->out, &problem);
	sequence_registry_free(registry);
	store->thread_end();
	mailbox_post(command->queue->mailbox, &command->mail);
	return NULL;
}

/* In the main loop: the thread has posted COMMAND, and ends. */
static void
sequence_queue_on_done(struct mail *mail)
{
	struct queued_command *command = CONTAINER_OF(mail, struct queued_command, mail);
	struct sequence_queue *queue = command->queue;

	if (!queue->is_ending)
		pthread_join(queue->thread, NULL);
	queue->present = NULL;
	sequence_queue_answer(command);
	sequence_queue_go_on(queue);
}

static struct queued_command *
sequence_queue_next(struct sequence_queue *queue)
{
	struct mail *mail = TAILQ_FIRST(&queue->waiting);

	if (mail == NULL)
		return NULL;
	TAILQ_REMOVE(&queue->waiting, mail, link);
	return CONTAINER_OF(mail, struct queued_command, mail);
}

static void
sequence_queue_give_up(struct queued_command *command, const char *words)
{
	struct text problem = TEXT_OVER(command->problem);

	command->outcome = SEQUENCE_FAILED;
	text_add(&problem, words);
	sequence_queue_answer(command);
}

/* Start the next command, if none runs. */
static void
sequence_queue_go_on(struct sequence_queue *queue)
{
	struct queued_command *command;

	while (queue->present == NULL && (command = sequence_queue_next(queue)) != NULL) {
		if (pthread_create(&queue->thread, NULL, sequence_queue_main, command) == 0)
			queue->present = command;
		else
			sequence_queue_give_up(command,
					       "the server cannot create a thread: run the "
					       "command again");
	}
}

void
sequence_queue_free(struct sequence_queue *queue)
{
	struct queued_command *command;

	while ((command = sequence_queue_next(queue)) != NULL)
		sequence_queue_give_up(command, "the server stops: run the command again after it "
						"has started");
	queue->is_ending = true;
	if (queue->present != NULL) { /* the thread posts its command before it ends */
		pthread_join(queue->thread, NULL);
		mailbox_open_all(queue->mailbox);
	}
	free(queue);
}

/* --- requests ------------------------------------------------------------------------------------ */

static bool
sequence_queue_read_name(struct sequence_request *request, const struct route_argument *argument,
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
sequence_queue_read_query(struct sequence_request *request, const char *query, struct text *problem)
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
sequence_queue_take(struct sequence_queue *queue, struct exchange *exchange,
		    enum sequence_task task, const struct route_argument *name)
{
	struct queued_command *command = xcalloc(1, sizeof(*command));
	struct text problem = TEXT_OVER(command->problem);

	command->mail.open = sequence_queue_on_done;
	command->queue = queue;
	command->exchange = exchange;
	command->out = evbuffer_new();
	if (command->out == NULL)
		abort();
	command->request.task = task;
	command->request.is_trial = evhttp_request_get_command(exchange->http) != EVHTTP_REQ_POST;
	if ((name != NULL && !sequence_queue_read_name(&command->request, name, &problem)) ||
	    !sequence_queue_read_query(&command->request, exchange_query(exchange), &problem)) {
		command->outcome = SEQUENCE_WRONG;
		sequence_queue_answer(command);
		return;
	}
	if (!sequence_scope_find(&command->scope, queue->config, command->request.store,
				 &problem)) {
		command->outcome = SEQUENCE_MISSING;
		sequence_queue_answer(command);
		return;
	}
	TAILQ_INSERT_TAIL(&queue->waiting, &command->mail, link);
	sequence_queue_go_on(queue);
}
