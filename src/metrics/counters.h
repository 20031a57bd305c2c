/*
 * counters -- the one table of all metrics. Define the macros of the rows that you need, then include it.
 *
 *	METRIC(id, name, type, series, labels, help)	series: number of label sets; labels: adds one set
 *	DATABASE_METRIC(...)				the same, with these label sets for each database
 *	POOL_METRIC(...)				the same, also for its pool of named sequences
 *	SECONDS_METRIC(id, name, help)			a gauge that is counted in milliseconds
 *	NAMED_METRIC(id, name, help)			a gauge of named sequences; front/busiest.c writes it
 *	HISTOGRAM(id, name, bounds, help)		bounds: a list of upper bounds, see metrics.c
 *	DATABASE_HISTOGRAM(...)				the same, one for each database
 *	ROUTE(id, label), CODE(code)			the label sets of requests
 *	GRPC_METHOD(id, label), GRPC_CODE(id)		the same of calls of gRPC; the codes by their numbers
 *	ACCEPT_FAILURE(id, label)			the limit by which the system refused a connection
 *	UPLOAD_FAILURE(id, label)			why an audit file could not be put into the bucket
 */
#ifndef METRIC
#define METRIC(id, name, type, series, labels, help)
#endif
#ifndef DATABASE_METRIC
#define DATABASE_METRIC(id, name, type, series, labels, help)
#endif
#ifndef POOL_METRIC
#define POOL_METRIC DATABASE_METRIC
#endif
#ifndef SECONDS_METRIC
#define SECONDS_METRIC(id, name, help) METRIC(id, name, "gauge", 1, NULL, help)
#endif
#ifndef NAMED_METRIC
#define NAMED_METRIC(id, name, help)
#endif
#ifndef HISTOGRAM
#define HISTOGRAM(id, name, bounds, help)
#endif
#ifndef DATABASE_HISTOGRAM
#define DATABASE_HISTOGRAM(id, name, bounds, help)
#endif
#ifndef ROUTE
#define ROUTE(id, label)
#endif
#ifndef ACCEPT_FAILURE
#define ACCEPT_FAILURE(id, label)
#endif
#ifndef UPLOAD_FAILURE
#define UPLOAD_FAILURE(id, label)
#endif
#ifndef CODE
#define CODE(code)
#endif
#ifndef GRPC_METHOD
#define GRPC_METHOD(id, label)
#endif
#ifndef GRPC_CODE
#define GRPC_CODE(id)
#endif

ROUTE(CREATE, "/tickets/create")
ROUTE(CREATE_MANY, "/tickets/create/N")
ROUTE(STATUS, "/status")
ROUTE(LIVEZ, "/livez")
ROUTE(READYZ, "/readyz")
ROUTE(METRICS, "/metrics")
ROUTE(DECODE, "/decode/ID")
ROUTE(SEQUENCE_CREATE, "/sequences/NAME/create")
ROUTE(SEQUENCE_CREATE_MANY, "/sequences/NAME/create/N")
ROUTE(SEQUENCE, "/sequences/NAME")
ROUTE(SEQUENCES, "/sequences")
ROUTE(OTHER, "other")

CODE(200)
CODE(400)
CODE(401)
CODE(404)
CODE(405)
CODE(410)
CODE(413)
CODE(429)
CODE(500)
CODE(503)
CODE(507)

