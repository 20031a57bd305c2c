#!/usr/bin/perl
# Servers claim worker ids from a coordinator. Whatever happens to a holder, to the clocks and to the coordinator, no id
# is issued twice over all servers. TICKR_TEST_COORDINATOR selects the coordinator.
use strict;
use warnings;
use Test::More;
use Tickr::Coordinators qw(the_coordinator lease_server lease_settings worker_of holders holder_of bound_of is_unique
    ready_within not_ready_within clock_moved_by);
use Tickr::Load;
use Tickr::Process qw(wait_for scratch);
use Tickr::Proxy;
use Tickr::Server;
use Time::HiRes qw(time sleep);

my $coordinator = the_coordinator();

sub note_time {
    my ($what, $since) = @_;
    note sprintf '%s: ids again after %.1f s', $what, time - $since;
    return;
}

{    # the life of a claim
    my $server = lease_server($coordinator);
    ready_within($server, 30, 'a server claims a worker id');
    my $worker = worker_of($server);
    is_deeply [ holders($coordinator) ], [$worker], '... which the coordinator shows';
    my $second = lease_server($coordinator);
    ready_within($second, 30, 'a second server does too');
    isnt worker_of($second), $worker, '... another one';
    wait_for('the port in the coordinator', 10, sub { holder_of($coordinator, $worker)->{port} == $server->{port} });
    my $third = lease_server($coordinator, env => { TICKR_SNOWFLAKE_WORKER => $worker });
    like not_ready_within($third, 30, 'a third server wishes an id that is held'),
        qr/worker id $worker of datacenter 0 is held by \S+ at \S+, port $server->{port}, started at \d+-/, '... and names its holder';
    my ($id) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    is $server->stop, 0, 'the first server stops';
    ready_within($third, 10, '... so the third one has the id before the lease would end');
    my ($next) = $third->get('/tickets/create')->{body} =~ /(\d+)/;
    cmp_ok $next, '>', $id, '... and issues higher ids';
    my $all = $coordinator->all('/id-generator');
    is $all->{'/id-generator/config/epoch'}, '1609459200000', 'the first claim wrote the epoch';
    my ($status, $words) = Tickr::Server->run(env => lease_settings($coordinator, TICKR_SNOWFLAKE_EPOCH => 1600000000000));
    is $status, 78, 'another epoch is refused';
    like $words, qr/TICKR_SNOWFLAKE_EPOCH is 1600000000000/, '... with both values';
    ($status, $words) = Tickr::Server->run(
        env => lease_settings($coordinator, TICKR_SNOWFLAKE_DATACENTER_BITS => 5));
    is $status, 78, 'other bits of the datacenter are refused';
    $coordinator->put('/id-generator/config/clock_drift_threshold', '250');
    ok $second->wait_for_log(qr/drift threshold changed.*now_seconds=0.25/, 20), 'another drift threshold is taken live';
    $coordinator->put('/id-generator/config/max_sequence', '9');
    ok $second->wait_for_log(qr/msg="max_sequence changed" before=4095 now=9/, 20), 'another max_sequence, too';
    my $group = $second->get('/tickets/create/11?format=group');
    is $group->{status}, 400, '... so a group has at most 10 ids';
    my @ids = map { $second->get('/tickets/create/100')->{body} =~ /(\d+)/g } 1 .. 3;
    is scalar(grep { ($_ & 4095) > 9 } @ids), 0, '... and no id has a higher number in its millisecond';
    $coordinator->put('/id-generator/config/max_sequence', '4095');
    ok $second->wait_for_log(qr/msg="max_sequence changed" before=9 now=4095/, 20), '... and the old one again';
    push @ids, $second->get('/tickets/create/5000')->{body} =~ /(\d+)/g;
    my %seen;
    is scalar(grep { $seen{$_}++ } @ids), 0, '... without an id that was issued before';
    $coordinator->put('/id-generator/config/epoch', '1600000000000');
    ok $second->wait_for_log(qr/level=error.*another epoch/, 20), 'another epoch is ignored loudly while running';
    is $second->get('/tickets/create')->{status}, 200, '... and ids go on';
    $coordinator->put('/id-generator/config/epoch', '1609459200000');
    is $_->stop, 0, 'a server stops' for $second, $third;
    is_deeply [ holders($coordinator) ], [], 'no worker id is held after the servers have stopped';
}

