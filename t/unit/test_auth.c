#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "front/auth.h"

#define PASSWORD "open sesame"

Test(auth, the_password_is_accepted_with_any_user_name)
{
	static const char *const headers[] = {
		"Basic YWxpY2U6b3BlbiBzZXNhbWU=", /* alice */
		"Basic Om9wZW4gc2VzYW1l",	  /* no user */
		"Basic Ym9ieTpvcGVuIHNlc2FtZQ==", /* boby */
		"basic YWxpY2U6b3BlbiBzZXNhbWU=", /* schemes have no case */
		"BASIC YWxpY2U6b3BlbiBzZXNhbWU=", "Basic   YWxpY2U6b3BlbiBzZXNhbWU=", /* blanks */
		"Basic YWxpY2U6b3BlbiBzZXNhbWU", /* without padding */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
		cr_assert(auth_allows(headers[i], PASSWORD), "%s", headers[i]);
}

Test(auth, a_password_may_hold_colons)
{
	cr_assert(auth_allows("Basic dTphOmI6", "a:b:"));
	cr_assert_not(auth_allows("Basic dTphOmI6", "b:"));
	cr_assert_not(auth_allows("Basic dTphOmI6", ""));
}

Test(auth, other_credentials_are_refused)
{
	static const char *const headers[] = {
		NULL,
		"",
		"Basic",
		"Basic ",
		"Basic    ",
		"Basic =",
		"Basic ==",
		"YWxpY2U6b3BlbiBzZXNhbWU=",
		"Bearer YWxpY2U6b3BlbiBzZXNhbWU=",
		"BasicYWxpY2U6b3BlbiBzZXNhbWU=",
		"Basic\tYWxpY2U6b3BlbiBzZXNhbWU=",
		"Basic alice:open sesame",
		"Basic YWxpY2U6b3BlbiBzZXNhbWU==x", /* after the padding */
		"Basic YWxpY2U6b3BlbiBzZXNhbWU===", /* too much padding */
		"Basic YWxpY2U6b3BlbiBzZXNhbWU= ",
		"Basic YWxpY2U6b3BlbiBzZXNhbWV=", /* bits beyond the last byte */
		"Basic YWxpY2U6b3BlbiBzZXNhbWUA", /* a NUL after the password */
		"Basic YWxpY2U6b3BlbiBzZXNhbW",	  /* "open sesam" */
		"Basic YWxpY2U6b3BlbiBzZXNhbWVz", /* "open sesames" */
		"Basic YWxpY2U6T3BlbiBzZXNhbWU=", /* "Open sesame" */
		"Basic YWxpY2U6",		  /* no password */
		"Basic b3BlbiBzZXNhbWU=",	  /* no colon */
		"Basic Og==",			  /* ":" */
		"Basic Y",
		"Basic YWxp-2U6b3BlbiBzZXNhbWU=", /* the alphabet of addresses */
		"Basic YWxp Y2U6b3BlbiBzZXNhbWU=",
		"Basic YWxp\xff"
		"2U6b3BlbiBzZXNhbWU=",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
		cr_assert_not(auth_allows(headers[i], PASSWORD), "case %zu: %s", i,
			      headers[i] != NULL ? headers[i] : "no header");
}

/* Write "Basic " and LEN characters that encode NUL bytes. */
static void
fill(char *header, size_t len)
{
	strcpy(header, "Basic ");
	memset(header + 6, 'A', len);
	header[6 + len] = '\0';
}

Test(auth, long_credentials_are_read_to_their_limit_and_refused_beyond)
{
	char header[4096];

	fill(header, 1024);
	memcpy(header + 6 + 1020, "ADp4", 4); /* ":x" */
	cr_assert(auth_allows(header, "x"));
	fill(header, 1028);
	memcpy(header + 6 + 1024, "ADp4", 4);
	cr_assert_not(auth_allows(header, "x"));
	for (size_t len = 1020; len < 1030; len++) {
		fill(header, len);
		cr_assert_not(auth_allows(header, "x"));
	}
	fill(header, sizeof(header) - 7);
	cr_assert_not(auth_allows(header, "x"));
}

/* --- the operator --------------------------------------------------------------------------------- */

Test(auth, the_user_of_this_process_is_the_operator)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	cr_assert(auth_is_operator(fds[0]));
	close(fds[0]);
	close(fds[1]);
	cr_assert_not(auth_is_operator(-1));
}

/* Return the accepted end of a connection that a child process with USER makes. */
static int
connect_as(uid_t user, struct sockaddr *address, socklen_t len)
{
	int listener = socket(address->sa_family, SOCK_STREAM, 0);
	int fd, status = 0;
	pid_t child;

	cr_assert(bind(listener, address, len) == 0 && listen(listener, 1) == 0);
	cr_assert_eq(getsockname(listener, address, &len), 0);
	child = fork();
	if (child == 0) {
		int client = socket(address->sa_family, SOCK_STREAM, 0);

		_exit(setuid(user) != 0 || connect(client, address, len) != 0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
	fd = accept(listener, NULL, NULL);
	close(listener);
	return fd;
}

Test(auth, another_user_is_not_the_operator)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (geteuid() != 0)
		cr_skip_test("only root can become another user");
	snprintf(address.sun_path + 1, 64, "tickr-test-auth-%d", (int)getpid());
	fd = connect_as(65534, (struct sockaddr *)&address, sizeof(address));
	cr_assert_not(auth_is_operator(fd));
	cr_assert_eq(seteuid(65534), 0);
	cr_assert(auth_is_operator(fd), "... but the user of the server is");
	close(fd);
}

Test(auth, root_is_the_operator_of_any_server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (geteuid() != 0)
		cr_skip_test("only root can become another user");
	snprintf(address.sun_path + 1, 64, "tickr-test-root-%d", (int)getpid());
	fd = connect_as(0, (struct sockaddr *)&address, sizeof(address));
	cr_assert_eq(seteuid(65534), 0);
	cr_assert(auth_is_operator(fd));
	close(fd);
}

Test(auth, a_tcp_connection_is_never_the_operators)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = connect_as(geteuid(), (struct sockaddr *)&address, sizeof(address));

	cr_assert_geq(fd, 0);
	cr_assert_not(auth_is_operator(fd));
	close(fd);
}
