-- Requests that issued ids, or failed. One row a request, or a row for each run if its ids are several runs.
--
-- tickrd clickhouse create makes these tables and views. By hand:
--
--	clickhouse-client --database tickr --multiquery <sql/clickhouse/events.sql
--
-- Times are in UTC. A reader that has the time and an id reads one granule. Both ends of a range of ids help the index.
-- node and sequence tell what issued the ids: without Snowflake ids, datacenter_id and worker_id are 0.

CREATE TABLE id_generation_events
(
    timestamp             DateTime64(3, 'UTC')    CODEC(DoubleDelta, ZSTD(1)),
    datacenter_id         UInt16                  CODEC(T64, ZSTD(1)),
    worker_id             UInt16                  CODEC(T64, ZSTD(1)),
    node                  UInt32                  CODEC(T64, ZSTD(1)),
    instance              LowCardinality(String),
    store                 LowCardinality(String),
    sequence              String                  CODEC(ZSTD(1)),
    generated_id          Int64                   CODEC(Delta, ZSTD(1)),
    increment             Int64                   CODEC(T64, ZSTD(1)),
    id_count              UInt32                  CODEC(T64, ZSTD(1)),
    sequence_number       UInt16                  CODEC(T64, ZSTD(1)),
    generation_latency_us UInt32                  CODEC(T64, ZSTD(1)),
    queue_time_us         UInt32                  CODEC(T64, ZSTD(1)),
    client_ip             IPv6                    CODEC(ZSTD(1)),
    client_user_agent     LowCardinality(String),
    request_id            String                  CODEC(ZSTD(1)),
    error_code            UInt16                  CODEC(T64, ZSTD(1)),
    error_message         LowCardinality(String),
    last_id               Int64                   ALIAS if(id_count = 0, generated_id, generated_id + increment * (id_count - 1)),
    INDEX idx_id       generated_id TYPE minmax             GRANULARITY 1,
    INDEX idx_request  request_id   TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX idx_sequence sequence     TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX idx_error    error_code   TYPE minmax             GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toDate(timestamp)
ORDER BY (toStartOfHour(timestamp), datacenter_id, worker_id, node, timestamp)
TTL toDateTime(timestamp) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Sums, extremes and states of a minute. An average is a quotient of two sums, so none is stored.
CREATE TABLE id_stats_minute
(
    minute        DateTime('UTC'),
    datacenter_id UInt16,
    worker_id     UInt16,
    node          UInt32,
    store         LowCardinality(String),
    error_code    UInt16,
    error_message LowCardinality(String),
    requests      SimpleAggregateFunction(sum, UInt64),
    ids           SimpleAggregateFunction(sum, UInt64),
    latency_sum   SimpleAggregateFunction(sum, UInt64),
    latency_max   SimpleAggregateFunction(max, UInt32),
    latency_q     AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), UInt32)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, datacenter_id, worker_id, node, store, error_code, error_message)
TTL minute + INTERVAL 1 YEAR DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW id_stats_minute_mv TO id_stats_minute AS
SELECT
    toStartOfMinute(timestamp) AS minute, datacenter_id, worker_id, node, store, error_code, error_message,
    count() AS requests,
    sumIf(toUInt64(id_count), error_code = 0) AS ids,
    sum(toUInt64(generation_latency_us)) AS latency_sum,
    max(generation_latency_us) AS latency_max,
    quantilesTDigestState(0.5, 0.95, 0.99)(generation_latency_us) AS latency_q
FROM id_generation_events
GROUP BY minute, datacenter_id, worker_id, node, store, error_code, error_message;

CREATE TABLE daily_id_stats
(
    date          Date,
    datacenter_id UInt16,
    worker_id     UInt16,
    node          UInt32,
    store         LowCardinality(String),
    total_ids     SimpleAggregateFunction(sum, UInt64),
    requests      SimpleAggregateFunction(sum, UInt64),
    errors        SimpleAggregateFunction(sum, UInt64),
    latency_sum   SimpleAggregateFunction(sum, UInt64),
    max_latency   SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, datacenter_id, worker_id, node, store)
TTL date + INTERVAL 7 YEAR DELETE
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW daily_id_stats_mv TO daily_id_stats AS
SELECT
    toDate(timestamp) AS date, datacenter_id, worker_id, node, store,
    sumIf(toUInt64(id_count), error_code = 0) AS total_ids,
    count() AS requests,
    countIf(error_code != 0) AS errors,
    sum(toUInt64(generation_latency_us)) AS latency_sum,
    max(generation_latency_us) AS max_latency
FROM id_generation_events
GROUP BY date, datacenter_id, worker_id, node, store;

-- For dashboards: the rows of daily_id_stats may not be merged yet, and this view adds them up.
CREATE VIEW daily_id_stats_v AS
SELECT
    date, datacenter_id, worker_id, node, store,
    sum(d.total_ids) AS total_ids,
    sum(d.errors) AS total_errors,
    sum(d.latency_sum) / sum(d.requests) AS avg_latency,
    max(d.max_latency) AS max_latency
FROM daily_id_stats AS d
GROUP BY date, datacenter_id, worker_id, node, store;
