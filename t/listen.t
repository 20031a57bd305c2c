#!/usr/bin/perl
# Listening: one server has an address at a time. The server inherits sockets and descriptors of its caller.
use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Tickr::File;
use Tickr::Process qw(wait_for scratch free_port missing_program);
use Tickr::Server;

plan skip_all => Tickr::File->missing if Tickr::File->missing;

# Return a server with a file of its own, so that only the address can be in use.
sub new_server {
    my (%given) = @_;
    my $database = Tickr::File->new;
    Tickr::Server->createdb(database => $database);
    return Tickr::Server->new(database => $database, wait => 0, %given);
}

# Wait until each of SERVERS serves or has ended. Return those that serve.
sub survivors {
    my (@servers) = @_;
    return grep {
        my $server = $_;
        wait_for('it to serve or end', 20,
            sub { !$server->process->is_running || $server->log =~ /msg="tickrd serves"/ });
        $server->process->is_running;
    } @servers;
}

# Make the path that a killed server leaves.
sub leave_stale {
    my ($path) = @_;
    unlink $path;
    my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
    close $socket;
    return;
}

{    # several servers start together on the path of a dead one: one serves, and clients reach it
    my $path = scratch() . '/stale';
    my $bad  = 0;
    for my $round (1 .. 12) {
        leave_stale($path);
        my @servers = map { new_server(env => { TICKR_LISTEN => "unix:$path" }) } 1 .. 3;
        my @left    = survivors(@servers);
        $bad++ unless @left == 1;
        $bad++ unless eval { Tickr::Client->new(unix => $path)->get('/livez')->{status} == 200 };
        for my $loser (grep { !$_->process->is_running } @servers) {
            $bad++ unless $loser->process->wait_exit == 71 && $loser->log =~ /cannot listen on unix:/;
        }
        $_->stop for @left;
        $bad++ if -e $path;
        last if $bad;
    }
    is $bad, 0, 'of three servers on a stale path one serves, and the others exit with 71';
    is_deeply [ glob scratch() . '/stale*' ], [], 'the servers leave no other file';
}

{    # the same for a port
    my $bad = 0;
    for my $round (1 .. 12) {
        my $port    = free_port();
        my @servers = map { new_server(env => { TICKR_LISTEN => "127.0.0.1:$port" }) } 1 .. 3;
        my @left    = survivors(@servers);
        $bad++ unless @left == 1;
        $_->stop for @left;
        last if $bad;
    }
    is $bad, 0, 'of three servers on a port one serves';
}

SKIP: {    # the same with servers that are delayed at the worst moment
    skip missing_program('strace'), 3 if missing_program('strace');
    my $slow = sub {
        my ($calls, $when) = @_;
        return (through => [
            # The leak sanitizer does not work under strace.
            qw(env), 'ASAN_OPTIONS=' . ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0',
            qw(strace -D -f -qq -o /dev/null -e), "trace=$calls", '-e',
            "inject=$calls:delay_enter=1000000:when=$when" ]);
    };
    my $path = scratch() . '/slow';
    leave_stale($path);
    my @servers = map { new_server(env => { TICKR_LISTEN => "unix:$path" }, $slow->('/^unlink', '1+')) } 1 .. 2;
    is scalar survivors(@servers), 1, 'one server gets the path while another is about to remove it';
    my $client = eval { Tickr::Client->new(unix => $path) };
    is eval { $client->get('/livez')->{status} }, 200, 'clients reach the server that serves';
    $_->stop for grep { $_->process->is_running } @servers;

    my $port = free_port();
    @servers = map { new_server(env => { TICKR_LISTEN => "127.0.0.1:$port" }, @$_) }
        [ $slow->('bind', 2) ], [];
    is scalar survivors(@servers), 1, 'one server gets the port while another is between two sockets';
    $_->stop for grep { $_->process->is_running } @servers;
}

{    # a server with a full queue of connections is alive
    my $path     = scratch() . '/full';
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
    my @waiting;
    while (1) {
        my $client = IO::Socket::UNIX->new(Peer => $path, Blocking => 0) or last;
        push @waiting, $client;
        last if @waiting > 100;
    }
    my $server = new_server(env => { TICKR_LISTEN => "unix:$path" });
    is $server->process->wait_exit(10), 71, 'a second server leaves the path of a server that does not accept';
    like $server->log, qr/Address already in use/, 'the log says why';
    ok -S $path, 'the path is still there';
}

{    # a server does not remove a path that another server has made meanwhile
    my $path = scratch() . '/other';
    my $old  = new_server(env => { TICKR_LISTEN => "unix:$path" });
    survivors($old);
    unlink $path or die "$path: $!";
    my $new = new_server(env => { TICKR_LISTEN => "unix:$path" });
    survivors($new);
    is $old->stop, 0, 'a server stops after another server replaced its path';
    my $client = Tickr::Client->new(unix => $path);
    is $client->get('/livez')->{status}, 200, 'the path is still there';
    is $new->stop, 0, 'the other server stops';
    ok !-e $path, 'the other server removes the path';
}

# --- sockets of the service manager ------------------------------------------------------------

# Start a server through the shell, which replaces $$ by the process id.
sub through_shell {
    my ($script, %given) = @_;
    return new_server(through => [ 'sh', '-c', "$script" . ' exec "$0" "$@"' ], %given);
}

for my $fds ('x', '', '-1', '17', '99999999999999999999', '1 2') {
    my $server = through_shell("LISTEN_PID=\$\$ LISTEN_FDS='$fds'");
    is $server->process->wait_exit(10), 71, "LISTEN_FDS='$fds' is refused";
    like $server->log, qr/cannot listen.*LISTEN_FDS=.*up to 16 sockets/, 'the log says why';
}

{
    my $server = through_shell('LISTEN_PID=1 LISTEN_FDS=x');
    is scalar survivors($server), 1, 'a server ignores sockets that were left for another process';
    is $server->stop, 0, 'the server stops';
}

{
    my $server = through_shell('LISTEN_PID=$$ LISTEN_FDS=1', before => sub { POSIX::close(3) });
    is $server->process->wait_exit(10), 71, 'a server refuses an inherited socket that does not exist';
    like $server->log, qr/inherited descriptor 3 is not a listening socket/, 'the log says why';
}

# --- standard descriptors -----------------------------------------------------------------------

for my $closed ('<&-', '>&-', '<&- >&-', '<&- >&- 2>&-') {
    my @through  = (through => [ 'sh', '-c', qq{exec "\$0" "\$@" $closed} ]);
    my $port     = free_port();
    my $database = Tickr::File->new;
    my ($status) = Tickr::Server->run(database => $database, arguments => ['createdb'], @through);
    is $status, 0, "createdb works with $closed";
    my $server = Tickr::Server->new(
        database => $database, wait => 0, env => { TICKR_LISTEN => "127.0.0.1:$port" }, @through);
    my $answer = wait_for('an answer', 10,
        sub { eval { Tickr::Client->new(port => $port)->get('/tickets/create') } });
    is $answer->{status}, 200, "a server works with $closed";
    my @open = map { readlink('/proc/' . $server->pid . "/fd/$_") // 'none' } 0 .. 2;
    is_deeply [ grep { !m{^/dev/null$|\.log$} } @open ], [],
        'no standard descriptor is a socket or a database';
    is $server->stop, 0, 'the server stops';
}

done_testing;
