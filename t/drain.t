#!/usr/bin/perl
# Stopping: the server answers requests in flight, accepts no new connections, and ends in time.
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
    is $server->process->wait_exit(10), 0, "SIG$signal ends the server with 0";
    cmp_ok time - $began, '<', 3, 'the server ends soon although a quiet connection is open';
    ok $idle->at_end, 'the server closes the quiet connection';
    like $server->log, qr/msg="stopping: answering requests in flight"/, 'the log says that the server stops';
    like $server->log, qr/msg="stopped"/, '... and that it has stopped';
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
        is lc $answer->{headers}{connection}, 'close', '... with Connection: close';
        ok $open{$probe}->at_end, '... and the server closes the connection';
    }
    $open{create}->send($ask);
    $database->unlock;
    my $late = $open{create}->response;
    is $late->{status}, 200, 'a create on an open connection is answered';
    is lc $late->{headers}{connection}, 'close', '... as the last one of its connection';
    ok $open{create}->at_end, '... and the server closes the connection';
    my @answers = map { $_->response } @flying;
    is_deeply [ map { $_->{status} } @answers ], [ (200) x 5 ], 'requests in flight are answered';
    is_deeply [ map { lc $_->{headers}{connection} } @answers ], [ ('close') x 5 ],
        '... with Connection: close';
    is $server->process->wait_exit(10), 0, 'the server ends with 0';
}

{    # under load
    my $server = Tickr::Server->new(database => $database);
    my $load   = Tickr::Load->start($server, clients => 20);
    $load->wait_for_answers(500);
    my $began = time;
    is $server->stop, 0, 'a server under load ends with 0';
    cmp_ok time - $began, '<', 5, '... within the drain time-out';
    my @clients = $load->finish;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'no ticket is issued twice';
    my @lost;
    for my $answers (@clients) {
        my $closed = 0;
        for my $answer (@$answers) {
            $closed++ if $answer->{status} eq 'closed';
        }
        push @lost, $closed if $closed;
    }
    is_deeply \@lost, [], 'each request gets an answer, or cannot connect';
    my %refused;
    $refused{ $_->{status} }++ for grep { $_->{status} =~ /^[1-9]/ && $_->{status} != 200 } map {@$_} @clients;
    is_deeply \%refused, {}, 'each answer is 200';
}

{    # a client that does not read its answer
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
    # 17 MB: far more than the kernel holds for a client that does not read.
    $slow->send("GET /tickets/create/1000000 HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('an answer on its way', 10,
        sub { $server->metric('tickr_tickets_issued_total') == 1_000_000 });
    my $began = time;
    is $server->stop, 0, 'the drain time-out ends the wait for a client that does not read';
    cmp_ok time - $began, '<', 3, '... in time';
    like $server->log, qr/msg="drain timed out/, 'the log says that the time-out is over';
}

{    # a second signal, and SIGHUP
    my $server
        = Tickr::Server->fresh(database => $database, env => { Tickr::Server::patient() });
    $server->wait_until_ready;
    $server->signal('HUP');
    wait_for('a line about SIGHUP', 5, sub { $server->log =~ /ignored SIGHUP/ });
    is $server->get('/tickets/create')->{status}, 200, 'SIGHUP changes nothing';

    $database->lock;
    my $flying = $server->client;
    $flying->send($ask);
    wait_for('the request to wait', 5, sub { $server->metric('tickr_requests_waiting') == 1 });
    $server->signal('TERM');
    wait_for('the drain', 5, sub { $server->log =~ /stopping:/ });
    my $began = time;
    $server->signal('TERM');
    is $server->process->wait_exit(5), 1, 'a second signal ends the server with 1';
    cmp_ok time - $began, '<', 1, '... immediately';
    $database->unlock;
}

