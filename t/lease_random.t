#!/usr/bin/perl
# Servers of two datacenters, each with a coordinator of its own, meet random faults: kills and pauses of servers and
# coordinators. No id appears twice over all servers.
#
#	perl t/lease_random.t SECONDS SEED	runs it longer, or repeats it
#
# TICKR_TEST_COORDINATOR selects the coordinator.
use strict;
use warnings;
use Test::More;
use Tickr::Coordinators qw(the_coordinator lease_server is_unique ready_within clock_moved_by);
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Time::HiRes qw(time sleep);

my $seconds = $ARGV[0] // 20;
my $seed    = $ARGV[1] // time ^ $$;
srand $seed;
note "seconds $seconds, seed $seed";

# With one bit of the datacenter both share one space of ids. Four worker ids would be enough for one datacenter, but few
# of them are wished, so that servers often take an id from another.
my @coordinators = map { the_coordinator() } 0 .. 1;
my @servers;    # {where, worker, skew, server, load}
my @records;

sub settings_of {
    my ($one) = @_;
    return {
        TICKR_SNOWFLAKE_DATACENTER_BITS => 1,
        TICKR_SNOWFLAKE_DATACENTER      => $one->{where},
        TICKR_SNOWFLAKE_WORKER          => $one->{worker},
        TICKR_COORDINATOR_AHEAD         => 3,
        TICKR_COORDINATOR_GRACE         => 0,
        $one->{skew} ? clock_moved_by($one->{skew}) : (),
    };
}

sub begin {
    my ($one) = @_;
    $one->{worker} = int(rand 3) ? 5 : 'auto';
    $one->{skew}   = int(rand 3) ? 0 : int(rand 5) - 2;
    $one->{server} = lease_server($coordinators[ $one->{where} ], env => settings_of($one));
    $one->{load}   = Tickr::Load->start($one->{server}, clients => 1, path => '/tickets/create/20', pause => 0.005);
    return;
}

# End the server, and keep the records of its load.
sub end {
    my ($one, $signal) = @_;
    $one->{server}->signal('CONT');
    $one->{server}->signal($signal);
    $one->{server}->process->wait_exit(30);
    push @records, $one->{load}->finish;
    return;
}

my %faults = (
    'kill a server' => sub { my $one = $servers[ rand @servers ]; end($one, 'KILL'); begin($one) },
    'stop a server' => sub { my $one = $servers[ rand @servers ]; end($one, 'TERM'); begin($one) },
    'pause a server' => sub {
        my $one = $servers[ rand @servers ];
        $one->{server}->signal('STOP');
        sleep rand 6;
        $one->{server}->signal('CONT');
    },
    'kill a coordinator' => sub {
        my $coordinator = $coordinators[ rand @coordinators ];
        $coordinator->kill;
        sleep rand 3;
        $coordinator->start;
    },
    'pause a coordinator' => sub {
        my $coordinator = $coordinators[ rand @coordinators ];
        $coordinator->pause;
        sleep rand 6;
        $coordinator->resume;
    },
);

for my $number (0 .. 3) {
    push @servers, { where => $number % 2 };
    begin($servers[-1]);
}
my $until = time + $seconds;
my %count;
while (time < $until) {
    my @names = sort keys %faults;
    my $name  = $names[ rand @names ];
    $count{$name}++;
    $faults{$name}->();
    sleep rand 1;
}
note join ', ', map {"$_: $count{$_}"} sort keys %count;
# One server of each datacenter certainly gets a worker id in the end.
for my $where (0 .. 1) {
    my @here = grep { $_->{where} == $where } @servers;
    my $is_serving = eval {
        wait_for('a server that serves', 60, sub {
            grep { my $server = $_->{server}; eval { $server->get('/tickets/create', timeout => 5)->{status} == 200 } } @here;
        });
    };
    ok $is_serving, "after the faults datacenter $where issues ids";
}
end($_, 'TERM') for @servers;
is_unique('random faults', @records);
done_testing;
