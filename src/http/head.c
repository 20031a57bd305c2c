#include <string.h>

#include "http/head.h"

static void
refuse(struct head *head, const char *reason)
{
	if (head->refusal == NULL)
		head->refusal = reason;
}

static bool
has_known_version(const struct head *head)
{
	return head->word_len == HEAD_VERSION_SIZE &&
	       (memcmp(head->word, "HTTP/1.1", HEAD_VERSION_SIZE) == 0 ||
		memcmp(head->word, "HTTP/1.0", HEAD_VERSION_SIZE) == 0);
}

/* Empty lines before the request line are no head. */
static void
end_line(struct head *head)
{
	if (head->line_len == 0) {
		head->is_complete = head->has_request_line;
	} else if (!head->has_request_line) {
		head->has_request_line = true;
		if (!has_known_version(head))
			refuse(head, "the version must be HTTP/1.0 or HTTP/1.1");
	}
	head->line_len = 0;
}

static void
add_to_request_line(struct head *head, char c)
{
	if (c == ' ') {
		head->word_len = 0;
		return;
	}
	if (head->word_len < HEAD_VERSION_SIZE)
		head->word[head->word_len] = c;
	head->word_len++;
}

static void
add_to_line(struct head *head, char c)
{
	if (c == '\0')
		refuse(head, "the request holds a NUL byte");
	if (!head->has_request_line)
		add_to_request_line(head, c);
	else if (head->line_len == 0 && (c == ' ' || c == '\t'))
		refuse(head, "a header is folded over two lines");
	head->line_len++;
}

static void
take(struct head *head, char c)
{
	bool was_after_cr = head->is_after_cr;

	head->is_after_cr = c == '\r';
	if (c == '\n') {
		end_line(head);
		return;
	}
	if (was_after_cr) {
		refuse(head, "the request holds a CR that ends no line");
		add_to_line(head, '\r');
	}
	if (c != '\r')
		add_to_line(head, c);
}

void
head_scan(struct head *head, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && !head->is_complete; i++)
		take(head, bytes[i]);
}
