#!/usr/bin/perl
# Two servers share a store in Redis, etcd or ZooKeeper. While clients ask both, the store is killed, stopped, fails over
# and is replaced by an older copy. No client sees an id twice.
use strict;
use warnings;
use Test::More;
use Tickr::Etcd;
use Tickr::Load;
use Tickr::Redis;
use Tickr::StoreLoad;
use Tickr::ZooKeeper;
use Tickr::ZooKeeperCluster;

sub wait_for_status {
    my ($status, $more, @servers) = @_;
    $_->wait_for_status($status, $more) for @servers;
    return;
}

# fails_over: it survives the death of the node that leads
sub faults_repeat_nothing {
    my ($what, $backend, $json, %given) = @_;
    my @servers = map { Tickr::StoreLoad->new($json, $_) } 0, 1;
    $_->start('strong', 2) for @servers;
    $_->start('weak', 1) for @servers;
    for (1 .. 2) {
        $backend->kill;
        wait_for_status(503, 1, @servers);
        $backend->start;
        wait_for_status(200, 100, @servers);
    }
    pass "$what: ids are issued after kill -9 and a restart";
    $backend->pause;
    wait_for_status(503, 1, @servers);
    $backend->resume;
    wait_for_status(200, 100, @servers);
    pass '... and after a stop';
    if ($given{fails_over}) {
        my $leader = $backend->wait_for_leader;
        $backend->kill($leader);
        wait_for_status(200, 100, @servers);
        $backend->start($leader);
        wait_for_status(200, 100, @servers);
        pass '... and after the death of the leader';
    }
    $backend->keep_copy;
    wait_for_status(200, 100, @servers);
    $backend->restore_copy;
    $_->wait_for_refusal for @servers;
    $_->issues_nothing('... and a server refuses an older copy') for @servers;
    my @clients = map { [ $_->finish ] } @servers;
    Tickr::StoreLoad::no_id_is_repeated('... and', map {@$_} @clients);
    is_deeply [ Tickr::Load::unordered(map { @$_[ 0, 1 ] } @clients) ], [], '... and the ids of each strong client rise';
    $_->stop for @servers;
    $backend->kill;
    return;
}

SKIP: {
    my $missing = Tickr::StoreLoad::missing('redis', Tickr::Redis->missing);
    skip $missing, 1 if $missing;
    my $redis = Tickr::Redis->new;
    faults_repeat_nothing('Redis', $redis, qq({"type": "redis", "metadata": {"redisHost": "@{[ $redis->socket ]}"}}));
}
SKIP: {
    my $missing = Tickr::StoreLoad::missing('etcd', Tickr::Etcd->missing);
    skip $missing, 1 if $missing;
    my $etcd = Tickr::Etcd->new(nodes => 3);
    faults_repeat_nothing('etcd with three nodes', $etcd,
        '{"type": "etcd", "metadata": {"endpoints": "' . $etcd->endpoints =~ tr/,/;/r . '"}}', fails_over => 1);
}
SKIP: {
    my $missing = Tickr::StoreLoad::missing('zookeeper', Tickr::ZooKeeper->missing);
    skip $missing, 1 if $missing;
    my $zookeeper = Tickr::ZooKeeperCluster->new(3);
    faults_repeat_nothing('ZooKeeper with three nodes and a password', $zookeeper,
        '{"type": "zookeeper", "metadata": {"zookeeperHosts": "' . $zookeeper->endpoints . '", "zookeeperPassword": "tickr:word"}}',
        fails_over => 1);
}
done_testing;
