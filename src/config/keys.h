/*
 * keys -- the one table of every TICKR_* variable.
 *
 *	KEY(variable, field, type, fallback, least, most, allowed, help)
 *	STORE_KEY(variable, type, fallback, least, most, allowed, help)
 *
 * A KEY is kept in its field of struct config. A STORE_KEY is a variable of those stores that name it among
 * their variables (store/store.h): its value goes to their parse() as text.
 *
 * type: NUMBER; SECONDS (decimals allowed, kept in milliseconds); WHOLE_SECONDS (kept in milliseconds too);
 * TEXT; SECRET (never shown); CHOICE (kept as the index of its word in ALLOWED, whose words are separated by "|").
 *
 * fallback: the value if the variable is not set. NULL: the variable must be set. "": there is no value.
 *
 * least and most bound numbers, and seconds in milliseconds.
 *
 * allowed: the values that a variable takes, in words, if the bounds do not say so. HELP and ALLOWED begin
 * with a small letter and end without a full stop.
 */

KEY("TICKR_MAX_NODES", max_nodes, NUMBER, NULL, 1, SPACE_MOST_NODES, "",
    "how many nodes the cluster may ever have. This cannot change after the first ticket")
KEY("TICKR_NODE_NUMBER", node_number, TEXT, NULL, 0, 0,
    "a whole number from 0 to 999999999. Several databases take a list of numbers, separated by "
    "commas",
    "this node's number, from 0, below TICKR_MAX_NODES. With several databases, each is a node")
KEY("TICKR_STARTING_OFFSET", starting_offset, NUMBER, NULL, 0, SPACE_LAST_TICKET, "",
    "the first ticket of node 0. This cannot change after the first ticket")

KEY("TICKR_DATABASE_ADAPTER", database_adapter, CHOICE, "mysql", 0, 0, DRIVER_WORDS,
    "the kind of store that holds the counter" DRIVER_MEANINGS)
STORE_KEY("TICKR_DATABASE_HOST", TEXT, "localhost", 0, 0,
	  "a name, an address, host:port, [v6]:port or the absolute path of a Unix socket. Several "
	  "databases, at most 16, are a list, separated by commas",
	  "the address of the database, or of several. localhost without a port is the client "
	  "library's Unix socket")
KEY("TICKR_DATABASE_POLICY", database_policy, CHOICE, "round-robin", 0, 0, "round-robin|failover",
    "which of several databases reserves. round-robin takes each in turn. failover takes the first "
    "in the list that is up")
STORE_KEY("TICKR_DATABASE_PORT", NUMBER, "3306", 1, 65535, "",
	  "the database's TCP port, unless TICKR_DATABASE_HOST names one")
STORE_KEY("TICKR_DATABASE_USERNAME", TEXT, "root", 0, 0,
	  "any text. Several databases take one name for all, or a list with one for each, "
	  "separated by commas",
	  "the database user")
STORE_KEY("TICKR_DATABASE_PASSWORD", SECRET, "", 0, 0,
	  "any text. Several databases take one password for all, or a list with one for each, "
	  "separated by commas",
	  "the database user's password")
STORE_KEY("TICKR_DATABASE_PASSWORD_FILE", TEXT, "", 0, 0,
	  "the path of a readable file. For several databases, the file has one line for all, or a "
	  "line for each. They may also take a list of files, separated by commas",
	  "a file that holds the database user's password")
STORE_KEY(
	"TICKR_DATABASE_NAME", TEXT, "tickr", 0, 0,
	"1 to 64 characters, none of them a backquote. Several databases take one name for all, or "
	"a list with one for each, separated by commas. With sqlite, a path of at most 500 bytes",
	"the database (schema) that holds the tickets table. With sqlite, its file; by default "
	"tickr.db in TICKR_STATE_DIR")
KEY("TICKR_DATABASE_POOL_SIZE", pool_size, NUMBER, "5", 1, 1000, "",
    "how many database sessions reserve tickets. One more maintains the table. With sqlite, always "
    "one session reserves")
KEY("TICKR_DATABASE_POOL_TIMEOUT", pool_timeout_ms, SECONDS, "1", 1, 3600000, "",
    "the longest time that a request waits for a session. Then tickrd answers 503")
