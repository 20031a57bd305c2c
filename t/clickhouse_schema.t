#!/usr/bin/perl
# The tables and views of sql/clickhouse/ count each row one time, for all kinds of ids.
use strict;
use warnings;
use POSIX qw(strftime);
use Test::More;
use Tickr::ClickHouse;

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new;
$clickhouse->create_tables;

sub insert {
    my ($table, @rows) = @_;
    my $body = join '', map { JSON::PP::encode_json($_) . "\n" } @rows;
    $clickhouse->query("INSERT INTO $table FORMAT JSONEachRow", body => $body,
        settings => { insert_deduplication_token => "$table-1" });
    return;
}

subtest 'all objects are there' => sub {
    is_deeply [ split /\n/, $clickhouse->query("SELECT name FROM system.tables WHERE database = 'tickr' ORDER BY name") ], [
        qw(clock_drift_events daily_id_stats daily_id_stats_mv daily_id_stats_v id_generation_events id_stats_minute
            id_stats_minute_mv performance_metrics performance_metrics_hourly performance_metrics_hourly_mv
            performance_metrics_hourly_v sequence_overflow_events)
    ], 'their names';
};

# Yesterday: rows that are too old are removed.
my $day     = strftime('%Y-%m-%d', gmtime(time - 86400));
my $highest = '9223372036854775807';
my @events  = (
    { timestamp => "$day 10:00:00.001", generated_id => 100, increment => 10, id_count => 5, generation_latency_us => 10 },
    { timestamp => "$day 10:00:59.999", generated_id => 7,   increment => 0,  id_count => 1, generation_latency_us => 40 },
    { timestamp => "$day 10:00:30.000", error_code => 503, error_message => 'no database', generation_latency_us => 70 },
    { timestamp => "$day 10:01:00.000", generated_id => $highest, increment => 1, id_count => 1, worker_id => 300,
        datacenter_id => 31, node => 999999999, generation_latency_us => 5 },
);

subtest 'a row keeps its numbers' => sub {
    insert(id_generation_events => @events) for 1 .. 2;
    is $clickhouse->query('SELECT generated_id, last_id, worker_id, datacenter_id, node FROM id_generation_events'
            . ' WHERE error_code = 0 ORDER BY timestamp'),
        "100\t140\t0\t0\t0\n7\t7\t0\t0\t0\n$highest\t$highest\t300\t31\t999999999\n", 'first and last ids, and places';
    is $clickhouse->query('SELECT generated_id, last_id FROM id_generation_events WHERE error_code != 0'), "0\t0\n",
        'a failed request has none';
    is $clickhouse->value('SELECT count() FROM id_generation_events WHERE generated_id <= 120 AND last_id >= 120'), 1,
        'an id in the middle is found';
};

subtest 'minutes and days add them up' => sub {
    is $clickhouse->query('SELECT minute, sum(m.requests), sum(m.ids), sum(m.latency_sum), max(m.latency_max)'
            . ' FROM id_stats_minute AS m GROUP BY minute ORDER BY minute'),
        "$day 10:00:00\t3\t6\t120\t70\n$day 10:01:00\t1\t1\t5\t5\n", 'minutes';
    is $clickhouse->query('SELECT date, sum(total_ids), sum(total_errors), max(max_latency) FROM daily_id_stats_v GROUP BY date'),
        "$day\t7\t1\t70\n", 'days';
    is $clickhouse->value('SELECT avg_latency FROM daily_id_stats_v WHERE worker_id = 0'), 40, 'the average of all requests';
};

subtest 'hours of metrics' => sub {
    insert(performance_metrics => map +{ timestamp => "$day 10:00:0$_", metric_name => 'm', metric_value => $_ }, 1 .. 5);
    is $clickhouse->query('SELECT avg_value, max_value, min_value, sample_count FROM performance_metrics_hourly_v'),
        "3\t5\t1\t5\n", 'the average, the extremes and the count';
};

done_testing;
