#!/usr/bin/perl
# A store in Redis fails over to a replica: it is served if it has all statements, and refused if it lags.
use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Proxy;
use Tickr::Redis;
use Tickr::Server;

plan skip_all => 'Redis is not built in' if slurp("$ENV{BUILDDIR}/build.h") !~ /HAVE_REDIS 1$/m;
if (my $missing = Tickr::Redis->missing) { plan skip_all => $missing }

my $runs = 0;

# A server whose store "shared" is at ADDRESS.
sub server {
    my ($address) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    my $file = spew("stores$runs.json", qq({"sequencer": {"shared": {"type": "redis", "metadata": {"redisHost": "$address"}}}}));
    my $server = Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { Tickr::Server::patient(), TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3, TICKR_STARTING_OFFSET => 326,
            TICKR_DATABASE_ADAPTER => 'memory', TICKR_SEQUENCES => 'none', TICKR_SEQUENCERS_FILE => $file,
            TICKR_STATE_DIR => $state, TICKR_DATABASE_QUERY_TIMEOUT => 2, TICKR_DATABASE_POOL_TIMEOUT => 2 });
    wait_for('the store', 60, sub { is_ready($server) });
    return $server;
}

sub is_ready   { return $_[0]->get('/readyz?store=shared')->{status} == 200 }
sub is_refused { return $_[0]->metric('tickr_database_refused{pool="store"}') == 1 }

# A Redis, its replica, which has all of its data, and a proxy in front of the first one.
sub pair {
    my $primary = Tickr::Redis->new(port => 1);
    my $replica = Tickr::Redis->new(port => 1, options => [ '--replicaof', '127.0.0.1', $primary->port ]);
    wait_for('the replica', 60, sub { $replica->info('master_link_status') eq 'up' });
    return ($primary, $replica, Tickr::Proxy->new($primary->port));
}

# The clients of SERVER, which have seen ids.
sub start_load {
    my ($server) = @_;
    my $load = Tickr::Load->start($server, clients => 3, path => '/sequences/orders/create/2?store=shared&order=strong', pause => 0.001);
    wait_for_ids($load);
    return $load;
}

sub count_ids { my ($load) = @_; return scalar map { slurp($_) =~ /^\S+ \S+ 200 /mg } glob "$load->{folder}/[0-9]*" }

sub wait_for_ids {
    my ($load) = @_;
    my $before = count_ids($load);
    return wait_for('more ids', 60, sub { count_ids($load) >= $before + 100 });
}

sub a_replica_with_all_statements_is_served {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address);
    my $load   = start_load($server);
    my @before = $load->finish;
    is $primary->ask('wait', 1, 20_000), 1, 'the replica has all statements';
    $proxy->move($replica->port);
    $primary->kill;
    wait_for('the end of readiness', 60, sub { !is_ready($server) });
    wait_for('the reason', 60, sub { $server->get('/sequences/orders/create?store=shared')->{body} =~ /it is a replica/ });
    pass 'a replica is not asked for ids';
    $replica->ask('replicaof', 'no', 'one');
    wait_for('the store', 60, sub { is_ready($server) });
    my @after = start_load($server)->finish;
    is_deeply [ Tickr::Load::duplicates(@before, @after) ], [], '... until it is promoted, and no id is repeated';
    ok !is_refused($server), '... and the store is not refused';
    $server->stop;
    $replica->kill;
    return;
}

sub a_replica_that_lags_is_refused {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address);
    my $load   = start_load($server);
    $replica->ask('replicaof', 'no', 'one');
    wait_for_ids($load);
    $proxy->move($replica->port);
    $primary->kill;
    wait_for('the refusal', 60, sub { is_refused($server) });
    my $ids = count_ids($load);
    $load->wait_for_answers(30);
    is count_ids($load), $ids, 'a replica that was promoted too early issues no id';
    is_deeply [ Tickr::Load::duplicates($load->finish) ], [], '... and none is repeated';
    like $server->get('/sequences/orders/create?store=shared')->{body}, qr/has gone back in time/, '... and the reason is named';
    $server->stop;
    $replica->kill;
    return;
}

# Another server counts on the replica until its clock is above all that the first server has seen.
sub a_replica_that_others_carried_on_is_refused {
    my ($primary, $replica, $proxy) = pair();
    my $server = server($proxy->address);
    my $load   = start_load($server);
    $replica->ask('replicaof', 'no', 'one');
    wait_for_ids($load);
    my $other = server('127.0.0.1:' . $replica->port);
    my $clock = $primary->ask('hget', 'tickr|||clock', 'newest');
    $other->get('/sequences/others/create/100000?store=shared') for 1 .. 3;
    cmp_ok $replica->ask('hget', 'tickr|||clock', 'newest'), '>', $clock + 10_000, 'another server carries the replica on';
    $proxy->move($replica->port);
    $primary->kill;
    wait_for('the refusal', 60, sub { is_refused($server) });
    is_deeply [ Tickr::Load::duplicates($load->finish) ], [], '... and the first server refuses it anyway';
    $_->stop for $server, $other;
    $replica->kill;
    return;
}

a_replica_with_all_statements_is_served();
a_replica_that_lags_is_refused();
a_replica_that_others_carried_on_is_refused();
done_testing;
