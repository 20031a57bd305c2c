-- The disk space of the tables, and the age of their rows.
--
--	clickhouse-client --database tickr <sql/clickhouse/reports/size.sql

SELECT
    table,
    sum(p.rows) AS all_rows,
    sum(bytes_on_disk) AS bytes,
    formatReadableSize(bytes) AS size,
    round(bytes / all_rows, 1) AS bytes_a_row,
    uniqExact(partition) AS partitions,
    min(partition) AS first_partition,
    max(partition) AS last_partition,
    max(modification_time) AS last_change
FROM system.parts AS p
WHERE database = currentDatabase() AND active
GROUP BY table
ORDER BY table
