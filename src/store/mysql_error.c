#include <ctype.h>
#include <errmsg.h>
#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <string.h>

#include "store/mysql_error.h"

/* Errors of the server after which the connection is closed. Only one vendor's header names each. */
#define CONNECTION_KILLED	   1927 /* MariaDB */
#define STATEMENT_TIMEOUT_MARIADB  1969 /* max_statement_time */
#define STATEMENT_TIMEOUT_MYSQL	   3024 /* max_execution_time */
#define SERVER_OFFLINE		   3032 /* MySQL: offline_mode */
#define CLIENT_INTERACTION_TIMEOUT 4031 /* MySQL 8: closed for idleness */

/* MySQL's Group Replication has rolled back the transaction. */
#define GROUP_HOOK_FAILED 3100 /* the member leaves the group */
#define GROUP_ROLLED_BACK 3101 /* another member's transaction won */

#define SCHEMA_READ_ONLY 3989 /* MySQL 8: ALTER DATABASE .. READ ONLY = 1 */

/* A number of the engine, which the server passes on. */
#define AUTOINC_OUT_OF_RANGE 167

enum store_result
mysql_classify(unsigned number, const char *words)
{
	/* All faults of TLS have one number. Both libraries and OpenSSL name a bad certificate in English. */
	if (number == CR_SSL_CONNECTION_ERROR)
		return strcasestr(words, "certificate") != NULL ? STORE_REFUSED : STORE_LOST;
	if (number == CR_NET_PACKET_TOO_LARGE)
		return STORE_TOO_LARGE;
	if (number >= CR_MIN_ERROR && number < 3000) /* of the client library */
		return STORE_LOST;
	switch (number) {
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_LOCK_DEADLOCK: return STORE_BUSY;
	case ER_DUP_ENTRY:
		return STORE_BUSY; /* another session moved the counter during an insert */
	case ER_CHECKREAD: return STORE_BUSY; /* MariaDB: the row changed after it was read */
	case GROUP_ROLLED_BACK: return STORE_BUSY;
	case ER_SERVER_SHUTDOWN:
	case ER_QUERY_INTERRUPTED:
	case ER_NEW_ABORTING_CONNECTION:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case CONNECTION_KILLED:
	case STATEMENT_TIMEOUT_MARIADB:
	case STATEMENT_TIMEOUT_MYSQL:
	case CLIENT_INTERACTION_TIMEOUT: return STORE_LOST;
	/* The server dropped the prepared statement, and did not run it. A new session prepares it. */
	case ER_UNKNOWN_STMT_HANDLER:
	case ER_NEED_REPREPARE: return STORE_LOST;
	case ER_NET_PACKET_TOO_LARGE: return STORE_TOO_LARGE; /* the server closes the connection */
	case ER_UNKNOWN_COM_ERROR:	   /* a Galera node outside its cluster */
	case ER_ERROR_DURING_COMMIT:	   /* a Galera node that leaves its cluster */
	case ER_OPTION_PREVENTS_STATEMENT: /* read_only: another server is the master now */
	case GROUP_HOOK_FAILED:
	case SERVER_OFFLINE:
	case SCHEMA_READ_ONLY:
	case ER_READ_ONLY_MODE: return STORE_UNREADY;
	case ER_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
	case ER_BAD_DB_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_NO_SUCH_TABLE: return STORE_REFUSED;
	case ER_AUTOINC_READ_FAILED:
	case AUTOINC_OUT_OF_RANGE:
	case ER_WARN_DATA_OUT_OF_RANGE:
	case ER_DATA_OUT_OF_RANGE: return STORE_EXHAUSTED;
	default: return STORE_FAILED;
	}
}

bool
mysql_is_at_end(unsigned number, const char *words, uint64_t last)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, last);

	if (number != ER_DUP_ENTRY || last == 0)
		return false;
	/* LAST may also be a part of a longer number. */
	for (const char *at = words; (at = strstr(at, digits)) != NULL; at += len)
		if ((at == words || !isdigit((unsigned char)at[-1])) &&
		    !isdigit((unsigned char)at[len]))
			return true;
	return false;
}

void
mysql_add_advice(unsigned number, struct text *reason)
{
	switch (number) {
	case ER_BAD_DB_ERROR:
		text_add(reason, "; run tickrd createdb, or fix TICKR_DATABASE_NAME");
		break;
	case ER_ACCESS_DENIED_ERROR:
		text_add(reason, "; check TICKR_DATABASE_USERNAME and TICKR_DATABASE_PASSWORD");
		break;
	case ER_DBACCESS_DENIED_ERROR:
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
		text_add(reason, "; give this user the rights of sql/privileges.sql (GRANT)");
		break;
	case CR_NET_PACKET_TOO_LARGE:
	case ER_NET_PACKET_TOO_LARGE:
		text_add(reason, "; raise max_allowed_packet of the database, or lower "
				 "TICKR_MAX_BATCH");
		break;
	default: break;
	}
}
