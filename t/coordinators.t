#!/usr/bin/perl
# The coordinators of the other tests do as these tests need: etcd with one node, three nodes, passwords and TLS, and
# ZooKeeper. Each may be killed, stopped, and restored from a copy.
use strict;
use warnings;
use Test::More;
use Tickr::Certificates;
use Tickr::Etcd;
use Tickr::Process qw(wait_for);
use Tickr::ZooKeeper;

sub etcd_with_one_node {
    my $etcd = Tickr::Etcd->new;
    $etcd->put('/a/one', '1');
    $etcd->put('/a/two', '{"x":"2"}');
    is_deeply $etcd->all('/a/'), { '/a/one' => '1', '/a/two' => '{"x":"2"}' }, 'etcd: keys are written and read';
    my $revision = $etcd->revision;
    $etcd->keep_copy;
    $etcd->put('/a/one', '3');
    cmp_ok $etcd->revision, '>', $revision, 'etcd: a write raises the revision';
    $etcd->compact;
    $etcd->kill;
    $etcd->start;
    is $etcd->get('/a/one'), '3', 'etcd: a kill loses nothing';
    $etcd->restore_copy;
    is $etcd->get('/a/one'), '1',       'etcd: a copy is restored';
    is $etcd->revision,      $revision, '... with the older revision';
    $etcd->pause;
    my ($status) = $etcd->try_at([0], '--command-timeout', '0.3s', 'get', '/a/one');
    isnt $status, 0, 'etcd: stopped, it does not answer';
    $etcd->resume;
    is $etcd->get('/a/one'), '1', '... and it answers again';
    $etcd->enable_auth('tickr', 'word', '/a/');
    is $etcd->get('/a/one'), '1', 'etcd: with a password keys are read';
    {
        local $etcd->{user} = 'tickr:word';
        is $etcd->get('/a/one'), '1', '... by the user of the prefix too';
        ok !eval { $etcd->get('/b'); 1 }, '... but not outside the prefix';
    }
    {
        local $etcd->{user};
        ok !eval { $etcd->get('/a/one'); 1 }, '... and not without a name';
    }
    $etcd->stop;
    return;
}

sub etcd_with_tls {
    my $etcd = Tickr::Etcd->new(tls => 1);
    $etcd->put('/a', '1');
    is $etcd->get('/a'), '1', 'etcd: TLS with a certificate of the client';
    local $etcd->{certificates} = undef;
    ok !eval { $etcd->get('/a'); 1 }, '... without it etcd does not answer';
    return;
}

sub etcd_with_three_nodes {
    my $etcd = Tickr::Etcd->new(nodes => 3);
    my $leader = $etcd->wait_for_leader;
    $etcd->put('/a', '1');
    $etcd->kill($leader);
    isnt $etcd->wait_for_leader($leader), $leader, 'etcd: after the leader is killed another leads';
    is $etcd->get('/a'), '1', '... with all keys';
    $etcd->start;
    is scalar(grep { $etcd->{nodes}[$_]{process}->is_running } $etcd->numbers), 3, '... and a killed node returns';
    return;
}

SKIP: {
    skip Tickr::Etcd->missing, 1 if Tickr::Etcd->missing;
    etcd_with_one_node();
    etcd_with_three_nodes();
    SKIP: {
        skip Tickr::Certificates->missing, 1 if Tickr::Certificates->missing;
        etcd_with_tls();
    }
}

sub zookeeper {
    my $zookeeper = Tickr::ZooKeeper->new;
    $zookeeper->put('/a/b/one', '1');
    $zookeeper->put('/a/b/one', '2');
    is_deeply $zookeeper->all('/a'), { '/a/b' => '', '/a/b/one' => '2' }, 'ZooKeeper: nodes are written and read';
    is $zookeeper->get('/none'), undef, '... and a node that does not exist is undef';
    my $client = $zookeeper->client(timeout => 600);
    $client->create('/a/mine', 'x', ephemeral => 1);
    is $zookeeper->get('/a/mine'), 'x', 'ZooKeeper: a node of a session';
    wait_for('the session to expire', 30, sub { !defined $zookeeper->get('/a/mine') });
    pass '... ends with its session';
    $zookeeper->keep_copy;
    $zookeeper->put('/a/b/one', '3');
    $zookeeper->restore_copy;
    is $zookeeper->get('/a/b/one'), '2', 'ZooKeeper: a copy is restored';
    $zookeeper->pause;
    $zookeeper->resume;
    $zookeeper->kill;
    $zookeeper->start;
    is $zookeeper->get('/a/b/one'), '2', 'ZooKeeper: a kill loses nothing';
    $zookeeper->delete('/a/b/one');
    is $zookeeper->get('/a/b/one'), undef, 'ZooKeeper: a node is deleted';
    $zookeeper->stop;
    return;
}

SKIP: {
    skip Tickr::ZooKeeper->missing, 1 if Tickr::ZooKeeper->missing;
    zookeeper();
}

done_testing;
