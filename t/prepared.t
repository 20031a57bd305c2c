#!/usr/bin/perl
# A session prepares its statements if the server can execute them with a literal. A server may forget them, refuse to
# prepare them or keep the row locked. That costs time, and no ticket is issued twice.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my $database = Tickr::Database->new(layout => 'counter');

# Return the database server's status NAME.
sub count_of {
    my ($name) = @_;
    return (split /\t/, $database->sql("SHOW GLOBAL STATUS LIKE '$name'"))[1];
}

sub server {
    my (%env) = @_;
    return Tickr::Server->new(
        database => $database,
        env      => { TICKR_DATABASE_POOL_SIZE => 1, TICKR_DATABASE_POOL_TIMEOUT => 20, %env });
}

my $newest = 0;

# Test that the next ticket is issued, and is above the one before.
sub next_ticket {
    my ($client, $name) = @_;
    my $answer = $client->get('/tickets/create');
    my ($ticket) = $answer->{body} =~ /^\[(\d+)\]$/;
    cmp_ok $ticket // 0, '>', $newest, $name or diag $answer->{body};
    $newest = $ticket if defined $ticket;
    return;
}

Tickr::Server->createdb(database => $database);

{    # a ticket needs no new prepared statement
    # MySQL checks lock time-outs once a second. One of 1 s may take 2 s, which is the query time-out.
    my $server = server(TICKR_DATABASE_QUERY_TIMEOUT => 4);
    my $client = $server->client;
    next_ticket($client, 'a ticket is issued');
    my $before = count_of('Com_prepare_sql');
    next_ticket($client, "ticket $_ is issued") for 1 .. 5;
    is count_of('Com_prepare_sql') - $before, 0, '... without preparing a statement again';

    my $lock = Tickr::Process->new(
        name    => 'row-lock',
        command => [
            'mariadb', '--no-defaults', '-uroot', '-S', $database->socket, 'tickr', '-e',
            'BEGIN; SELECT id FROM tickets FOR UPDATE; SELECT SLEEP(600)',
        ],
    );
    wait_for('the lock', 10, sub { $database->sql('SHOW PROCESSLIST') =~ /SLEEP\(600\)/ });
    $client->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('a statement to be repeated', 10, sub { $server->metric('tickr_database_retries_total') > 0 });
    my ($id) = $database->sql('SHOW PROCESSLIST') =~ /^(\d+).*SLEEP\(600\)/m;
    $database->sql("KILL $id");
    $lock->kill_hard;
    my $answer = $client->response;
    is $answer->{status}, 200, 'a request that waits for a lock (error 1205) gets a ticket in the end';
    ($newest) = $answer->{body} =~ /(\d+)/;
    next_ticket($client, 'the next ticket is above it');
    $database->sql(q{ALTER TABLE tickets COMMENT 'altered'}, 'tickr');
    next_ticket($client, 'a ticket is issued after the table was altered');
    is $server->metric('tickr_database_reconnects_total'), 0, '... all on the same session';
    is $server->stop, 0, 'the server stops cleanly';
    wait_for('the statements to be closed', 10, sub { count_of('Prepared_stmt_count') == 0 });
    pass 'a server that stops closes its statements';
}

{    # the server refuses to prepare statements
    $database->sql('SET GLOBAL max_prepared_stmt_count = 0');
    my $server = server(TICKR_DATABASE_POOL_TIMEOUT => 1);
    my $client = $server->client;
    next_ticket($client, "ticket $_ is issued without a prepared statement") for 1 .. 3;
    is $server->stop, 0, 'the server stops cleanly';
    $database->sql('SET GLOBAL max_prepared_stmt_count = 2');
    $server = server(TICKR_DATABASE_POOL_SIZE => 4);
    $client = $server->client;
    next_ticket($client, "ticket $_ is issued with only some statements prepared") for 1 .. 3;
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