KEY("TICKR_DATABASE_CONNECT_TIMEOUT", connect_timeout_ms, WHOLE_SECONDS, "2", 1000, 3600000, "",
    "the longest time that a connection to the database may take to open")
KEY("TICKR_DATABASE_QUERY_TIMEOUT", query_timeout_ms, WHOLE_SECONDS, "2", 1000, 3600000, "",
    "the longest time that a statement may take. Then tickrd closes its session")
STORE_KEY("TICKR_DATABASE_SSL_CA", TEXT, "", 0, 0, "the path of a readable file",
	  "TLS to the database: the certificate authorities to trust, in PEM")
STORE_KEY("TICKR_DATABASE_SSL_CERT", TEXT, "", 0, 0, "the path of a readable file",
	  "TLS to the database: tickrd's certificate, in PEM")
STORE_KEY("TICKR_DATABASE_SSL_KEY", TEXT, "", 0, 0, "the path of a readable file",
	  "TLS to the database: the key of tickrd's certificate, in PEM")
STORE_KEY("TICKR_DATABASE_SSL_VERIFY", CHOICE, "yes", 0, 0, "no|yes",
	  "TLS to the database: whether its certificate must be valid and name the host")

KEY("TICKR_REQUIRE_DURABLE", require_durable, CHOICE, "0", 0, 0, "0|1",
    "whether to refuse a database whose settings allow it to issue a ticket twice, for example "
    "after "
    "a crash. 1 refuses it. 0 warns")
KEY("TICKR_SCRAMBLE_KEY_FILE", scramble_key_file, TEXT, "", 0, 0, "the path of a readable file",
    "a file that holds the key of scrambled named sequences, 64 hexadecimal digits. Never change "
    "it: ids with another key repeat")
KEY("TICKR_STATE_DIR", state_dir, TEXT, "", 0, 0, "the path of a folder",
    "the folder of tickrd's state files, by which it recognises an older copy of the database "
    "after a restart. A relative file name in TICKR_DATABASE_NAME starts here, or in the working "
    "folder")

KEY("TICKR_SEQUENCES", sequences, CHOICE, "none", 0, 0, "none|declared|any",
    "which named sequences are served. declared serves those that an operator made. any also makes "
    "a sequence when a client first uses its name. Both need TICKR_STATE_DIR. With "
    "TICKR_SEQUENCERS_FILE the default is any")
KEY("TICKR_SEQUENCES_MOST", sequences_most, NUMBER, "100000", 1, 10000000, "",
    "the number of named sequences at which clients can make no more. Retired ones do not count")
KEY("TICKR_SEQUENCES_PER_SECOND", sequences_per_second, NUMBER, "100", 1, 1000000, "",
    "how many named sequences clients can make in a second")
KEY("TICKR_SEQUENCERS_FILE", sequencers_file, TEXT, "", 0, 0, "the path of a readable file",
    "a JSON file that describes more stores of named sequences, in Layotto's format. It needs "
    "TICKR_STATE_DIR")
KEY("TICKR_SEQUENCERS_APP_ID", sequencers_app_id, TEXT, "", 0, 0, "any text without ||",
    "the name of the application, which is part of each key in the stores of "
    "TICKR_SEQUENCERS_FILE")
KEY("TICKR_ALLOW_FORGETTING", allow_forgetting, CHOICE, "0", 0, 0, "0|1",
    "whether TICKR_SEQUENCERS_FILE may have stores of type in-memory, which issue every id again "
    "after a restart. For tests only")

KEY("TICKR_SNOWFLAKE_EPOCH", snowflake_epoch_ms, NUMBER, "", 1, SPACE_LAST_TICKET >> 1, "",
    "Snowflake ids: the time at which ids begin, in milliseconds since 1970; 1609459200000 by "
    "default. It is stored with the bounds, and cannot change")
KEY("TICKR_SNOWFLAKE_DATACENTER", snowflake_datacenter, NUMBER, "0", 0, 1023, "",
    "Snowflake ids: the number of this datacenter, below 2^TICKR_SNOWFLAKE_DATACENTER_BITS")
