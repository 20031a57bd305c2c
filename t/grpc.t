#!/usr/bin/perl
# gRPC with a client that we did not write: python3-grpcio.
use strict;
use warnings;
use Test::More;
use Tickr::Grpc;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

plan skip_all => $_ for grep {defined} Tickr::Grpc::missing();

sub server {
    my (%env) = @_;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => {
            Tickr::Server::patient(),
            TICKR_DATABASE_ADAPTER => 'memory',
            TICKR_GRPC_LISTEN      => '127.0.0.1:0',
            %env
        });
}

# --- addresses --------------------------------------------------------------------------------------

{
    my $path   = scratch() . '/grpc.sock';
    my $server = server(TICKR_GRPC_LISTEN => "127.0.0.1:0,[::1]:0,unix:$path");
    for my $number (0 .. 2) {
        my $address = Tickr::Grpc::address($server, $number);
        my $client = Tickr::Grpc->new($address);
        is $client->call("grpc.health.v1.Health/Check")->{code}, "OK", "$address answers";
    }
    is $server->stop, 0, 'the server stops cleanly';
    ok !-e $path, '... and removes its socket';
}

# --- health -----------------------------------------------------------------------------------------

{
    my $server = server();
    my $client = Tickr::Grpc->new(Tickr::Grpc::address($server));
    my $check  = sub { $client->call('grpc.health.v1.Health/Check', { service => $_[0] }) };
    is_deeply $check->('')->{response}, { status => 'SERVING' }, 'the server is ready';
    is_deeply $check->('tickr.v1.Tickets')->{response}, { status => 'SERVING' }, '... and its tickets are';
    is_deeply $check->('tickr.v1.Sequences')->{response}, { status => 'NOT_SERVING' }, 'without sequences, they are not';
    is $check->('nothing')->{code}, 'NOT_FOUND', 'an unknown service is not found';
    $client->do('open', id => 1, method => '/grpc.health.v1.Health/Watch', requests => [ { service => 'nothing' } ]);
    is_deeply $client->do('next', id => 1)->{response}, { status => 'SERVICE_UNKNOWN' }, '... and its watch stays open';
    $client->do('open', id => 2, method => '/grpc.health.v1.Health/Watch', requests => [ {} ]);
    is_deeply $client->do('next', id => 2)->{response}, { status => 'SERVING' }, 'a watch begins with the state';
    is $client->call('no.Such/Method')->{code}, 'UNIMPLEMENTED', 'a method that does not exist is unimplemented';
    is $server->metric('tickr_grpc_requests_total{method="/grpc.health.v1.Health/Check",code="OK"}'), 3, 'calls are counted';
    is $server->metric('tickr_grpc_requests_total{method="other",code="UNIMPLEMENTED"}'), 1, '... the others too';
    is $server->metric('tickr_grpc_connections'), 1, 'connections are counted';
    $server->signal('TERM');
    is_deeply $client->do('next', id => 2)->{response}, { status => 'NOT_SERVING' }, 'a drain is announced';
    is $client->do('next', id => 2)->{code}, 'UNAVAILABLE', '... and ends the watch';
    is $server->process->wait_exit(15), 0, 'the server stops cleanly';
}

done_testing;
