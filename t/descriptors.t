#!/usr/bin/perl
# Clients that hold all available descriptors do not stop tickets on open connections.
use strict;
use warnings;
use IO::Select;
use Test::More;
use Tickr::Client;
use Tickr::Database;
use Tickr::File;
use Tickr::Process qw(missing_program scratch wait_for);
use Tickr::Server;

my $limit   = 200;
my $ask_one = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";
my $count   = 0;

# A server on DATABASE with a limit of open files, a state folder and an operator's socket.
sub limited {
    my ($database, $most, %env) = @_;
    my $folder = scratch() . '/state' . ++$count;
    mkdir $folder or die "$folder: $!";
    Tickr::Server->createdb(database => $database, arguments => ['--if-not-exists']);
    return Tickr::Server->new(
        database => $database,
        env      => {
            Tickr::Server->patient, TICKR_STATE_DIR => $folder, TICKR_CONTROL_SOCKET => "$folder/control", %env },
        through => [ 'sh', '-c', "ulimit -n $most && exec \"\$@\"", 'sh' ]);
}

sub lines { return scalar(() = $_[0]->log =~ /$_[1]/g) }

sub is_served { return IO::Select->new($_[0]->socket)->can_read(0) }

sub clients_cannot_stop_it {
    my ($database, %env) = @_;
    my $on     = $database->name;
    my $server = limited($database, $limit, %env);
    my $early  = $server->client;
    is $early->get('/tickets/create/100')->{status}, 200, "$on: an early client gets tickets";
    unlike $server->log, qr/limit of open files is too low/, "$on: the limit is high enough";

    my @idle = map { $server->client } 1 .. $limit + 50;
    ok $server->wait_for_log(qr/level=warn msg="too many connections; new ones wait" connections=\d+ limit=\d+/),
        "$on: idle clients reach the limit";
    my $most = $early->get('/metrics')->{body} =~ /^tickr_http_connections_limit (\d+)$/m ? $1 : 0;
    cmp_ok $most, '>', 64, "$on: clients get most of the descriptors: $most of $limit";
    is scalar(grep { $early->get('/tickets/create/1000?format=group')->{status} != 200 } 1 .. 50), 0,
        "$on: the early client gets tickets, which need a save of the state file";

    $database->kill;
    $database->launch;
    wait_for('tickets again', 20, sub { $early->get('/tickets/create')->{status} == 200 });
    pass "$on: after an outage of the database the sessions find descriptors";
    my $operator = Tickr::Client->new(unix => scratch() . "/state$count/control");
    is $operator->get('/databases')->{status}, 200, "$on: the operator is answered";

    my $page = $early->get('/metrics')->{body};
    my ($open) = $page =~ /^tickr_http_connections (\d+)$/m;
    cmp_ok $open, '>=', $most, "$on: the limit is used";
    cmp_ok $open, '<', $most + 2, "$on: ... and exceeded by at most one connection for each further loop";
    like $page, qr/^tickr_http_connections_limit_reached_total 1$/m, "$on: reaching it is counted";
    is_deeply [ $page =~ /^(tickr_http_accept_failures_total\S* [1-9].*)$/mg ], [], "$on: the system refused no connection";

    # Waiting clients are accepted when others leave.
    $_->send($ask_one) for @idle;
    my @in = ();
    wait_for('answers to all accepted clients', 20, sub { (@in = grep { is_served($_) } @idle) == $most - 1 || @in == $most });
    my @out = grep { !is_served($_) } @idle;
    $_->close for @in[ 0 .. $open - $most ];
    wait_for('a waiting client to be accepted', 10, sub { grep { is_served($_) } @out });
    pass "$on: when some clients leave, a waiting one is served";
    is lines($server, qr/too many connections/), 1, "$on: all this makes one line in the log";

    $_->close for @in, @out;
    ok $server->wait_for_log(qr/level=info msg="connections are accepted again" connections=\d+ seconds=\d+/),
        "$on: ... and its end another line";
    is $server->get('/tickets/create')->{status}, 200, "$on: ... and new clients are served";
    is $server->stop, 0, "$on: it stops cleanly";
    return;
}

SKIP: {
    skip Tickr::Database->missing, 1 if Tickr::Database->missing;
    my $database = Tickr::Database->new(tcp => 1);
    $database->sql(<<'SQL');
CREATE USER 'far'@'127.0.0.1';
GRANT ALL ON *.* TO 'far'@'127.0.0.1';
SQL
    # A name, which each session looks up.
    clients_cannot_stop_it($database, TICKR_DATABASE_HOST => 'localhost:' . $database->port, TICKR_DATABASE_USERNAME => 'far');
}
SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    my $database = Tickr::File->new;
    clients_cannot_stop_it($database);

    my $server = limited($database, 60);
    like $server->log, qr/level=warn msg="the limit of open files is too low" limit=60 needed=\d+ connections=\d+/,
        'the start warns about a limit that is too low';
    my ($needed) = $server->log =~ / needed=(\d+)/;
    is $server->stop, 0, 'it serves';
    $server = limited($database, $needed);
    unlike $server->log, qr/limit of open files is too low/, '... and not about the limit that the warning names';
    is $server->stop, 0, 'it stops cleanly';
}

# --- the system itself refuses -----------------------------------------------------------------------

SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    skip missing_program('prlimit'), 1 if missing_program('prlimit');
    my $server = limited(Tickr::File->new, $limit);
    my $early  = $server->client;
    $early->get('/tickets/create');
    system('prlimit', '--pid', $server->pid, '--nofile=' . ($server->descriptors - 4) . ":$limit") == 0 or die;
    my $late = $server->client;
    ok $server->wait_for_log(
        qr/level=error msg="cannot accept connections" reason="this process has too many open files" connections=1$/m),
        'a connection that the system refuses makes a line in the log, with the reason';
    my $failures = sub { $early->get('/metrics')->{body} =~ /^tickr_http_accept_failures_total\{reason="open_files"\} (\d+)$/m ? $1 : 0 };
    my $before = $failures->();
    wait_for('further attempts', 10, sub { $failures->() > $before + 4 });
    is lines($server, qr/cannot accept connections/), 1, '... once for all attempts';
    system('prlimit', '--pid', $server->pid, "--nofile=$limit:$limit") == 0 or die;
    is $late->get('/tickets/create')->{status}, 200, 'afterwards the waiting client is served';
    ok $server->wait_for_log(qr/msg="connections are accepted again"/), '... and the log says that connections are accepted again';
    is $server->stop, 0, 'it stops cleanly';
}

done_testing;
