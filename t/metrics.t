#!/usr/bin/perl
# The page of metrics is valid for Prometheus, and its numbers are exact.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(missing_program spew wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
my $sessions = $database->name eq 'sqlite' ? 1 : 3;    # a file has one writer, with any setting
my $began    = time;
my $server   = Tickr::Server->fresh(
    database => $database,
    env      => { TICKR_DATABASE_POOL_SIZE => 3, Tickr::Server::patient() });

sub page { $server->metrics }

# All requests that PAGE counts, except of /metrics, without the counters that are 0.
sub requests {
    my ($page) = @_;
    return {
        map { /^tickr_http_requests_total\{route="(.*)",code="(\d+)"\}$/
                && $1 ne '/metrics' && $page->{$_} ? ("$2 $1" => $page->{$_}) : () } keys %$page
    };
}

# --- before the first request -------------------------------------------------------------------

my $fresh = wait_for('the database to be up, and all sessions', 10, sub {
    my $page = page();
    $page->{tickr_database_up} == 1 && $page->{tickr_database_sessions_open} == $sessions && $page;
});
is_deeply requests($fresh), {}, 'a fresh server has answered nothing';
is $fresh->{$_}, 0, "$_ is 0" for qw(tickr_tickets_issued_total tickr_requests_waiting
    tickr_database_sessions_busy tickr_database_reconnects_total tickr_pruned_rows_total
    tickr_last_ticket tickr_reservation_tickets_count);
is $fresh->{tickr_database_up}, 1, 'the database is up';
is $fresh->{tickr_tickets_left}, 922337203685477548, 'tickets left: (2^63-1 - 329) / 10 and the first';
cmp_ok $fresh->{process_start_time_seconds}, '>=', $began, 'the start time is not before the start';
cmp_ok $fresh->{process_start_time_seconds}, '<=', time, '... and not after it';
is scalar grep({/^tickr_build_info\{version="\d+\.\d+\.\d+"\}$/} keys %$fresh), 1, 'the page has the version';

# --- known requests --------------------------------------------------------------------------------

