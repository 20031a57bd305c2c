#include <string.h>

#include "http/head.h"

static const char transfer_encoding[] = "transfer-encoding:";

static void
head_refuse(struct head *head, const char *reason)
{
	if (head->refusal == NULL)
		head->refusal = reason;
}

/* Empty lines before the request line do not belong to the head. */
static void
head_end_line(struct head *head)
{
	if (head->line_len == 0) {
		head->is_complete = head->has_request_line;
	} else if (!head->has_request_line) {
		head->has_request_line = true;
		if (head->word_len != HEAD_VERSION_SIZE ||
		    (memcmp(head->word, "HTTP/1.1", HEAD_VERSION_SIZE) != 0 &&
		     memcmp(head->word, "HTTP/1.0", HEAD_VERSION_SIZE) != 0))
			head_refuse(head, "the version must be HTTP/1.0 or HTTP/1.1");
	} else if (++head->lines > HEAD_MOST_LINES) {
		head_refuse(head, "there are more than 100 headers");
	}
	head->line_len = 0;
	head->matched = 0;
}

static void
head_add_to_request_line(struct head *head, char c)
{
	if (c == ' ') {
		head->is_head |= head->line_len == 4 && memcmp(head->word, "HEAD", 4) == 0;
		head->word_len = 0;
		return;
	}
	if (head->word_len < HEAD_VERSION_SIZE)
		head->word[head->word_len] = c;
	head->word_len++;
}

/* Compare C, in either case, with the next letter of the header's name. */
static void
head_match_transfer_encoding(struct head *head, char c)
{
	char lower = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;

	if (head->has_transfer_encoding || lower != transfer_encoding[head->matched])
		return;
	head->matched++;
	head->has_transfer_encoding = head->matched == sizeof(transfer_encoding) - 1;
}

static void
head_add_to_line(struct head *head, char c)
{
	if (c == '\0')
		head_refuse(head, "the request holds a NUL byte");
	if (!head->has_request_line)
		head_add_to_request_line(head, c);
	else if (head->line_len == 0 && (c == ' ' || c == '\t'))
		head_refuse(head, "a header is folded over two lines");
	else if (head->line_len == head->matched)
		head_match_transfer_encoding(head, c);
	head->line_len++;
}

static void
head_take(struct head *head, char c)
{
	bool was_after_cr = head->is_after_cr;

	head->is_after_cr = c == '\r';
	if (c == '\n') {
		head_end_line(head);
		return;
	}
	if (was_after_cr) {
		head_refuse(head, "the request holds a CR that ends no line");
		head_add_to_line(head, '\r');
	}
	if (c != '\r')
		head_add_to_line(head, c);
}

size_t
head_scan(struct head *head, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && !head->is_complete)
		head_take(head, bytes[at++]);
	return at;
}
