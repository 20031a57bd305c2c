-- The errors that clients got, and the share of the requests that failed.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=60 <sql/clickhouse/reports/errors.sql
--
-- The share is that of all requests of the same span and the same server.

SELECT time, datacenter_id, worker_id, node, store, error_code, error_message, errors, requests,
    round(errors * 100.0 / requests, 3) AS percent
FROM
(
    SELECT
        {from:DateTime('UTC')} + intDiv(dateDiff('second', {from:DateTime('UTC')}, minute), {step:UInt32}) * {step:UInt32} AS time,
        datacenter_id, worker_id, node, store, error_code, error_message,
        sum(m.requests) AS errors,
        sum(errors) OVER (PARTITION BY time, datacenter_id, worker_id, node, store) AS requests
    FROM id_stats_minute AS m
    WHERE minute >= {from:DateTime('UTC')} AND minute < {to:DateTime('UTC')}
    GROUP BY time, datacenter_id, worker_id, node, store, error_code, error_message
)
WHERE error_code != 0
ORDER BY time DESC, errors DESC, datacenter_id, worker_id, node, store, error_code, error_message
