#!/usr/bin/perl
# Worker ids in etcd: three nodes of which some die, many servers that start together, a watch that is compacted,
# passwords and TLS.
use strict;
use warnings;
use Test::More;
use Tickr::Certificates;
use Tickr::Coordinators qw(lease_server lease_settings worker_of holders is_unique ready_within not_ready_within);
use Tickr::Etcd;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Time::HiRes qw(time);

plan skip_all => Tickr::Etcd->missing if Tickr::Etcd->missing;

{    # three nodes
    my $etcd = Tickr::Etcd->new(nodes => 3);
    my $server = lease_server($etcd);
    ready_within($server, 60, 'three nodes: a server claims a worker id');
    my $worker = worker_of($server);
    my $load   = Tickr::Load->start($server, clients => 2, pause => 0.001);
    $load->wait_for_answers(200);
    my $leader = $etcd->wait_for_leader;
    $etcd->kill($leader);
    my $until = time + 6;
    wait_for('six seconds', 20, sub { time > $until });
    my @clients = $load->finish;
    is_unique('the leader is killed', @clients);
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], [200], '... and each request gets its id';
    note sprintf 'the leader is killed: longest gap %.0f ms', 1000 * Tickr::Load::longest_gap(@clients);
    is worker_of($server), $worker, '... and the worker id stays';
    unlike $server->log, qr/worker id lost/, '... without a loss';

    $load = Tickr::Load->start($server, clients => 2, pause => 0.001);
    my ($other) = grep { $_ != $leader } $etcd->numbers;
    $etcd->kill($other);
    $load->wait_for_answers(200);
    not_ready_within($server, 30, 'the quorum is lost: the server stops at its bound');
    $etcd->start($leader, $other);
    ready_within($server, 60, 'the quorum is back: ids come again');
    $load->wait_for_answers(200);
    is_unique('the quorum is lost', $load->finish);
    is $server->stop, 0, '... and the server stops cleanly';
    $etcd->kill;
}

my $etcd = Tickr::Etcd->new(options => [ '--auth-token-ttl', 2 ]);

