#!/usr/bin/perl
# Two servers share a store in etcd, or in ZooKeeper: their ids are plain, and none is issued twice, whatever happens to it.
use strict;
use warnings;
use Test::More;
use Tickr::Etcd;
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Server;
use Tickr::ZooKeeper;

my $folder = scratch();
my %seen;

my %env = (
    Tickr::Server::patient(),
    TICKR_MAX_NODES        => 10,
    TICKR_STARTING_OFFSET  => 326,
    TICKR_DATABASE_ADAPTER => 'memory',
    TICKR_SEQUENCES        => 'any',
);

# The settings of server NUMBER.
sub settings {
    my ($number) = @_;
    return { %env, TICKR_NODE_NUMBER => $number, TICKR_SEQUENCERS_FILE => "$folder/stores$number.json", TICKR_STATE_DIR => "$folder/state$number" };
}

# Server NUMBER, whose store "shared" is described by JSON.
sub server {
    my ($number, $json) = @_;
    spew("stores$number.json", qq({"sequencer": {"shared": $json}}));
    mkdir "$folder/state$number";
    return Tickr::Server->new(program => 'tickrd-memory', env => settings($number));
}

sub wait_until_ready {
    my (@servers) = @_;
    for my $server (@servers) {
        wait_for('the store', 90, sub { $server->get('/readyz?store=shared')->{status} == 200 });
    }
    return;
}

# Ask each server for ids, and count those that were issued before.
sub ask {
    my ($rounds, @servers) = @_;
    my ($twice, $answered) = (0, 0);
    for my $round (1 .. $rounds) {
        for my $server (@servers) {
            my $order  = $round % 2 ? 'strong' : 'weak';
            my $answer = $server->get("/sequences/orders/create/5?store=shared&order=$order");
            next if $answer->{status} != 200;
            $answered++;
            $twice += grep { $seen{$_}++ } $answer->{body} =~ /\d+/g;
        }
    }
    return ($twice, $answered);
}

sub shared_store {
    my ($what, $backend, $json) = @_;
    %seen = ();
    system("rm -rf $folder/state*");
    my @servers = map { server($_, $json) } 0, 1;
    wait_until_ready(@servers);
    is $servers[0]->get('/sequences/plain/create?store=shared')->{body}, '[1]', "$what: the first number is 1 on every node";
    is $servers[1]->get('/sequences/plain/create?store=shared')->{body}, '[2]', '... and shared';
    is $servers[0]->get('/sequences/big/create?store=shared')->{body}, '[1001]', '... or above biggerThan';
    is_deeply [ ask(20, @servers) ], [ 0, 40 ], '... and no id is issued twice';
    $backend->kill;
    isnt $servers[0]->get('/sequences/orders/create?store=shared')->{status}, 200, "$what killed: there are no ids";
    is $servers[0]->get('/sequences/orders/create')->{status}, 200, '... but in the own store';
    $backend->start;
    wait_until_ready(@servers);
    my ($twice, $answered) = ask(20, @servers);
    is $twice, 0, '... and none twice when it is back';
    cmp_ok $answered, '>', 30, '... with answers';
    $servers[0]->process->kill_hard;
    $servers[0] = server(0, $json);
    wait_until_ready(@servers);
    ($twice, $answered) = ask(20, @servers);
    is $twice, 0, "$what: nor after kill -9 of a server";
    cmp_ok $answered, '>', 30, '... with answers';

    $backend->keep_copy;
    wait_until_ready(@servers);
    ask(20, @servers);
    $backend->restore_copy;
    wait_for('the older copy to be seen', 90, sub {
        my ($more) = ask(1, @servers);
        $twice += $more;
        return !grep { $_->get('/readyz?store=shared')->{status} == 200 } @servers;
    });
    is $twice, 0, "$what: an older copy repeats no id";
    isnt $_->get('/sequences/orders/create?store=shared')->{status}, 200, '... and is refused' for @servers;

    # The command reads the state file of server 0 only. Server 1 raises the sequences by what it knows itself.
    my ($status, $output) = Tickr::Server->run(
        program   => 'tickrd-memory',
        arguments => [qw(advance --sequences --store shared --yes)],
        env       => settings(0));
    is $status, 0, "$what: an operator acts" or diag $output;
    wait_until_ready(@servers);
    ($twice, $answered) = ask(20, @servers);
    is $twice, 0, '... and no id is issued twice by either server';
    cmp_ok $answered, '>', 30, '... with answers';
    $_->stop for @servers;
    return;
}

my $bounds = '"biggerThan": {"big": 1000}';
SKIP: {
    skip 'etcd cannot run here', 1 if !-x Tickr::Server::program('t/remote/etcd_client') || Tickr::Etcd->missing;
    my $etcd = Tickr::Etcd->new;
    shared_store('etcd', $etcd, '{"type": "etcd", ' . $bounds . ', "metadata": {"endpoints": "' . $etcd->endpoints . '"}}');
    $etcd->kill;
}
SKIP: {
    skip 'ZooKeeper cannot run here', 1 if !-x Tickr::Server::program('t/remote/zookeeper_client') || Tickr::ZooKeeper->missing;
    my $zookeeper = Tickr::ZooKeeper->new;
    shared_store('ZooKeeper', $zookeeper,
        '{"type": "zookeeper", ' . $bounds . ', "metadata": {"zookeeperHosts": "' . $zookeeper->endpoints . '"}}');
}
done_testing;
