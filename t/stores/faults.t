#!/usr/bin/perl
# Two servers share a store in Redis, etcd or ZooKeeper. While clients ask both, the store is killed, stopped, fails over
# and is replaced by an older copy. No client sees an id twice.
use strict;
use warnings;
use Test::More;
use Tickr::Etcd;
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Redis;
use Tickr::Server;
use Tickr::ZooKeeper;
use Tickr::ZooKeeperCluster;

my $runs = 0;

# A server with the store "shared", which JSON describes. It gives up a statement after 2 s.
sub server {
    my ($node, $json) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => {
            TICKR_MAX_NODES             => 10,
            TICKR_NODE_NUMBER           => $node,
            TICKR_STARTING_OFFSET       => 326,
            TICKR_DATABASE_ADAPTER      => 'memory',
            TICKR_SEQUENCES             => 'none',
            TICKR_SEQUENCERS_FILE       => spew("stores$runs.json", qq({"sequencer": {"shared": $json}})),
            TICKR_STATE_DIR             => $state,
            TICKR_DATABASE_QUERY_TIMEOUT => 2,
        });
}

# How many answers of LOAD have STATUS.
sub count_answers {
    my ($load, $status) = @_;
    return scalar map { slurp($_) =~ /^\S+ \S+ $status /mg } glob "$load->{folder}/[0-9]*";
}

# Wait until each load has seen more answers with STATUS.
sub wait_for_status {
    my ($status, $more, @loads) = @_;
    for my $load (@loads) {
        my $before = count_answers($load, $status);
        wait_for("$more answers $status", 120, sub { count_answers($load, $status) >= $before + $more });
    }
    return;
}

sub is_refused { my ($server) = @_; return $server->metric('tickr_database_refused{pool="store"}') == 1 }

# fail_over: the number of a node that leads, whose death the store survives
sub faults_repeat_nothing {
    my ($what, $backend, $json, %given) = @_;
    my @servers = map { server($_, $json) } 0, 1;
    for my $server (@servers) {
        wait_for('the store', 90, sub { $server->get('/readyz?store=shared')->{status} == 200 });
    }
    my @strong = map { Tickr::Load->start($_, clients => 2, path => '/sequences/orders/create/3?store=shared&order=strong', pause => 0.001) } @servers;
    my @weak   = map { Tickr::Load->start($_, clients => 1, path => '/sequences/orders/create/2?store=shared&order=weak', pause => 0.001) } @servers;
    my @loads  = (@strong, @weak);
    wait_for_status(200, 50, @loads);
    for (1 .. 2) {
        $backend->kill;
        wait_for_status(503, 1, @strong);
        $backend->start;
        wait_for_status(200, 50, @loads);
    }
    pass "$what: ids are issued after kill -9 and a restart";
    $backend->pause;
    wait_for_status(503, 1, @strong);
    $backend->resume;
    wait_for_status(200, 50, @loads);
    pass '... and after a stop';
    if ($given{fails_over}) {
        my $leader = $backend->wait_for_leader;
        $backend->kill($leader);
        wait_for_status(200, 50, @loads);
        $backend->start($leader);
        wait_for_status(200, 50, @loads);
        pass '... and after the death of the leader';
    }
    $backend->keep_copy;
    wait_for_status(200, 50, @loads);
    $backend->restore_copy;
    wait_for('the refusals', 90, sub { !grep { !is_refused($_) } @servers });
    my @ids = map { count_answers($_, 200) } @strong;
    wait_for_status(503, 20, @strong);
    is_deeply [ map { count_answers($_, 200) } @strong ], \@ids, '... and an older copy is refused by both servers';
    my @clients = map { [ $_->finish ] } @loads;
    my $answers = map {@$_} map { @$_ } @clients;
    is_deeply [ Tickr::Load::duplicates(map { @$_ } @clients) ], [], "... and of $answers answers none repeats an id";
    is_deeply [ Tickr::Load::unordered(map { @$_ } @clients[ 0, 1 ]) ], [], '... and the ids of each strong client rise';
    $_->stop for @servers;
    $backend->kill;
    return;
}

sub can_run { my ($type, $missing) = @_; return slurp("$ENV{BUILDDIR}/build.h") =~ /HAVE_$type 1$/m && !$missing }

SKIP: {
    skip 'Redis cannot run here', 1 if !can_run('REDIS', Tickr::Redis->missing);
    my $redis = Tickr::Redis->new;
    faults_repeat_nothing('Redis', $redis, qq({"type": "redis", "metadata": {"redisHost": "@{[ $redis->socket ]}"}}));
}
SKIP: {
    skip 'etcd cannot run here', 1 if !can_run('ETCD', Tickr::Etcd->missing);
    my $etcd = Tickr::Etcd->new(nodes => 3);
    faults_repeat_nothing('etcd with three nodes', $etcd,
        '{"type": "etcd", "metadata": {"endpoints": "' . $etcd->endpoints =~ tr/,/;/r . '"}}', fails_over => 1);
}
SKIP: {
    skip 'ZooKeeper cannot run here', 1 if !can_run('ZOOKEEPER', Tickr::ZooKeeper->missing);
    my $zookeeper = Tickr::ZooKeeperCluster->new(3);
    faults_repeat_nothing('ZooKeeper with three nodes and a password', $zookeeper,
        '{"type": "zookeeper", "metadata": {"zookeeperHosts": "' . $zookeeper->endpoints . '", "zookeeperPassword": "tickr:word"}}',
        fails_over => 1);
}
done_testing;
