-- Ids, requests and errors of each day.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=86400 <sql/clickhouse/reports/daily.sql
--
-- These rows are kept for seven years, longer than the events.

SELECT
    date, datacenter_id, worker_id, node, store,
    sum(d.total_ids) AS ids,
    sum(d.requests) AS all_requests,
    sum(d.errors) AS all_errors,
    round(sum(d.latency_sum) / all_requests, 1) AS average_us,
    max(d.max_latency) AS most_us
FROM daily_id_stats AS d
WHERE date >= toDate({from:DateTime('UTC')}, 'UTC') AND date < toDate({to:DateTime('UTC')} + 86399, 'UTC')
GROUP BY date, datacenter_id, worker_id, node, store
ORDER BY date DESC, datacenter_id, worker_id, node, store
