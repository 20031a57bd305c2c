#!/usr/bin/perl
# The service manager's side: notifications, the watchdog, inherited sockets, the journal.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);
use Test::More;
use Tickr::Process qw(wait_for scratch free_port);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
Tickr::Server->createdb(database => $database);

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
    like $server->log, qr/address=127\.0\.0\.1:$port inherited=yes/, 'the log says so';
    is $server->stop, 0, 'it stops cleanly';
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

done_testing;