{    # a second signal while the stop waits for a session that hangs
SKIP: {
        skip 'a file has no server that could hang', 4 unless $database->can('pause');
        # A session hangs in a statement, so that a stop has something to wait for.
        my $hang = sub {
            my ($server) = @_;
            $database->pause;
            wait_for('the end of readiness', 10, sub { $server->get('/readyz')->{status} == 503 });
        };
        my $server = Tickr::Server->fresh(
            database => $database,
            env      => { TICKR_DATABASE_QUERY_TIMEOUT => 20, TICKR_DRAIN_TIMEOUT => 15 },
        );
        $server->wait_until_ready;
        $hang->($server);
        $server->signal('TERM');
        wait_for('the workers to end', 10, sub { !eval { $server->client } });
        my $began = time;
        $server->signal('TERM');
        my $status = $server->process->wait_exit(5);
        $database->resume;
        is $status, 1, 'a second signal ends a server whose tear-down hangs with 1';
        cmp_ok time - $began, '<', 1, '... immediately';

        $server = Tickr::Server->new(
            database => $database,
            env      => { TICKR_DATABASE_QUERY_TIMEOUT => 20, TICKR_DRAIN_TIMEOUT => 1 },
        );
        $server->wait_until_ready;
        $hang->($server);
        $began  = time;
        $status = $server->stop;
        $database->resume;
        is $status, 0, 'without a second signal the drain time-out ends it with 0';
        cmp_ok time - $began, '<', 3, '... in time';
    }
}

{    # other signals
    my $server = Tickr::Server->new(database => $database);
    # Fewer than the log shows in a second.
    for my $signal (qw(USR1 USR2 ALRM PROF XFSZ XCPU PIPE IO RTMIN)) {
        $server->signal($signal);
        my $name = $signal eq 'RTMIN' ? 'a real-time signal' : "SIG$signal";
        ok $server->wait_for_log(qr/msg="ignored a signal" signal="$name"/),
            "SIG$signal is ignored, with a line";
    }
    is $server->get('/tickets/create')->{status}, 200, 'the server still serves';
    $server->signal('QUIT');
    is $server->process->wait_exit(10), 0, 'SIGQUIT stops the server as SIGTERM does';
    like $server->log, qr/msg="stopping: .*" signal=SIGQUIT/, 'the log names the signal';
}

{    # the same signal twice: to a process, and to its group
    my $server = Tickr::Server->new(
        database => $database,
        # A loop with nothing in flight closes its quiet connections.
        env => { Tickr::Server::patient(), TICKR_HTTP_THREADS => 1 },
    );
    $server->wait_until_ready;
    $database->lock;
    my $flying = $server->client;
    $flying->send($ask);
    wait_for('the request to wait', 5, sub { $server->metric('tickr_requests_waiting') == 1 });
    $server->signal($_) for qw(TERM TERM INT);
    wait_for('the drain', 5, sub { $server->log =~ /stopping:/ });
    $database->unlock;
    my $answer = $flying->response;
    is $answer && $answer->{status}, 200, 'signals that arrive together count as one';
    is $server->process->wait_exit(10), 0, 'the server ends with 0';
}

{    # SIGTERM while the process is stopped by SIGSTOP
    my $server = Tickr::Server->new(database => $database);
    $server->signal($_) for qw(STOP TERM CONT);
    is $server->process->wait_exit(10), 0, 'a process that is stopped handles SIGTERM when it continues';
}

{    # balancers that notice the stop late
    my $server = Tickr::Server->new(database => $database, env => { TICKR_DRAIN_DELAY => 2 });
    $server->wait_until_ready;
    my $began = time;
    $server->signal('TERM');
    wait_for('/readyz to be 503', 5, sub { $server->get('/readyz')->{status} == 503 });
    my ($asked, $live) = (0, 0);
    while (time - $began < 1.5) {
        $asked++;
        my $answer = eval { $server->get('/livez') };
        $live++ if $answer && $answer->{status} == 200 && lc $answer->{headers}{connection} eq 'close';
    }
    cmp_ok $asked, '>', 10, 'the server answers requests for some time';
    is $live, $asked, 'the server answers new connections during TICKR_DRAIN_DELAY, and closes them';
    wait_for('the listener to close', 5, sub { !eval { $server->client } });
    cmp_ok time - $began, '>', 1.8, 'the listener closes when TICKR_DRAIN_DELAY is over';
    is $server->process->wait_exit(5), 0, 'the server ends with 0';
    like $server->log, qr/msg="stopping: .*" signal=SIGTERM delay_seconds=2 timeout_seconds=8/,
        'the log says how long the stop may take';
}

{    # a second signal during the delay
    my $server = Tickr::Server->new(database => $database, env => { TICKR_DRAIN_DELAY => 30 });
    $server->signal('TERM');
    wait_for('the drain', 5, sub { $server->log =~ /stopping:/ });
    my $began = time;
    $server->signal('INT');
    is $server->process->wait_exit(5), 1, 'a second signal ends TICKR_DRAIN_DELAY';
    cmp_ok time - $began, '<', 1, '... immediately';
}

done_testing;
