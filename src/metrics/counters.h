/*
 * counters -- the one table of every metric: included wherever its rows are needed.
 *
 *	METRIC(id, name, type, series, labels, help)	series: how many label sets; labels: writes one
 *	DATABASE_METRIC(...)				the same, with as many for each database
 *	SECONDS_METRIC(id, name, help)			a gauge that is kept in milliseconds
 *	HISTOGRAM(id, name, bounds, help)		bounds: a list of upper bounds, see metrics.c
 *	DATABASE_HISTOGRAM(...)				the same, one for each database
 *	ROUTE(id, label), CODE(code)			the label sets of requests
 *	ACCEPT_FAILURE(id, label)			why the system refused a connection
 */
#ifndef METRIC
#define METRIC(id, name, type, series, labels, help)
#endif
#ifndef DATABASE_METRIC
#define DATABASE_METRIC(id, name, type, series, labels, help)
#endif
#ifndef SECONDS_METRIC
#define SECONDS_METRIC(id, name, help) METRIC(id, name, "gauge", 1, NULL, help)
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
#ifndef CODE
#define CODE(code)
#endif

ROUTE(CREATE, "/tickets/create")
ROUTE(CREATE_MANY, "/tickets/create/N")
ROUTE(STATUS, "/status")
ROUTE(LIVEZ, "/livez")
ROUTE(READYZ, "/readyz")
ROUTE(METRICS, "/metrics")
ROUTE(OTHER, "other")

CODE(200)
CODE(400)
CODE(401)
CODE(404)
CODE(405)
CODE(413)
CODE(500)
CODE(503)

ACCEPT_FAILURE(OPEN_FILES, "open_files")
ACCEPT_FAILURE(SYSTEM_FILES, "system_files")
ACCEPT_FAILURE(MEMORY, "memory")
ACCEPT_FAILURE(OTHER, "other")

METRIC(HTTP_REQUESTS, "tickr_http_requests_total", "counter", ROUTES *CODES, add_request_labels,
       "Requests answered, by route and status code.")
METRIC(HTTP_CONNECTIONS, "tickr_http_connections", "gauge", 1, NULL, "Connections open now.")
METRIC(CONNECTIONS_LIMIT, "tickr_http_connections_limit", "gauge", 1, NULL,
       "Connections that may be open: the limit of open files, less what the server itself needs.")
METRIC(CONNECTIONS_LIMIT_REACHED, "tickr_http_connections_limit_reached_total", "counter", 1, NULL,
       "Times the limit of connections was reached; new ones wait until others close.")
METRIC(ACCEPT_FAILURES, "tickr_http_accept_failures_total", "counter", ACCEPT_FAILURES,
       add_accept_failure_labels, "Times the system refused a new connection, by reason.")
METRIC(TICKETS_ISSUED, "tickr_tickets_issued_total", "counter", 1, NULL,
       "Tickets put into answers.")
DATABASE_METRIC(RESERVATIONS, "tickr_reservations_total", "counter", TICKET_STATUSES,
		add_reservation_labels, "Reservations asked of the database, by result.")
METRIC(REQUESTS_WAITING, "tickr_requests_waiting", "gauge", 1, NULL,
       "Requests that wait for the database now.")
DATABASE_METRIC(SESSIONS_OPEN, "tickr_database_sessions_open", "gauge", 1, add_database_labels,
		"Database sessions open now.")
DATABASE_METRIC(SESSIONS_BUSY, "tickr_database_sessions_busy", "gauge", 1, add_database_labels,
		"Database sessions at work on a reservation now.")
DATABASE_METRIC(DATABASE_UP, "tickr_database_up", "gauge", 1, add_database_labels,
		"1 while tickets can be had from the database, else 0.")
DATABASE_METRIC(DATABASE_REFUSED, "tickr_database_refused", "gauge", 1, add_database_labels,
		"1 while the database answers and is not trusted: it has gone back, or is not as "
		"it must be.")
DATABASE_METRIC(RECONNECTS, "tickr_database_reconnects_total", "counter", 1, add_database_labels,
		"Sessions opened again after one was lost.")
DATABASE_METRIC(CONNECT_FAILURES, "tickr_database_connect_failures_total", "counter", 1,
		add_database_labels, "Attempts to open a session that failed.")
DATABASE_METRIC(RETRIES, "tickr_database_retries_total", "counter", 1, add_database_labels,
		"Statements asked again after a deadlock, a lock time-out or a lost session.")
DATABASE_METRIC(PRUNED_ROWS, "tickr_pruned_rows_total", "counter", 1, add_database_labels,
		"Old rows deleted from the tickets table.")
DATABASE_METRIC(LAST_TICKET, "tickr_last_ticket", "gauge", 1, add_database_labels,
		"The newest ticket of the database, 0 before the first.")
DATABASE_METRIC(TICKETS_LEFT, "tickr_tickets_left", "gauge", 1, add_database_labels,
		"Tickets the database can still give before 2^63-1 is reached.")
METRIC(TICKETS_RESERVED, "tickr_tickets_reserved", "gauge", 1, NULL,
       "Tickets reserved ahead that nobody has yet.")
SECONDS_METRIC(RESERVED_SECONDS, "tickr_reserved_seconds_left",
	       "How long the tickets reserved ahead last at the present rate.")
METRIC(TICKETS_ABANDONED, "tickr_tickets_abandoned_total", "counter", 1, NULL,
       "Tickets reserved ahead that nobody will get, to keep the order.")
METRIC(LOG_LINES_DROPPED, "tickr_log_lines_dropped_total", "counter", 1, NULL,
       "Log lines dropped because standard error was not read or refused them.")
METRIC(BUILD_INFO, "tickr_build_info", "gauge", 1, add_build_labels,
       "Always 1; the labels say what runs.")
METRIC(START_TIME, "process_start_time_seconds", "gauge", 1, NULL,
       "When the process started, in seconds since 1970.")

HISTOGRAM(REQUEST_SECONDS, "tickr_http_request_seconds", SECONDS,
	  "From a request read to its answer handed to the socket.")
DATABASE_HISTOGRAM(RESERVATION_SECONDS, "tickr_reservation_seconds", SECONDS,
		   "The time a session took for one statement.")
DATABASE_HISTOGRAM(RESERVATION_TICKETS, "tickr_reservation_tickets", TICKETS,
		   "Tickets reserved by one statement.")

#undef METRIC
#undef DATABASE_METRIC
#undef SECONDS_METRIC
#undef HISTOGRAM
#undef DATABASE_HISTOGRAM
#undef ROUTE
#undef CODE
#undef ACCEPT_FAILURE
