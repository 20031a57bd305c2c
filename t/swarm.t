#!/usr/bin/perl
# A swarm of clients that behave and misbehave at random: no answer goes astray, no ticket
# comes twice, and the server lives. For longer, or again with the seed that a failure printed:
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
    [ 'a database that is quick', 'quick' ],
    [ 'a database that is slow',  'slow' ],
    [ 'tickets reserved ahead',   'slow', TICKR_RESERVE_AHEAD => 1 ],
    )
{
    my ($name, $database, %env) = @$case;
    my $server = server($database, %env);
    my $swarm  = swarm($server);
    is $swarm->wait_exit($seconds + 60), 0, "$name: every answer is right";
    diag $swarm->log;
    is $server->get('/livez')->{status}, 200, '... and the server lives';
    ok eval { wait_for('all to be gone', 10, sub { $server->metric('tickr_http_connections') == 1 }) },
        '... and has closed every connection';
    is $server->metric('tickr_requests_waiting'), 0, '... and nothing waits';
    is $server->stop, 0, '... and it stops cleanly';
}

{
    my $server = server('slow');
    my $swarm  = swarm($server, 'ends');
    wait_for('tickets', 10, sub { $server->metric('tickr_tickets_issued_total') > 100 });
    is $server->stop, 0, 'a server that stops amid a swarm ends with 0';
    is $swarm->wait_exit($seconds + 60), 0, '... and every answer is right until then';
    diag $swarm->log;
}

done_testing;
