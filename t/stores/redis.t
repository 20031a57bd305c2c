#!/usr/bin/perl
# Named sequences in Redis keep the promises of their seam: alone, after crashes, and with an older copy.
use strict;
use warnings;
use Test::More;
use Tickr::Contract;
use Tickr::Process qw(wait_for);
use Tickr::Redis;
use Tickr::Server;

plan skip_all => 'Redis is not built in' if system("grep -q 'HAVE_REDIS 1' '$ENV{BUILDDIR}/build.h'") != 0;
if (my $missing = Tickr::Redis->missing) { plan skip_all => $missing }

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

my $redis = Tickr::Redis->new;
contract($redis)->holds;
crashes_repeat_nothing($redis, contract($redis));
done_testing;
