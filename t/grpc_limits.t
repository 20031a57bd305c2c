#!/usr/bin/perl
# The limits of gRPC: it stops each client that exceeds one, and serves the others.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Tickr::File;
use Tickr::Grpc;
use Tickr::Http2;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

my $missing = Tickr::Grpc::missing();
plan skip_all => $missing if $missing;

my $create = '/tickr.v1.Tickets/Create';
my %env    = (
    Tickr::Server::patient(),
    TICKR_HTTP_THREADS     => 1,
    TICKR_DATABASE_ADAPTER => 'memory',
    TICKR_GRPC_LISTEN      => '127.0.0.1:0');
my $server  = Tickr::Server->new(program => 'tickrd-memory', env => \%env);
my $address = Tickr::Grpc::address($server);
my $client  = Tickr::Grpc->new($address);

sub serves { is $client->call('tickr.v1.Tickets/Create')->{code}, 'OK', '... and the others are served' }

# A flood ends in GOAWAY with ENHANCE_YOUR_CALM, and the connection closes.
sub is_calmed {
    my ($connection, $what) = @_;
    my $goaway = eval { $connection->wait_for_frame('GOAWAY') };
    # A reset may overtake it, because the client sends on.
    ok !$goaway || $goaway->{code} == Tickr::Http2::ENHANCE_YOUR_CALM, "$what ends the connection";
    while ($goaway && $connection->next) { }
    return serves();
}

# --- what the settings say ---------------------------------------------------------------------------

{
    my $connection = Tickr::Http2->new($address);
    my %settings   = unpack '(nN)*', $connection->wait_for_frame('SETTINGS')->{payload};
    is $settings{3}, 256,   '256 calls at a time';
    is $settings{6}, 16384, '16384 bytes of metadata';
}

# --- sizes --------------------------------------------------------------------------------------------

{
    my $large = $client->do('call', method => "/tickr.v1.Tickets/Create", raw => '00' x 65537);
    is $large->{code}, 'RESOURCE_EXHAUSTED', 'a message of more than 65536 bytes is refused';
    like $large->{message}, qr/65536 bytes/, '... with the limit';
    my $fits = $client->do('call', method => "/tickr.v1.Sequences/Show", raw => '7a80800c' . '00' x 196608);
    is $fits->{code}, 'RESOURCE_EXHAUSTED', '... however large it is';

    my $connection = Tickr::Http2->new($address);
    $connection->frame('HEADERS', 0, 1, Tickr::Http2::head($create, x => 'v' x 8000));
    $connection->frame('CONTINUATION', Tickr::Http2::END_HEADERS, 1, Tickr::Http2::fields(y => 'v' x 8500));
    my $frame = $connection->wait_for_frame('HEADERS');
    is $frame->{flags} & Tickr::Http2::END_STREAM, 1, 'metadata of more than 16384 bytes end the call';
    is $connection->wait_for_frame('RST_STREAM')->{code}, Tickr::Http2::NO_ERROR, '... before its message is read';
    $connection->call(3, $create);
    is $connection->wait_for_frame('DATA')->{stream}, 3, '... and the connection goes on';
}

# --- floods -------------------------------------------------------------------------------------------

{
    my $connection = Tickr::Http2->new($address);
    $connection->frame('HEADERS', 0, 1, Tickr::Http2::head($create));
    $connection->frame('CONTINUATION', 0, 1, Tickr::Http2::fields(x => 'y')) for 1 .. 20;
    is_calmed($connection, 'a flood of CONTINUATION');

    $connection = Tickr::Http2->new($address);
    $connection->frame('HEADERS', 0, 1, Tickr::Http2::head($create));
    $connection->frame('CONTINUATION', 0, 1, '') for 1 .. 20;
    is_calmed($connection, 'a flood of empty CONTINUATION');

    $connection = Tickr::Http2->new($address);
    my $sent = 0;
    for (my $stream = 1; $stream < 10000; $stream += 2) {
        last unless $connection->send(Tickr::Http2::bytes_of('HEADERS', Tickr::Http2::END_HEADERS, $stream, Tickr::Http2::head($create))
                . Tickr::Http2::bytes_of('RST_STREAM', 0, $stream, pack 'N', Tickr::Http2::CANCEL));
        $sent++;
    }
    is_calmed($connection, "a rapid reset of $sent calls");

    for my $flood ([ PING => 0, 0, 'x' x 8 ], [ SETTINGS => 0, 0, '' ], [ DATA => 0, 1, '' ]) {
        $connection = Tickr::Http2->new($address);
        $connection->frame('HEADERS', Tickr::Http2::END_HEADERS, 1, Tickr::Http2::head($create)) if $flood->[0] eq 'DATA';
        my $bytes = Tickr::Http2::bytes_of(@$flood) x 100;
        for (1 .. 100) { $connection->send($bytes) or last }
        is_calmed($connection, "a flood of $flood->[0]");
    }
}

