#include <criterion/criterion.h>
#include <errmsg.h>
#include <string.h>

#include "store/mysql_error.h"

static const char *const bad_certificates[] = {
	"TLS/SSL error: certificate verify failed (unable to get local issuer certificate)",
	"TLS/SSL error: self-signed certificate in certificate chain",
	"SSL connection error: Validation of SSL server certificate failed",
	"SSL connection error: error:0A000086:SSL routines::certificate verify failed",
	"TLS/SSL error: sslv3 alert bad certificate",
};

static const char *const lost_handshakes[] = {
	"TLS/SSL error: unexpected eof while reading",
	"TLS/SSL error: Connection reset by peer",
	"TLS/SSL error: Resource temporarily unavailable",
	"SSL connection error: SSL_CTX_set_default_verify_paths failed",
	"SSL connection error: SSL is required, but the server does not support it",
	"",
};

Test(mysql_error, a_certificate_that_fails_its_check_is_refused)
{
	for (size_t i = 0; i < ARRAY_LENGTH(bad_certificates); i++)
		cr_assert_eq(mysql_classify(CR_SSL_CONNECTION_ERROR, bad_certificates[i]),
			     STORE_REFUSED, "%s", bad_certificates[i]);
}

Test(mysql_error, a_handshake_that_breaks_off_is_a_lost_session)
{
	for (size_t i = 0; i < ARRAY_LENGTH(lost_handshakes); i++)
		cr_assert_eq(mysql_classify(CR_SSL_CONNECTION_ERROR, lost_handshakes[i]),
			     STORE_LOST, "%s", lost_handshakes[i]);
}

Test(mysql_error, a_transaction_that_the_group_rolled_back_is_retried)
{
	cr_assert_eq(mysql_classify(3101, "Plugin instructed the server to rollback"), STORE_BUSY);
	cr_assert_eq(mysql_classify(3100, "Error on observer"), STORE_UNREADY);
}

Test(mysql_error, a_packet_that_is_too_large_is_no_outage)
{
	static const unsigned numbers[] = {1153, CR_NET_PACKET_TOO_LARGE};

	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		char memory[128];
		struct text advice = TEXT_OVER(memory);

		cr_assert_eq(mysql_classify(numbers[i], "too big"), STORE_TOO_LARGE);
		mysql_add_advice(numbers[i], &advice);
		cr_assert_not_null(strstr(memory, "max_allowed_packet"));
	}
}

Test(mysql_error, a_read_only_server_is_unready)
{
	cr_assert_eq(mysql_classify(1290, "--read-only"), STORE_UNREADY);
	cr_assert_eq(mysql_classify(1836, "Running in read-only mode"), STORE_UNREADY);
	cr_assert_eq(mysql_classify(3032, "The server is currently in offline mode"),
		     STORE_UNREADY);
	cr_assert_eq(mysql_classify(3989, "Schema 'tickr' is in read only mode."), STORE_UNREADY);
}

#define SIGNED_END 9223372036854775807u

Test(mysql_error, an_id_at_its_end_is_exhausted)
{
	static const unsigned numbers[] = {167, 1264, 1467, 1690};

	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		cr_assert_eq(mysql_classify(numbers[i], "Out of range"), STORE_EXHAUSTED, "%u",
			     numbers[i]);
	cr_assert(mysql_is_at_end(1062, "Duplicate entry '9223372036854775807' for key 'PRIMARY'",
				  SIGNED_END));
	cr_assert(mysql_is_at_end(1062, "Doppelter Eintrag '9223372036854775807' für Schlüssel 'x'",
				  SIGNED_END));
}

Test(mysql_error, another_duplicate_is_no_end)
{
	static const char *const words[] = {
		"Duplicate entry '42' for key 'PRIMARY'",
		"Duplicate entry '922337203685477580' for key 'PRIMARY'",
		"Duplicate entry '92233720368547758070' for key 'PRIMARY'",
		"Duplicate entry '19223372036854775807' for key 'PRIMARY'",
		"Duplicate entry 'a' for key 'stub'",
		"",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		cr_assert_not(mysql_is_at_end(1062, words[i], SIGNED_END), "%s", words[i]);
	cr_assert_not(mysql_is_at_end(1062, "Duplicate entry '9223372036854775807' for key 'x'",
				      UINT64_MAX));
	cr_assert_not(mysql_is_at_end(1062, "Duplicate entry '0' for key 'x'", 0));
	cr_assert_not(
		mysql_is_at_end(1146, "Table 'x.9223372036854775807' is not there", SIGNED_END));
	cr_assert_eq(mysql_classify(1062, words[0]), STORE_BUSY);
}
