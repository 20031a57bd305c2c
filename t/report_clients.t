#!/usr/bin/perl
# The reports equal the counts of the clients: a real tickrd, clients that count their answers, and the real engine.
use strict;
use warnings;
use JSON::PP ();
use List::Util qw(max sum0);
use Test::More;
use Tickr::ClickHouse;
use Tickr::Command qw(tickrd);
use Tickr::Server;

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new;
is tickrd({ $clickhouse->environment }, 'clickhouse', 'create')->{status}, 0, 'the tables are made';

my $server = Tickr::Server->new(
    program => 'tickrd-memory',
    env     => { TICKR_DATABASE_ADAPTER => 'memory', $clickhouse->environment },
);

# Counts of each client by its user agent, and all ids.
my (%seen, %ids);
srand 3;
for (1 .. 300) {
    my $agent  = (qw(shop/1 shop/2 batch))[ rand 3 ];
    my $count  = 1 + int rand 50;
    my $is_bad = rand() < 0.1;
    my $answer = $server->request('GET', $is_bad ? '/tickets/create/x' : "/tickets/create/$count", headers => ["User-Agent: $agent"]);
    my $client = $seen{$agent} //= { requests => 0, ids => 0, errors => 0, most => 0 };
    $client->{requests}++;
    if ($answer->{status} == 200) {
        my @tickets = @{ JSON::PP::decode_json($answer->{body}) };
        $ids{$_}++ for @tickets;
        $client->{ids} += @tickets;
        $client->{most} = max($client->{most}, scalar @tickets);
    }
    else { $client->{errors}++ }
}
$server->stop;

sub rows {
    my $done = tickrd({ $clickhouse->environment }, 'report', @_, '--format', 'json');
    is $done->{status}, 0, "report @_" or diag $done->{err};
    return @{ JSON::PP::decode_json($done->{out})->{rows} };
}

my %found = map { ($_->{user_agent} => { requests => $_->{requests}, ids => $_->{ids}, errors => $_->{errors}, most => $_->{most_ids_in_one} }) }
    rows('top-clients');
is_deeply \%found, \%seen, 'top-clients: the counts of each client';

my ($requests, $ids, $errors) = map { my $of = $_; sum0(map { $_->{$of} } values %seen) } qw(requests ids errors);
my @days = rows('daily');
is_deeply [ map { my $of = $_; sum0(map { $_->{$of} } @days) } qw(all_requests ids all_errors) ], [ $requests, $ids, $errors ],
    'daily: all requests, ids and errors';
is sum0(map { $_->{errors} } rows('errors')), $errors, 'errors: each answer that was an error';
is sum0(map { $_->{requests} } rows('latency')), $requests - $errors, 'latency: each answer that had ids';

# Each id of a client is in exactly one row.
my %recorded;
for my $row ($clickhouse->rows('SELECT generated_id, increment, id_count FROM id_generation_events')) {
    $recorded{ $row->{generated_id} + $row->{increment} * $_ }++ for 0 .. $row->{id_count} - 1;
}
is_deeply \%recorded, \%ids, 'each id that a client has is in exactly one row, and no other is';

done_testing;
