#!/usr/bin/perl
# Tickets reserved ahead are issued from memory, in order over all connections, and while the database is down.
use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();

sub server {
    my (%env) = @_;
    return Tickr::Server->fresh(
        database => $database,
        env      => {
            TICKR_RESERVE_AHEAD => 2, TICKR_RESERVE_AHEAD_MIN => 500, TICKR_HTTP_THREADS => 3,
            TICKR_MAX_NODES     => 1, TICKR_NODE_NUMBER       => 0,   %env
        });
}

sub status { my ($server) = @_; return $server->client->json($server->get('/status')) }

sub wait_until_holds {
    my ($server, $least) = @_;
    wait_for("$least tickets to be held", 5,
        sub { my $status = eval { status($server) }; $status && $status->{reserved} >= $least });
    return;
}

{    # without load
    my $server = server();
    wait_until_holds($server, 500);
    my $held   = status($server)->{reserved};
    my $before = $server->metric('tickr_reservation_tickets_count');
    my $first  = $server->client->json($server->get('/tickets/create'))->[0];
    is $first, 326, 'the first ticket is the first one of the node';
    is status($server)->{reserved}, $held - 1, '... from the tickets held ahead';
    my $last = $first;
    my @clients = map { $server->client } 1 .. 8;
    for my $i (1 .. 100) {    # the kernel spreads the connections over the loops
        my $client = $clients[ $i % 8 ];
        my ($next) = @{ $client->json($client->get('/tickets/create')) };
        fail "$next came after $last" if $next <= $last;
        $last = $next;
    }
    is $last, 426, 'each ticket is the next, on one connection or many';
    is_deeply $server->client->json($server->get('/tickets/create/100')), [ 427 .. 526 ],
        '... so are the tickets of a small batch';
    cmp_ok $server->metric('tickr_reservation_tickets_count') - $before, '<=', 4,
        '... with a few statements for all of them';
    cmp_ok status($server)->{last_ticket}, '>=', 526, '/status shows the newest ticket of the database';
    cmp_ok $server->metric('tickr_tickets_reserved'), '>=', 400, 'a metric shows the tickets held ahead';
    cmp_ok $server->metric('tickr_reserved_seconds_left'), '>', 0, '... and how long they last';
    is $server->stop, 0, 'the server stops cleanly';
    my ($gap, $given_back) = $server->log =~ /reserved ahead were left over" gap=(\d+) given_back=(\d+)$/m;
    my ($left, $none) = $database->name eq 'sqlite' ? ($given_back, $gap) : ($gap, $given_back);
    cmp_ok $left, '>=', 500, '... and logs the remaining tickets';
    is $none, 0, '... which are returned if that is safe, else a gap';
    $server = Tickr::Server->new(
        database => $database, env => { TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0 });
    is $server->client->json($server->get('/tickets/create'))->[0], 527 + $gap,
        'the next server continues after them';
    is $server->stop, 0, '... and stops cleanly';
}

{    # under load, of all sizes
    my $server = server(TICKR_RESERVE_AHEAD_MAX => 3000, Tickr::Server::patient());
    # Clients of large batches pause, so that the test does not spend its time on comparing them.
    my @loads = map {
        Tickr::Load->start($server, clients => $_->[0], path => "/tickets/create$_->[1]", pause => $_->[2])
    } [ 6, '', 0 ], [ 2, '/50', 0 ], [ 2, '/2000', 0.02 ], [ 1, '/20000', 0.03 ];
    $_->wait_for_answers(40) for @loads;
    my @answers = map { $_->finish } @loads;
    is_deeply [ Tickr::Load::duplicates(@answers) ], [], 'no ticket twice';
    is_deeply [ Tickr::Load::unordered(@answers) ],  [], q(each client's tickets rise);
    is_deeply [ Tickr::Load::overtaken(@answers) ],  [],
        'a request that begins after any answer gets higher tickets';
    is_deeply [ keys %{ Tickr::Load::statuses(@answers) } ], [200], 'all requests get tickets';
    my @torn = grep {
        my @tickets = @{ $_->{tickets} };
        $tickets[-1] - $tickets[0] != $#tickets
    } map {@$_} @answers;
    is scalar @torn, 0, 'each batch of any size is one progression';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the database goes down
    my $server = server(
        TICKR_DATABASE_POOL_TIMEOUT => '0.3', TICKR_RESERVE_AHEAD_MIN => 300,
        TICKR_RESERVE_AHEAD_MAX     => 400);
    wait_until_holds($server, 300);
    my $client = $server->client;
    $client->get('/tickets/create');
    $database->kill;
    wait_for('the outage to be noticed', 5, sub { $server->log =~ /msg="the database is (down|refused)"/ });
    is $server->get('/status')->{status}, 200, 'while tickets are held /status is 200';
    is $server->get('/readyz')->{status}, 200, '... and so is /readyz';
    is $server->metric('tickr_database_up'), 0, '... and a metric shows the outage';
    my ($given, $answer) = (0);
    my %seen;
    for (1 .. 1000) {
        $answer = $client->get('/tickets/create');
        last if $answer->{status} != 200;
        fail 'a ticket was issued twice' if $seen{ $answer->{body} }++;
        $given++;
    }
    cmp_ok $given, '>=', 299, 'all tickets held ahead are issued';
    cmp_ok $given, '<=', 400, '... and no others';
    is $answer->{status}, 503, 'then a request gets 503';
    like $answer->{body}, qr/"error":"\w.*database/, '... with the reason';
    is $server->get('/status')->{status}, 503, '... and so does /status';
    is $server->get('/readyz')->{status}, 503, '... and /readyz';
    $database->launch;
    wait_for('the database to answer', 20, sub { $database->answers });
    $server->wait_until_ready(5);
    wait_until_holds($server, 300);
    my $next = $client->get('/tickets/create');
    is $next->{status}, 200, 'when the database is up tickets are issued again';
    is $seen{ $next->{body} }, undef, 'new ones';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # at the end of the space
    my %env = (
        TICKR_MAX_NODES     => 1, TICKR_NODE_NUMBER => 0, TICKR_STARTING_OFFSET => '4611686018427387904',
        TICKR_RESERVE_AHEAD => 2);
    $database->drop;
    Tickr::Server->createdb(database => $database, env => \%env);
    $database->advance('4611686018427387902');
    my $server = Tickr::Server->new(database => $database, env => \%env);
    wait_until_holds($server, 3);
    is status($server)->{reserved}, 3, 'at the end of the space only the remaining tickets are held';
    is $server->get('/tickets/create/3')->{body},
        '[9223372036854775805,9223372036854775806,9223372036854775807]', 'the last ticket is issued';
    is $server->get('/tickets/create')->{status}, 500, 'requests after the end get 500';
    is $server->get('/status')->{status},         503, '... and /status is 503';
    is $server->get('/readyz')->{status},         503, '... and so is /readyz';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # servers are killed under load
    my %seen;
    my ($twice, $server) = (0, server());
    for my $round (1 .. 3) {
        my $load = Tickr::Load->start($server, clients => 8);
        $load->wait_for_answers(500);
        $server->process->kill_hard;
        $twice += grep { $seen{$_}++ } map { @{ $_->{tickets} } } map {@$_} $load->finish;
        $server = Tickr::Server->new(
            database => $database,
            env => { TICKR_RESERVE_AHEAD => 2, TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0 });
    }
    cmp_ok scalar keys %seen, '>=', 1500, 'servers that are killed issue tickets';
    is $twice, 0, '... and none twice';
    is $server->stop, 0, 'the last server stops cleanly';
}

done_testing;