# Start the holder of worker id 5, with load on it. MORE are arguments of lease_server().
sub start_holder {
    my ($worker, %more) = @_;
    my $env = delete $more{env} // {};
    my $server = lease_server($coordinator, %more, env => { %$env, TICKR_SNOWFLAKE_WORKER => $worker });
    $server->wait_until_ready(30);
    my $load = Tickr::Load->start($server, clients => 2, path => '/tickets/create/50', pause => 0.002);
    $load->wait_for_answers(50);
    return ($server, $load);
}

{    # the holder is stopped beyond its lease while another server claims
    my ($first, $first_load) = start_holder(5);
    my $begun = time;
    $first->signal('STOP');
    my $second = lease_server($coordinator, env => { TICKR_SNOWFLAKE_WORKER => 5 });
    ready_within($second, 60, 'SIGSTOP: the next holder serves');
    note_time('SIGSTOP', $begun);
    my $second_load = Tickr::Load->start($second, clients => 2, path => '/tickets/create/50', pause => 0.002);
    $second_load->wait_for_answers(50);
    $first->signal('CONT');
    like not_ready_within($first, 30, '... and the first one, when it goes on, notices it'), qr/held by|ended|expired|not connected/, '... and says so';
    $second_load->wait_for_answers(50);
    is_unique('SIGSTOP', $first_load->finish, $second_load->finish);
    $_->stop for $first, $second;
}

{    # the holder is cut off and goes on until its bound
    my $proxy = Tickr::Proxy->new($coordinator->port);
    my ($first, $first_load) = start_holder(6, env => { TICKR_COORDINATOR_ENDPOINTS => $proxy->address });
    my $begun = time;
    $proxy->{process}->signal('STOP');
    $first_load->wait_for_answers(100);
    my $second = lease_server($coordinator, env => { TICKR_SNOWFLAKE_WORKER => 6 });
    ready_within($second, 60, 'cut off: the next holder serves');
    note_time('cut off', $begun);
    my $second_load = Tickr::Load->start($second, clients => 2, path => '/tickets/create/50', pause => 0.002);
    $second_load->wait_for_answers(50);
    like not_ready_within($first, 30, '... and the first one stops at its bound'), qr/bound|answer|connect/, '... and says why';
    $proxy->{process}->signal('CONT');
    $second_load->wait_for_answers(50);
    is_unique('cut off', $first_load->finish, $second_load->finish);
    $_->stop for $first, $second;
}

SKIP: {    # clocks that differ
    skip 'libfaketime is not installed', 1 unless (() = clock_moved_by(0));
    my ($first, $first_load) = start_holder(7, env => { clock_moved_by(2) });
    my $begun = time;
    $first->process->signal('KILL');
    my $second = lease_server($coordinator, env => { TICKR_SNOWFLAKE_WORKER => 7, clock_moved_by(-2) });
    ready_within($second, 60, 'clocks 2 s ahead and behind: the next holder serves');
    note_time('clocks', $begun);
    my $second_load = Tickr::Load->start($second, clients => 2, path => '/tickets/create/50', pause => 0.002);
    $second_load->wait_for_answers(50);
    is_unique('clocks 2 s ahead and behind', $first_load->finish, $second_load->finish);
    $second->stop;

    my $before = $coordinator->all('/id-generator');
    my $ahead = lease_server($coordinator, env => { TICKR_SNOWFLAKE_WORKER => 8, clock_moved_by(60) });
    like not_ready_within($ahead, 30, 'a clock that is 60 s ahead: the server is not ready'),
        qr/clock of this host is \d+ s ahead of the coordinator/, '... and says why';
    $ahead->stop;
    is_deeply [ sort keys %{ $coordinator->all('/id-generator') } ], [ sort keys %$before ], '... and nothing is written';
}

