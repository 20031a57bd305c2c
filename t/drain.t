#!/usr/bin/perl
# Stopping: what is in flight is answered, nobody new is let in, and it ends in time.
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

my $ask = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";

for my $signal (qw(TERM INT)) {    # an idle server
    my $server = Tickr::Server->new(database => $database);
    my $idle   = $server->client;
    is $idle->get('/livez')->{status}, 200, 'a connection is open';
    my $began = time;
    $server->signal($signal);
    is $server->process->wait_exit(10), 0, "SIG$signal ends it with 0";
    cmp_ok time - $began, '<', 3, 'soon, although a quiet connection was open';
    ok $idle->at_end, 'which is closed';
    like $server->log, qr/msg="stopping: answering what is in flight"/, 'the log says so';
    like $server->log, qr/msg="stopped"/, 'and when it is over';
}

{    # requests in flight
    my $server = Tickr::Server->new(
        database => $database,
        env      => {
            TICKR_DATABASE_POOL_TIMEOUT => 20, TICKR_DATABASE_QUERY_TIMEOUT => 20,
            # A loop with nothing in flight closes its quiet connections.
            TICKR_HTTP_THREADS => 1,
        },
    );
    $server->wait_until_ready;
    $database->lock;
    my @flying  = map { $server->client } 1 .. 5;
    my %open    = map { $_ => $server->client } qw(/status /readyz create);
    $_->send($ask) for @flying;
    wait_for('the requests to wait', 5, sub { $server->metric('tickr_requests_waiting') == 5 });
    $server->signal('TERM');
    wait_for('the listener to close', 5, sub { !eval { $server->client } });
    for my $probe ('/status', '/readyz') {
        my $answer = $open{$probe}->get($probe);
        is $answer->{status}, 503, "$probe is 503 on an open connection";
        is lc $answer->{headers}{connection}, 'close', 'which is closed after the reply';
        ok $open{$probe}->at_end, 'as it says';
    }
    $open{create}->send($ask);
    $database->unlock;
    my $late = $open{create}->response;
    is $late->{status}, 200, 'a create on an open connection is answered';
    is lc $late->{headers}{connection}, 'close', '... as the last one of its connection';
    ok $open{create}->at_end, 'as it says';
    my @answers = map { $_->response } @flying;
    is_deeply [ map { $_->{status} } @answers ], [ (200) x 5 ], 'what was in flight is answered';
    is_deeply [ map { lc $_->{headers}{connection} } @answers ], [ ('close') x 5 ],
        'and each connection closed';
    is $server->process->wait_exit(10), 0, 'then the server ends with 0';
}

{    # under load
    my $server = Tickr::Server->new(database => $database);
    my $load   = Tickr::Load->start($server, clients => 20);
    $load->wait_for_answers(500);
    my $began = time;
    is $server->stop, 0, 'a server under load stops with 0';
    cmp_ok time - $began, '<', 5, 'within the drain time-out';
    my @clients = $load->finish;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'no ticket twice';
    my @lost;
    for my $answers (@clients) {
        my $closed = 0;
        for my $answer (@$answers) {
            $closed++ if $answer->{status} eq 'closed';
        }
        push @lost, $closed if $closed;
    }
    is_deeply \@lost, [], 'no request is lost: each has an answer, or found nobody listening';
    my %refused;
    $refused{ $_->{status} }++ for grep { $_->{status} =~ /^[1-9]/ && $_->{status} != 200 } map {@$_} @clients;
    is_deeply \%refused, {}, 'and no answer is another than 200';
}

{    # a client that takes no answer
    $database->drop;
    $database->lay_out_for_large_batches;
    my %env = (
        TICKR_STARTING_OFFSET => '1000000000000000',
        TICKR_MAX_BATCH       => 1_000_000,
        TICKR_DRAIN_TIMEOUT   => 1,
    );
    Tickr::Server->createdb(database => $database, env => \%env);
    my $server = Tickr::Server->new(database => $database, env => \%env);
    my $slow   = $server->client;
    # 17 MB: far more than the kernel holds for somebody who does not read.
    $slow->send("GET /tickets/create/1000000 HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('an answer on its way', 10,
        sub { $server->metric('tickr_tickets_issued_total') == 1_000_000 });
    my $began = time;
    is $server->stop, 0, 'the drain time-out ends the wait for a client that does not read';
    cmp_ok time - $began, '<', 3, 'in time';
    like $server->log, qr/msg="the drain time-out is over/, 'and the log says so';
}

{    # a second signal, and SIGHUP
    my $server
        = Tickr::Server->fresh(database => $database, env => { Tickr::Server::patient() });
    $server->wait_until_ready;
    $server->signal('HUP');
    wait_for('a line about SIGHUP', 5, sub { $server->log =~ /SIGHUP is ignored/ });
    is $server->get('/tickets/create')->{status}, 200, 'SIGHUP changes nothing';

    $database->lock;
    my $flying = $server->client;
    $flying->send($ask);
    wait_for('the request to wait', 5, sub { $server->metric('tickr_requests_waiting') == 1 });
    $server->signal('TERM');
    wait_for('the drain', 5, sub { $server->log =~ /stopping:/ });
    my $began = time;
    $server->signal('TERM');
    is $server->process->wait_exit(5), 1, 'a second signal ends it at once, with 1';
    cmp_ok time - $began, '<', 1, 'at once';
    $database->unlock;
}

done_testing;
