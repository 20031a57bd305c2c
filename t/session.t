#!/usr/bin/perl
# A session sets all variables that its statements need. Tickets are issued in every layout with any defaults of the database.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Vendor;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my $database = Tickr::Database->new(tcp => 1);
$database->sql(q{CREATE USER plain@'127.0.0.1';}
        . q{GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1'});
my %plain = (
    TICKR_DATABASE_HOST         => '127.0.0.1:' . $database->port,
    TICKR_DATABASE_USERNAME     => 'plain',
    TICKR_DATABASE_POOL_TIMEOUT => 5,
    TICKR_DATABASE_POOL_SIZE    => 1,
    TICKR_BATCH_FORMAT          => 'group',
);

my $id      = 'id BIGINT UNSIGNED NOT NULL';
my %layouts = (
    'append'         => "($id AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO tickets VALUES (1)",
    'counter'        => "($id, stub CHAR(1) PRIMARY KEY) ENGINE=InnoDB; INSERT INTO tickets VALUES (1, 'a')",
    'stub on MyISAM' => "($id AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE) ENGINE=MyISAM; INSERT INTO tickets VALUES (1, 'a')",
    'stub on InnoDB' => "($id AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE) ENGINE=InnoDB; INSERT INTO tickets VALUES (1, 'a')",
);

for my $layout (sort keys %layouts) {
    $database->drop;
    $database->sql('CREATE DATABASE tickr');
    $database->sql("CREATE TABLE tickets $layouts{$layout}", 'tickr');
    Tickr::Server->createdb(database => $database);
    $database->sql('SET GLOBAL init_connect = "' . join('', map {"SET SESSION $_;"} Tickr::Vendor::hostile_settings()) . '"');
    my $server = Tickr::Server->new(env => \%plain);
    my $client = $server->client;
    is $client->get('/tickets/create')->{body}, '[329]', "$layout: a ticket is issued";
    is $client->get('/tickets/create/20')->{body}, '{"first":339,"increment":10,"count":20}', "$layout: a batch is issued";
    is $client->get('/status')->{body}, '{"last_ticket":529}', "$layout: /status has the last ticket";
    is $client->get('/tickets/create')->{body}, '[539]', "$layout: the next ticket is issued";
    is $server->stop, 0, "$layout: the server stops cleanly";
    unlike $server->log, qr/level=error|gone back/, "$layout: ... without an error";
    $database->sql('SET GLOBAL init_connect = ""');
}

{    # a statement that is too long
    $database->drop;
    Tickr::Server->createdb(database => $database);
    $database->sql('SET GLOBAL max_allowed_packet = 16384');
    my $server = Tickr::Server->new(env => \%plain);
    my $client = $server->client;
    is $client->get('/tickets/create/2000')->{status}, 200, 'a batch that fits in max_allowed_packet is issued';
    my $answer = $client->get('/tickets/create/9000');
    is $answer->{status}, 503, 'a larger batch gets 503';
    like $answer->{body}, qr/9000 tickets need a larger packet than max_allowed_packet of the database \(16384\) allows: raise it, or lower TICKR_MAX_BATCH/,
        '... and the answer says what to do';
    is $client->get('/readyz')->{status}, 200, '... and the server stays ready';
    is $client->get('/tickets/create')->{status}, 200, 'others come';
    unlike $server->log, qr/the database is down|a database session failed/, 'the database was never called down';
    is $server->metric('tickr_database_reconnects_total'), 0, 'no session was lost';
    $database->sql('SET GLOBAL max_allowed_packet = 1048576');
    is $client->get('/tickets/create/9000')->{status}, 503, 'an open session keeps its limit';
    my ($id) = $database->sql(q{SELECT GROUP_CONCAT(id) FROM information_schema.PROCESSLIST WHERE USER = 'plain'});
    $database->sql("KILL $_") for split /,/, $id;
    ok wait_for('a fresh session', 5, sub { $client->get('/tickets/create/9000')->{status} == 200 }),
        'a fresh one has the new limit';
    $database->sql('SET GLOBAL max_allowed_packet = 16384');
    is $client->get('/tickets/create/9000')->{status}, 200, 'a limit that is lowered does not reach an open session';
    is $client->get('/readyz')->{status}, 200, 'the server is ready';
    is $server->metric('tickr_database_refused'), 0, 'the database is not refused';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # tickets that are held ahead are fetched in statements that fit
    $database->sql('SET GLOBAL max_allowed_packet = 16384');
    my %ahead = (TICKR_RESERVE_AHEAD => 1, TICKR_RESERVE_AHEAD_MIN => 20000);
    my $server = Tickr::Server->new(env => { %plain, %ahead });
    is $server->get('/tickets/create/10')->{status}, 200, 'reserving ahead: a batch that fits comes';
    is $server->get('/readyz')->{status}, 200, '... and the server is ready';
    ok wait_for('what is held', 10, sub { $server->metric('tickr_tickets_reserved') >= 10000 }),
        '... and fills its memory with smaller fetches';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
