#include <inttypes.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "sql.h"
#include "store/mysql_identity.h"

static void
mysql_identity_read_row(void *arg, MYSQL_ROW row)
{
	struct store_session *session = arg;

	if (row[0] != NULL && strlen(row[0]) == RANDOM_ID_SIZE - 1)
		snprintf(session->identity, RANDOM_ID_SIZE, "%s", row[0]);
}

enum store_result
mysql_read_identity(struct store_session *session, bool *is_missing, struct text *reason)
{
	char memory[256];
	struct text problem = TEXT_OVER(memory);
	enum store_result result = mysql_session_query(
		session, "SELECT identity, advances FROM tickr_identity WHERE id = 1",
		mysql_identity_read_row, session, &problem);
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
	char identity[RANDOM_ID_SIZE];
	char sql[64 + sizeof(sql_identity)];
	struct text script = TEXT_OVER(sql);

	if (!random_id(identity)) {
		text_addf(reason, "cannot make an identity: the kernel has no random numbers: %s",
			  strerror(errno));
		return STORE_FAILED;
	}
	text_addf(&script, "SET @identity = '%s';\n%s", identity, sql_identity);
	return mysql_session_run(session, sql, reason);
}

enum store_result
mysql_note_advance(struct store_session *session, uint64_t least, struct text *reason)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "UPDATE tickr_identity SET advances = GREATEST(advances + 1, %" PRIu64 ", "
		 "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))) WHERE id = 1",
		 least);
	return mysql_session_run(session, sql, reason);
}
