-- Ids of each minute, or of each span of step seconds.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=60 <sql/clickhouse/reports/ids-per-second.sql
--
-- Failed requests issue no ids, and count in requests. Choose whole minutes, or the first and the last rate are too low.

SELECT
    {from:DateTime('UTC')} + intDiv(dateDiff('second', {from:DateTime('UTC')}, minute), {step:UInt32}) * {step:UInt32} AS time,
    datacenter_id, worker_id, node, store,
    sum(m.requests) AS requests,
    sum(m.ids) AS ids,
    round(ids / {step:UInt32}, 2) AS ids_per_second
FROM id_stats_minute AS m
WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
GROUP BY time, datacenter_id, worker_id, node, store
ORDER BY time DESC, datacenter_id, worker_id, node, store
