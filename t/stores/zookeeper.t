#!/usr/bin/perl
# Named sequences in ZooKeeper keep the promises of their seam: alone, after crashes, and beside other programs.
use strict;
use warnings;
use Test::More;
use Tickr::Contract;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::ZooKeeper;

plan skip_all => 'ZooKeeper is not built in' if !-x Tickr::Server::program('t/remote/zookeeper_client');
if (my $missing = Tickr::ZooKeeper->missing) { plan skip_all => $missing }

my $zookeeper = Tickr::ZooKeeper->new;

sub contract { return Tickr::Contract->new(store => 'zookeeper', env => { ENDPOINTS => $zookeeper->endpoints, @_ }) }

# Layotto counts with the version of an ephemeral node.
sub other_programs {
    my $client = $zookeeper->client;
    $client->create('/try', '', ephemeral => 1);
    $client->put('/try', '') for 1 .. 7;
    like contract()->try_one, qr/^move 0 9 $/m, 'a sequence begins above the version of an ephemeral node';
    $client->close;
    is contract()->try_one, "move 0 10 \n", '... and stays when its session ends';
    is $zookeeper->get('/try'), '10 tickr', 'the node has the newest number';
    $zookeeper->put('/try', '');
    like contract()->try_one, qr/^move 5 .*"try" in ZooKeeper was written by another program/,
        'a node that another program wrote is refused';
    $zookeeper->delete('/try');
    like contract()->try_one, qr/^move 5 .*"try" in ZooKeeper was deleted by another program/, '... or deleted';
    $zookeeper->put('/try', '10 tickr');
    is contract()->try_one, "move 0 11 \n", '... until it is restored';
    like contract(ENDPOINTS => $zookeeper->endpoints . '/none')->try_one, qr/^open 5 .*folder .* does not exist/,
        'a folder that does not exist is refused';
    $zookeeper->put('/folder', '');
    is contract(ENDPOINTS => $zookeeper->endpoints . '/folder')->try_one, "move 0 1 \n", '... until it is made';
    is contract(ENDPOINTS => $zookeeper->endpoints . '/folder', SEQUENCES_PASSWORD => 'tickr:word')->try_one, "move 0 2 \n",
        'a password changes nothing for nodes of anybody';
    return;
}

sub passwords {
    $zookeeper->put('/private', '');
    my @place = (ENDPOINTS => $zookeeper->endpoints . '/private');
    is contract(@place, SEQUENCES_PASSWORD => 'tickr:word')->try_one, "move 0 1 \n", 'with a password sequences are made';
    like contract(@place, SEQUENCES_PASSWORD => 'tickr:other')->try_one, qr/^open 4 .*not authenticated/,
        '... which another password does not open';
    is contract(@place, SEQUENCES_PASSWORD => 'tickr:word')->try_one, "move 0 2 \n", '... but the same one';
    return;
}

sub crashes_repeat_nothing {
    my $load = contract()->start('load');
    Tickr::Contract::wait_for_ranges($load, 100);
    for (1 .. 2) {
        $zookeeper->kill;
        $zookeeper->start;
        Tickr::Contract::wait_for_ranges($load, 100);
    }
    $zookeeper->pause;
    wait_for('a statement to fail', 60, sub { $load->log =~ /^# 3 [^\n]*\n(?!.*^load)/ms });
    $zookeeper->resume;
    Tickr::Contract::wait_for_ranges($load, 100);
    my @ranges = Tickr::Contract::end_load($load);
    $load = contract()->start('load');
    Tickr::Contract::wait_for_ranges($load, 50);
    $load->kill_hard;
    Tickr::Contract::are_lawful('after crashes and a stop', @ranges, Tickr::Contract::ranges_of($load->log));
    return;
}

other_programs();
passwords();
crashes_repeat_nothing();
contract()->holds;
done_testing;
