#!/usr/bin/perl
# Many events in one run: ClickHouse and the audit have each request one time, while answers of ClickHouse are cut. The
# drops that the server counts are the only ones. TICKR_TEST_EVENTS=1000000 makes a million requests, which takes minutes.
use strict;
use warnings;
use IO::Uncompress::Gunzip ();
use Test::More;
use Tickr::ClickHouse;
use Tickr::Process qw(scratch slurp wait_for);
use Tickr::Server;
use Time::HiRes qw(time);

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();
my ($status, $output) = Tickr::Server->run(arguments => ['check-config'], env => { TICKR_AUDIT_DIR => '/' });
plan skip_all => 'this tickrd was built without zlib' if $output =~ /built without zlib/;

my $clients = 4;
my $each    = int(($ENV{TICKR_TEST_EVENTS} // 20_000) / $clients);
my $number  = $clients * $each;
my ($first, $increment) = (329, 10);    # of node 3 of 10, with the offset of Tickr::Server

my $clickhouse = Tickr::ClickHouse->new;
$clickhouse->create_tables;
my $spool = scratch() . '/spool';
mkdir $spool or die "$spool: $!";
my $server = Tickr::Server->new(
    program => 'tickrd-memory',
    env     => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_AUDIT_DIR => $spool, $clickhouse->environment });

# Request ids as fast as possible, and write them to a file, one a line.
sub run_client {
    my ($name) = @_;
    my $client = $server->client;
    open my $out, '>', scratch() . "/ids-$name" or die "ids: $!";
    for (1 .. $each) {
        my $answer = $client->get('/tickets/create');
        print $out $answer->{body} =~ /^\[(\d+)\]/ ? "$1\n" : "$answer->{status}\n";
    }
    close $out or die "ids: $!";
    return;
}

# The ids that are not in IDS, and those that are there twice or should not be there. Each is a place in a row of bits.
sub wrong {
    my ($next) = @_;
    my ($seen, $wrong, $count) = ('', 0, 0);
    while (defined(my $id = $next->())) {
        my $place = ($id - $first) / $increment;
        if ($place < 0 || $place >= $number || $place != int $place || vec $seen, $place, 1) { $wrong++; next }
        vec($seen, $place, 1) = 1;
        $count++;
    }
    return ($number - $count, $wrong);
}

sub lines_of {
    my (@paths) = @_;
    my $in;
    return sub {
        while (1) {
            $in //= shift @paths or return undef;
            $in = IO::Uncompress::Gunzip->new($in, MultiStream => 1) || die "no gzip\n" if !ref $in;
            my $line = $in->getline;
            return $line if defined $line;
            undef $in;
        }
    };
}

my $began = time;
$clickhouse->fail(cut => 'after',  times => 2);
$clickhouse->fail(cut => 'before', times => 1);
$clickhouse->fail(fail => 252, times => 1);
my @processes = map { my $name = $_; Tickr::Process->new(name => "client$name", code => sub { run_client($name) }) } 1 .. $clients;
is $_->wait_exit(3600), 0, 'a client has all its answers' for @processes;
my $lasted = time - $began;

my $dropped = sub { $server->metric('tickr_events_dropped_total') };
wait_for('all events to be recorded', 60, sub { $server->metric('tickr_events_recorded_total') + $dropped->() >= $number });
wait_for('all rows', 600, sub {
    $server->metric('tickr_clickhouse_rows_waiting') == 0
        && $clickhouse->value('SELECT sum(requests) FROM id_stats_minute') + $server->metric('tickr_clickhouse_rows_dropped_total') >= $number - $dropped->();
});
my $rings = $dropped->();
my $rows  = $server->metric('tickr_clickhouse_rows_dropped_total');
my $lost  = $server->metric('tickr_audit_records_lost_total');
note sprintf '%d requests in %.1f s; dropped: %d by rings, %d by ClickHouse; lost by the audit: %d; batches sent again: %d',
    $number, $lasted, $rings, $rows, $lost, $server->metric('tickr_clickhouse_retries_total');
is $server->stop(30), 0, 'the server stops';

my @ids = map { split /\n/, slurp(scratch() . "/ids-$_") } 1 .. $clients;
is_deeply [ wrong(sub { shift @ids }) ], [ 0, 0 ], "the clients got $number ids, each one time";

my ($count, $different) = split /\t/,
    $clickhouse->query('SELECT count(), uniqExact(generated_id) FROM id_generation_events WHERE id_count = 1 FORMAT TSV') =~ s/\n//r;
is $count, $number - $rings - $rows, 'ClickHouse has a row for each, but for the drops that were counted';
is $different, $count, '... none twice';
my ($least, $most) = split /\t/, $clickhouse->query('SELECT min(generated_id), max(generated_id) FROM id_generation_events FORMAT TSV') =~ s/\n//r;
cmp_ok $least, '>=', $first, '... none below the first';
cmp_ok $most, '<=', $first + $increment * ($number - 1), '... and none above the last';
is $clickhouse->value('SELECT sum(total_ids) FROM daily_id_stats'), $count, '... and the views count each one time';

my $line = lines_of(glob "$spool/*.json.gz");
my ($missing, $wrong) = wrong(sub {
    while (defined(my $text = $line->())) { return $1 if $text =~ /"generated_id":(\d+),"count":1,/ }
    return undef;
});
is $missing, $rings + $lost, 'the audit has a line for each, but for those that were counted as lost';
is $wrong, 0, '... none twice';

done_testing;