{
    my $client = $server->client;
    $client->get('/tickets/create') for 1 .. 3;
    $client->request('POST', '/tickets/create');
    $client->get('/tickets/create/20');
    $client->get('/tickets/create/100?format=group');
    $client->get('/tickets/create/0');
    $client->get('/tickets/create/x');
    $client->get('/tickets/create?format=x');
    $client->request('HEAD', '/tickets/create');
    $client->request('DELETE', '/tickets/create/3');
    $client->get('/status') for 1 .. 2;
    $client->request('HEAD', '/status');
    $client->get('/livez');
    $client->get('/readyz');
    $client->request('PUT', '/readyz');
    $client->get('/nowhere') for 1 .. 4;
    $server->client->last_words("GET / HTTP/7.0\r\nHost: t\r\n\r\n");
    $server->client->last_words("GET /livez HTTP/1.1\r\n\r\n");
    my $large = $server->client;
    $large->send("POST /status HTTP/1.1\r\nHost: t\r\nContent-Length: 99999\r\n\r\n");
    $large->response;

    my $page = page();
    is_deeply requests($page), {
        '200 /tickets/create'   => 4,
        '400 /tickets/create'   => 1,
        '405 /tickets/create'   => 1,
        '200 /tickets/create/N' => 2,
        '400 /tickets/create/N' => 2,
        '405 /tickets/create/N' => 1,
        '200 /status'           => 3,
        '200 /livez'            => 1,
        '200 /readyz'           => 1,
        '405 /readyz'           => 1,
        '404 other'             => 4,
        '400 other'             => 2,
        '413 other'             => 1,
        },
        'requests are counted by route and code';
    is $page->{tickr_tickets_issued_total}, 124, 'tickets issued';
    is $page->{'tickr_reservations_total{result="ok"}'}, 6, 'reservations are counted';
    is $page->{tickr_reservation_tickets_count}, 6,   'statements that reserve are counted';
    is $page->{tickr_reservation_tickets_sum} + 0, 124, '... and their tickets';
    is $page->{'tickr_reservation_tickets_bucket{le="1"}'}, 4, '... four of them one';
    is $page->{'tickr_reservation_tickets_bucket{le="20"}'}, 5, '... one of them twenty';
    is $page->{'tickr_reservation_tickets_bucket{le="+Inf"}'}, 6, '... and all of them';
    is $page->{tickr_reservation_seconds_count}, 6, 'statements are timed';
    cmp_ok $page->{tickr_reservation_seconds_sum}, '>', 0, '... in seconds above 0';
    cmp_ok $page->{tickr_reservation_seconds_sum}, '<', 20, '... not in another unit';
    is $page->{tickr_last_ticket}, 329 + 10 * 123, 'the last ticket is shown';
    is $page->{tickr_tickets_left}, $fresh->{tickr_tickets_left} - 124, 'tickets left';
    is $page->{tickr_requests_waiting}, 0, 'nothing waits';
    is $page->{tickr_database_sessions_open}, $sessions, 'sessions open';
    is $page->{tickr_database_sessions_busy}, 0, 'sessions busy';
    is $page->{qq(tickr_http_accept_failures_total{reason="$_"})}, 0, "every connection was accepted: $_"
        for qw(open_files system_files memory other);
    cmp_ok $page->{tickr_http_connections_limit}, '>', 64, 'the limit of connections is shown';
    is $page->{tickr_http_connections_limit_reached_total}, 0, '... and was not reached';

    my $answered = 0;
    $answered += $page->{$_} for grep {/^tickr_http_requests_total\{/} keys %$page;
    is $page->{tickr_http_request_seconds_count} + 2, $answered,
        'requests are timed, except the two that cannot be parsed';
}

{
    my @open  = map { $server->client } 1 .. 5;
    $_->get('/livez') for @open;
    wait_for('connections to be counted', 5, sub { page()->{tickr_http_connections} == 6 });
    pass 'open connections are shown: five, and the one of the request';
    $_->close for @open;
    wait_for('closed connections to be counted', 5, sub { page()->{tickr_http_connections} == 1 });
    pass '... and only the one of the request after they close';
}

# --- failures ---------------------------------------------------------------------------------------

{
    $database->lock;
    my @waiting = map { $server->client } 1 .. 4;
    $_->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n") for @waiting;
    wait_for('requests to wait', 5, sub { page()->{tickr_requests_waiting} == 4 });
    pass 'waiting requests are counted';
    ok wait_for('sessions to be busy', 5, sub { page()->{tickr_database_sessions_busy} >= 1 }),
        '... and sessions that are busy with them';
    $database->unlock;
    $_->response for @waiting;
    wait_for('requests to be answered', 5, sub { page()->{tickr_requests_waiting} == 0 });
    pass '... until they are answered';

    $database->kill;
    wait_for('the database to be down', 10, sub { page()->{tickr_database_up} == 0 });
    pass 'tickr_database_up of a database that is down is 0';
    my $before = page();
    my @refused = map { $server->client } 1 .. 3;
    $_->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n") for @refused;
    $_->response for @refused;
    is page()->{'tickr_http_requests_total{route="/tickets/create",code="503"}'}
        - $before->{'tickr_http_requests_total{route="/tickets/create",code="503"}'}, 3, 'refused requests are counted';
    wait_for('the sessions to close', 10, sub { page()->{tickr_database_sessions_open} == 0 });
    pass 'no session is open';
    cmp_ok page()->{tickr_database_connect_failures_total}, '>', 0, 'failed attempts to open one are counted';
    $database->start;
    $server->wait_until_ready;
    wait_for('all sessions', 10, sub { page()->{tickr_database_sessions_open} == $sessions });
    my $page = page();
    is $page->{tickr_database_up}, 1, 'the database is up again';
    cmp_ok $page->{tickr_database_reconnects_total}, '>=', $sessions, 'sessions opened again are counted';
}

# --- the database ---------------------------------------------------------------------------------

{
    my $body   = $server->get('/metrics')->{body};
    my $labels = sprintf 'database="%s",node="3"', $database->label;
    like $body, qr/^\Q$_\E /m, "the page has $_"
        for "tickr_database_up{$labels}", "tickr_last_ticket{$labels}", "tickr_tickets_left{$labels}",
        "tickr_reservations_total{$labels,result=\"ok\"}",
        "tickr_reservation_seconds_bucket{$labels,le=\"+Inf\"}", "tickr_reservation_tickets_count{$labels}";
    is scalar(() = $body =~ /^tickr_database_up\{/mg), 1, '... and no other database';
}

# --- promtool -------------------------------------------------------------------------------------

SKIP: {
    skip missing_program('promtool'), 1 if missing_program('promtool');
    my $file   = spew('page', $server->get('/metrics')->{body});
    my $judge  = Tickr::Process->new(command => [ 'sh', '-c', "promtool check metrics <$file" ]);
    my $status = $judge->wait_exit(20);
    is "$status: " . $judge->log, '0: ', 'promtool reports no fault';
}

is $server->stop, 0, 'the server stops cleanly';
done_testing;
