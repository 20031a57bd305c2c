#!/usr/bin/perl
# A swarm of clients that behave and misbehave at random: each answer is right, no ticket occurs twice, and the
# server survives. To run it longer, or to repeat the seed of a failure:
#
#	perl -It/lib t/swarm.t [SECONDS [SEED]]
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(wait_for);
use Tickr::Server;

my ($seconds, $seed) = @ARGV;
$seconds //= 4;
$seed    //= time ^ $$ << 8;
diag "seed $seed";

sub swarm {
    my ($server, @words) = @_;
    return Tickr::Process->new(
        name    => 'swarm' . ++$seed,
        command => [ Tickr::Server::program('t/swarm/swarm'), $server->port, $seed, $seconds, @words ],
    );
}

sub server {
    my ($database, %env) = @_;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => {
            Tickr::Server::patient(),
            TICKR_DATABASE_ADAPTER => 'memory',
            TICKR_DATABASE_NAME    => $database,
            %env,
        });
}

for my $case (
    [ 'a quick database',       'quick' ],
    [ 'a slow database',        'slow' ],
    [ 'tickets reserved ahead', 'slow', TICKR_RESERVE_AHEAD => 1 ],
    )
{
    my ($name, $database, %env) = @$case;
    my $server = server($database, %env);
    my $swarm  = swarm($server);
    is $swarm->wait_exit($seconds + 60), 0, "$name: each answer is right";
    diag $swarm->log;
    is $server->get('/livez')->{status}, 200, '... and the server survives';
    ok eval { wait_for('the connections to close', 10, sub { $server->metric('tickr_http_connections') == 1 }) },
        '... and closes all connections';
    is $server->metric('tickr_requests_waiting'), 0, '... and no request waits';
    is $server->stop, 0, '... and it stops cleanly';
}

{
    my $server = server('slow');
    my $swarm  = swarm($server, 'ends');
    wait_for('tickets', 10, sub { $server->metric('tickr_tickets_issued_total') > 100 });
    is $server->stop, 0, 'a server that stops during a swarm exits with 0';
    is $swarm->wait_exit($seconds + 60), 0, '... and each answer is right until then';
    diag $swarm->log;
}

done_testing;
