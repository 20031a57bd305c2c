#!/usr/bin/perl
# Three nodes of a Galera cluster behind HAProxy. Tickets are unique while nodes die and join, and the increment changes
# under the server. Runs only with scripts/test --galera.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Galera;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Time::HiRes qw(time);

plan skip_all => 'runs only with scripts/test --galera' unless $ENV{TICKR_TEST_GALERA};
# The test was requested, so a missing program is a failure.
BAIL_OUT(Tickr::Galera::missing())   if Tickr::Galera::missing();
BAIL_OUT(Tickr::Balancer::missing()) if Tickr::Balancer::missing();

my $cluster  = Tickr::Galera->new(nodes => 3);
my @nodes    = $cluster->nodes;
my $balancer = $cluster->balancer;
my ($status, $output) = Tickr::Server->run(database => $nodes[0], arguments => [ 'createdb', '--layout', 'counter' ]);
is $status, 1, 'createdb --layout counter is refused on a node';
like $output, qr/node of a Galera cluster, whose nodes would fail each other's commits.*use --layout append/,
    '... with the reason and the remedy';
($status, $output) = Tickr::Server->run(database => $nodes[0], arguments => ['createdb']);
is $status, 0, 'createdb on one node creates the database on all' or diag $output;
like $output, qr/^table `tickr_sequences`: not created: this server is a node of a Galera cluster/m,
    '... without the table of named sequences, which need one master';
($status, $output) = Tickr::Server->run(database => $nodes[0], arguments => [ 'createdb', '--sequences' ]);
is $status, 1, 'createdb --sequences is refused on a node';
like $output, qr/node of a Galera cluster.*named sequences need a database with one master/, '... with the reason';

my %env = (
    TICKR_DATABASE_USERNAME      => 'tickr',
    TICKR_DATABASE_PASSWORD      => 'secret',
    TICKR_DATABASE_POOL_TIMEOUT  => 15,
    TICKR_DATABASE_QUERY_TIMEOUT => 5,
    TICKR_DATABASE_POOL_SIZE     => 6,
);
my $server = Tickr::Server->new(database => $balancer, env => \%env);
$server->wait_until_ready(20);
is_deeply [ $cluster->increments(@nodes) ], [ 3, 3, 3 ], 'three nodes count by 3';

# Load of small batches, whose increment is the node's.
my $load = Tickr::Load->start($server, clients => 12, path => '/tickets/create/3');
$load->wait_for_answers(500);

# The number of tickets of each node, by their residues.
my $spread = sub {
    my %residues;
    $residues{ $_ % 3 }++ for split /\n/, $nodes[0]->sql('SELECT id FROM tickets', 'tickr');
    return scalar keys %residues;
};
wait_for('numbers of all nodes', 60, sub { $spread->() == 3 });
pass 'all nodes allocate tickets';

$nodes[2]->kill;
my $killed = time;
$load->wait_for_answers(50);
note sprintf '50 answers arrived within %.1f s of the kill', time - $killed;
$cluster->wait_for_size($nodes[0], 2);
$load->wait_for_answers(500);
is_deeply [ $cluster->increments(@nodes[ 0, 1 ]) ], [ 2, 2 ], 'after the kill of a node two count by 2';

$nodes[2]->start;
$cluster->wait_until_synced(@nodes);
$balancer->wait_until('UP', 'db3');
$load->wait_for_answers(500);
is_deeply [ $cluster->increments(@nodes) ], [ 3, 3, 3 ], 'after it joins again three count by 3';

$nodes[0]->stop;
$cluster->wait_for_size($nodes[1], 2);
$load->wait_for_answers(500);
$nodes[0]->start;
$cluster->wait_until_synced(@nodes);
$balancer->wait_until('UP', 'db1');
$load->wait_for_answers(500);
pass 'a node that was stopped in order joins again';

$nodes[1]->pause;
my $paused = time;
$cluster->wait_for_size($nodes[0], 2);
$load->wait_for_answers(500);
note sprintf '500 answers arrived within %.1f s of the hang', time - $paused;
$nodes[1]->resume;
$cluster->wait_until_synced(@nodes);
$balancer->wait_until('UP', 'db2');
$load->wait_for_answers(500);
pass 'a node that hung returns';

my @clients = $load->finish;
is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'no ticket twice';
my %increments;
for my $answer (map {@$_} @clients) {
    my @tickets = @{ $answer->{tickets} } or next;
    my ($first, $second) = ($tickets[1] - $tickets[0], $tickets[2] - $tickets[1]);
    $increments{ $first == $second ? $first : 'none' }++;
}
is_deeply [ sort keys %increments ], [ 20, 30 ],
    'each batch is one progression, by 2 or by 3 times MAX_NODES';
is_deeply Tickr::Load::statuses(@clients), { 200 => scalar map {@$_} @clients },
    'each request gets its tickets'
    or diag join '', grep {/level=(warn|error)/} map {"$_\n"} split /\n/, $server->log;
my ($slowest) = sort { $b <=> $a } map { $_->{came} - $_->{asked} } map {@$_} @clients;
note sprintf 'the slowest answer arrived after %.1f s', $slowest;
note 'retries: ' . $server->metric('tickr_database_retries_total');

# The increment differs from the one before, which alone does not reveal the copy.
my ($highest) = sort { $b <=> $a } map { @{ $_->{tickets} } } map {@$_} @clients;
$cluster->restore_as_one(2);
$server->wait_until_ready(30);
is_deeply [ $cluster->increments($nodes[0]) ], [1], 'an older copy of the cluster, of one node, counts by 1';
my $answer = $server->client->get('/tickets/create/3');
is $answer->{status}, 200, '... and the running server serves from it';
cmp_ok $server->client->json($answer)->[0], '>', $highest, '... above all issued tickets';
is $server->stop, 0, 'the server stops cleanly';

$_->start for @nodes[ 1, 2 ];
$nodes[0]{options} = $cluster->options_of(1, 0);
$cluster->wait_until_synced(@nodes);
$balancer->wait_until('UP', $_) for qw(db1 db2 db3);

# The stub layout: all nodes replace the same row, and all except one fail at their commit.
$nodes[0]->sql('DROP TABLE tickets; CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT'
        . ' PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE) ENGINE=InnoDB;'
        . " INSERT INTO tickets VALUES (1, 'a')", 'tickr');
for my $node (@nodes) {    # the other nodes follow later
    wait_for('the table on each node', 20, sub {
        my ($status, $rows) = $node->try_sql('SELECT stub FROM tickets', 'tickr');
        return $status == 0 && $rows =~ /^a$/m;
    });
}
my @servers = map { Tickr::Server->new(database => $balancer, env => \%env) } 1 .. 3;
$_->wait_until_ready(20) for @servers;
my @loads = map { Tickr::Load->start($_, clients => 4) } @servers;
my $retries = sub { my $sum = 0; $sum += $_->metric('tickr_database_retries_total') for @servers; $sum };
wait_for('commits that fail', 60, sub { $retries->() > 20 });
$_->wait_for_answers(100) for @loads;
pass 'stub layout: commits fail and are repeated';
note 'retries: ' . $retries->();
@clients = map { $_->finish } @loads;
is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'stub layout: no ticket twice';
my $statuses = Tickr::Load::statuses(@clients);
note 'stub layout: ' . join ' ', map {"$_:$statuses->{$_}"} sort keys %$statuses;
is_deeply [ grep { !/^(200|503)$/ } keys %$statuses ], [], 'stub layout: each request is answered';
is $_->stop, 0, 'a server stops cleanly' for @servers;

done_testing;
