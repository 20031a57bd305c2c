#!/usr/bin/perl
# tickrd clickhouse create makes the tables, lists those that exist, and leaves a table of another shape alone.
use strict;
use warnings;
use Test::More;
use Tickr::ClickHouse;
use Tickr::Command qw(tickrd);
use Tickr::Process qw(free_port);

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new(user => 'writer', password => 'a "secret" & more');

sub create { return tickrd({ $clickhouse->environment }, 'clickhouse', 'create', @_) }

sub retention {
    my ($table) = @_;
    return $clickhouse->value("SELECT extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)') FROM system.tables"
            . " WHERE database = 'tickr' AND name = '$table'");
}

sub structure {
    return $clickhouse->query('SELECT table, name, type FROM system.columns WHERE database = currentDatabase()'
            . ' ORDER BY table, position');
}

subtest 'it makes the database and all objects' => sub {
    $clickhouse->query('DROP DATABASE tickr', database => '');
    my $done = create();
    is $done->{status}, 0, 'done' or diag $done->{err};
    like $done->{out}, qr/^made      the database tickr\n/, 'the database';
    like $done->{out}, qr/^made      id_generation_events, rows are kept 90 days$/m, 'a table and its retention';
    like $done->{out}, qr/^made      daily_id_stats_v$/m, 'a view';
    is scalar(() = $done->{out} =~ /^made /mg), 13, 'all of them';
    is $done->{err}, '', 'no mistake';
};

subtest 'they are those that the files make by hand' => sub {
    my $made = structure();
    $clickhouse->query('DROP DATABASE tickr',   database => '');
    $clickhouse->query('CREATE DATABASE tickr', database => '');
    $clickhouse->create_tables;
    is structure(), $made, 'the same columns';
};

subtest 'run again, it says that all is there' => sub {
    my $done = create();
    is $done->{status}, 0, 'done' or diag $done->{err};
    is scalar(() = $done->{out} =~ /^is there  /mg), 12, 'all are there';
    like $done->{out}, qr/^is there  clock_drift_events, rows are kept 180 days$/m, 'with their retention';
};

subtest '--ttl sets the retention, and changes it' => sub {
    my $done = create('--ttl', 'events=30,overflow=7');
    is $done->{status}, 0, 'done' or diag $done->{err};
    like $done->{out}, qr/^changed   id_generation_events, rows are kept 30 days, not 90$/m, 'a line about it';
    is_deeply [ map { retention($_) } qw(id_generation_events sequence_overflow_events performance_metrics) ], [ 30, 7, 365 ],
        'the tables have it';
    $clickhouse->query('DROP TABLE clock_drift_events');
    $done = create('--ttl', 'drift=12');
    like $done->{out}, qr/^made      clock_drift_events, rows are kept 12 days$/m, 'a new table';
    like $done->{out}, qr/^is there  id_generation_events, rows are kept 30 days$/m, 'the others keep theirs';
    is retention('clock_drift_events'), 12, 'the new table has it';
    for my $ttl ('events', 'events=0', 'events=3651', 'events=90d', 'event=90', 'events=90,', '', 'events=-1', ',') {
        my $refused = create('--ttl', $ttl);
        is $refused->{status}, 64, "--ttl '$ttl' is refused";
        like $refused->{err}, qr/--ttl takes the days/, '... in words';
    }
};

subtest 'a table of another shape is named and left alone' => sub {
    $clickhouse->query($_) for 'DROP TABLE sequence_overflow_events', 'DROP TABLE performance_metrics_hourly_v',
        'CREATE TABLE sequence_overflow_events (timestamp DateTime64(3), worker_id UInt8) ENGINE = MergeTree ORDER BY timestamp',
        'CREATE TABLE performance_metrics_hourly_v (a Int8) ENGINE = Memory',
        'INSERT INTO sequence_overflow_events VALUES (now(), 7)', 'ALTER TABLE id_generation_events ADD COLUMN mine String',
        'ALTER TABLE clock_drift_events DROP COLUMN ntp_server';
    my $done = create('--ttl', 'overflow=1');
    is $done->{status}, 1, 'the status says so';
    like $done->{err},
        qr/^tickrd: sequence_overflow_events: the column timestamp has the type DateTime64\(3\), not DateTime64\(3, 'UTC'\): left alone/m,
        'another type';
    like $done->{err}, qr/^tickrd: performance_metrics_hourly_v: its engine is Memory, not View: left alone/m, 'no view';
    like $done->{err}, qr/^tickrd: clock_drift_events: the column ntp_server is missing: left alone/m, 'a missing column';
    like $done->{out}, qr/^is there  id_generation_events, /m, 'one more column does no harm';
    is $clickhouse->value('SELECT worker_id FROM sequence_overflow_events'), 7, 'its rows are there';
};

subtest 'mistakes have words' => sub {
    my %environment = $clickhouse->environment;
    for my $case (
        [ 'no address' => {}, 78, qr/TICKR_CLICKHOUSE_URL is not set/ ],
        [ 'a bad address' => { TICKR_CLICKHOUSE_URL => 'http://h' }, 78, qr/the database is missing/ ],
        [ 'a wrong password' => { %environment, TICKR_CLICKHOUSE_PASSWORD => 'no' }, 69, qr/answered 403 .*TICKR_CLICKHOUSE_PASSWORD/ ],
        [ 'no server' => { TICKR_CLICKHOUSE_URL => 'http://127.0.0.1:' . free_port() . '/tickr' }, 69, qr/127\.0\.0\.1/ ],
        [ 'no right' => {%environment}, 69, qr/Code: 497/, 497 ],
    ) {
        my ($name, $settings, $status, $words, $fail) = @$case;
        $clickhouse->fail(fail => $fail) if $fail;
        my $done = tickrd($settings, 'clickhouse', 'create');
        is $done->{status}, $status, "$name: the status";
        like $done->{err}, $words, "$name: the words";
        unlike $done->{err}, qr/secret/, "$name: no password";
    }
    is tickrd({}, 'clickhouse')->{status}, 64, 'clickhouse alone';
    like tickrd({}, 'clickhouse', 'drop')->{err}, qr/after clickhouse comes one of create/, 'another word';
};

done_testing;
