#!/usr/bin/perl
# auto_increment_increment and _offset change under open sessions, or init_connect sets them, or the offset is above the
# increment. A session whose steps differ from those of new sessions is lost.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my $database = Tickr::Database->new(tcp => 1);
$database->sql(q{CREATE USER plain@'127.0.0.1';}
        . q{GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1'});
my %plain = (
    TICKR_DATABASE_HOST         => '127.0.0.1:' . $database->port,
    TICKR_DATABASE_USERNAME     => 'plain',
    TICKR_DATABASE_POOL_TIMEOUT => 5,
    TICKR_DATABASE_POOL_SIZE    => 2,
);

sub steps {
    my ($increment, $offset) = @_;
    $database->sql("SET GLOBAL auto_increment_increment = $increment; SET GLOBAL auto_increment_offset = $offset");
    return;
}

# A server on an append table that root makes.
sub fresh {
    $database->drop;
    Tickr::Server->createdb(database => $database);
    return Tickr::Server->new(env => \%plain);
}

sub bases {
    my ($client, $count) = @_;
    my $answer = $client->get("/tickets/create/$count");
    is $answer->{status}, 200, "$count tickets" or diag $answer->{body};
    return $answer->{status} == 200 ? map { Tickr::Server::base_of($_) } @{ $client->json($answer) } : ();
}

for my $count (1, 4) {    # one row has no step
    steps(1, 1);
    my $server = fresh();
    my $client = $server->client;
    bases($client, 3);
    for my $offset (1, 2) {
        steps(2, $offset);
        my @wrong = grep { $_ % 2 != $offset % 2 } bases($client, $count);
        is_deeply \@wrong, [], "after a second master was added all numbers of $count are of this one's class";
    }
    ok $server->wait_for_log(qr/reason="auto_increment_increment and _offset of the server changed from 1 and 1 to 2 and 1: /),
        '... and the log has the reason for the lost session';
    is $server->stop, 0, 'the server stops cleanly';
}

# The procedure of docs/operations.md: the first master is set, then its newest id is read, then the second one begins.
for my $path ('/tickets/create', '/tickets/create/7') {
    steps(1, 1);
    $database->drop;
    Tickr::Server->createdb(database => $database);
    my @servers = map { Tickr::Server->new(env => \%plain) } 1, 2;
    my @loads   = map { Tickr::Load->start($_, clients => 3, path => $path) } @servers;
    $_->wait_for_answers(100) for @loads;
    $database->sql('SET GLOBAL auto_increment_increment = 2, GLOBAL auto_increment_offset = 1');
    my $newest = $database->sql('SELECT MAX(id) FROM tickets', 'tickr');
    my $second = Tickr::Database->new(options => [qw(--auto-increment-increment=2 --auto-increment-offset=2)]);
    Tickr::Server->createdb(database => $second);
    $second->sql("INSERT INTO tickets (id) VALUES ($newest)", 'tickr');
    push @servers, Tickr::Server->new(database => $second);
    push @loads, Tickr::Load->start($servers[-1], clients => 3, path => $path);
    $_->wait_for_answers(100) for @loads;
    my @clients = map { $_->finish } @loads;
    Tickr::Load::is_sound("$path: a second master is added under load", @clients);
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], ['200'], "$path: and nobody sees an error";
    my @second = map { Tickr::Server::base_of($_) } map { @{ $_->{tickets} } } map {@$_} @clients[ -3 .. -1 ];
    is_deeply [ grep { $_ % 2 || $_ <= $newest } @second ], [], "$path: the second one gives even numbers above the newest";
    is $_->stop, 0, "$path: a server stops cleanly" for @servers;
}

{
    steps(1, 1);
    my $server = fresh();
    bases($server->client, 2);
    steps(3, 3);
    ok $server->wait_for_log(qr/changed from 1 and 1 to 3 and 3/), 'without load a check notices it';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # a counter has no step: a warning or a refusal, as at the start
    steps(1, 1);
    $database->drop;
    Tickr::Server->createdb(database => $database, arguments => [ '--layout', 'counter' ]);
    my $server = Tickr::Server->new(env => { %plain, TICKR_REQUIRE_DURABLE => 1 });
    is $server->get('/tickets/create')->{status}, 200, 'counter: tickets are issued';
    steps(2, 2);
    is $server->get('/tickets/create')->{status}, 503, 'counter: a second master is refused as at the start';
    ok $server->wait_for_log(qr/several masters would each issue the same tickets/), 'counter: with the reason';
    steps(1, 1);
    $server->wait_until_ready;
    pass 'counter: when the server is alone again tickets are issued';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the steps of init_connect are not a change
    steps(1, 1);
    $database->sql(q{SET GLOBAL init_connect = 'SET SESSION auto_increment_increment = 4, auto_increment_offset = 3'});
    my $server = fresh();
    my $client = $server->client;
    for (1 .. 3) {
        my @bases = bases($client, 3);
        is_deeply [ map { $_ % 4 } @bases ], [ 3, 3, 3 ], 'sessions count by the steps of init_connect';
    }
    is $server->metric('tickr_database_reconnects_total'), 0, '... and no session is lost';
    $database->sql(q{SET GLOBAL init_connect = ''});
    is $server->stop, 0, 'the server stops cleanly';
}

# With an offset above the increment the server counts in the class of the offset, from the offset on.
for my $case ([ 1, 2 ], [ 1, 7 ], [ 3, 7 ], [ 2, 5 ], [ 10, 25 ]) {
    my ($increment, $offset) = @$case;
    my $name = "increment $increment, offset $offset";
    steps($increment, $offset);
    my $server = fresh();
    my $client = $server->client;
    $database->advance(40);
    my @bases = bases($client, 5);
    is_deeply [ grep { $_ % $increment != $offset % $increment } @bases ], [], "$name: all numbers are of one class";
    bases($client, 100) for 1 .. 5;
    $database->turn_back(50);
    ok wait_for('the refusal', 5, sub { $client->get('/tickets/create')->{status} == 503 }),
        "$name: a counter that was set back is refused";
    ok wait_for('the status', 5, sub { $client->get('/status')->{status} == 503 }), "$name: ... and /status is 503";
    my ($status, $output) = Tickr::Server->run(env => \%plain, arguments => [ 'advance', '--past', '500000', '--yes' ]);
    is $status, 0, "$name: tickrd advance moves it" or diag $output;
    $server->wait_until_ready;
    @bases = bases($client, 5);
    cmp_ok $bases[0], '>', Tickr::Server::base_of(499999), "$name: ... and tickets beyond are issued";
    is_deeply [ grep { $_ % $increment != $offset % $increment } @bases ], [], "$name: ... in the same class";
    is $server->stop, 0, "$name: the server stops cleanly";
}

done_testing;
