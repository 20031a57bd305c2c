-- The metrics of /metrics, each 10 s. tags holds the labels of a metric. A change of a database is the metric tickr_event.

CREATE TABLE performance_metrics
(
    timestamp     DateTime('UTC')                     CODEC(DoubleDelta, ZSTD(1)),
    datacenter_id UInt16                              CODEC(T64, ZSTD(1)),
    worker_id     UInt16                              CODEC(T64, ZSTD(1)),
    node          UInt32                              CODEC(T64, ZSTD(1)),
    instance      LowCardinality(String),
    metric_name   LowCardinality(String),
    metric_value  Float64                             CODEC(Gorilla, ZSTD(1)),
    tags          Map(LowCardinality(String), String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (metric_name, datacenter_id, worker_id, node, instance, timestamp)
TTL timestamp + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE performance_metrics_hourly
(
    timestamp     DateTime('UTC'),
    datacenter_id UInt16,
    worker_id     UInt16,
    node          UInt32,
    instance      LowCardinality(String),
    metric_name   LowCardinality(String),
    sum_value     SimpleAggregateFunction(sum, Float64),
    max_value     SimpleAggregateFunction(max, Float64),
    min_value     SimpleAggregateFunction(min, Float64),
    sample_count  SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (metric_name, datacenter_id, worker_id, node, instance, timestamp)
TTL timestamp + INTERVAL 3 YEAR DELETE
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW performance_metrics_hourly_mv TO performance_metrics_hourly AS
SELECT
    toStartOfHour(p.timestamp) AS timestamp, datacenter_id, worker_id, node, instance, metric_name,
    sum(metric_value) AS sum_value,
    max(metric_value) AS max_value,
    min(metric_value) AS min_value,
    count() AS sample_count
FROM performance_metrics AS p
GROUP BY timestamp, datacenter_id, worker_id, node, instance, metric_name;

-- For dashboards: the rows of performance_metrics_hourly may not be merged yet, and this view adds them up.
CREATE VIEW performance_metrics_hourly_v AS
SELECT
    timestamp, datacenter_id, worker_id, node, instance, metric_name,
    sum(h.sum_value) / sum(h.sample_count) AS avg_value,
    max(h.max_value) AS max_value,
    min(h.min_value) AS min_value,
    sum(h.sample_count) AS sample_count
FROM performance_metrics_hourly AS h
GROUP BY timestamp, datacenter_id, worker_id, node, instance, metric_name;
