#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "coordinators.h"
#include "lease/drivers.h"

static const char *const coordinator_names[] = {"none", "etcd", "zookeeper"};

/* A text that is not set is "". */
static const char *
coordinators_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

const struct lease_driver *
coordinators_pick(const struct config *config, struct coordinator_settings *settings,
		  struct text *reason)
{
	const char *name = coordinator_names[config->coordinator];
	const struct coordinator_kind *kind;
	const struct lease_driver *driver = lease_driver_find(name, &kind);

	if (driver == NULL)
		text_addf(reason,
			  "TICKR_COORDINATOR is %s, and this tickrd was built without it: install "
			  "its library and build again",
			  name);
	*settings = (struct coordinator_settings){
		.kind = kind,
		.endpoints = config->coordinator_hosts,
		.endpoints_count = config->coordinator_count,
		.prefix = config->coordinator_prefix,
		.layout = config->coordinator_layout == CONFIG_LAYOUT_NODES
				  ? TREE_LAYOUT_NODES
				  : TREE_LAYOUT_DATACENTERS,
		.username = coordinators_or_null(config->coordinator_username),
		.password = coordinators_or_null(config->coordinator_password),
		.ca_file = coordinators_or_null(config->coordinator_ssl_ca),
		.cert_file = coordinators_or_null(config->coordinator_ssl_cert),
		.key_file = coordinators_or_null(config->coordinator_ssl_key),
		.ttl_ms = config->coordinator_lease_ms,
	};
	return driver;
}

bool
coordinators_check(const struct config *config, struct text *problem)
{
	struct coordinator_settings settings;

	if (config->is_snowflake)
		(void)!coordinators_pick(config, &settings, problem);
	return problem->len == 0;
}

/* The first address of an interface that is up and not the loopback; IPv4 before IPv6. */
static void
coordinators_find_interface(const struct ifaddrs *all, int family, char ip[COORDINATORS_IP_SIZE])
{
	for (const struct ifaddrs *one = all; one != NULL && ip[0] == '\0'; one = one->ifa_next) {
		const void *address;

		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != family ||
		    (one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		address = family == AF_INET
				  ? (const void *)&((const struct sockaddr_in *)one->ifa_addr)
					    ->sin_addr
				  : (const void *)&((const struct sockaddr_in6 *)one->ifa_addr)
					    ->sin6_addr;
		if (inet_ntop(family, address, ip, COORDINATORS_IP_SIZE) == NULL)
			ip[0] = '\0';
	}
}

void
coordinators_find_ip(char ip[COORDINATORS_IP_SIZE])
{
	struct ifaddrs *all;

	ip[0] = '\0';
	if (getifaddrs(&all) != 0)
		return;
	coordinators_find_interface(all, AF_INET, ip);
	coordinators_find_interface(all, AF_INET6, ip);
	freeifaddrs(all);
}
