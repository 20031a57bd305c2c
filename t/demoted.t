#!/usr/bin/perl
# A demoted master issues no ticket. The setting read_only does not stop a user with SUPER, so tickrd reads it in the
# packet of each statement. The server does not write to such a master, and serves again by itself.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my %layouts = (
    append  => 'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;'
        . ' INSERT INTO tickets VALUES (1)',
    counter => 'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL, stub CHAR(1) PRIMARY KEY) ENGINE=InnoDB;'
        . q{ INSERT INTO tickets VALUES (1, 'a')},
);
for my $engine (qw(InnoDB MyISAM)) {
    $layouts{"stub on $engine"}
        = 'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,'
        . " stub CHAR(1) NOT NULL UNIQUE) ENGINE=$engine; INSERT INTO tickets VALUES (1, 'a')";
}

my $database = Tickr::Database->new(tcp => 1);
$database->sql(q{CREATE USER plain@'127.0.0.1'; CREATE USER super@'127.0.0.1';}
        . q{GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1';}
        . q{GRANT ALL ON *.* TO super@'127.0.0.1'});

sub read_only { return $database->sql("SET GLOBAL read_only = $_[0]") }

sub settings {
    my ($user) = @_;
    return (
        TICKR_DATABASE_HOST => '127.0.0.1:' . $database->port,
        TICKR_DATABASE_USERNAME => $user,
        TICKR_DATABASE_POOL_TIMEOUT => 1,
    );
}

sub newest { return $database->sql('SELECT MAX(id) FROM tickets', 'tickr') }

for my $layout (sort keys %layouts) {
    $database->drop;
    $database->sql('CREATE DATABASE tickr');
    $database->sql($layouts{$layout}, 'tickr');
    Tickr::Server->createdb(database => $database);
    for my $user (qw(super plain)) {
        my $name   = "$layout, $user";
        my $server = Tickr::Server->new(env => { settings($user) });
        my $client = $server->client;
        is $client->get('/tickets/create')->{status}, 200, "$name: tickets are issued";

        # Under load. The master committed each answered ticket before it was demoted.
        my $load = Tickr::Load->start($server, clients => 4, path => '/tickets/create/3');
        $load->wait_for_answers(50);
        read_only(1);
        my $last = newest();
        my @clients = $load->finish;
        my ($highest) = sort { $b <=> $a } map { @{ $_->{tickets} // [] } } map {@$_} @clients;
        cmp_ok Tickr::Server::base_of($highest), '<=', $last, "$name: a demoted master issues no ticket";

        my $answer = $client->get('/tickets/create');
        is $answer->{status}, 503, "$name: then a request gets 503";
        like $answer->{body}, qr/read.only/i, "$name: ... with the reason";
        ok wait_for('the status', 5, sub { $client->get('/readyz')->{status} == 503 }), "$name: ... and the server is not ready";
        is $server->metric('tickr_database_refused'), 0, "$name: the database is not refused";
        read_only(0);
        $server->wait_until_ready;
        is $client->get('/tickets/create')->{status}, 200, "$name: tickets are issued again by themselves";
        is $server->stop, 0, "$name: the server stops cleanly";
        unlike $server->log, qr/gone back/, "$name: the log does not say that it went back in time";
    }
}

{
    read_only(1);
    my $server = Tickr::Server->new(env => { settings('super') });
    is $server->get('/tickets/create')->{status}, 503, 'a server starts on a read-only database';
    my $before = newest();
    my ($status, $output) = Tickr::Server->run(arguments => [ 'advance', '--past', '99999', '--yes' ],
        env => { settings('super') });
    isnt $status, 0, 'tickrd advance refuses a read-only server';
    like $output, qr/the server is read-only/, '... with the reason';
    is newest(), $before, '... and moves no counter';

    $database->sql('SET GLOBAL read_only = 0; CREATE DATABASE other; SET GLOBAL read_only = 1');
    ($status, $output) = Tickr::Server->run(arguments => ['createdb'],
        env => { settings('super'), TICKR_DATABASE_NAME => 'other' });
    is $status, 1, 'createdb refuses a read-only server';
    like $output, qr/the server is read-only/, '... with the reason';
    is $database->sql('SHOW TABLES', 'other'), '', '... and has made nothing';
    ($status, $output) = Tickr::Server->run(arguments => [ 'createdb', '--if-not-exists' ], env => { settings('super') });
    is $status, 0, 'createdb --if-not-exists finds everything';
    read_only(0);
    $server->wait_until_ready;
    pass 'the server serves when the database is writable again';
    is $server->stop, 0, 'it stops cleanly';
}

# The start warns about a user whom read_only does not stop, and about no other user.
{
    my $warning = qr/level=warn msg="the database's user has the right ALL PRIVILEGES, with which it may write to a server that was demoted/;
    for my $user (qw(super plain)) {
        my $server = Tickr::Server->new(env => { settings($user), TICKR_REQUIRE_DURABLE => 0 });
        ok $server->wait_for_log($warning), 'the start warns about a user with all rights' if $user eq 'super';
        ok $server->wait_for_log(qr/stub layout on InnoDB|uses the engine/) || 1, 'the other warnings are logged' if $user eq 'plain';
        unlike $server->log, qr/the database's user has the right/, 'the start does not warn about a user with a few rights' if $user eq 'plain';
        is $server->stop, 0, 'the server stops cleanly';
    }
    $database->drop;
    # The counter layout, for a server that forgets AUTO_INCREMENT would be refused.
    Tickr::Server->createdb(database => $database, arguments => [ '--layout', 'counter' ]);
    my $server = Tickr::Server->new(env => { settings('super'), TICKR_REQUIRE_DURABLE => 1 });
    is $server->get('/tickets/create')->{status}, 200, 'TICKR_REQUIRE_DURABLE does not refuse such a user';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
