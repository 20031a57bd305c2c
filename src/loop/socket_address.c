#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "loop/socket_address.h"

void
socket_address_describe(const struct sockaddr_storage *address, struct text *text)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_UNIX) {
		text_addf(text, "unix:%s", ((const struct sockaddr_un *)address)->sun_path);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *inet6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &inet6->sin6_addr, host, sizeof(host));
		text_addf(text, "[%s]:%u", host, ntohs(inet6->sin6_port));
	} else if (address->ss_family == AF_INET) {
		const struct sockaddr_in *inet = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &inet->sin_addr, host, sizeof(host));
		text_addf(text, "%s:%u", host, ntohs(inet->sin_port));
	} else {
		text_addf(text, "family:%d", address->ss_family);
	}
}
