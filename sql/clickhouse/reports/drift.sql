-- How far clocks drifted.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=3600 <sql/clickhouse/reports/drift.sql
--
-- A clock that is behind has a negative drift, which a maximum would hide. So there are the minimum, the maximum, and the
-- largest absolute value.

SELECT
    {from:DateTime('UTC')} + intDiv(dateDiff('second', {from:DateTime('UTC')}, toDateTime(timestamp)), {step:UInt32}) * {step:UInt32} AS time,
    datacenter_id, worker_id, node, instance,
    count() AS drifts,
    round(avg(drift_ms), 1) AS average_ms,
    min(drift_ms) AS least_ms,
    max(drift_ms) AS most_ms,
    max(abs(drift_ms)) AS worst_ms
FROM clock_drift_events
WHERE timestamp >= toDateTime64({from:DateTime('UTC')}, 3, 'UTC') AND timestamp < toDateTime64({to:DateTime('UTC')}, 3, 'UTC')
GROUP BY time, datacenter_id, worker_id, node, instance
ORDER BY time DESC, worst_ms DESC, datacenter_id, worker_id, node, instance
