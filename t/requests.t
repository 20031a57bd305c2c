#!/usr/bin/perl
# Many clients, and bad ones: unique and rising for each, whoever hangs up, dawdles or never reads;
# and a server that has no descriptors left.
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

# CLIENTS connections, each asking ROUNDS times; prints a line for each ticket: the client and it.
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

# --- clients that say that they will send no more, and wait for the answer ------------------------

for my $count (1, 1000, 100_000) {
    my @whole = grep { $_ == $count } map {
        my $client = $server->client;
        $client->send("GET /tickets/create/$count HTTP/1.1\r\nHost: t\r\n\r\n");
        shutdown $client->socket, 1;
        my $answer = eval { $client->response };
        $answer ? scalar(() = $answer->{body} =~ /\d+/g) : 0;
    } 1 .. 10;
    is scalar @whole, 10, "a half-closed connection gets its answer: all of $count tickets";
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
    is scalar keys %last, 200, '200 clients were there';
    is scalar keys %seen, 200 * (20 + 5 * 3), '... with all their tickets';
    is_deeply \@repeated, [], '... no ticket twice';
    is_deeply \@falling,  [], '... and rising for each client';
}

# --- clients that hang up ---------------------------------------------------------------------------

sub settles_at {
    my ($descriptors, $name) = @_;
    ok eval { wait_for($name, 10, sub { $server->descriptors == $descriptors }) },
        "$name: no descriptor is left behind"
        or diag $server->descriptors . " descriptors, not $descriptors";
    return;
}

# All sessions are open, and no client is but the one that watches.
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
    is $server->get('/tickets/create')->{status}, 200, 'clients that do not wait for their answer do no harm';
    settles_at($quiet, 'after hanging up');

    # While their requests wait for a database that is locked.
    my @others  = map { $server->client } 1 .. 10;
    my @leaving = map { $server->client } 1 .. 50;
    $database->lock;
    $_->send($ask_one) for @others, @leaving;
    $_->send("GET /tickets/create/1000 HTTP/1.1\r\nHost: t\r\n\r\n") for @leaving[ 0 .. 9 ];
    wait_for('requests to wait', 5, sub { metric('tickr_requests_waiting') == 60 });
    $_->close for @leaving;
    $database->unlock;
    my @tickets = map { $_->response->{body} =~ /^\[(\d+)\]$/ } @others;
    is scalar @tickets, 10, 'those who stay have their answers';
    my %seen = map { $_ => 1 } @tickets;
    is scalar keys %seen, 10, '... each another';
    $_->close for @others;
    settles_at($quiet, 'after hanging up with requests in flight');
    is metric('tickr_requests_waiting'), 0, 'nothing waits';

    # Half a request.
    for my $half ("GET /tick", "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc", '') {
        my @clients = map { $server->client } 1 .. 20;
        $_->send($half) for @clients;
        $_->close       for @clients;
    }
    is $server->get('/tickets/create')->{status}, 200, 'clients that leave within a request do no harm';
    settles_at($quiet, 'after half requests');
}

# --- clients that ask and do not read -----------------------------------------------------------------

{
    my $before  = $server->memory;
    my @clients = map { $server->client } 1 .. 20;
    local $SIG{PIPE} = 'IGNORE';
    my $taken = 0;
    for my $client (@clients) {
        $client->socket->blocking(0);
        my $bytes = "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n" x 2000;
        # Until the kernel takes no more for a while: the server does not read on, and that is right.
        while ($taken < 500_000_000 && IO::Select->new($client->socket)->can_write(0.2)) {
            $taken += syswrite($client->socket, $bytes) // last;
        }
    }
    cmp_ok $taken, '>', 5_000_000, "20 clients ask and do not read: $taken bytes are on their way";
SKIP: {
        skip 'a sanitizer keeps memory that was freed', 1 unless $before;
        cmp_ok $server->memory - $before, '<', 20_000, '... and the server holds little of it';
    }
    is $server->get('/tickets/create')->{status}, 200, '... and serves others';
    $_->close for @clients;
    settles_at($quiet, 'after asking without reading');
}

