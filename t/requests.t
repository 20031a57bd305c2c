#!/usr/bin/perl
# Many clients: tickets are unique, and rise for each client, even if others hang up, send slowly or never
# read. A server without free descriptors keeps serving.
use strict;
use warnings;
use IO::Select;
use Test::More;
use Tickr::Process qw(wait_for scratch);
use Tickr::Server;
use Tickr::Stores qw(the_store);
use Time::HiRes qw(time);

my $database = the_store();
my %patient  = Tickr::Server::patient();
my $server   = Tickr::Server->fresh(database => $database, env => \%patient);

my $ask_one = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";

# Open CLIENTS connections, and send ROUNDS requests on each. Print a line for each ticket: the client and the ticket.
sub crowd {
    my ($number, $clients, $rounds) = @_;
    my $select = IO::Select->new;
    my (%client_of, %left, %name);
    for my $i (1 .. $clients) {
        my $client = $server->client;
        my $socket = $client->socket;
        ($client_of{$socket}, $left{$socket}, $name{$socket}) = ($client, $rounds, "$number.$i");
        $select->add($socket);
    }
    my $ask = sub {
        my ($socket) = @_;
        my $path = $left{$socket} % 5 ? '/tickets/create' : '/tickets/create/3';
        $client_of{$socket}->send("GET $path HTTP/1.1\r\nHost: t\r\n\r\n");
    };
    $ask->($_) for $select->handles;
    while ($select->count) {
        my @ready = $select->can_read(20) or die "no answers\n";
        for my $socket (@ready) {
            my $response = $client_of{$socket}->response;
            die "$response->{status}: $response->{body}\n" if $response->{status} != 200;
            print "$name{$socket} $_\n" for $response->{body} =~ /\d+/g;
            if   (--$left{$socket}) { $ask->($socket) }
            else                    { $select->remove($socket) }
        }
    }
    return;
}

# --- clients that close their half, and wait for the answer ------------------------

for my $count (1, 1000, 100_000) {
    my @whole = grep { $_ == $count } map {
        my $client = $server->client;
        $client->send("GET /tickets/create/$count HTTP/1.1\r\nHost: t\r\n\r\n");
        shutdown $client->socket, 1;
        my $answer = eval { $client->response };
        $answer ? scalar(() = $answer->{body} =~ /\d+/g) : 0;
    } 1 .. 10;
    is scalar @whole, 10, "a half-closed connection gets its answer with all tickets: $count";
}

# --- 200 clients ---------------------------------------------------------------------------------

{
    my @crowds = map {
        my $number = $_;
        Tickr::Process->new(name => "crowd$number", code => sub { crowd($number, 50, 25) });
    } 1 .. 4;
    is $_->wait_exit(60), 0, '50 clients are served' or diag $_->log for @crowds;
    my (%seen, %last, @repeated, @falling);
    for my $line (map { split /\n/, $_->log } @crowds) {
        my ($client, $ticket) = split / /, $line;
        push @repeated, $ticket if $seen{$ticket}++;
        push @falling, $line if defined $last{$client} && $ticket <= $last{$client};
        $last{$client} = $ticket;
    }
    is scalar keys %last, 200, 'all 200 clients have tickets';
    is scalar keys %seen, 200 * (20 + 5 * 3), '... and no ticket is missing';
    is_deeply \@repeated, [], 'no ticket is issued twice';
    is_deeply \@falling,  [], 'tickets rise for each client';
}

# --- clients that hang up ---------------------------------------------------------------------------

sub settles_at {
    my ($descriptors, $name) = @_;
    ok eval { wait_for($name, 10, sub { $server->descriptors == $descriptors }) },
        "$name: all descriptors are closed"
        or diag $server->descriptors . " descriptors, not $descriptors";
    return;
}

# All sessions are open. The only client is the one that reads the metrics.
my $watch = $server->client;

sub metric {
    my ($name) = @_;
    return $watch->get('/metrics')->{body} =~ /^\Q$name\E (\d+)$/m ? $1 : undef;
}

