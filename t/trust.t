#!/usr/bin/perl
# A database that goes back in time is refused until its counter is moved forward.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(slurp wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();

my $gone_back = qr/the database has gone back in time: its counter was at \d+, but 22 was issued\. .*tickrd advance --past 529\b/;
my $lost      = qr/it is not known which numbers were issued/;
my $emptied   = qr/the table `tickets` (is empty|of the database file \S+ has no row): $lost/;
my $row_gone  = qr/the counter's row, with stub 'a', is gone|the table `tickets` \(counter layout\) has no row .*$lost/;

# The ways in which a counter goes back in time, with the reason and the fix if they differ from the usual ones.
my %ways = (
    append => [
        [ 'TRUNCATE', 'TRUNCATE TABLE tickets; INSERT INTO tickets VALUES (1)' ],
        [   'a table made again',
            'DROP TABLE tickets; CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT'
                . ' PRIMARY KEY) ENGINE=InnoDB; INSERT INTO tickets VALUES (1)'
        ],
        [ 'TRUNCATE that leaves it empty', 'TRUNCATE TABLE tickets' ],
    ],
    stub => [
        [ 'TRUNCATE', q{TRUNCATE TABLE tickets; INSERT INTO tickets VALUES (1, 'a')} ],
        [ 'a table made again', 'DROP TABLE tickets; ' . ($database->layout eq 'stub' ? $database->stub_sql : '') ],
    ],
    counter => [
        [ 'UPDATE', 'UPDATE tickets SET id = 1' ],
        [   'a table made again',
            'DROP TABLE tickets; ' . slurp(($ENV{SRCDIR} // '.') . '/sql/tickets_counter.sql')
        ],
        [   'TRUNCATE that leaves it empty',
            'TRUNCATE TABLE tickets', $row_gone, "INSERT INTO tickets VALUES (22, 'a')"
        ],
    ],
    file => [
        [ 'UPDATE', 'UPDATE tickets SET id = 1' ],
        [   'a table made again',
            'BEGIN; DROP TABLE tickets; '
                . slurp(($ENV{SRCDIR} // '.') . '/sql/sqlite_tickets.sql')
                . 'COMMIT'
        ],
        [   'DELETE that leaves it empty',
            'DELETE FROM tickets', $emptied, "INSERT INTO tickets VALUES ('a', 22)"
        ],
    ],
);

for my $way (@{ $ways{ $database->layout } }) {
    my ($name, $sql, $why, $mend) = @$way;
    $why //= $gone_back;
    my $server = Tickr::Server->fresh(database => $database);
    my $client = $server->client;
    my %seen   = map { $_ => 1 } map { @{ $client->json($client->get('/tickets/create/7')) } } 1 .. 3;
    is scalar keys %seen, 21, "$name: tickets are issued";
    $database->sql($sql, 'tickr');

    my @statuses;
    my @clients = map { $server->client } 1 .. 7;
    my @answers = map {
        $_->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n") for @clients;
        map { $_->response } @clients
    } 1 .. 3;
    for my $answer (@answers) {
        push @statuses, $answer->{status};
        next if $answer->{status} != 200;
        ok !$seen{$_}++, "$name: no ticket twice" for @{ $client->json($answer) };
    }
    is_deeply [ grep { $_ != 503 } @statuses ], [], "$name: then no ticket is issued";
    my $status = $client->get('/status');
    is $status->{status}, 503, "$name: /status is 503";
    like $status->{body}, $why, "$name: ... with the reason and both numbers";
    wait_for('the end of readiness', 5, sub { $server->get('/readyz')->{status} == 503 });
    is $server->metric('tickr_database_up'), 0, "$name: a metric shows the outage";
    is $server->metric('tickr_database_refused'), 1, "$name: ... and another the refusal";
    like $server->log, qr/level=error msg="the database is refused" reason="$why/,
        "$name: the log has the reason";
    my $lines = () = $server->log =~ /\n/g;
    cmp_ok $lines, '<', 40, "$name: ... and not on every retry";

    $mend ? $database->sql($mend, 'tickr') : $database->advance(22);
    $server->wait_until_ready;
    my $next = $client->json($client->get('/tickets/create'))->[0];
    cmp_ok $next, '>', 529, "$name: the next ticket after the counter was moved is a new one";
    is $server->stop, 0, "$name: the server stops cleanly";
}

{    # an older copy replaces the database while the server runs
    my $server = Tickr::Server->fresh(database => $database);
    my $client = $server->client;
    $client->get('/tickets/create/5');
    $database->keep_copy;
    $server->wait_until_ready;
    my $given = $client->json($client->get('/tickets/create/5'));
    $database->restore_copy;

    my @answers = map { $client->get('/tickets/create') } 1 .. 10;
    is_deeply [ grep { $_->{status} == 200 } @answers ], [], 'no ticket is issued from a restored copy';
    wait_for('the reason', 10, sub {
        $client->get('/status')->{body} =~ /the database has gone back/;
    });
    $database->advance(Tickr::Server::base_of($given->[-1]));
    $server->wait_until_ready;
    cmp_ok $client->json($client->get('/tickets/create'))->[0], '>', $given->[-1],
        '... until its counter is moved';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
