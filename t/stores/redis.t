#!/usr/bin/perl
# Named sequences in Redis keep the promises of their seam, after crashes and with the least rights. A server that may
# repeat numbers is refused.
use strict;
use warnings;
use Test::More;
use Tickr::Contract;
use Tickr::Process qw(free_port slurp wait_for);
use Tickr::Redis;
use Tickr::StoreLoad;

if (my $missing = Tickr::StoreLoad::missing('redis', Tickr::Redis->missing)) { plan skip_all => $missing }

sub contract { my ($redis, %env) = @_; return Tickr::Contract->new(store => 'redis', env => { ENDPOINTS => $redis->endpoints, %env }) }

sub crashes_repeat_nothing {
    my ($redis, $contract) = @_;
    my $load = $contract->start('load');
    Tickr::Contract::wait_for_ranges($load, 100);
    for (1 .. 2) {
        $redis->kill;
        $redis->start;
        Tickr::Contract::wait_for_ranges($load, 100);
    }
    $redis->pause;
    wait_for('a statement to fail', 60, sub { $load->log =~ /^# 3 .*is lost[^\n]*\n(?!.*^load)/ms });
    $redis->resume;
    Tickr::Contract::wait_for_ranges($load, 100);
    my @ranges = Tickr::Contract::end_load($load);
    $load = $contract->start('load');
    Tickr::Contract::wait_for_ranges($load, 50);
    $load->kill_hard;
    Tickr::Contract::are_lawful('after crashes and a stop', @ranges, Tickr::Contract::ranges_of($load->log));
    return;
}

# The commands that docs/stores.md lists for a user of tickrd.
sub commands {
    my ($commands) = slurp("$ENV{SRCDIR}/docs/stores.md") =~ /^    ACL SETUSER tickr on >PASSWORD ~\* -\@all (.*)$/m
        or die 'docs/stores.md has no ACL SETUSER';
    return split ' ', $commands;
}

sub least_rights {
    my ($redis) = @_;
    my @rights = ('~*', '-@all', commands());
    $redis->ask('acl', 'setuser', 'tickr', 'on', '>word', @rights);
    my %user = (SEQUENCES_USER => 'tickr', SEQUENCES_PASSWORD => 'word');
    contract($redis, %user, SEQUENCES_DB => 2)->holds;
    like contract($redis, %user, SEQUENCES_PASSWORD => 'other')->try_one, qr/^open 4 .*WRONGPASS/, 'a wrong password is refused';
    $redis->ask('acl', 'setuser', 'tickr', '-hincrby');
    like contract($redis, %user)->try_one, qr/^move 4 .*NOPERM.*hincrby.*let the user run this command/,
        'a command that the user may not run is named';
    $redis->ask('acl', 'setuser', 'tickr', '+hincrby', '-config');
    like contract($redis, %user)->try_one, qr/^open 5 Redis forbids CONFIG GET appendfsync, .*set durability to promised/,
        'a server that forbids CONFIG is refused';
    like contract($redis, %user, SEQUENCES_DURABILITY => 'promised')->try_one, qr/^move 0 \d+ $/,
        '... unless the operator promises its durability';
    $redis->ask('config', 'set', 'appendonly', 'no');
    like contract($redis, %user, SEQUENCES_DURABILITY => 'promised')->try_one, qr/^open 5 Redis has aof_enabled:0, .*set appendonly yes/,
        '... which does not hide what INFO shows';
    $redis->ask('config', 'set', 'appendonly', 'yes');
    $redis->ask('config', 'set', 'requirepass', 'secret');
    like contract($redis)->try_one, qr/^open 4 .*NOAUTH/, 'a missing password is named';
    is contract($redis, SEQUENCES_PASSWORD => 'secret', SEQUENCES_DB => 1)->try_one, "move 0 1 \n",
        'the password of the default user, and another database';
    return;
}

sub settings_that_repeat_numbers_are_refused {
    my $redis = Tickr::Redis->new(port => 1);
    my $contract = contract($redis);
    is $contract->try_one, "move 0 1 \n", 'a Redis that loses nothing is served';
    for (['maxmemory-policy', 'allkeys-lru', 'noeviction'], ['appendfsync', 'everysec', 'always'], ['appendfsync', 'no', 'always']) {
        my ($name, $wrong, $right) = @$_;
        $redis->ask('config', 'set', $name, $wrong);
        like $contract->try_one, qr/^open 5 Redis has $name $wrong, which repeats numbers: set $name $right/, "$name $wrong is refused";
        $redis->ask('config', 'set', $name, $right);
    }
    is $contract->try_one, "move 0 2 \n", '... until it is set';
    my $replica = Tickr::Redis->new(options => [ '--replicaof', '127.0.0.1', $redis->port ]);
    wait_for('the replica', 30, sub { $replica->info('master_link_status') eq 'up' });
    like contract($replica)->try_one, qr/^open 2 Redis has role:slave, .*it is a replica, so ask its master/, 'a replica is refused';
    my $cluster = Tickr::Redis->new(port => 1, options => [ '--cluster-enabled', 'yes', '--cluster-port', free_port() ]);
    like contract($cluster)->try_one, qr/^open 5 Redis has redis_mode:cluster, .*cannot move several keys/, 'a cluster is refused';
    $_->kill for $redis, $replica, $cluster;
    return;
}

my $redis = Tickr::Redis->new;
contract($redis)->holds;
crashes_repeat_nothing($redis, contract($redis));
least_rights($redis);
settings_that_repeat_numbers_are_refused();
done_testing;
