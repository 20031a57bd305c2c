-- Times at which a clock was wrong. A negative drift_ms is a clock that is behind. tickrd leaves ntp_server, ntp_stratum and
-- ntp_time empty, because it asks the kernel and no NTP server.

CREATE TABLE clock_drift_events
(
    timestamp         DateTime64(3, 'UTC'),
    datacenter_id     UInt16,
    worker_id         UInt16,
    node              UInt32,
    instance          LowCardinality(String),
    drift_ms          Int64,
    ntp_server        LowCardinality(String),
    ntp_stratum       UInt8,
    system_time       DateTime64(3, 'UTC'),
    ntp_time          DateTime64(3, 'UTC'),
    corrective_action LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, datacenter_id, worker_id)
TTL toDateTime(timestamp) + INTERVAL 180 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
