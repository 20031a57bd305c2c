-- How often the sequence numbers of a millisecond were used up.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=3600 <sql/clickhouse/reports/overflow.sql
--
-- The average wait is that of one overflow: the sum of the waits divided by the sum of the overflows.

SELECT
    {from:DateTime('UTC')} + intDiv(dateDiff('second', {from:DateTime('UTC')}, toDateTime(timestamp)), {step:UInt32}) * {step:UInt32} AS time,
    datacenter_id, worker_id, node, instance,
    sum(o.overflow_count) AS overflows,
    round(sum(o.wait_time_ms) / overflows, 2) AS average_wait_ms,
    max(o.max_wait_ms) AS most_wait_ms,
    max(o.requests_queued) AS most_queued,
    round(avg(o.load_factor), 3) AS average_load
FROM sequence_overflow_events AS o
WHERE timestamp >= toDateTime64({from:DateTime('UTC')}, 3, 'UTC') AND timestamp < toDateTime64({to:DateTime('UTC')}, 3, 'UTC')
GROUP BY time, datacenter_id, worker_id, node, instance
HAVING overflows > 0
ORDER BY time DESC, overflows DESC, datacenter_id, worker_id, node, instance
