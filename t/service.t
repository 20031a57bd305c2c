#!/usr/bin/perl
# The service manager's side: notifications, the watchdog, inherited sockets, the journal.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);
use Fcntl qw(O_NONBLOCK O_WRONLY);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Tickr::Process qw(wait_for scratch free_port);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
Tickr::Server->createdb(database => $database);

# Fill a pipe, by a description of its own: O_NONBLOCK must not reach whoever inherits the end.
sub fill {
    my ($writer) = @_;
    sysopen my $copy, '/proc/self/fd/' . fileno $writer, O_WRONLY | O_NONBLOCK or die "$!";
    for my $size (4096, 1) { 1 while syswrite $copy, 'x' x $size }
    return;
}

# The service manager's end of NOTIFY_SOCKET.
my $path    = scratch() . '/notify';
my $manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "$path: $!";

sub next_message {
    my ($seconds) = @_;
    return '' unless IO::Select->new($manager)->can_read($seconds);
    $manager->recv(my $message, 4096);
    return $message;
}

{
    my $server = Tickr::Server->new(
        database => $database,
        env      => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000 },
    );
    is next_message(5), 'READY=1',    'READY when it listens';
    is next_message(5), 'WATCHDOG=1', 'WATCHDOG';
    is next_message(5), 'WATCHDOG=1', 'again and again';
    $server->signal('TERM');
    my $message;
    do { $message = next_message(5) } while $message eq 'WATCHDOG=1';
    is $message, 'STOPPING=1', 'STOPPING when it is told to';
    is $server->process->wait_exit, 0, 'it stops cleanly';
}

{    # one loop that hangs is enough for silence
    my $server = Tickr::Server->new(
        database => $database,
        env      => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000, TICKR_HTTP_THREADS => 2 },
    );
    is next_message(5), 'READY=1',    'READY';
    is next_message(5), 'WATCHDOG=1', 'WATCHDOG';
    $server->signal('STOP');
    1 while next_message(0.2) ne '';
    is next_message(0.5), '', 'no WATCHDOG from a server that is stopped';
    $server->signal('CONT');
    is next_message(5), 'WATCHDOG=1', 'and again when it goes on';
    $server->stop;
    1 while next_message(0) ne '';
}

{
    my $server = Tickr::Server->new(
        database => $database,
        env      => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 1000, WATCHDOG_PID => 1 },
    );
    is next_message(5),   'READY=1', 'READY';
    is next_message(0.2), '',        'a watchdog that is meant for another process is not fed';
    $server->stop;
    next_message(5);
}

{    # a stop that takes its time
    my $server = Tickr::Server->new(
        database => $database,
        env      => {
            Tickr::Server::patient(),
            NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000, TICKR_HTTP_THREADS => 1,
        },
    );
    $server->wait_until_ready;
    $database->lock;
    my $flying = $server->client;
    $flying->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('the request to wait', 5, sub { $server->metric('tickr_requests_waiting') == 1 });
    $server->signal('TERM');
    1 while next_message(5) ne 'STOPPING=1';
    is next_message(5), 'WATCHDOG=1', 'a server that stops feeds the watchdog';
    is next_message(5), 'WATCHDOG=1', 'again and again';
    $database->unlock;
    is $server->process->wait_exit, 0, 'until it ends';
    1 while next_message(0) ne '';
}

{    # a service manager that does not read
    my $port  = free_port();
    my $other = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $path, Blocking => 0) or die "$path: $!";
    my $fill  = sub { 1 while defined $other->syswrite('X=1') };
    $fill->();
    my $server = Tickr::Server->new(
        database => $database, wait => 0,
        env => { NOTIFY_SOCKET => $path, WATCHDOG_USEC => 300_000, TICKR_LISTEN => "127.0.0.1:$port" },
    );
    wait_for('the server to answer', 10,
        sub { eval { Tickr::Client->new(port => $port)->get('/readyz')->{status} == 200 } });
    pass 'a manager that does not read stops nothing';
    my $message;
    do { $message = next_message(5) } while $message eq 'X=1' || $message eq 'WATCHDOG=1';
    is $message, 'READY=1', 'READY when it reads again';
    $fill->();
    is $server->stop(5), 0, 'a server stops while its manager does not read';
    1 while next_message(0) ne '';
}

