#!/usr/bin/perl
# tickrd serves from no other engine, partition, version, sequence or stub that is not unique, and from no table with a
# trigger that sets ids. It refuses them at the start, and when the table changes under load.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Vendor;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my ($plugins) = grep { Tickr::Vendor::is_mariadb() && -e "$_/ha_rocksdb.so" } qw(/usr/lib/mysql/plugin /usr/lib/x86_64-linux-gnu/mariadb19/plugin);
my $database  = Tickr::Database->new(
    tcp     => 1,
    options => $plugins
    ? [ "--plugin-dir=$plugins", '--plugin-load-add=ha_rocksdb', '--plugin-maturity=unknown' ]
    : [],
);
$database->sql(q{CREATE USER plain@'127.0.0.1'; CREATE USER columns@'127.0.0.1';}
        . q{GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1'});

sub settings {
    my ($user) = @_;
    return (
        TICKR_DATABASE_HOST => '127.0.0.1:' . $database->port,
        TICKR_DATABASE_USERNAME => $user,
        TICKR_DATABASE_POOL_TIMEOUT => 2,
    );
}

my $id      = 'id BIGINT UNSIGNED NOT NULL';
my $append  = "CREATE TABLE tickets ($id AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO tickets VALUES (1)";
my $counter = "CREATE TABLE tickets ($id, stub CHAR(1) NOT NULL PRIMARY KEY) ENGINE=InnoDB; INSERT INTO tickets VALUES (1, 'a')";

sub made {
    my ($sql) = @_;
    $database->drop;
    $database->sql('CREATE DATABASE tickr');
    $database->sql($sql, 'tickr');
    return;
}

sub is_refused_at_the_start {
    my ($name, $why, $user) = @_;
    my ($status, $output) = Tickr::Server->run(env => { settings($user // 'plain') });
    is $status, 78, "$name: the start is refused";
    like $output, $why, "$name: ... with the reason";
    return;
}

sub is_refused_by_createdb {
    my ($name, $why) = @_;
    my ($status, $output) = Tickr::Server->run(database => $database, arguments => ['createdb']);
    is $status, 1, "$name: createdb refuses it";
    like $output, $why, "$name: ... with the reason";
    return;
}

# --- at the start -----------------------------------------------------------------------------------

my $engine = qr/the table `tickets` uses the engine \w+, which is not known to allocate each number once: stop every tickrd, ALTER TABLE tickets ENGINE=InnoDB, start them/;
my %wrong  = (
    'a merge table' => [
        "CREATE TABLE m ($id AUTO_INCREMENT PRIMARY KEY) ENGINE=MyISAM;"
            . "CREATE TABLE tickets ($id AUTO_INCREMENT PRIMARY KEY) ENGINE=MRG_MyISAM UNION=(m) INSERT_METHOD=LAST;"
            . 'INSERT INTO m VALUES (1)', $engine ],
    'partitions' => [
        "CREATE TABLE tickets ($id AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB PARTITION BY KEY (id) PARTITIONS 3;"
            . 'INSERT INTO tickets VALUES (1)', qr/is partitioned.*REMOVE PARTITIONING/ ],
    Tickr::Vendor::only_mariadb(
        'versions' => [ "$append; ALTER TABLE tickets ADD SYSTEM VERSIONING", qr/`tickets` is a table with system versioning/ ],
        'a sequence' => [ 'CREATE SEQUENCE tickets', qr/`tickets` is a sequence/ ],
    ),
    'a view'     => [ "CREATE TABLE t ($id); CREATE VIEW tickets AS SELECT * FROM t", qr/`tickets` is a view/ ],
    'a key of stub and id' => [
        "CREATE TABLE tickets ($id, stub CHAR(1) NOT NULL, PRIMARY KEY (stub, id)) ENGINE=InnoDB;"
            . q{INSERT INTO tickets VALUES (1, 'a')}, qr/shape tickrd does not know: .*\(stub is not unique by itself\)/ ],
);
for my $name (sort keys %wrong) {
    my ($sql, $why) = @{ $wrong{$name} };
    made($append);
    Tickr::Server->createdb(database => $database);
    $database->sql("DROP TABLE tickets; $sql", 'tickr');
    is_refused_at_the_start($name, $why);
    is_refused_by_createdb($name, $why);
}

made("CREATE TABLE tickets ($id, stub CHAR(1) NOT NULL, PRIMARY KEY (id), UNIQUE KEY (stub), UNIQUE KEY (stub, id))"
        . q{ ENGINE=InnoDB; INSERT INTO tickets VALUES (1, 'a')});
Tickr::Server->createdb(database => $database);
my $server = Tickr::Server->new(env => { settings('plain') });
is $server->get('/tickets/create')->{status}, 200, 'a stub that is unique by itself is served from, with any other keys';
is $server->stop, 0, 'the server stops cleanly';

# --- under a running server -----------------------------------------------------------------------------

# Change the table under two servers with load. No ticket comes twice, and both servers refuse the table.
sub changes_under_load {
    my ($name, $sql, $change, $why, $user) = @_;
    made($sql);
    Tickr::Server->createdb(database => $database);
    if ($user eq 'columns') {
        $database->sql(q{GRANT SELECT (id), INSERT (id) ON tickr.tickets TO columns@'127.0.0.1';}
                . q{GRANT SELECT ON tickr.tickr_settings TO columns@'127.0.0.1'});
    }
    my @servers = map { Tickr::Server->new(env => { settings($user) }) } 1, 2;
    my @loads   = map { Tickr::Load->start($_, clients => 4, path => '/tickets/create/5') } @servers;
    $_->wait_for_answers(100) for @loads;
    $database->sql($change, 'tickr');
    for my $server (@servers) {
        ok wait_for('the refusal', 10, sub {
            my $answer = $server->get('/tickets/create');
            $answer->{status} == 503 && $answer->{body} =~ $why;
        }), "$name: a server refuses it";
    }
    my @clients = map { $_->finish } @loads;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$name: no ticket twice";
    is $_->stop, 0, "$name: a server stops cleanly" for @servers;
    return;
}

changes_under_load('partitions', $append, 'ALTER TABLE tickets PARTITION BY KEY (id) PARTITIONS 2',
    qr/is partitioned/, 'plain');
changes_under_load('versions of the counter', $counter, 'ALTER TABLE tickets ADD SYSTEM VERSIONING',
    qr/system versioning/, 'plain') if Tickr::Vendor::is_mariadb();
changes_under_load('a user who may not see the definition', $append,
    'ALTER TABLE tickets PARTITION BY KEY (id) PARTITIONS 2', qr/is partitioned/, 'columns');
SKIP: {
    skip 'mariadb-plugin-rocksdb is not installed', 4 if !$plugins;
    changes_under_load('RocksDB', $append, 'ALTER TABLE tickets ENGINE=ROCKSDB', $engine, 'plain');
    is_refused_at_the_start('RocksDB', $engine);
}

# --- triggers ----------------------------------------------------------------------------------------

my $ids = 'CREATE TABLE c (n BIGINT); INSERT INTO c VALUES (1000)';
for my $case (
    [ append => $append, 'BEFORE INSERT', 'SET NEW.id = UUID_SHORT() % 1000000000' ],
    [ 'counter, an id of its own' => $counter, 'BEFORE UPDATE', 'SET NEW.id = NEW.id - 1' ],
    [ 'counter, an id ahead'      => $counter, 'BEFORE UPDATE', 'SET NEW.id = NEW.id + 1' ],
    [ 'counter, no change'        => $counter, 'BEFORE UPDATE', 'SET NEW.id = OLD.id' ],
    )
{
    my ($name, $sql, $when, $body) = @$case;
    my $trigger = "CREATE TRIGGER sets_ids $when ON tickets FOR EACH ROW $body";
    made($sql);
    Tickr::Server->createdb(database => $database);
    for my $running (0, 1) {    # the user of the server does not see triggers
        my $server;
        if ($running) {
            $server = Tickr::Server->new(env => { settings('plain') });
            $server->get('/tickets/create');
        }
        $database->sql($trigger, 'tickr');
        $server //= Tickr::Server->new(env => { settings('plain') });
        for my $count (1, 5) {
            my $answer = $server->get("/tickets/create/$count");
            is $answer->{status}, 503, "$name: a trigger that sets ids gives none of $count";
        }
        ok wait_for('the words', 5, sub { $server->get('/tickets/create')->{body} =~ /trigger|gone back/ }),
            "$name: the answer names it";
        unlike $server->log, qr/row, with stub 'a', is gone/, "$name: the log does not say that the row is gone";
        is $server->stop, 0, "$name: the server stops cleanly";
        if (!$running) {
            my ($status, $output) = Tickr::Server->run(database => $database);
            is $status, 78, "$name: for a user who sees triggers the start is refused";
            like $output, qr/the trigger `sets_ids` of the table `tickets` sets ids: drop it/, "$name: ... with the trigger's name";
        }
        $database->sql('DROP TRIGGER sets_ids', 'tickr');
    }
}

{    # triggers that set no id
    made("$append; $ids; CREATE TABLE seen (n BIGINT, at BIGINT AUTO_INCREMENT PRIMARY KEY);"
            . 'CREATE TRIGGER sees AFTER INSERT ON tickets FOR EACH ROW INSERT INTO seen (n) VALUES (NEW.id);'
            . 'CREATE TRIGGER guards BEFORE INSERT ON tickets FOR EACH ROW UPDATE c SET n = IF(NEW.id = 0, n, n + 1)');
    Tickr::Server->createdb(database => $database);
    my $server = Tickr::Server->new(database => $database);
    is $server->get('/tickets/create')->{body},   '[329]',         'triggers that set no id are allowed';
    is $server->get('/tickets/create/3')->{body}, '[339,349,359]', '... also for a batch';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
