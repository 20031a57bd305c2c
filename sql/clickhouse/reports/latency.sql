-- The latency of requests that issued ids, in microseconds.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=3600 <sql/clickhouse/reports/latency.sql
--
-- The quantiles are exact.

SELECT
    {from:DateTime('UTC')} + intDiv(dateDiff('second', {from:DateTime('UTC')}, toDateTime(timestamp)), {step:UInt32}) * {step:UInt32} AS time,
    datacenter_id, worker_id, node, store,
    count() AS requests,
    round(avg(generation_latency_us), 1) AS average_us,
    quantileExactWeighted(0.5)(generation_latency_us, 1) AS p50_us,
    quantileExactWeighted(0.95)(generation_latency_us, 1) AS p95_us,
    quantileExactWeighted(0.99)(generation_latency_us, 1) AS p99_us,
    max(generation_latency_us) AS most_us,
    round(avg(queue_time_us), 1) AS average_in_queue_us
FROM id_generation_events
WHERE timestamp >= toDateTime64({from:DateTime('UTC')}, 3, 'UTC') AND timestamp < toDateTime64({to:DateTime('UTC')}, 3, 'UTC') AND error_code = 0
GROUP BY time, datacenter_id, worker_id, node, store
ORDER BY time DESC, datacenter_id, worker_id, node, store
