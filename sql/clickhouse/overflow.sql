-- How often a Snowflake generator had used up the ids of its milliseconds, so that requests waited. A row is of about a
-- second. wait_time_ms is how long requests waited in that time. requests_queued is the most of them that waited at once.
-- load_factor compares the ids in answers with the most that the format allows in that time.

CREATE TABLE sequence_overflow_events
(
    timestamp       DateTime64(3, 'UTC'),
    datacenter_id   UInt16,
    worker_id       UInt16,
    node            UInt32,
    instance        LowCardinality(String),
    overflow_count  UInt32,
    wait_time_ms    UInt32,
    max_wait_ms     UInt32,
    requests_queued UInt32,
    load_factor     Float32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, datacenter_id, worker_id)
TTL toDateTime(timestamp) + INTERVAL 180 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