GRPC_METHOD(GET_NEXT_ID, "/spec.proto.runtime.v1.Runtime/GetNextId")
GRPC_METHOD(TICKETS_CREATE, "/tickr.v1.Tickets/Create")
GRPC_METHOD(TICKETS_STATUS, "/tickr.v1.Tickets/Status")
GRPC_METHOD(SEQUENCES_CREATE, "/tickr.v1.Sequences/Create")
GRPC_METHOD(SEQUENCES_SHOW, "/tickr.v1.Sequences/Show")
GRPC_METHOD(REFLECTION, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
GRPC_METHOD(REFLECTION_ALPHA, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
GRPC_METHOD(HEALTH_CHECK, "/grpc.health.v1.Health/Check")
GRPC_METHOD(HEALTH_WATCH, "/grpc.health.v1.Health/Watch")
GRPC_METHOD(OTHER, "other")

GRPC_CODE(OK)
GRPC_CODE(CANCELLED)
GRPC_CODE(UNKNOWN)
GRPC_CODE(INVALID_ARGUMENT)
GRPC_CODE(DEADLINE_EXCEEDED)
GRPC_CODE(NOT_FOUND)
GRPC_CODE(ALREADY_EXISTS)
GRPC_CODE(PERMISSION_DENIED)
GRPC_CODE(RESOURCE_EXHAUSTED)
GRPC_CODE(FAILED_PRECONDITION)
GRPC_CODE(ABORTED)
GRPC_CODE(OUT_OF_RANGE)
GRPC_CODE(UNIMPLEMENTED)
GRPC_CODE(INTERNAL)
GRPC_CODE(UNAVAILABLE)
GRPC_CODE(DATA_LOSS)
GRPC_CODE(UNAUTHENTICATED)

ACCEPT_FAILURE(OPEN_FILES, "open_files")
ACCEPT_FAILURE(SYSTEM_FILES, "system_files")
ACCEPT_FAILURE(MEMORY, "memory")
ACCEPT_FAILURE(OTHER, "other")

UPLOAD_FAILURE(UNREACHABLE, "unreachable")
UPLOAD_FAILURE(BUSY, "busy")
UPLOAD_FAILURE(CLOCK, "clock")
UPLOAD_FAILURE(CREDENTIALS, "credentials")
UPLOAD_FAILURE(BUCKET, "bucket")
UPLOAD_FAILURE(OTHER, "other")

METRIC(HTTP_REQUESTS, "tickr_http_requests_total", "counter", ROUTES *CODES,
       metrics_add_request_labels, "Requests answered, by route and status code.")
METRIC(HTTP_CONNECTIONS, "tickr_http_connections", "gauge", 1, NULL, "Open connections.")
METRIC(CONNECTIONS_LIMIT, "tickr_http_connections_limit", "gauge", 1, NULL,
       "Connections that may be open: the limit of open files, less the files of the server.")
METRIC(CONNECTIONS_LIMIT_REACHED, "tickr_http_connections_limit_reached_total", "counter", 1, NULL,
       "Times that the limit of connections was reached. New connections then wait.")
METRIC(ACCEPT_FAILURES, "tickr_http_accept_failures_total", "counter", ACCEPT_FAILURES,
       metrics_add_accept_failure_labels,
       "Times that the system refused a new connection, by reason.")
METRIC(GRPC_REQUESTS, "tickr_grpc_requests_total", "counter", GRPC_METHODS *GRPC_CODES,
       metrics_add_grpc_labels, "Calls of gRPC that ended, by method and status code.")
METRIC(GRPC_CONNECTIONS, "tickr_grpc_connections", "gauge", 1, NULL, "Open connections of gRPC.")
METRIC(TICKETS_ISSUED, "tickr_tickets_issued_total", "counter", 1, NULL, "Tickets in answers.")
METRIC(SEQUENCE_IDS_ISSUED, "tickr_sequence_ids_issued_total", "counter", 1, NULL,
       "Ids of named sequences in answers.")
METRIC(SEQUENCE_IDS_HELD, "tickr_sequence_ids_held", "gauge", 1, NULL,
       "Ids of weak named sequences that are reserved ahead and not issued.")
METRIC(SEQUENCE_IDS_ABANDONED, "tickr_sequence_ids_abandoned_total", "counter", 1, NULL,
       "Ids of named sequences that this server reserved and made a gap.")
METRIC(SEQUENCES_KNOWN, "tickr_sequences_known", "gauge", 1, NULL,
       "Named sequences that this server knows, without the retired ones.")
NAMED_METRIC(BUSIEST, "tickr_sequence_recent_ids",
	     "Ids issued in the last ten seconds, from each of the 20 busiest named sequences.")
NAMED_METRIC(OTHERS, "tickr_sequence_recent_ids_other",
	     "Ids issued in the last ten seconds from all other named sequences.")
POOL_METRIC(RESERVATIONS, "tickr_reservations_total", "counter", TICKET_STATUSES,
	    metrics_add_reservation_labels, "Reservations at the database, by result.")
METRIC(REQUESTS_WAITING, "tickr_requests_waiting", "gauge", 1, NULL,
       "Requests that wait for the database.")
POOL_METRIC(SESSIONS_OPEN, "tickr_database_sessions_open", "gauge", 1, metrics_add_database_labels,
	    "Open database sessions.")
POOL_METRIC(SESSIONS_BUSY, "tickr_database_sessions_busy", "gauge", 1, metrics_add_database_labels,
	    "Database sessions that work on a reservation.")
POOL_METRIC(DATABASE_UP, "tickr_database_up", "gauge", 1, metrics_add_database_labels,
	    "1 while the database reserves tickets, else 0.")
POOL_METRIC(DATABASE_REFUSED, "tickr_database_refused", "gauge", 1, metrics_add_database_labels,
	    "1 while the database answers and tickrd refuses it, or cannot write the state "
	    "file.")
POOL_METRIC(RECONNECTS, "tickr_database_reconnects_total", "counter", 1,
	    metrics_add_database_labels, "Sessions opened again after one was lost.")
POOL_METRIC(CONNECT_FAILURES, "tickr_database_connect_failures_total", "counter", 1,
	    metrics_add_database_labels, "Attempts to open a session that failed.")
POOL_METRIC(RETRIES, "tickr_database_retries_total", "counter", 1, metrics_add_database_labels,
	    "Statements repeated after a deadlock, a lock time-out or a lost session.")
DATABASE_METRIC(PRUNED_ROWS, "tickr_pruned_rows_total", "counter", 1, metrics_add_database_labels,
		"Old rows deleted from the tickets table.")
DATABASE_METRIC(LAST_TICKET, "tickr_last_ticket", "gauge", 1, metrics_add_database_labels,
		"The newest ticket of the database, 0 before the first.")
DATABASE_METRIC(TICKETS_LEFT, "tickr_tickets_left", "gauge", 1, metrics_add_database_labels,
		"Tickets that the database can still issue, up to 2^63-1.")
METRIC(TICKETS_RESERVED, "tickr_tickets_reserved", "gauge", 1, NULL,
       "Tickets reserved ahead and not issued.")
SECONDS_METRIC(RESERVED_SECONDS, "tickr_reserved_seconds_left",
	       "How long the tickets reserved ahead last at the present rate.")
METRIC(TICKETS_ABANDONED, "tickr_tickets_abandoned_total", "counter", 1, NULL,
       "Tickets reserved ahead that became a gap, to keep the order.")
METRIC(EVENTS_RECORDED, "tickr_events_recorded_total", "counter", 1, NULL,
       "Events that the sinks of events received: a request for ids is one, or one for each run.")
METRIC(EVENTS_DROPPED, "tickr_events_dropped_total", "counter", 1, NULL,
       "Events that were dropped because a loop wrote them faster than the sinks took them.")
METRIC(AUDIT_RECORDS, "tickr_audit_records_total", "counter", 1, NULL,
       "Audit records that are in the spool.")
METRIC(AUDIT_RECORDS_LOST, "tickr_audit_records_lost_total", "counter", 1, NULL,
       "Audit records that the spool did not take.")
METRIC(AUDIT_WORKS, "tickr_audit_works", "gauge", 1, NULL,
       "1 while the spool takes audit records, else 0.")
METRIC(AUDIT_SPOOL_BYTES, "tickr_audit_spool_bytes", "gauge", 1, NULL,
       "The size of all audit files in the spool.")
METRIC(AUDIT_FILES_WAITING, "tickr_audit_files_waiting", "gauge", 1, NULL,
       "Finished audit files in the spool.")
SECONDS_METRIC(AUDIT_LATE_SECONDS, "tickr_audit_late_seconds",
	       "How long ago the hour of the oldest finished audit file ended.")
METRIC(AUDIT_UPLOADS, "tickr_audit_uploads_total", "counter", 1, NULL,
       "Audit files put into the bucket.")
METRIC(AUDIT_UPLOAD_FAILURES, "tickr_audit_upload_failures_total", "counter", UPLOAD_FAILURES,
       metrics_add_upload_failure_labels, "Attempts to put an audit file that failed, by reason.")
METRIC(AUDIT_UPLOAD_WORKS, "tickr_audit_upload_works", "gauge", 1, NULL,
       "0 while audit files cannot be put into the bucket, else 1.")
METRIC(CLICKHOUSE_UP, "tickr_clickhouse_up", "gauge", 1, NULL,
       "1 while ClickHouse takes rows, 0 since it failed or refused some, or if it is not used.")
METRIC(CLICKHOUSE_SENT, "tickr_clickhouse_rows_sent_total", "counter", 1, NULL,
       "Rows that ClickHouse took.")
METRIC(CLICKHOUSE_LATE, "tickr_clickhouse_rows_late_total", "counter", 1, NULL,
       "Rows that ClickHouse took at the second attempt or later.")
METRIC(CLICKHOUSE_DROPPED, "tickr_clickhouse_rows_dropped_total", "counter", 1, NULL,
       "Rows that ClickHouse refused, or that did not fit into the memory for an outage.")
METRIC(CLICKHOUSE_WAITING, "tickr_clickhouse_rows_waiting", "gauge", 1, NULL,
       "Rows in batches that ClickHouse has not taken yet.")
METRIC(CLICKHOUSE_RETRIES, "tickr_clickhouse_retries_total", "counter", 1, NULL,
       "Batches that were sent to ClickHouse again.")
METRIC(CLICKHOUSE_LAST_ERROR, "tickr_clickhouse_last_error_timestamp_seconds", "gauge", 1, NULL,
       "When ClickHouse last did not take a batch, in seconds since 1970. 0: it took all.")
METRIC(SNOWFLAKE_HELD, "tickr_snowflake_lease_held", "gauge", 1, NULL,
       "1 while a worker id of Snowflake ids is held, else 0.")
METRIC(SNOWFLAKE_WORKER, "tickr_snowflake_worker", "gauge", 1, NULL,
       "The worker id of Snowflake ids, within its datacenter.")
SECONDS_METRIC(SNOWFLAKE_BOUND, "tickr_snowflake_bound_seconds",
	       "How long Snowflake ids go on without another write of the bound.")
SECONDS_METRIC(SNOWFLAKE_LEFT, "tickr_snowflake_left_seconds",
	       "How long the 41 bits of the time last; 0 without a worker id.")
METRIC(SNOWFLAKE_LOSSES, "tickr_snowflake_lease_losses_total", "counter", 1, NULL,
       "Times that the coordinator reported the end of the claim.")
METRIC(SNOWFLAKE_DRIFTS, "tickr_snowflake_clock_drifts_total", "counter", 1, NULL,
       "Times that the clock fell behind the ids by more than the threshold.")
METRIC(SNOWFLAKE_WAITS, "tickr_snowflake_waits_total", "counter", 1, NULL,
       "Reservations of Snowflake ids that waited for a later millisecond or the lease.")
METRIC(LOG_LINES_DROPPED, "tickr_log_lines_dropped_total", "counter", 1, NULL,
       "Log lines that standard error did not take.")
METRIC(BUILD_INFO, "tickr_build_info", "gauge", 1, metrics_add_build_labels,
       "Always 1. The label is the version.")
METRIC(START_TIME, "process_start_time_seconds", "gauge", 1, NULL,
       "When the process started, in seconds since 1970.")

HISTOGRAM(REQUEST_SECONDS, "tickr_http_request_seconds", SECONDS,
	  "From a complete request to its answer in the socket.")
HISTOGRAM(GRPC_SECONDS, "tickr_grpc_request_seconds", SECONDS,
	  "From the head of a call of gRPC to its status.")
DATABASE_HISTOGRAM(RESERVATION_SECONDS, "tickr_reservation_seconds", SECONDS,
		   "The time that a session needed for one statement.")
DATABASE_HISTOGRAM(RESERVATION_TICKETS, "tickr_reservation_tickets", TICKETS,
		   "Tickets that one statement reserved.")

#undef METRIC
#undef DATABASE_METRIC
#undef POOL_METRIC
#undef SECONDS_METRIC
#undef NAMED_METRIC
#undef HISTOGRAM
#undef DATABASE_HISTOGRAM
#undef ROUTE
#undef CODE
#undef GRPC_METHOD
#undef GRPC_CODE
#undef ACCEPT_FAILURE
#undef UPLOAD_FAILURE
