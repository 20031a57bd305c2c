#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "config/key_table.h"
#include "config/service_link.h"

Test(service_link, variables_of_kubernetes_and_docker_are_recognised)
{
	static const char *const services[] = {
		"TICKR",	 "TICKR_DATABASE", "TICKR_HTTP",	  "TICKR_PORT",
		"TICKR_SERVICE", "TICKR_LISTEN",   "TICKR_CONTROL_SOCKET"};
	static const struct {
		const char *end;
		const char *value;
	} cases[] = {
		{"_SERVICE_HOST", "10.96.0.12"},       {"_SERVICE_PORT", "3306"},
		{"_SERVICE_PORT_MYSQL", "3306"},       {"_SERVICE_PORT_HTTP_METRICS", "9090"},
		{"_PORT", "tcp://10.96.0.12:3306"},    {"_PORT", "udp://10.96.0.12:53"},
		{"_PORT", "sctp://[fd00::1]:7"},       {"_PORT_3306_TCP", "tcp://10.96.0.12:3306"},
		{"_PORT_3306_TCP_PROTO", "tcp"},       {"_PORT_3306_TCP_PORT", "3306"},
		{"_PORT_3306_TCP_ADDR", "10.96.0.12"}, {"_PORT_53_UDP", "udp://10.96.0.12:53"},
		{"_PORT_7_SCTP_ADDR", "10.96.0.12"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(services); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(cases); j++) {
			char name[128];

			snprintf(name, sizeof(name), "%s%s", services[i], cases[j].end);
			cr_assert(service_link_is(name, cases[j].value, NULL), "%s=%s", name,
				  cases[j].value);
		}
}

Test(service_link, variables_that_an_operator_sets_are_not)
{
	static const struct {
		const char *name;
		const char *value;
	} cases[] = {
		{"TICKR_DATABASE_PORT", "3306"},
		{"TICKR_DATABASE_PORT", ""},
		{"TICKR_DATABASE_PORT", "http://10.96.0.12:3306"},
		{"TICKR_DATABASE_HOST", "tcp://10.96.0.12:3306"},
		{"TICKR_DATABASE_PORTS", "tcp://10.96.0.12:3306"},
		{"TICKR_DATABASE_PORT_X_TCP", "3306"},
		{"TICKR_DATABASE_PORT_3306", "3306"},
		{"TICKR_DATABASE_PORT_3306_TCP_X", "3306"},
		{"TICKR_DATABASE_PORT__TCP", "3306"},
		{"TICKR_SERVICE_HOSTS", "10.96.0.12"},
		{"TICKR_SERVICE_PORTS", "1"},
		{"TICKR_DATABASE_NAME", "/web/tickr-database"},
		{"TICKR_DATABASE_ENV_X", "1"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		cr_assert_not(service_link_is(cases[i].name, cases[i].value, NULL), "%s=%s",
			      cases[i].name, cases[i].value);
}

Test(service_link, names_of_docker_count_beside_an_address_only)
{
	const char *const set[] = {"A=1", "TICKR_DATABASE_PORT=tcp://172.17.0.2:3306", NULL};
	const char *const unlike[] = {"TICKR_DATABASE_PORT=3306",
				      "TICKR_PORT=tcp://172.17.0.2:3306", NULL};
	char *const *environment = (char *const *)set, *const *other = (char *const *)unlike;

	cr_assert(service_link_is("TICKR_DATABASE_NAME", "/web/tickr-database", environment));
	cr_assert(service_link_is("TICKR_DATABASE_NAME", "/web/Tickr_Database", environment));
	cr_assert(service_link_is("TICKR_DATABASE_ENV_MYSQL_VERSION", "8.0", environment));
	cr_assert_not(service_link_is("TICKR_DATABASE_NAME", "/web/tickr-database", other));
	cr_assert_not(service_link_is("TICKR_DATABASE_NAME", "/data/tickr.db", environment));
	cr_assert_not(service_link_is("TICKR_DATABASE_NAME", "tickr", environment));
	cr_assert_not(service_link_is("TICKR_DATABASE_NAME", "/tickr-database", environment));
	cr_assert_not(service_link_is("TICKR_DATABASE_ENV_MYSQL_VERSION", "8.0", other));
	cr_assert_not(service_link_is("_NAME", "/web/", environment));
}

Test(service_link, no_variable_of_the_table_has_a_name_that_is_one_for_every_value)
{
	for (size_t i = 0; i < key_count; i++)
		cr_assert_not(service_link_is(key_table[i].variable, "1", NULL), "%s",
			      key_table[i].variable);
}