{    # fifty servers for 26 free ids, of the 64 that a datacenter has with 4 bits
    my $prefix = '/id-generator/datacenters/dc3/workers/worker';
    $etcd->put("$prefix$_", '{}') for 0 .. 37;
    my $begun = time;
    my %env = (
        TICKR_SNOWFLAKE_DATACENTER_BITS => 4,
        TICKR_SNOWFLAKE_DATACENTER      => 3,
        TICKR_COORDINATOR_LEASE         => 20,
        TICKR_COORDINATOR_AHEAD         => 20,
    );
    my @servers = map { Tickr::Server->new(wait => 0, env => lease_settings($etcd, %env)) } 1 .. 50;
    my ($claimed, $refused) = (0, 0);
    my $is_over = eval {
        wait_for('26 claims and 24 refusals', 120, sub {
            $claimed = grep { $_->log =~ /msg="worker id claimed"/ } @servers;
            $refused = grep { $_->log =~ /all 64 worker ids of datacenter 3 are held/ && $_->log !~ /worker id claimed/ }
                @servers;
            return $claimed >= 26 && $claimed + $refused == 50;
        });
    };
    ok $is_over, 'fifty servers start for 26 free ids';
    is $claimed, 26, '... and 26 of them claim one';
    is $refused, 24, '... and the others name the count of the ids that are held';
    note sprintf 'fifty servers: all answered after %.1f s', time - $begun;
    my @workers = map { $_->log =~ /worker id claimed" datacenter=3 worker=(\d+)/ ? $1 : () } @servers;
    is_deeply [ sort { $a <=> $b } @workers ], [ 38 .. 63 ], '... and each id has one holder';
    my ($holder) = grep { $_->log =~ /worker id claimed/ } @servers;
    my ($waiter) = grep { $_->log !~ /worker id claimed/ } @servers;
    $_->process->kill_hard for grep { $_ != $holder && $_->log !~ /worker id claimed/ && $_ != $waiter } @servers;
    $holder->stop;
    ok $waiter->wait_for_log(qr/worker id claimed/, 30), '... and a server that waits takes an id that becomes free';
    $_->process->kill_hard for @servers;
    $etcd->delete('/id-generator/config/datacenter_bits');
}

{    # next to sidecars, which know no bound
    $etcd->put("uuid-generator/node/$_", 'pod') for 0 .. 3;
    my $begun  = time;
    my $server = lease_server($etcd, env => {
        TICKR_COORDINATOR_PREFIX => 'uuid-generator',
        TICKR_COORDINATOR_LAYOUT => 'nodes',
        TICKR_SNOWFLAKE_EPOCH    => 1600000000000,
    });
    ready_within($server, 30, 'next to sidecars a server claims a node');
    cmp_ok time - $begun, '>=', 3, '... and waits until the lease of a sidecar would be past';
    my $worker = worker_of($server);
    cmp_ok $worker, '>', 3, '... which no sidecar holds';
    like $etcd->get("uuid-generator/node/$worker"), qr/"instance"/, '... and shows it among the nodes';
    like $etcd->get("uuid-generator/bounds/$worker"), qr/"epoch":"1600000000000"/, '... with a bound of its own';
    $server->stop;
    is $etcd->get("uuid-generator/node/$worker"), undef, '... and frees it';
    is_deeply [ grep {/config|retired/} keys %{ $etcd->all('uuid-generator') } ], [], '... and no other keys are written';
}

{    # compaction
    my $server = lease_server($etcd);
    ready_within($server, 30, 'compaction: a server claims a worker id');
    $etcd->put('/id-generator/config/clock_drift_threshold', 300);
    ok $server->wait_for_log(qr/drift threshold changed.*now_seconds=0.3/, 30), '... and sees a change';
    $etcd->kill;
    $etcd->start;
    $etcd->put('/id-generator/config/clock_drift_threshold', $_) for 301 .. 320;
    $etcd->compact;
    ok $server->wait_for_log(qr/drift threshold changed.*now_seconds=0.32\b/, 30), '... and one that was compacted meanwhile';
    $etcd->put('/id-generator/config/clock_drift_threshold', 350);
    ok $server->wait_for_log(qr/drift threshold changed.*now_seconds=0.35/, 30), '... and the next one';
    ready_within($server, 30, '... and serves');
    $server->stop;
}

{    # names and passwords
    $etcd->enable_auth('tickr', 'word', '/id-generator');
    my %right = (TICKR_COORDINATOR_USERNAME => 'tickr', TICKR_COORDINATOR_PASSWORD => 'word');
    my $server = lease_server($etcd, env => \%right);
    ready_within($server, 30, 'a password: a server claims a worker id');
    my $load = Tickr::Load->start($server, clients => 1, pause => 0.01);
    # Tokens end after 2 s, and at each start of etcd.
    my $until = time + 5;
    wait_for('five seconds', 20, sub { time > $until });
    $etcd->kill;
    $etcd->start;
    $until = time + 5;
    wait_for('five seconds', 20, sub { time > $until });
    ready_within($server, 30, '... and keeps it although its tokens end');
    unlike $server->log, qr/worker id lost/, '... without a loss';
    is_unique('tokens that end', $load->finish);
    is $server->stop, 0, '... and retires it';
    for my $case ([ 'a wrong password', TICKR_COORDINATOR_PASSWORD => 'other' ],
        [ 'no name', TICKR_COORDINATOR_USERNAME => undef, TICKR_COORDINATOR_PASSWORD => undef ]) {
        my ($what, %wrong) = @$case;
        my ($status, $words) = Tickr::Server->run(env => lease_settings($etcd, %right, %wrong));
        is $status, 78, "$what is refused" or diag $words;
        unlike $words, qr/other/, '... without the password in the log';
    }
}

SKIP: {
    skip Tickr::Certificates->missing, 1 if Tickr::Certificates->missing;
    my $secure = Tickr::Etcd->new(tls => 1);
    my $server = lease_server($secure);
    ready_within($server, 30, 'TLS: a server claims a worker id');
    is $server->get('/tickets/create')->{status}, 200, '... and serves';
    is $server->stop, 0, '... and stops cleanly';
    my $stranger = lease_server($secure, env => {
        TICKR_COORDINATOR_SSL_CERT => undef, TICKR_COORDINATOR_SSL_KEY => undef });
    like not_ready_within($stranger, 30, 'TLS: without a certificate the server is not ready'), qr/certificate|TLS|SSL|alert/,
        '... and says why';
    $stranger->stop;
}

done_testing;