# --- time ---------------------------------------------------------------------------------------------

{
    my $idle       = Tickr::Server->new(program => 'tickrd-memory', env => { %env, TICKR_GRPC_IDLE_TIMEOUT => 0.5 });
    my $connection = Tickr::Http2->new(Tickr::Grpc::address($idle));
    $connection->call(1, $create);
    is $connection->wait_for_frame('DATA')->{stream}, 1, 'a connection serves a call';
    is $connection->wait_for_frame('GOAWAY')->{code}, Tickr::Http2::NO_ERROR, 'without further ones it ends';
    while ($connection->next) { }
    pass '... and closes';
    my $silent = IO::Socket::INET->new(PeerAddr => Tickr::Grpc::address($idle)) or die $!;
    while (sysread $silent, my $bytes, 1000) { }
    pass 'a connection that sends nothing closes too';
    my $watch = Tickr::Grpc->new(Tickr::Grpc::address($idle));
    $watch->do('open', id => 1, method => '/grpc.health.v1.Health/Watch', requests => [ {} ]);
    $watch->do('next', id => 1);
    $connection = Tickr::Http2->new(Tickr::Grpc::address($idle));
    while ($connection->next) { }
    is $idle->metric('tickr_grpc_connections'), 1, 'a connection with a watch stays';
    is $idle->stop, 0, 'the server stops cleanly';
}

# --- calls that a source has not answered -------------------------------------------------------------

{
    my $database = Tickr::File->new;
    my $slow     = Tickr::Server->fresh(database => $database, env => { %env, TICKR_DATABASE_ADAPTER => 'sqlite' });
    my $connection = Tickr::Http2->new(Tickr::Grpc::address($slow));
    $database->lock;
    my $bytes = '';
    for my $i (0 .. 255) {
        $bytes .= Tickr::Http2::bytes_of('HEADERS', Tickr::Http2::END_HEADERS, 2 * $i + 1, Tickr::Http2::head($create))
            . Tickr::Http2::bytes_of('DATA', Tickr::Http2::END_STREAM, 2 * $i + 1, Tickr::Http2::message(''))
            . Tickr::Http2::bytes_of('RST_STREAM', 0, 2 * $i + 1, pack 'N', Tickr::Http2::CANCEL);
    }
    $connection->send($bytes);
    $connection->call(513, $create);
    my $reset = $connection->wait_for_frame('RST_STREAM');
    is_deeply [ @$reset{qw(stream code)} ], [ 513, Tickr::Http2::REFUSED_STREAM ], 'calls that were cancelled and are not answered count';
    $database->unlock;
    wait_for('their answers', 20, sub { $slow->metric('tickr_requests_waiting') == 0 });
    $connection->call(515, $create);
    is $connection->wait_for_frame('DATA')->{stream}, 515, '... until they are';
    is $slow->stop, 0, 'the server stops cleanly';
}

# --- clients that do not read --------------------------------------------------------------------------

{
    my $connection = Tickr::Http2->new($address, settings => { 4 => 0 });
    $connection->call(2 * $_ + 1, $create, "\x08\xa0\x8d\x06\x10\x01") for 0 .. 199;
    wait_for('the server to run out of room for answers that are not read', 60, sub {
        $server->metric("tickr_grpc_requests_total{method=\"$create\",code=\"UNAVAILABLE\"}")
            + $server->metric("tickr_grpc_requests_total{method=\"$create\",code=\"OK\"}") >= 200 });
    serves();
    $server->memory and cmp_ok $server->memory, '<', 400_000, 'answers that are not read take a bounded amount of memory';
}