KEY("TICKR_SNOWFLAKE_DATACENTER_BITS", snowflake_datacenter_bits, NUMBER, "0", 0, 10, "",
    "Snowflake ids: how many of the 10 bits are for the datacenter. The others are for the worker. "
    "It must be the same on all servers")
KEY("TICKR_SNOWFLAKE_WORKER", snowflake_worker_text, TEXT, "auto", 0, 0,
    "a whole number from 0 to 1023, or auto",
    "Snowflake ids: the worker id of this server. auto "
    "claims one from a coordinator")
KEY("TICKR_SNOWFLAKE_MAX_SEQUENCE", snowflake_max_sequence, NUMBER, "4095", 0, 4095, "",
    "Snowflake ids: the highest sequence number in a millisecond")
KEY("TICKR_SNOWFLAKE_CLOCK_DRIFT", snowflake_drift_ms, SECONDS, "0.1", 0, 10000, "",
    "Snowflake ids: how far the clock may fall behind the ids before tickrd answers 503, and how "
    "far into the future a burst may reach")
KEY("TICKR_COORDINATOR", coordinator, CHOICE, "none", 0, 0, "none|etcd|zookeeper",
    "Snowflake ids: the coordinator from which servers claim their worker ids. With none, "
    "TICKR_SNOWFLAKE_WORKER must be a number")
KEY("TICKR_COORDINATOR_ENDPOINTS", coordinator_endpoints, TEXT, "127.0.0.1", 0, 0,
    "host, host:port or, with etcd, a URL. Several, at most 16, are a list, separated by commas",
    "the addresses of the coordinator. The default port is 2379 for etcd, and 2181 for ZooKeeper")
KEY("TICKR_COORDINATOR_PREFIX", coordinator_prefix, TEXT, "/id-generator", 0, 0,
    "1 to 256 bytes, without / at the end", "the prefix of tickrd's keys in the coordinator")
KEY("TICKR_COORDINATOR_LAYOUT", coordinator_layout, CHOICE, "datacenters", 0, 0,
    "datacenters|nodes",
    "the names of the keys in the coordinator. nodes claims PREFIX/node/N like the known etcd "
    "sidecars, and shares the worker ids with them")
KEY("TICKR_COORDINATOR_USERNAME", coordinator_username, TEXT, "", 0, 0, "any text",
    "the user of the coordinator")
KEY("TICKR_COORDINATOR_PASSWORD", coordinator_password, SECRET, "", 0, 0, "any text",
    "the password of the coordinator's user")
KEY("TICKR_COORDINATOR_PASSWORD_FILE", coordinator_password_file, TEXT, "", 0, 0,
    "the path of a readable file", "a file that holds the password of the coordinator's user")
KEY("TICKR_COORDINATOR_SSL_CA", coordinator_ssl_ca, TEXT, "", 0, 0, "the path of a readable file",
    "TLS to etcd: the certificate authorities to trust, in PEM. By default, those of the system")
KEY("TICKR_COORDINATOR_SSL_CERT", coordinator_ssl_cert, TEXT, "", 0, 0,
    "the path of a readable file", "TLS to etcd: tickrd's certificate, in PEM")
KEY("TICKR_COORDINATOR_SSL_KEY", coordinator_ssl_key, TEXT, "", 0, 0, "the path of a readable file",
    "TLS to etcd: the key of tickrd's certificate, in PEM")
KEY("TICKR_COORDINATOR_LEASE", coordinator_lease_ms, SECONDS, "10", 1000, 3600000, "",
    "how long a server that no longer answers keeps its worker id")
KEY("TICKR_COORDINATOR_GRACE", coordinator_grace_ms, SECONDS, "3600", 0, 604800000, "",
    "how long a retired worker id rests, unless no other is free, or the same host claims it again")
KEY("TICKR_COORDINATOR_AHEAD", coordinator_ahead_ms, SECONDS, "", 1000, 3600000, "",
    "Snowflake ids: how far ahead of the time the bound is written. It limits how long ids are "
    "issued without another write, and how long a worker id rests after a crash. By default 60 "
    "with a coordinator, and 2 for a worker id from the settings")

KEY("TICKR_LISTEN", listen, TEXT, "127.0.0.1:8080", 0, 0,
    "address:port, [v6]:port or unix:/path, of at most 107 bytes. Several, at most 16, are a list, "
    "separated by commas. For port 0, the system chooses one",
    "where to listen. 0.0.0.0 is every IPv4 address. [::] is every IPv6 address, without IPv4. "
    "Sockets inherited from systemd replace these addresses")