wait_for('the crowd to be gone', 10, sub { metric('tickr_http_connections') == 1 });
my $quiet = $server->descriptors;
{
    for (1 .. 200) {
        my $client = $server->client;
        $client->send($ask_one);
        $client->close;
    }
    is $server->get('/tickets/create')->{status}, 200, 'clients that hang up before their answer do no harm';
    settles_at($quiet, 'after hanging up');

    # The same while their requests wait for a locked database.
    my @others  = map { $server->client } 1 .. 10;
    my @leaving = map { $server->client } 1 .. 50;
    $database->lock;
    $_->send($ask_one) for @others, @leaving;
    $_->send("GET /tickets/create/1000 HTTP/1.1\r\nHost: t\r\n\r\n") for @leaving[ 0 .. 9 ];
    wait_for('requests to wait', 5, sub { metric('tickr_requests_waiting') == 60 });
    $_->close for @leaving;
    $database->unlock;
    my @tickets = map { $_->response->{body} =~ /^\[(\d+)\]$/ } @others;
    is scalar @tickets, 10, 'the clients that stay get their answers';
    my %seen = map { $_ => 1 } @tickets;
    is scalar keys %seen, 10, '... with different tickets';
    $_->close for @others;
    settles_at($quiet, 'after hanging up with requests in flight');
    is metric('tickr_requests_waiting'), 0, 'no request waits any longer';

    # The same with half a request.
    for my $half ("GET /tick", "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc", '') {
        my @clients = map { $server->client } 1 .. 20;
        $_->send($half) for @clients;
        $_->close       for @clients;
    }
    is $server->get('/tickets/create')->{status}, 200, 'clients that hang up within a request do no harm';
    settles_at($quiet, 'after half requests');
}

# --- clients that send requests and do not read -----------------------------------------------------------------

{
    my $before  = $server->memory;
    my @clients = map { $server->client } 1 .. 20;
    local $SIG{PIPE} = 'IGNORE';
    my $taken = 0;
    for my $client (@clients) {
        $client->socket->blocking(0);
        my $bytes = "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n" x 2000;
        # Send until the kernel accepts no bytes for a while, because the server rightly reads no further.
        while ($taken < 500_000_000 && IO::Select->new($client->socket)->can_write(0.2)) {
            $taken += syswrite($client->socket, $bytes) // last;
        }
    }
    cmp_ok $taken, '>', 5_000_000, "20 clients send without reading: $taken bytes are in flight";
SKIP: {
        skip 'a sanitizer keeps memory that was freed', 1 unless $before;
        cmp_ok $server->memory - $before, '<', 20_000, '... and the server holds little of them in memory';
    }
    is $server->get('/tickets/create')->{status}, 200, '... and serves other clients';
    $_->close for @clients;
    settles_at($quiet, 'after asking without reading');
}

# --- slow clients ------------------------------------------------------------------------------

{
    my @slow   = map { $server->client } 1 .. 10;
    my @unread = map { $server->client } 1 .. 3;
    my $issued = metric('tickr_tickets_issued_total');
    $_->send("GET /tickets/create/100000 HTTP/1.1\r\nHost: t\r\n\r\n") for @unread;
    wait_for('large answers', 20, sub { metric('tickr_tickets_issued_total') == $issued + 300_000 });
    my @left   = split //, $ask_one;
    my @others = map { $server->client } 1 .. 5;
    my ($answers, $longest, %seen) = (0, 0);
    while (@left) {
        my $byte = shift @left;
        $_->send($byte) for @slow;
        for my $client (@others) {
            my $began = time;
            my ($ticket) = $client->get('/tickets/create')->{body} =~ /^\[(\d+)\]$/;
            $seen{$ticket}++ if $ticket;
            $longest = time - $began if time - $began > $longest;
        }
    }
    is scalar keys %seen, 5 * length $ask_one, 'the server serves others while some send a byte now and then'
        . ' and some never read';
    cmp_ok $longest, '<', 5, '... without delay';
    is scalar(grep { $_->response->{status} == 200 } @slow), 10, 'slow clients get their answers in the end';
    my $late = shift @unread;
    my $tickets = $late->json($late->response);
    is scalar @$tickets, 100_000, 'a client that reads late gets all its tickets';
    ok !grep({ $seen{$_} } @$tickets), '... which no other client has';
    $_->close for @slow, @unread, @others, $late;
    settles_at($quiet, 'after slow clients');
}
$watch->close;
is $server->stop, 0, 'the server stops cleanly';

# --- no descriptors ------------------------------------------------------------------------------------

