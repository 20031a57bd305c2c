#!/usr/bin/perl
# Two servers of one node with the HAProxy file of contrib. One may be stopped, killed and started again without a
# failure for clients.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();
plan skip_all => Tickr::Balancer::missing() if Tickr::Balancer::missing();

my $database = Tickr::Database->new;
Tickr::Server->createdb(database => $database);

my %env = Tickr::Server::patient();
my @servers = map { Tickr::Server->new(database => $database, env => \%env) } 1, 2;
$_->wait_until_ready for @servers;
my @ports    = map { $_->port } @servers;
my $balancer = Tickr::Balancer->new(
    file    => 'tickrd.cfg',
    servers => [ [ tickrd1 => $ports[0] ], [ tickrd2 => $ports[1] ] ],
);
$balancer->wait_until('UP', 'tickrd1', 'tickrd2');

# A server at the address of an ended one.
sub start_again {
    my ($number) = @_;
    my $server = Tickr::Server->new(
        database => $database,
        env      => { %env, TICKR_LISTEN => "127.0.0.1:$ports[$number]" },
    );
    $balancer->wait_until('UP', 'tickrd' . ($number + 1));
    return $server;
}

# Requests that each server has answered, by the balancer's count.
sub answered { return map { $balancer->rows->{$_}{stot} } qw(tickrd1 tickrd2) }

sub both_answer {
    my ($what) = @_;
    my @before = answered();
    wait_for("$what: both answer", 30, sub {
        my @now = answered();
        return $now[0] > $before[0] && $now[1] > $before[1];
    });
    return pass "$what: both servers answer";
}

sub is_sound {
    my ($what, @clients) = @_;
    Tickr::Load::is_sound($what, @clients);
    is_deeply Tickr::Load::statuses(@clients), { 200 => scalar map {@$_} @clients },
        "$what: no client gets a failure";
    return;
}

for my $number (0, 1) {    # one server is stopped in order, as for an upgrade
    my $name = 'tickrd' . ($number + 1);
    my $load = Tickr::Load->start($balancer, clients => 12);
    both_answer("before $name stops");
    is $servers[$number]->stop, 0, "$name stops under load";
    $balancer->wait_until('DOWN', $name);
    $load->wait_for_answers(200);
    $servers[$number] = start_again($number);
    both_answer("$name serves again");
    is_sound("$name stops", $load->finish);
}

{    # a server is killed
    my $load = Tickr::Load->start($balancer, clients => 12);
    both_answer('before the kill');
    $servers[0]->process->kill_hard;
    $balancer->wait_until('DOWN', 'tickrd1');
    $load->wait_for_answers(200);
    $servers[0] = start_again(0);
    both_answer('after the kill');
    is_sound('tickrd1 is killed', $load->finish);
}

{    # a server hangs
    my $load = Tickr::Load->start($balancer, clients => 12);
    both_answer('before the hang');
    $servers[1]->signal('STOP');
    $balancer->wait_until('DOWN', 'tickrd2');
    $load->wait_for_answers(200);
    pass 'HAProxy marks a server that hangs as down';
    $servers[1]->signal('CONT');
    $balancer->wait_until('UP', 'tickrd2');
    both_answer('after the hang');
    is_sound('tickrd2 hangs', $load->finish);
}

is $balancer->get('/metrics')->{status}, 404, 'HAProxy denies /metrics, which is of one process';
is $balancer->get('/status')->{status},  200, '... and passes /status on';
is $_->stop, 0, 'a server stops cleanly' for @servers;
is $balancer->get('/tickets/create')->{status}, 503, 'without a server clients get 503';

done_testing;
