-- Changes of a server's state: a circuit breaker that opens or closes, a database that is refused because it has gone
-- back in time, and others. event_type names the kind of a change, and subject the database or the store.

CREATE TABLE server_events
(
    timestamp     DateTime64(3, 'UTC'),
    datacenter_id UInt16,
    worker_id     UInt16,
    node          UInt32,
    instance      LowCardinality(String),
    store         LowCardinality(String),
    event_type    LowCardinality(String),
    subject       LowCardinality(String),
    message       String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, datacenter_id, worker_id)
TTL toDateTime(timestamp) + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