KEY("TICKR_CONTROL_SOCKET", control_socket, TEXT, "", 0, 0,
    "the absolute path of a Unix socket, 107 bytes at most",
    "where the operator lists databases, and drains one for maintenance. Only the server's own "
    "user and root may connect")
KEY("TICKR_HTTP_THREADS", http_threads, NUMBER, "", 1, 256, "",
    "how many threads serve HTTP. By default, one for each processor that the process may use "
    "(affinity, cgroup quota)")
KEY("TICKR_HTTP_AUTH_PASSWORD", http_auth_password, SECRET, "", 0, 0, "1 to 256 bytes",
    "the HTTP Basic password, with any user name, for every route except /livez and /readyz")
KEY("TICKR_HTTP_AUTH_PASSWORD_FILE", http_auth_password_file, TEXT, "", 0, 0,
    "the path of a readable file", "a file that holds the HTTP password")
KEY("TICKR_GRPC_LISTEN", grpc_listen, TEXT, "", 0, 0,
    "address:port, [v6]:port or unix:/path, of at most 107 bytes. Several, at most 16, are a list, "
    "separated by commas. For port 0, the system chooses one",
    "where to listen for gRPC. Clients of Layotto expect 127.0.0.1:34904")
KEY("TICKR_GRPC_SSL_CERT", grpc_ssl_cert, TEXT, "", 0, 0, "the path of a readable file",
    "TLS for gRPC: the certificate and its chain, in PEM. Without it, gRPC is not encrypted")
KEY("TICKR_GRPC_SSL_KEY", grpc_ssl_key, TEXT, "", 0, 0, "the path of a readable file",
    "TLS for gRPC: the key of the certificate, in PEM")
KEY("TICKR_GRPC_IDLE_TIMEOUT", grpc_idle_timeout_ms, SECONDS, "300", 100, 86400000, "",
    "how long a gRPC connection without a call stays open")
KEY("TICKR_BATCH_FORMAT", batch_format, CHOICE, "array", 0, 0, "array|group",
    "how /tickets/create/N answers if the request does not name a format")
KEY("TICKR_MAX_BATCH", max_batch, NUMBER, "100000", 1, 1000000, "",
    "the largest count of tickets in one request")
KEY("TICKR_MAX_WAITING", max_waiting, NUMBER, "10000", 1, 1000000, "",
    "how many requests may wait for the database. To any further request, tickrd answers 503 "
    "immediately")
KEY("TICKR_RESERVE_AHEAD", reserve_ahead_ms, SECONDS, "0", 0, 3600000, "",
    "reserve tickets before requests ask for them, enough for this time at the present rate. With "
    "0, each ticket is committed when a request asks for it")
KEY("TICKR_RESERVE_AHEAD_MIN", reserve_ahead_min, NUMBER, "1000", 1, 100000000, "",
    "reserving ahead: the least number of tickets to hold")
KEY("TICKR_RESERVE_AHEAD_MAX", reserve_ahead_max, NUMBER, "1000000", 1, 100000000, "",
    "reserving ahead: the largest number of tickets to hold")
KEY("TICKR_RESERVE_AHEAD_OUTAGE", reserve_ahead_outage_ms, SECONDS, "60", 1, 86400000, "",
    "reserving ahead: how long to issue held tickets while the counter of their database cannot be "
    "read. Then those tickets become a gap")
KEY("TICKR_CLICKHOUSE_URL", clickhouse_url, TEXT, "", 0, 0,
    "http:// or https://, a host, a port, and the name of a database: "
    "http://stats.example:8123/tickr",
    "the ClickHouse that receives events and metrics")
KEY("TICKR_CLICKHOUSE_USERNAME", clickhouse_username, TEXT, "default", 0, 0, "any text",
    "the user of ClickHouse")
KEY("TICKR_CLICKHOUSE_PASSWORD", clickhouse_password, SECRET, "", 0, 0, "any text",
    "the password of ClickHouse's user")
