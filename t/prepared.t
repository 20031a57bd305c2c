#!/usr/bin/perl
# The counter layout's statement is prepared once a session; a server that knows it no more, refuses to
# prepare it or keeps its row locked costs time, and never a ticket twice.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my $database = Tickr::Database->new(layout => 'counter', tcp => 1, options => ['--skip-ssl']);
my $order    = scratch() . '/order';    # what happens to the next statement that passes the proxy

# --- a proxy that breaks a prepared statement, once for each order --------------------------------

# The packet of an error, as an answer to a command.
sub error_packet {
    my ($number, $words) = @_;
    my $payload = pack('Cv', 0xff, $number) . "#HY000$words";
    return substr(pack('V', length $payload), 0, 3) . "\1$payload";
}

# A packet to the database: whether it goes there, or what comes back in its place.
sub relay {
    my ($packet) = @_;
    my ($sequence, $command) = unpack 'x3CC', $packet;
    return ($packet, '') if $sequence != 0 || $command != 0x17 || !-e $order;    # COM_STMT_EXECUTE
    my $what = slurp($order);
    unlink $order;
    substr($packet, 5, 4) = pack 'V', 999_999 if $what eq 'unknown';
    return ($packet, '') if $what eq 'unknown';
    return ('', error_packet(1615, 'Prepared statement needs to be re-prepared'));
}

# One connection, in a process of its own.
sub carry {
    my ($client) = @_;
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $database->port) or die $!;
    my $select = IO::Select->new($client, $server);
    my $held   = '';
    while (my @ready = $select->can_read) {
        for my $from (@ready) {
            sysread($from, my $bytes, 65536) or return;
            if ($from == $server) { syswrite $client, $bytes; next }
            $held .= $bytes;
            while (length $held >= 4 && length $held >= 4 + (my $len = unpack 'V', substr($held, 0, 3) . "\0")) {
                my ($there, $back) = relay(substr $held, 0, 4 + $len, '');
                syswrite $server, $there if $there ne '';
                syswrite $client, $back  if $back ne '';
            }
        }
    }
    return;
}

sub start_proxy {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 10) or die $!;
    my $process  = Tickr::Process->new(
        name => 'proxy',
        code => sub {
            local $SIG{CHLD} = 'IGNORE';
            while (my $client = $listener->accept) {
                my $pid = fork // die "fork: $!";
                next if $pid;
                carry($client);
                POSIX::_exit(0);
            }
        });
    return ($listener->sockport, $process);
}

# --- what the server counts -----------------------------------------------------------------------

sub count_of {
    my ($name) = @_;
    return (split /\t/, $database->sql("SHOW GLOBAL STATUS LIKE '$name'"))[1];
}

sub server {
    my (%env) = @_;
    return Tickr::Server->new(
        database => $database,
        env      => { TICKR_DATABASE_POOL_SIZE => 1, TICKR_DATABASE_POOL_TIMEOUT => 20, %env });
}

my $newest = 0;

# One ticket, or why not; each is above the one before.
sub next_ticket {
    my ($client, $name) = @_;
    my $answer = $client->get('/tickets/create');
    my ($ticket) = $answer->{body} =~ /^\[(\d+)\]$/;
    cmp_ok $ticket // 0, '>', $newest, $name or diag $answer->{body};
    $newest = $ticket if defined $ticket;
    return;
}

Tickr::Server->createdb(database => $database);
$database->sql(q{CREATE USER tickr@'127.0.0.1'; GRANT ALL ON tickr.* TO tickr@'127.0.0.1'});

{    # one preparation for all tickets of a session
    my $before = count_of('Com_stmt_prepare');
    # MySQL looks for lock time-outs once a second: one of 1 s may take 2, which is the query time-out.
    my $server = server(TICKR_DATABASE_QUERY_TIMEOUT => 4);
    my $client = $server->client;
    next_ticket($client, "ticket $_ comes") for 1 .. 5;
    is count_of('Com_stmt_prepare') - $before, 1, 'for all of them one statement was prepared';
    is count_of('Prepared_stmt_count'), 1, 'it is kept';

    my $lock = Tickr::Process->new(
        name    => 'row-lock',
        command => [
            'mariadb', '--no-defaults', '-uroot', '-S', $database->socket, 'tickr', '-e',
            'BEGIN; SELECT id FROM tickets FOR UPDATE; SELECT SLEEP(600)',
        ],
    );
    wait_for('the lock', 10, sub { $database->sql('SHOW PROCESSLIST') =~ /SLEEP\(600\)/ });
    $client->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('a statement to be asked again', 10, sub { $server->metric('tickr_database_retries_total') > 0 });
    my ($id) = $database->sql('SHOW PROCESSLIST') =~ /^(\d+).*SLEEP\(600\)/m;
    $database->sql("KILL $id");
    $lock->kill_hard;
    my $answer = $client->response;
    is $answer->{status}, 200, 'who waits for a lock (error 1205) has a ticket in the end';
    ($newest) = $answer->{body} =~ /(\d+)/;
    next_ticket($client, 'the next one is above it');
    is count_of('Com_stmt_prepare') - $before, 1, 'all with the statement of the beginning';
    $database->sql(q{ALTER TABLE tickets COMMENT 'altered'}, 'tickr');
    next_ticket($client, 'it is good after the table was altered, too');
    is $server->metric('tickr_database_reconnects_total'), 0, 'all this on the same session';
    is $server->stop, 0, 'the server stops cleanly';
    wait_for('the statement to be closed', 10, sub { count_of('Prepared_stmt_count') == 0 });
    pass 'it leaves no statement behind';
}

{    # the server has the statement no more
    my ($port, $proxy) = start_proxy();
    my $server = server(TICKR_DATABASE_HOST => '127.0.0.1', TICKR_DATABASE_PORT => $port,
        TICKR_DATABASE_USERNAME => 'tickr');
    my $client = $server->client;
    next_ticket($client, 'a ticket comes by way of a proxy');
    for my $case ([ unknown => 1243 ], [ stale => 1615 ]) {
        my ($what, $number) = @$case;
        my $before = $server->metric('tickr_database_reconnects_total');
        spew('order.new', $what);
        rename scratch() . '/order.new', $order or die "rename: $!";
        next_ticket($client, "error $number: the client has its ticket all the same");
        ok !-e $order, '... though the statement was not run';
        ok $server->wait_for_log(qr/\(error $number\)/), '... which the log says';
        cmp_ok $server->metric('tickr_database_reconnects_total'), '>', $before, '... from a fresh session';
        next_ticket($client, '... and so have others');
    }
    is $server->stop, 0, 'the server stops cleanly';
    $proxy->kill_hard;
}

{    # the server prepares no statements
    $database->sql('SET GLOBAL max_prepared_stmt_count = 0');
    my $server = server(TICKR_DATABASE_POOL_TIMEOUT => 1);
    my $client = $server->client;
    for (1 .. 3) {
        my $answer = $client->get('/tickets/create');
        is $answer->{status}, 503, 'without a statement there is no ticket';
        like $answer->{body}, qr/\(error 1461\); raise max_prepared_stmt_count/, '... and it says what to do';
    }
    $database->sql('SET GLOBAL max_prepared_stmt_count = 100');
    $server->wait_until_ready;
    next_ticket($client, 'when that was done tickets are back');
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
