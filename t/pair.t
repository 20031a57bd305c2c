#!/usr/bin/perl
# Two servers of one node on one database, as with a load balancer. Each keeps its own state. No ticket is issued twice if
# either is killed, and both refuse an older copy.
use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(scratch slurp wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
my @env;
for my $number (0, 1) {
    my $folder = scratch() . "/state$number";
    mkdir $folder or die "$folder: $!";
    push @env, { TICKR_STATE_DIR => $folder, Tickr::Server->patient };
}

sub start { Tickr::Server->new(database => $database, env => $env[ $_[0] ]) }

my @servers = (Tickr::Server->fresh(database => $database, env => $env[0]), start(1));
my @clients;    # the records of all clients of all rounds

# --- load on both, one of them killed, again and again ------------------------------------------

for my $round (1 .. 6) {
    my $victim = $round % 2;
    my ($count, $pause) = $round % 3 ? (7, 0) : (1500, 0.02);
    my @loads = map {
        Tickr::Load->start($_, clients => 4, path => "/tickets/create/$count", pause => $pause)
    } @servers;
    $_->wait_for_answers(40) for @loads;
    $servers[$victim]->process->kill_hard;
    $loads[ 1 - $victim ]->wait_for_answers(40);
    $servers[$victim] = start($victim);
    my $more = Tickr::Load->start($servers[$victim], clients => 4, path => '/tickets/create/3');
    $_->wait_for_answers(40) for $more, $loads[ 1 - $victim ];
    my @seen = map { [ $_->finish ] } $loads[ 1 - $victim ], $more, $loads[$victim];
    is_deeply [ keys %{ Tickr::Load::statuses(@{ $seen[0] }) } ], ['200'],
        "round $round: the other server's clients get no failure";
    is_deeply [ keys %{ Tickr::Load::statuses(@{ $seen[1] }) } ], ['200'],
        "round $round: the restarted server serves";
    is_deeply [ Tickr::Load::unordered(map {@$_} @seen) ], [], "round $round: each client's tickets rise";
    push @clients, map {@$_} @seen;
    for my $number (0, 1) {
        unlike $servers[$number]->log, qr/gone back/, "round $round: server $number trusts the database";
    }
}
is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'no ticket is issued twice';
my $tickets = map { @{ $_->{tickets} } } map {@$_} @clients;
note "$tickets tickets";

# --- an older copy replaces the database while one server is down and the other runs -------------

is $servers[1]->stop, 0, 'one server stops';
$database->turn_back(20);
$servers[1] = start(1);
# The server that notices first moves the counter past all its tickets, and refuses. The other one may check later, find
# the counter right, and issue new tickets.
sub refusing { grep { $_->get('/tickets/create')->{status} == 503 } @servers }

wait_for('a refusal', 5, sub { refusing() > 0 });
my @between = map { my $answer = $_->get('/tickets/create/5');
    $answer->{status} == 200 ? [ { tickets => Tickr::Client->json($answer) } ] : () } @servers;
is_deeply [ Tickr::Load::duplicates(@clients, @between) ], [], 'with an older copy no server repeats a ticket';
for my $server (refusing()) {
    like $server->get('/status')->{body}, qr/gone back in time.*tickrd advance --past \d+/, 'a server that refuses says why';
    wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 1 });
}
my ($past) = sort { $b <=> $a } map { $_->get('/status')->{body} =~ /advance --past (\d+)/ } @servers;
my ($status, $output) = Tickr::Server->run(
    database  => $database,
    arguments => [ 'advance', '--past', $past, '--yes' ]);
is $status, 0, 'tickrd advance succeeds' or diag $output;
$_->wait_until_ready for @servers;
my @after = map { my $server = $_; map { [ { tickets => $server->client->json($server->get('/tickets/create/5')) } ] } 1 .. 3 } @servers;
is_deeply [ Tickr::Load::duplicates(@clients, @between, @after) ], [], 'then both servers issue new tickets';

# --- back in time to the last ticket of one server, which the other has passed-----------------------------

is $servers[0]->get('/tickets/create')->{status}, 200, 'one server issues a ticket';
my $base   = $database->sql('SELECT MAX(id) FROM tickets', 'tickr');
my @others  = map { { tickets => $servers[1]->client->json($servers[1]->get('/tickets/create/50')) } } 1 .. 3;
wait_for('the first server to learn it', 5, sub {
    $servers[0]->metric('tickr_last_ticket') == $others[-1]{tickets}[-1];
});
$database->turn_back($base);
my @given = map { my $answer = $_->get('/tickets/create/5');
    $answer->{status} == 200 ? { tickets => Tickr::Client->json($answer) } : () } @servers;
is_deeply [ Tickr::Load::duplicates([@others], [@given]) ], [], 'no server repeats a ticket of either';
$past = $others[-1]{tickets}[-1];
is((Tickr::Server->run(database => $database, arguments => [ 'advance', '--past', $past, '--yes' ]))[0], 0,
    'tickrd advance moves the counter');
$_->wait_until_ready for @servers;

# --- while both servers are down------------------------------------------------------------------

is $_->stop, 0, 'a server stops' for @servers;
$database->turn_back(20);
@servers = (start(0), start(1));
wait_for('a refusal', 5, sub { refusing() > 0 });
is $_->stop, 0, 'a server stops' for @servers;
for my $number (0, 1) {
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        env       => $env[$number],
        arguments => [ 'advance', '--past', $past - 10, '--yes' ]);
    is $status, 1, "server ${number}'s state file knows what either gave";
    my ($given) = $output =~ /by the state file, (\d+) was issued/;
    cmp_ok $given // 0, '>=', $past, '... and says so';
}

done_testing;
