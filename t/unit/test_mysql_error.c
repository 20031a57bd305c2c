#include <criterion/criterion.h>
#include <errmsg.h>

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

Test(mysql_error, what_group_replication_rolled_back_is_asked_again)
{
	cr_assert_eq(mysql_classify(3101, "Plugin instructed the server to rollback"), STORE_BUSY);
	cr_assert_eq(mysql_classify(3100, "Error on observer"), STORE_UNREADY);
}

Test(mysql_error, a_database_that_may_not_be_written_is_not_ready)
{
	cr_assert_eq(mysql_classify(1290, "--read-only"), STORE_UNREADY);
	cr_assert_eq(mysql_classify(1836, "Running in read-only mode"), STORE_UNREADY);
	cr_assert_eq(mysql_classify(3032, "The server is currently in offline mode"),
		     STORE_UNREADY);
	cr_assert_eq(mysql_classify(3989, "Schema 'tickr' is in read only mode."), STORE_UNREADY);
}
