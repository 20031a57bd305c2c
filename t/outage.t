#!/usr/bin/perl
# The database goes down and returns. Requests wait or get a reason, and no ticket is issued twice.
use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);
use Time::HiRes qw(time);

my $database = the_store();
Tickr::Server->createdb(database => $database);

my $is_file = $database->name eq 'sqlite';
my $reasons = {
    mysql  => { shut_out => 'cannot connect',    lock => 'Lock wait timeout.*error 1205' },
    sqlite => { shut_out => '.* is locked',      lock => 'is locked \(SQLite error 5\)' },
}->{ $database->name };

sub is_sound {
    my ($what, @clients) = @_;
    Tickr::Load::is_sound($what, @clients);
    is_deeply [ grep { !/^(200|503)$/ } keys %{ Tickr::Load::statuses(@clients) } ], [],
        "$what: each request was answered";
    return;
}

{    # down at the start
    $database->shut_out;
    my $server = Tickr::Server->new(
        database => $database,
        env      => { TICKR_DATABASE_POOL_TIMEOUT => '0.3' },
    );
    ok $server->wait_for_log(qr/level=warn msg="the database is down; trying again"/),
        'the server starts anyway, and continues to try';
    is $server->get('/livez')->{status},  200, '... and /livez is 200';
    is $server->get('/readyz')->{status}, 503, '... and it is not ready';
    my $began  = time;
    my $status = $server->get('/status');
    my $took   = time - $began;
    is $status->{status}, 503, '/status is 503';
    is $status->{headers}{'retry-after'}, 1, 'with Retry-After';
    like $status->{body}, qr/"error":"the database is down: $reasons->{shut_out}/, '... with the reason';
    cmp_ok $took, '<', 0.3, '... without waiting for the database';
    is $server->get('/tickets/create')->{status}, 503, 'a request for a ticket gets 503';
    is $server->metric('tickr_database_up'), 0, 'a metric shows the outage';

    $database->let_in;
    wait_for('the database to answer', 20, sub { $database->answers });
    my $back = time;
    $server->wait_until_ready(5);
    cmp_ok time - $back, '<', 2, 'tickets are issued within 2 s of the return of the database';
    is $server->get('/tickets/create')->{status}, 200, '... to all clients';
    wait_for('readiness', 2, sub { $server->get('/readyz')->{status} == 200 });
    my ($outage) = $server->log =~ /msg="the database is up" outage_seconds=([0-9.]+)/;
    cmp_ok $outage // 0, '>=', 0.29, 'the log has the length of the outage';
    my @said = $server->log =~ /the database is (?:still )?down.*(reason=".*")/g;
    is_deeply [ grep { $said[ $_ - 1 ] eq $said[$_] } 1 .. $#said ], [], 'no reason is logged twice in a row';
    my $name = 'database="' . $database->label . '"';
    is_deeply [ grep { /msg="(?:the|a) database/ && !/ \Q$name\E/ } split /\n/, $server->log ], [],
        'each line about the database names it, with one database too';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # an outage under load within the pool time-out, which no client notices
    my $server = Tickr::Server->new(
        database => $database,
        env      => { TICKR_DATABASE_POOL_TIMEOUT => 10 },
    );
    my $load = Tickr::Load->start($server, clients => 16);
    for my $round (1 .. 3) {
        $load->wait_for_answers(300);
        $database->kill;
        wait_for('the outage to be noticed', 5, sub { $server->get('/readyz')->{status} == 503 });
        $database->launch;
        wait_for('the database to answer', 20, sub { $database->answers });
        my $back = time;
        $load->wait_for_answers(16);
        cmp_ok time - $back, '<', 2, "round $round: service is back within 2 s of the database";
    }
    $load->wait_for_answers(300);
    my @clients = $load->finish;
    is_sound('a restart within the pool time-out', @clients);
SKIP: {
        skip 'requests whose statement notices a missing file get 503 immediately', 1 if $is_file;
        is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], ['200'], '... and causes no error';
    }
    cmp_ok $server->metric('tickr_database_reconnects_total'), '>', 0, 'reconnects are counted';
    like $server->log, qr/level=error msg="the database is (down|refused)"/, 'the outage is in the log';
    like $server->log, qr/msg="the database is up" outage_seconds=[0-9.]+/, '... with its length';
    my $lines = () = $server->log =~ /\n/g;
    cmp_ok $lines, '<', 60, '... and not once for each request';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # an outage longer than the pool time-out
    my $server = Tickr::Server->new(
        database => $database,
        env      => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' },
    );
    my $load = Tickr::Load->start($server, clients => 8);
    $load->wait_for_answers(100);
    $database->kill;
    wait_for('a 503', 10, sub { $server->get('/tickets/create')->{status} == 503 });
    wait_for('the end of readiness', 5, sub { $server->get('/readyz')->{status} == 503 });
    $database->launch;
    wait_for('the database to answer', 20, sub { $database->answers });
    my $back = time;
    $server->wait_until_ready(5);
    cmp_ok time - $back, '<', 2, 'tickets are issued within 2 s of the return of the database';
    $load->wait_for_answers(100);
    my @clients = $load->finish;
    is_sound('a long outage', @clients);
    my ($slowest) = sort { $b <=> $a } map { $_->{came} - $_->{asked} } map {@$_} @clients;
    cmp_ok $slowest, '<', 2.5, 'no request waits much longer than the pool time-out';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # a hang: the server does not answer, or the file is locked against writes
    my ($hang, $go_on) = $is_file ? qw(lock unlock) : qw(pause resume);
    my $server = Tickr::Server->new(
        database => $database,
        env      => {
            TICKR_DATABASE_POOL_TIMEOUT  => '0.5',
            TICKR_DATABASE_QUERY_TIMEOUT => 1,
            TICKR_DRAIN_TIMEOUT          => 3,
        },
    );
    my $load = Tickr::Load->start($server, clients => 8);
    $load->wait_for_answers(100);
    $database->$hang;
    wait_for('a 503', 10, sub { $server->get('/tickets/create')->{status} == 503 });
    is $server->get('/livez')->{status}, 200, 'the loops answer while the database hangs';
SKIP: {
        skip 'a locked file can be read, so readiness stays', 1 if $is_file;
        wait_for('the end of readiness', 5, sub { $server->get('/readyz')->{status} == 503 });
        is $server->get('/status')->{status}, 503, '/status is 503';
    }
    $database->$go_on;
    my $back = time;
    $server->wait_until_ready(5);
    cmp_ok time - $back, '<', 2, 'tickets are issued within 2 s of the return of the database';
    $load->wait_for_answers(100);
    is_sound('a hang', $load->finish);

    $database->$hang;
    my $began = time;
    is $server->stop(10), 0, 'a server stops while its database hangs';
    cmp_ok time - $began, '<', 4, '... within the drain time-out';
    $database->$go_on;
}

{    # no session is free in time
    my $server = Tickr::Server->new(
        database => $database,
        env      => {
            TICKR_DATABASE_POOL_SIZE    => 1,
            TICKR_DATABASE_POOL_TIMEOUT => '0.2',
            TICKR_MAX_WAITING           => 3,
        },
    );
    $server->wait_until_ready;
    $database->lock;
    my @clients = map { $server->client } 1 .. 6;
    my $ask     = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";
    my $began   = time;
    $clients[0]->send($ask);
    wait_for('the session to be busy', 5,
        sub { $server->metric('tickr_database_sessions_busy') == 1 });
    $_->send($ask) for @clients[ 1, 2 ];
    wait_for('three to wait', 5, sub { $server->metric('tickr_requests_waiting') == 3 });
    is $clients[$_]->get('/tickets/create')->{body},
        '{"error":"too many requests wait for the database (TICKR_MAX_WAITING)"}',
        'beyond TICKR_MAX_WAITING a request gets 503 immediately'
        for 3, 4;
    for my $client (@clients[ 1, 2 ]) {
        my $answer = $client->response;
        is $answer->{status}, 503, 'a request that waits longer than the pool time-out gets 503';
        like $answer->{body}, qr/none of the 1 database sessions was free in time/, '... with the reason';
    }
    cmp_ok time - $began, '<', 1, '... in time';
    my $first = $clients[0]->response;
    is $first->{status}, 503, 'a request whose statement fails gets 503';
    like $first->{body}, qr/$reasons->{lock}/, '... with the message of the database';
    $database->unlock;
    $server->wait_until_ready;
    is $server->get('/tickets/create')->{status}, 200, 'afterwards tickets are issued again';
    is $server->metric('tickr_requests_waiting'), 0, '... and no request is counted as waiting';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the database can be read, and reserves no tickets
    my $server = Tickr::Server->new(database => $database);
    $server->wait_until_ready;
    $database->sql('ALTER TABLE tickets RENAME TO elsewhere', 'tickr');
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'a request without the table gets 503';
    like $answer->{body}, qr/tickets/, '... with the reason';
    wait_for('/status to be 503', 5, sub { $server->get('/status')->{status} == 503 });
    is $server->get('/readyz')->{status}, 503, '... and it is not ready';
    $database->sql('ALTER TABLE elsewhere RENAME TO tickets', 'tickr');
    $server->wait_until_ready(5);
    is $server->get('/tickets/create')->{status}, 200, 'the server recovers by itself';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
