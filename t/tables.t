#!/usr/bin/perl
# What tickrd does not serve from: engines that are not known to allocate a number once, partitions, versions,
# sequences, triggers that set ids, a stub that is not unique. At the start.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my ($plugins) = grep { -e "$_/ha_rocksdb.so" } qw(/usr/lib/mysql/plugin /usr/lib/x86_64-linux-gnu/mariadb19/plugin);
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
    like $output, $why, "$name: with the reason";
    return;
}

sub is_refused_by_createdb {
    my ($name, $why) = @_;
    my ($status, $output) = Tickr::Server->run(database => $database, arguments => ['createdb']);
    is $status, 1, "$name: createdb refuses it";
    like $output, $why, "$name: with the reason";
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
    'versions' => [ "$append; ALTER TABLE tickets ADD SYSTEM VERSIONING", qr/`tickets` is a table with system versioning/ ],
    'a sequence' => [ 'CREATE SEQUENCE tickets', qr/`tickets` is a sequence/ ],
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
is $server->get('/tickets/create')->{status}, 200, 'a stub that is unique by itself is, whatever other keys there are';
is $server->stop, 0, 'the server stops cleanly';

SKIP: {
    skip 'mariadb-plugin-rocksdb is not installed', 2 if !$plugins;
    $database->sql('ALTER TABLE tickets ENGINE=ROCKSDB', 'tickr');
    is_refused_at_the_start('RocksDB', $engine);
}

done_testing;