# --- clients that dawdle ------------------------------------------------------------------------------

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
    is scalar keys %seen, 5 * length $ask_one, 'others are served while some send a byte now and then'
        . ' and some never read';
    cmp_ok $longest, '<', 5, '... without delay';
    is scalar(grep { $_->response->{status} == 200 } @slow), 10, 'slow clients have their answers at last';
    my $late = shift @unread;
    my $tickets = $late->json($late->response);
    is scalar @$tickets, 100_000, 'a client that reads late has all its tickets';
    ok !grep({ $seen{$_} } @$tickets), '... its own';
    $_->close for @slow, @unread, @others, $late;
    settles_at($quiet, 'after dawdling');
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

    # Those who have an answer are in; the others are refused as long as those stay.
    my $is_answered = sub { IO::Select->new($_[0]->socket)->can_read(0) };
    $server->wait_for_log(qr/too many connections/, 10);
    my ($most) = $server->log =~ /too many connections.* limit=(\d+)/;
    wait_for('answers to all who are in', 10, sub { $most <= grep { $is_answered->($_) } @clients });
    # Each client is checked once: another loop may let in one more client at any moment.
    my (@in, @out);
    push @{ $is_answered->($_) ? \@in : \@out }, $_ for @clients;
    cmp_ok scalar @in,  '>', 5,  'some clients are in: ' . @in;
    cmp_ok scalar @out, '>', 50, 'and most are not: ' . @out;
    $_->response for @in;
    my $operator = Tickr::Client->new(unix => $control);
    $operator->send("GET /databases HTTP/1.1\r\nHost: t\r\n\r\n");

    my ($lines, $seconds, $began) = (scalar(() = $server->log =~ /\n/g), $server->processor_seconds, time);
    wait_for('two seconds of refusing', 10, sub { time - $began > 2 });
    $lines   = (() = $server->log =~ /\n/g) - $lines;
    $seconds = $server->processor_seconds - $seconds;
    cmp_ok $lines,   '<', 5,  "while it refuses it logs little: $lines lines in 2 s";
    cmp_ok $seconds, '<', 0.5, "... and uses little processor time: $seconds s in 2 s";
    like $server->log, qr/level=warn msg="too many connections; new ones wait" connections=\d+ limit=\d+/,
        '... and says why';
    is scalar(grep { $_->get('/tickets/create')->{status} == 200 } @in), scalar @in,
        'those who are in are served';
    like $in[0]->get('/metrics')->{body}, qr/^tickr_http_connections_limit_reached_total 1$/m,
        'that the limit was reached is counted';

    $_->close for @in;
    my $served = 0;
    while (@out) {
        my @now = wait_for('those outside to be let in', 10, sub {
            my @ready = grep { $is_answered->($_) } @out;
            @ready ? \@ready : 0;
        });
        for my $client (@{ $now[0] }) {
            my $response = $client->response;
            $served++ if $response && $response->{status} == 200;
            $client->close;
            @out = grep { $_ != $client } @out;
        }
    }
    is $served, 100 - @in, 'when they leave, all the others are let in';
    is $server->get('/tickets/create')->{status}, 200, 'and new ones';
    is $operator->response->{status}, 200, 'and the operator';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # while requests wait nothing is done for them, whatever their clients send
    my $waiting = Tickr::Server->new(database => $database, env => { TICKR_DATABASE_POOL_TIMEOUT => 1 });
    $database->lock;
    my @clients = map { $waiting->client } 1 .. 3;
    $clients[0]->send($ask_one);
    $clients[1]->send($ask_one x 2000);    # more than is read ahead
    $clients[2]->send($ask_one);
    shutdown $clients[2]->socket, 1;
    my $before = $waiting->processor_seconds;
    my $began  = time;
    is $clients[0]->response->{status}, 503, 'a request that waits in vain is refused';
    my $waited = time - $began;
    cmp_ok $waited, '>', 0.5, '... after its time';
    cmp_ok $waiting->processor_seconds - $before, '<', $waited / 4, 'and waiting costs no processor time';
    is $clients[2]->response->{status}, 503, 'so is one whose client has closed its half';
    $database->unlock;
    my %statuses;
    $statuses{ $clients[1]->response->{status} }++ for 1 .. 2000;
    is(($statuses{200} // 0) + ($statuses{503} // 0), 2000, 'all that was sent at once is answered in the end');
    is $waiting->stop, 0, 'the server stops cleanly';
}

done_testing;