SKIP: {
    my ($activate) = grep {-x} map {"$_/systemd-socket-activate"} split /:/, $ENV{PATH};
    skip 'systemd-socket-activate is not installed', 4 unless $activate;
    my $port   = free_port();
    my $socket = scratch() . '/inherited';
    my $server = Tickr::Server->new(
        database => $database,
        wait     => 0,
        through  => [
            $activate, "--listen=127.0.0.1:$port", "--listen=$socket",
            map({"--setenv=$_"} grep {/^TICKR_/} keys %{ { Tickr::Server::environment($database->environment) } }),
        ],
    );
    my $answer = wait_for('an answer', 20, sub {
        eval { Tickr::Client->new(port => $port)->get('/tickets/create') };
    });
    is $answer->{status}, 200, 'it serves on an inherited TCP socket';
    my $local = Tickr::Client->new(unix => $socket)->get('/livez');
    is $local->{status}, 200, 'and on a Unix socket';
    ok $server->wait_for_log(qr{address=127\.0\.0\.1:$port inherited=yes}), 'the log says so';
    is $server->stop, 0, 'it stops cleanly';
}

{    # a restart: the next server has the same socket
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100) or die "no socket: $!";
    my $start    = sub {
        my $server = Tickr::Server->new(
            database => $database,
            wait     => 0,
            env      => { Tickr::Server::patient(), TICKR_DRAIN_DELAY => 30 },
            through  => [ 'sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"' ],
            before   => sub { POSIX::dup2(fileno $listener, 3) // die "dup2: $!" },
        );
        $server->wait_until_serving;
        return $server;
    };
    my $client = sub { Tickr::Client->new(port => $listener->sockport) };
    my $ask    = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";

    my $old = $start->();
    wait_for('tickets', 10, sub { $client->()->get('/readyz')->{status} == 200 });
    $database->lock;
    my $flying = $client->();
    $flying->send($ask);
    wait_for('the request to wait', 10,
        sub { $client->()->get('/metrics')->{body} =~ /^tickr_requests_waiting 1$/m });
    $old->signal('TERM');
    my $socket = readlink '/proc/self/fd/' . fileno $listener;
    wait_for('the server to let go of the socket', 10,
        sub { !grep { (readlink // '') eq $socket } glob '/proc/' . $old->pid . '/fd/*' });
    my @queued = map { $client->() } 1 .. 20;
    $_->send($ask) for @queued;
    $database->unlock;
    is $flying->response->{status}, 200, 'what was in flight is answered';
    is $old->process->wait_exit(10), 0, 'the server ends without TICKR_DRAIN_DELAY: its socket lives on';
    my $new = $start->();
    is_deeply [ map { my $answer = eval { $_->response }; $answer ? $answer->{status} : 'lost' } @queued ],
        [ (200) x 20 ], 'connections that came meanwhile are answered by the next server';
    is $new->stop, 0, 'which stops cleanly';
}

{    # under the journal a line begins with its priority
    my $server = Tickr::Server->new(
        database => $database,
        wait     => 0,
        before   => sub {
            my ($device, $inode) = stat STDERR;
            $ENV{JOURNAL_STREAM} = "$device:$inode";
        },
    );
    wait_for('its log', 20, sub { $server->log =~ /tickrd serves/ });
    like $server->log, qr/^<6>level=info msg="tickrd serves"/m, 'a line has a priority and no time';
    is $server->stop, 0, 'it stops cleanly';
}

{    # a log that nobody reads stops nothing
    my $port = free_port();
    my ($reader, $writer);
    pipe $reader, $writer or die "pipe: $!";
    fill($writer);
    my $server = Tickr::Server->new(
        database => $database,
        wait     => 0,
        env      => {
            TICKR_LISTEN => "127.0.0.1:$port", TICKR_DRAIN_TIMEOUT => 2, TICKR_LOG_LEVEL => 'debug',
            TICKR_NO_SUCH_VARIABLE => 1,    # a line before there are threads
        },
        before => sub { open STDERR, '>&', $writer or die "$!" },
    );
    my $get = sub { Tickr::Client->new(port => $port)->get($_[0]) };
    wait_for('the server to answer', 10, sub { eval { $get->('/readyz')->{status} == 200 } });
    my $dropped = sub { $get->('/metrics')->{body} =~ /^tickr_log_lines_dropped_total ([1-9]\d*)$/m && $1 };
    wait_for('dropped lines in the metrics', 20, sub {
        my $client = Tickr::Client->new(port => $port);
        $client->get('/tickets/create/x') for 1 .. 200;
        ($dropped->() // 0) > 100;
    });
    is $get->('/livez')->{status}, 200, '/livez is answered while nobody reads the log';
    my $text = '';
    my $select = IO::Select->new($reader);
    while ($select->can_read(1)) {
        last unless sysread $reader, my $piece, 65536;
        $text .= $piece;
        last if $text =~ /msg="log lines were dropped" count=\d+ reason="standard error was not read"/;
    }
    ok $text =~ /msg="log lines were dropped"/, 'the log says how many lines are missing';
    fill($writer);
    my $began = time;
    is $server->stop(5), 0, 'SIGTERM ends it with 0 while nobody reads the log';
    cmp_ok time - $began, '<', 4, 'in time';
}

done_testing;