{    # the coordinator is killed, and returns
    my ($server, $load) = start_holder(9);
    my $begun = time;
    $coordinator->kill;
    $load->wait_for_answers(100);
    pass 'the coordinator is killed: ids go on';
    my $late = lease_server($coordinator);
    like not_ready_within($late, 30, '... a server that starts meanwhile is not ready'), qr/\S/, '... and says why';
    like not_ready_within($server, 30, '... until the bound'), qr/bound|answer|connect/, '... and /status says why';
    cmp_ok time - $begun, '>=', 1.5, '... which was at least half of what is written ahead away';
    my $started = time;
    $coordinator->start;
    ready_within($server, 60, 'the coordinator returns: ids come again');
    note_time('the coordinator returned', $started);
    ready_within($late, 60, '... and the other server claims a worker id');
    $load->wait_for_answers(50);
    is_unique('the coordinator is killed', $load->finish);
    $_->stop for $server, $late;
}

{    # the coordinator hangs for longer than the session
    my ($server, $load) = start_holder(10);
    $coordinator->pause;
    not_ready_within($server, 30, 'the coordinator hangs: the server stops at its bound');
    $coordinator->resume;
    ready_within($server, 60, '... and serves again');
    $load->wait_for_answers(50);
    is_unique('the coordinator hangs', $load->finish);
    is $server->stop, 0, '... and stops cleanly';
}

{    # all data of a coordinator are lost while ids are issued
    my $lost = the_coordinator();
    $lost->keep_copy;
    my $folder = scratch() . '/wiped';
    mkdir $folder;
    my $server = lease_server($lost, env => { TICKR_SNOWFLAKE_WORKER => 12 });
    my $rested = lease_server($lost, env => { TICKR_STATE_DIR => $folder });
    ready_within($_, 30, 'a server claims a worker id') for $server, $rested;
    $lost->put('/id-generator/more', $_) for 1 .. 20;
    my $bound = bound_of($lost, 12);
    wait_for('an extension', 30, sub { sleep 0.2; bound_of($lost, 12) > $bound });
    is $rested->stop, 0, 'a server stops';
    my $load = Tickr::Load->start($server, clients => 2, path => '/tickets/create/50', pause => 0.002);
    $load->wait_for_answers(50);
    $lost->restore_copy;
    like not_ready_within($server, 60, 'the coordinator lost its data: a server without a state folder stops, too'),
        qr/gone back in time|not connected|has ended/, '... and says why';
    is_unique('a coordinator without its data', $load->finish);
    is_deeply [ grep {m{/bounds/}} keys %{ $lost->all('/id-generator') } ], [], '... and writes no bound';
    $server->stop;
    my ($status, $words) = Tickr::Server->run(env => lease_settings($lost, TICKR_STATE_DIR => $folder));
    is $status, 78, '... and a server with a state folder does not start';
}

{    # the coordinator is restored from a copy
    my $folder = scratch() . '/state';
    mkdir $folder;
    $coordinator->keep_copy;
    my ($server, $load) = start_holder(11, env => { TICKR_STATE_DIR => $folder });
    $coordinator->put('/id-generator/more', $_) for 1 .. 20;
    my $bound = bound_of($coordinator, 11);
    wait_for('an extension', 30, sub { sleep 0.2; bound_of($coordinator, 11) > $bound });
    $coordinator->restore_copy;
    # The library of ZooKeeper does not connect to a server whose transactions are behind its own.
    like not_ready_within($server, 60, 'the coordinator went back in time: the server stops'),
        qr/gone back in time|not connected|has ended/, '... and says why';
    is_unique('a restored coordinator', $load->finish);
    $server->stop;
    my ($status, $words) = Tickr::Server->run(env => lease_settings($coordinator, TICKR_STATE_DIR => $folder));
    is $status, 78, '... and does not start again';
    like $words, qr/gone back in time: its revision is \d+, but \d+ was seen.*delete \Q$folder\E/, '... and says what to do';
}

done_testing;
