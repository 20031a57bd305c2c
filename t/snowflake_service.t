#!/usr/bin/perl
# A server of Snowflake ids keeps the promises of every server: passwords, probes, metrics, a drain, the service manager
# and gRPC. TICKR_TEST_COORDINATOR selects the coordinator.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use Socket qw(SOCK_DGRAM);
use Test::More;
use Tickr::Coordinators qw(the_coordinator lease_server lease_settings worker_of holders bound_of is_unique ready_within);
use Tickr::Grpc;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

my $coordinator = the_coordinator();

{    # a password
    my $server = lease_server($coordinator, env => { TICKR_HTTP_AUTH_PASSWORD => 'secret' });
    wait_for('a worker id', 30, sub { $server->get('/readyz')->{status} == 200 });
    is $server->get($_)->{status}, 401, "$_ needs the password" for '/tickets/create', '/tickets/create/3', '/decode/1';
    is $server->get($_)->{status}, 200, "$_ is for probes" for '/livez', '/readyz';
    my @with = (headers => ['Authorization: Basic eDpzZWNyZXQ=']);
    my $answer = $server->client->get('/tickets/create/3', @with);
    is $answer->{status}, 200, 'with the password ids are issued';
    is $answer->{headers}{'cache-control'}, 'no-store', '... which no cache may store';
    is decode_json($server->client->get('/status', @with)->{body})->{lease}{state}, 'held', '... and /status shows the lease';
    $server->stop;
}

{    # metrics
    my $server = lease_server($coordinator);
    ready_within($server, 30, 'a server claims a worker id');
    $server->get('/tickets/create/1000');
    is $server->metric('tickr_tickets_issued_total'), 1000, 'ids are counted';
    is $server->metric('tickr_snowflake_lease_held'), 1, 'the lease has a gauge';
    is $server->metric('tickr_snowflake_worker'), worker_of($server), '... so has the worker id';
    my $bound = $server->metric('tickr_snowflake_bound_seconds');
    ok $bound > 1 && $bound <= 4, '... and the time until the bound';
    is $server->metric("tickr_snowflake_${_}_total"), 0, "no $_ is counted" for qw(clock_drifts lease_losses);
    $server->stop;
}

{    # a drain under load
    my $server = lease_server($coordinator);
    ready_within($server, 30, 'a server claims a worker id');
    my $worker = worker_of($server);
    my $load   = Tickr::Load->start($server, clients => 4, path => '/tickets/create/20');
    $load->wait_for_answers(200);
    is $server->stop, 0, 'a server under load ends with 0';
    my @clients = $load->finish;
    is_unique('a drain', @clients);
    is_deeply [ grep { !/^(?:200|503|refused)$/ } keys %{ Tickr::Load::statuses(@clients) } ], [],
        '... and each request has an id or is refused';
    my ($newest) = sort { $b <=> $a } map { @{ $_->{tickets} } } map {@$_} @clients;
    my $bound = bound_of($coordinator, $worker);
    cmp_ok $bound, '>=', $newest >> 22, 'the bound covers the newest id';
    cmp_ok $bound - ($newest >> 22), '<', 1500, '... and was lowered to it';
    is_deeply [ holders($coordinator) ], [], 'the worker id is free before the lease would end';
    my $note = decode_json($coordinator->get("/id-generator/retired_workers/dc0_worker$worker"));
    cmp_ok $note->{last_id}, '>=', $newest, '... and its note has the last id';
    like $note->{reuse_after}, qr/^\d{4}-\d\d-\d\dT/, '... and until when it rests';
}

{    # the service manager
    my $path    = scratch() . '/notify';
    my $manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";
    my $next    = sub {
        return '' unless IO::Select->new($manager)->can_read(10);
        $manager->recv(my $message, 4096);
        return $message;
    };
    my $server = lease_server($coordinator, env => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000 });
    is $next->(), 'READY=1',    'READY when the server listens';
    is $next->(), 'WATCHDOG=1', '... then WATCHDOG';
    $coordinator->pause;
    is $next->(), 'WATCHDOG=1', '... also while the coordinator hangs' for 1 .. 10;
    $coordinator->resume;
    $server->signal('TERM');
    my $message;
    do { $message = $next->() } while $message eq 'WATCHDOG=1';
    is $message, 'STOPPING=1', '... and STOPPING';
    is $server->process->wait_exit(20), 0, 'the server stops cleanly';
}

SKIP: {
    my ($missing) = grep {defined} Tickr::Grpc::missing();
    skip $missing, 1 if defined $missing;
    my $server = lease_server($coordinator, env => { TICKR_GRPC_LISTEN => '127.0.0.1:0' });
    ready_within($server, 30, 'gRPC: a server claims a worker id');
    my $client = Tickr::Grpc->new(Tickr::Grpc::address($server));
    my $list = $client->call('tickr.v1.Tickets/Create', { count => 5000 });
    is $list->{code}, 'OK', 'gRPC: a list of ids';
    my %seen;
    is scalar(grep { !$seen{$_}++ } @{ $list->{response}{tickets} }), 5000, '... has as many as were asked for, all different';
    my $group = $client->call('tickr.v1.Tickets/Create', { count => 100, format => 'FORMAT_GROUP' });
    is $group->{code}, 'OK', 'gRPC: a group of ids' or diag explain $group;
    is $group->{response}{range}{count}, 100, '... is one range';
    is $seen{ $group->{response}{range}{first} }, undef, '... of new ids';
    my $large = $client->call('tickr.v1.Tickets/Create', { count => 4097, format => 'FORMAT_GROUP' });
    is $large->{code}, 'INVALID_ARGUMENT', '... has at most 4096' or diag explain $large;
    is $client->call('grpc.health.v1.Health/Check')->{response}{status}, 'SERVING', 'gRPC: the server is ready';
    $server->stop;
}

done_testing;