KEY("TICKR_CLICKHOUSE_PASSWORD_FILE", clickhouse_password_file, TEXT, "", 0, 0,
    "the path of a readable file", "a file that holds the password of ClickHouse's user")
KEY("TICKR_CLICKHOUSE_SSL_CA", clickhouse_ssl_ca, TEXT, "", 0, 0, "the path of a readable file",
    "TLS to ClickHouse: the certificate authorities to trust, in PEM. By default, those of the "
    "system")
KEY("TICKR_EVENTS_ADDRESSES", events_addresses, CHOICE, "full", 0, 0, "full|net|none",
    "how much of a client's address is recorded with the ids that it received. net keeps the first "
    "24 bits of IPv4, or 48 of IPv6. none records no address and no user agent")
KEY("TICKR_EVENTS_DISCARD", events_discard, CHOICE, "0", 0, 0, "0|1",
    "whether to record events and discard them, to measure how much the recording costs")
KEY("TICKR_TRUSTED_PROXIES", trusted_proxies, TEXT, "", 0, 0,
    "addresses, networks such as 10.0.0.0/8, and the word unix, separated by commas. At most 32",
    "proxies whose X-Forwarded-For tickrd believes when it records a client's address. unix means "
    "every client of a Unix socket")
KEY("TICKR_AUDIT_DIR", audit_dir, TEXT, "", 0, 0, "the path of a folder",
    "where tickrd keeps a record of each request for ids, as gzipped JSON lines. Each server needs "
    "its own folder")
KEY("TICKR_AUDIT_MOST", audit_most, NUMBER, "10737418240", 1048576, 1000000000000000, "",
    "the highest total size of the files in TICKR_AUDIT_DIR, in bytes. Beyond it the oldest files "
    "stay. New records are lost and counted, or with TICKR_AUDIT_REQUIRED=1 tickrd answers 503")
KEY("TICKR_AUDIT_REQUIRED", audit_required, CHOICE, "0", 0, 0, "0|1",
    "whether an id is issued only after its record is on the disk. With 1, tickrd answers 503 "
    "while it "
    "cannot write records")
KEY("TICKR_AUDIT_S3_URL", audit_s3_url, TEXT, "", 0, 0,
    "https://host/bucket/prefix, or https://bucket.s3.host/prefix. The prefix is optional",
    "the bucket to which finished audit files are moved. Without it they stay in TICKR_AUDIT_DIR")
KEY("TICKR_AUDIT_S3_REGION", audit_s3_region, TEXT, "us-east-1", 0, 0, "any text",
    "the region of the bucket, which is part of each signature")
KEY("TICKR_AUDIT_S3_ACCESS_KEY", audit_s3_access_key, SECRET, "", 0, 0, "any text",
    "the access key of the bucket")
KEY("TICKR_AUDIT_S3_ACCESS_KEY_FILE", audit_s3_access_key_file, TEXT, "", 0, 0,
    "the path of a readable file", "a file that holds the access key")
KEY("TICKR_AUDIT_S3_SECRET_KEY", audit_s3_secret_key, SECRET, "", 0, 0, "any text",
    "the secret key of the bucket")
KEY("TICKR_AUDIT_S3_SECRET_KEY_FILE", audit_s3_secret_key_file, TEXT, "", 0, 0,
    "the path of a readable file", "a file that holds the secret key")
KEY("TICKR_AUDIT_S3_SSL_CA", audit_s3_ssl_ca, TEXT, "", 0, 0, "the path of a readable file",
    "TLS to the bucket: the certificate authorities to trust, in PEM. By default, those of the "
    "system")
KEY("TICKR_LOG_LEVEL", log_level, CHOICE, "info", 0, 0, "error|warn|info|debug",
    "the least important level of lines to log")
KEY("TICKR_DRAIN_DELAY", drain_delay_ms, SECONDS, "0", 0, 3600000, "",
    "how long a stop still accepts connections while /readyz is 503, for balancers that poll. This "
    "has no effect with sockets inherited from systemd")
KEY("TICKR_DRAIN_TIMEOUT", drain_timeout_ms, SECONDS, "8", 0, 3600000, "",
    "the longest time that a stop takes after TICKR_DRAIN_DELAY: requests in flight, database "
    "sessions and the state file")

#undef KEY
#undef STORE_KEY
