-- The fifty clients with the most ids.
--
--	clickhouse-client --database tickr --param_from='2026-01-31 10:00:00' --param_to='2026-01-31 11:00:00' \
--		--param_step=60 <sql/clickhouse/reports/top-clients.sql
--
-- step is not used here. With TICKR_EVENTS_ADDRESSES=none, all clients have the address ::.

SELECT
    replaceRegexpOne(toString(client_ip), '^::ffff:(\\d+\\.)', '\\1') AS client,
    client_user_agent AS user_agent,
    sumIf(toUInt64(id_count), error_code = 0) AS ids,
    count() AS requests,
    countIf(error_code != 0) AS errors,
    max(id_count) AS most_ids_in_one,
    toDateTime(min(timestamp), 'UTC') AS first_request,
    toDateTime(max(timestamp), 'UTC') AS last_request
FROM id_generation_events
WHERE timestamp >= toDateTime64({from:DateTime('UTC')}, 3, 'UTC') AND timestamp < toDateTime64({to:DateTime('UTC')}, 3, 'UTC')
GROUP BY client_ip, client_user_agent
ORDER BY ids DESC, requests DESC, client, user_agent
LIMIT 50
