package Tickr::Masters;

# Two databases with counters of their own, odd and even, for a balancer in front of them.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Tickr::Balancer;
use Tickr::Database;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Vendor;

our @EXPORT_OK = qw(layout_sql layouts);

my $id   = 'id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY';
my $stub = "$id, stub CHAR(1) NOT NULL UNIQUE";
my %layouts = (
    'append'         => "CREATE TABLE tickets ($id) ENGINE=InnoDB; INSERT INTO tickets VALUES (1)",
    'stub on InnoDB' => "CREATE TABLE tickets ($stub) ENGINE=InnoDB; INSERT INTO tickets VALUES (1, 'a')",
    'stub on MyISAM' => "CREATE TABLE tickets ($stub) ENGINE=MyISAM; INSERT INTO tickets VALUES (1, 'a')",
);

sub layouts    { return sort keys %layouts }
sub layout_sql { return $layouts{ $_[0] } }

# options: more options of the servers; same_offset: give both the same offset, by mistake.
sub new {
    my ($class, %given) = @_;
    my $self = bless { databases => [] }, $class;
    for my $number (1, 2) {
        my $offset = $given{same_offset} ? 1 : $number;
        push @{ $self->{databases} },
            Tickr::Database->new(
            tcp     => 1,
            options => [
                '--auto-increment-increment=2', "--auto-increment-offset=$offset",
                "--server-id=$number",
                Tickr::Vendor::only_mariadb("--gtid-domain-id=$number"),
                @{ $given{options} // [] },
            ],
            );
    }
    $_->sql("SET sql_log_bin = 0; CREATE USER 'haproxy_check'\@'%'; CREATE USER 'tickr'\@'%' IDENTIFIED BY 'secret'")
        for $self->databases;
    return $self;
}

sub databases { return @{ $_[0]{databases} } }

# Make each replicate the other, from now on.
sub replicate {
    my ($self) = @_;
    my @databases = $self->databases;
    $_->sql("SET sql_log_bin = 0; CREATE USER 'replica'\@'%' IDENTIFIED BY 'secret';"
            . " GRANT REPLICATION SLAVE ON *.* TO 'replica'\@'%'") for @databases;
    for my $pair ([ 0, 1 ], [ 1, 0 ]) {
        my ($master, $slave) = @databases[@$pair];
        $slave->sql(Tickr::Vendor::replicate_sql($master->port));
    }
    return;
}

# The error that stopped the replication into DATABASE; '' if it runs.
sub replication_error {
    my ($self, $database) = @_;
    # Columns: Slave_SQL_Running, Last_Errno, Last_Error.
    my ($runs, $number, $error) = (split /\t/, $database->sql('SHOW SLAVE STATUS'))[ 11, 18, 19 ];
    return $runs eq 'Yes' ? '' : "$number: $error";
}

# Make the tables of LAYOUT on both, and pin the settings. With IS_REPLICATED, replication copies the pinned settings.
sub make_tables {
    my ($self, $layout, $is_replicated) = @_;
    for my $database ($self->databases) {
        $database->sql('SET sql_log_bin = 0; DROP DATABASE IF EXISTS tickr; CREATE DATABASE tickr;'
                . ' USE tickr; ' . layout_sql($layout)
                . qq{; GRANT SELECT, INSERT, DELETE ON tickr.* TO 'tickr'\@'%'});
    }
    for my $database ($self->databases) {
        Tickr::Server->createdb(database => $database);
        last if $is_replicated;
    }
    return;
}

# A balancer in front of both.
sub balancer { return Tickr::Balancer->of_databases($_[0]->databases) }

# The newest base that each has allocated itself.
sub newest {
    my ($self) = @_;
    my $sql = 'SELECT COALESCE(MAX(id), 0) FROM tickets WHERE id % 2 = @@auto_increment_offset % 2';
    return map { $_->sql($sql, 'tickr') } $self->databases;
}

# Test that each database allocates tickets within a minute, by its counter. If not, show the warnings of SERVER's log.
sub wait_for_both {
    my ($self, $what, $server) = @_;
    my @before = $self->newest;
    my $is_good = eval {
        wait_for("$what: both allocate tickets", 60, sub {
            my @now = $self->newest;
            return $now[0] > $before[0] && $now[1] > $before[1];
        });
    };
    diag join "\n", $@, "newest: @before, then " . join(' ', $self->newest),
        grep {/level=(warn|error)/} split /\n/, $server->log
        unless $is_good;
    return ok $is_good, "$what: both databases allocate tickets";
}

sub rows {
    my ($self) = @_;
    return map { $_->sql('SELECT COUNT(*) FROM tickets', 'tickr') } $self->databases;
}

1;