# --- large requests -------------------------------------------------------------------------------------

# Send the heads of calls on STREAMS, and a part of a message for each. The server must take all parts before it takes more.
sub send_parts {
    my ($connection, $method, $part, @streams) = @_;
    while (my @some = splice @streams, 0, 2) {
        $connection->send(join '', map {
            Tickr::Http2::bytes_of('HEADERS', Tickr::Http2::END_HEADERS, $_, Tickr::Http2::head($method))
                . Tickr::Http2::bytes_of('DATA', 0, $_, $part) } @some);
        $connection->frame('PING', 0, 0, 'x' x 8);
        $connection->wait_for_frame('PING');
    }
    return;
}

{
    my $part = "\0" . pack('N', 65536) . "\0" x 16000;
    my @connections = map { Tickr::Http2->new($address) } 1 .. 5;
    send_parts($_, $create, $part, map { 2 * $_ + 1 } 0 .. 249) for @connections;
    ok $server->metric("tickr_grpc_requests_total{method=\"$create\",code=\"UNAVAILABLE\"}") > 0,
        'requests that are incomplete take a bounded amount of memory';
    serves();
    undef @connections;
    wait_for('the connections to end', 20, sub { $server->metric('tickr_grpc_connections') == 1 });
    my $whole = $client->do('call', method => '/tickr.v1.Tickets/Create', raw => 'fa07808003' . '00' x 49152);
    is $whole->{code}, 'OK', '... which others may have when they have ended';
    my $service = $client->call('grpc.health.v1.Health/Check', { service => 'x' x 60_000 });
    is $service->{code}, 'NOT_FOUND', 'a service with a long name is not found';
    $client->do('open', id => 1, method => '/grpc.health.v1.Health/Watch', requests => [ { service => 'x' x 60_000 } ]);
    is $client->do('next', id => 1)->{code}, 'INVALID_ARGUMENT', '... and not watched for ever';
}

{
    my $method = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    my @connections = map { Tickr::Http2->new($address, settings => { 4 => 0 }) } 1 .. 5;
    send_parts($_, $method, Tickr::Http2::message("\x3a\x01*"), map { 2 * $_ + 1 } 0 .. 249) for @connections;
    ok $server->metric("tickr_grpc_requests_total{method=\"$method\",code=\"UNAVAILABLE\"}") > 0,
        'answers of reflection that are not read take a bounded amount of memory';
    serves();
}

# --- a client that never stops sending --------------------------------------------------------------------

{
    my $folder = scratch();
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
            . " -keyout '$folder/key.pem' -out '$folder/cert.pem' 2>/dev/null") == 0 or die 'openssl failed';
    my $secured = Tickr::Server->new(program => 'tickrd-memory',
        env => { %env, TICKR_GRPC_SSL_CERT => "$folder/cert.pem", TICKR_GRPC_SSL_KEY => "$folder/key.pem" });
    my $to = Tickr::Grpc::address($secured);
    my $sender = open(my $pipe, '|-', 'sh', '-c', "exec openssl s_client -quiet -alpn h2 -connect $to >/dev/null 2>&1") or die $!;
    my $writer = fork // die $!;
    if ($writer == 0) {
        local $SIG{PIPE} = 'DEFAULT';
        syswrite $pipe, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . Tickr::Http2::bytes_of('SETTINGS', 0, 0, '');
        my $bytes = Tickr::Http2::bytes_of('WINDOW_UPDATE', 0, 0, pack 'N', 1) x 5000;
        1 while syswrite $pipe, $bytes;
        POSIX::_exit(0);
    }
    my $other = Tickr::Grpc->new($to, ca => "$folder/cert.pem");
    is $other->call('tickr.v1.Tickets/Create', {}, timeout => 10)->{code}, 'OK', 'a client that never stops sending stops no other';
    kill 'KILL', $sender, $writer;
    waitpid $_, 0 for $sender, $writer;
    undef $pipe;
    is $secured->stop, 0, 'the server stops cleanly';
}

is $server->stop, 0, 'the server stops cleanly';
done_testing;
