#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "sql.h"
#include "store/mysql_identity.h"

#define RANDOM_BYTES ((IDENTITY_SIZE - 1) / 2)

static void
read_identity(void *arg, MYSQL_ROW row)
{
	struct store_session *session = arg;

	if (row[0] != NULL && strlen(row[0]) == IDENTITY_SIZE - 1)
		snprintf(session->identity, IDENTITY_SIZE, "%s", row[0]);
}

enum store_result
mysql_read_identity(struct store_session *session, bool *is_missing, struct text *reason)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	enum store_result result =
		session_query(session, "SELECT identity FROM tickr_identity WHERE id = 1",
			      read_identity, session, &problem);
	unsigned number = mysql_errno(&session->mysql);

	*is_missing =
		result == STORE_OK ? session->identity[0] == '\0' : number == ER_NO_SUCH_TABLE;
	if (result == STORE_OK || number == ER_NO_SUCH_TABLE ||
	    number == ER_TABLEACCESS_DENIED_ERROR || number == ER_COLUMNACCESS_DENIED_ERROR)
		return STORE_OK;
	text_add(reason, memory);
	return result;
}

enum store_result
mysql_make_identity(struct store_session *session, struct text *reason)
{
	unsigned char bytes[RANDOM_BYTES];
	char sql[64 + sizeof(sql_identity)];
	struct text script = TEXT_OVER(sql);

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		text_add(reason, "the system gives no random numbers");
		return STORE_FAILED;
	}
	text_add(&script, "SET @identity = '");
	for (size_t i = 0; i < sizeof(bytes); i++)
		text_addf(&script, "%02x", bytes[i]);
	text_addf(&script, "';\n%s", sql_identity);
	return session_run(session, sql, reason);
}
