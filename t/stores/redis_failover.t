#!/usr/bin/perl
# A store in Redis fails over to a replica: it is served if it has all statements, and refused if it lags.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(wait_for);
use Tickr::Proxy;
use Tickr::Redis;
use Tickr::StoreLoad;

if (my $missing = Tickr::StoreLoad::missing('redis', Tickr::Redis->missing)) { plan skip_all => $missing }

sub server { return Tickr::StoreLoad->new(qq({"type": "redis", "metadata": {"redisHost": "$_[0]"}})) }

# A Redis, its replica, which has all of its data, and a proxy in front of the first one.
sub pair {
    my $primary = Tickr::Redis->new(port => 1);
    my $replica = Tickr::Redis->new(port => 1, options => [ '--replicaof', '127.0.0.1', $primary->port ]);
    wait_for('the replica', 60, sub { $replica->info('master_link_status') eq 'up' });
    return ($primary, $replica, Tickr::Proxy->new($primary->port));
}

sub a_replica_with_all_statements_is_served {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address);
    my @before = $server->start('strong', 3)->finish;
    is $primary->ask('wait', 1, 20_000), 1, 'the replica has all statements';
    $proxy->move($replica->port);
    $primary->kill;
    wait_for('the end of readiness', 60, sub { !$server->is_ready });
    wait_for('the reason', 60, sub { $server->create('orders') =~ /it is a replica/ });
    pass 'a replica is not asked for ids';
    $replica->ask('replicaof', 'no', 'one');
    $server->wait_until_ready;
    Tickr::StoreLoad::no_id_is_repeated('... until it is promoted', @before, $server->start('strong', 3)->finish);
    ok !$server->is_refused, '... and the store is not refused';
    $server->stop;
    $replica->kill;
    return;
}

sub a_replica_that_lags_is_refused {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address)->start('strong', 3);
    $replica->ask('replicaof', 'no', 'one');
    $server->wait_for_ids;
    $proxy->move($replica->port);
    $primary->kill;
    $server->wait_for_refusal;
    $server->issues_nothing('a replica that was promoted too early is refused');
    Tickr::StoreLoad::no_id_is_repeated('... and', $server->finish);
    like $server->create('orders'), qr/has gone back in time/, '... and the reason is named';
    $server->stop;
    $replica->kill;
    return;
}

# Another server counts on the replica until its clock is above all that the first server has seen.
sub a_replica_that_others_carried_on_is_refused {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address)->start('strong', 3);
    $replica->ask('replicaof', 'no', 'one');
    $server->wait_for_ids;
    my $other = server('127.0.0.1:' . $replica->port);
    my $clock = $primary->ask('hget', 'tickr|||clock', 'newest');
    $other->create('others', 100_000) for 1 .. 3;
    cmp_ok $replica->ask('hget', 'tickr|||clock', 'newest'), '>', $clock + 10_000, 'another server carries the replica on';
    $proxy->move($replica->port);
    $primary->kill;
    $server->wait_for_refusal;
    Tickr::StoreLoad::no_id_is_repeated('... and the first server refuses it', $server->finish);
    $_->stop for $server, $other;
    $replica->kill;
    return;
}

a_replica_with_all_statements_is_served();
a_replica_that_lags_is_refused();
a_replica_that_others_carried_on_is_refused();
done_testing;