{
    my $control = scratch() . '/control';
    $server = Tickr::Server->new(
        database => $database,
        env      => { %patient, TICKR_CONTROL_SOCKET => $control },
        through  => [ 'sh', '-c', 'ulimit -n 40 && exec "$@"', 'sh' ]);
    $server->wait_until_ready;
    my @clients = map { $server->client } 1 .. 100;
    $_->send($ask_one) for @clients;

    # Clients with an answer are in. The others wait while these stay.
    my $is_answered = sub { IO::Select->new($_[0]->socket)->can_read(0) };
    $server->wait_for_log(qr/too many connections/, 10);
    my ($most) = $server->log =~ /too many connections.* limit=(\d+)/;
    wait_for('answers to all clients that are in', 10, sub { $most <= grep { $is_answered->($_) } @clients });
    # Each client is checked once: another loop may let in one more client at any moment.
    my (@in, @out);
    push @{ $is_answered->($_) ? \@in : \@out }, $_ for @clients;
    cmp_ok scalar @in,  '>', 5,  'some clients are in: ' . @in;
    cmp_ok scalar @out, '>', 50, 'most clients wait outside: ' . @out;
    $_->response for @in;
    my $operator = Tickr::Client->new(unix => $control);
    $operator->send("GET /databases HTTP/1.1\r\nHost: t\r\n\r\n");

    my ($lines, $seconds, $began) = (scalar(() = $server->log =~ /\n/g), $server->processor_seconds, time);
    wait_for('two seconds at the limit', 10, sub { time - $began > 2 });
    $lines   = (() = $server->log =~ /\n/g) - $lines;
    $seconds = $server->processor_seconds - $seconds;
    cmp_ok $lines,   '<', 5,  "the server logs little at the limit: $lines lines in 2 s";
    cmp_ok $seconds, '<', 0.5, "... and uses little processor time: $seconds s in 2 s";
    like $server->log, qr/level=warn msg="too many connections; new ones wait" connections=\d+ limit=\d+/,
        '... and the log says why';
    is scalar(grep { $_->get('/tickets/create')->{status} == 200 } @in), scalar @in,
        'the server serves the clients that are in';
    like $in[0]->get('/metrics')->{body}, qr/^tickr_http_connections_limit_reached_total 1$/m,
        'a metric counts that the limit was reached';

    $_->close for @in;
    my ($outside, %statuses) = (scalar @out);
    while (@out) {
        my @now = wait_for('the clients outside to be served', 10, sub {
            my @ready = grep { $is_answered->($_) } @out;
            @ready ? \@ready : 0;
        });
        for my $client (@{ $now[0] }) {
            my $response = $client->response;
            $statuses{ $response ? $response->{status} : 'none' }++;
            $client->close;
            @out = grep { $_ != $client } @out;
        }
    }
    is_deeply \%statuses, { 200 => $outside }, 'when they leave, the server serves all the others';
    is $server->get('/tickets/create')->{status}, 200, 'the server serves new clients too';
    is $operator->response->{status}, 200, 'the server answers the operator too';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # requests that wait use no processor time, also if their clients send more
    my $waiting = Tickr::Server->new(database => $database, env => { TICKR_DATABASE_POOL_TIMEOUT => 1 });
    $database->lock;
    my @clients = map { $waiting->client } 1 .. 3;
    $clients[0]->send($ask_one);
    $clients[1]->send($ask_one x 2000);    # more than the server reads ahead
    $clients[2]->send($ask_one);
    shutdown $clients[2]->socket, 1;
    my $before = $waiting->processor_seconds;
    my $began  = time;
    is $clients[0]->response->{status}, 503, 'a request is refused if no session serves it';
    my $waited = time - $began;
    cmp_ok $waited, '>', 0.5, '... when its time is over';
    cmp_ok $waiting->processor_seconds - $before, '<', $waited / 4, 'waiting uses no processor time';
    is $clients[2]->response->{status}, 503, 'a request whose client has closed its half is refused too';
    $database->unlock;
    my %statuses;
    $statuses{ $clients[1]->response->{status} }++ for 1 .. 2000;
    is(($statuses{200} // 0) + ($statuses{503} // 0), 2000, 'all requests that were sent together are answered in the end');
    is $waiting->stop, 0, 'the server stops cleanly';
}

done_testing;
