package Torture::Options;

# Parses the arguments of scripts/torture, which explains them. Needs only Perl itself.

use strict;
use warnings;
use Getopt::Long ();
use Torture::Plan;

# needs: the database, or the coordinator, that must be installed; layout: of the tables, if not createdb's default;
# share: of the time, if not the same as the others'; faults: the kinds to try, if not all that apply; second: a second
# database server: a replica, or a master that joins; coordinator: the servers issue Snowflake ids; clients, most_growth: as in
# Round.pm, if not the same; back_within: seconds in which a server must issue tickets after a fault, if not 2.
our @configurations = (
    { name => 'strict', needs => 'mariadb', databases => 1, server_count => 1, is_in_order => 1,
      what => 'a server and its database' },
    { name => 'pair', needs => 'mariadb', databases => 1, server_count => 2, is_in_order => 1,
      what => 'two servers on one database' },
    { name => 'two', needs => 'mariadb', databases => 2, server_count => 1, is_in_order => 1,
      what => 'a server on two databases' },
    { name => 'counter', needs => 'mariadb', databases => 1, server_count => 2, is_in_order => 1,
      layout => 'counter', what => 'two servers on one database in the counter layout' },
    { name => 'ahead', needs => 'mariadb', databases => 1, server_count => 2,
      layout => 'counter', env => { TICKR_RESERVE_AHEAD => 1 },
      what => 'two servers that reserve ahead, on one database in the counter layout' },
    { name => 'sqlite', needs => 'sqlite', databases => 1, server_count => 1, is_in_order => 1,
      is_file => 1, what => 'a server and its file' },
    { name => 'failover', needs => 'mariadb alone', databases => 1, server_count => 2, is_in_order => 1, share => 0.5,
      layout => 'counter', second => 'replica', faults => [qw(fail-over cut kill-server stop-server drain-server)],
      what => 'two servers on a master with a replica, as a user with the least rights' },
    { name => 'failover-super', needs => 'mariadb alone', databases => 1, server_count => 2, is_in_order => 1,
      share => 0.5, layout => 'counter', second => 'replica', is_super => 1,
      faults => [qw(fail-over cut kill-server stop-server drain-server)],
      what => 'the same, as a user with SUPER, who may write under read_only' },
    { name => 'masters', needs => 'mariadb alone', databases => 1, server_count => 2, share => 0.5,
      layout => 'append', second => 'master', faults => [qw(add-master cut kill-server stop-server drain-server)],
      what => 'two servers, one of which moves to a second master and back' },
    { name => 'stores', needs => 'mariadb', databases => 1, server_count => 2, is_in_order => 1, max_nodes => 1,
      layout => 'counter', has_stores => 1, clients => 8, back_within => 5, most_growth => 24,
      faults => [qw(kill-store stop-store replace-store kill-database stop-database cut kill-server stop-server drain-server)],
      what => 'two servers with stores in Redis, etcd, ZooKeeper, MariaDB and SQLite, and of Snowflake ids, over HTTP and gRPC' },
    { name => 'snowflake-etcd', needs => 'etcd', server_count => 4, share => 0.5, coordinator => 'Etcd', back_within => 20,
      faults => [qw(kill-coordinator stop-coordinator kill-server pause-server drain-server step-clock)],
      what => 'four servers of Snowflake ids on two etcd' },
    { name => 'snowflake-zookeeper', needs => 'zookeeper', server_count => 4, share => 0.5, coordinator => 'ZooKeeper',
      back_within => 20,
      faults => [qw(kill-coordinator stop-coordinator kill-server pause-server drain-server step-clock)],
      what => 'the same on two ZooKeepers' },
);

sub usage {
    my (@problem) = @_;
    print STDERR "scripts/torture: @problem\n" if @problem;
    print STDERR "usage: scripts/torture [--minutes M] [--seed N] [--config NAME,..] [--fault NAME,..] [--keep]\n";
    exit 64;
}

# The elements of KNOWN that LIST names, or all if LIST is undefined, as name => 1.
sub wanted {
    my ($what, $list, @known) = @_;
    my %known = map { $_ => 1 } @known;
    my @wanted = split /,/, $list // join ',', @known;
    for my $name (@wanted) {
        usage("unknown $what $name; choose from", join ', ', @known) unless $known{$name};
    }
    return map { $_ => 1 } @wanted;
}

sub parse {
    local @ARGV = @_;
    my %given = (minutes => 2);
    Getopt::Long::GetOptions(\%given, 'minutes=f', 'seed=i', 'config=s', 'fault=s', 'keep') or usage();
    usage("unknown argument $ARGV[0]") if @ARGV;
    usage('--minutes must be more than 0, and at most 10000')
        unless $given{minutes} > 0 && $given{minutes} <= 10_000;
    usage('--seed must be from 0 to 2147483646')
        if defined $given{seed} && ($given{seed} < 0 || $given{seed} > 2147483646);
    my %faults = wanted('fault', $given{fault}, map { $_->{name} } @Torture::Plan::kinds);
    my %wanted = wanted('configuration', $given{config}, map { $_->{name} } @configurations);
    $given{configurations} = [ grep { $wanted{ $_->{name} } } @configurations ];
    $_->{kinds} = [ Torture::Plan::kinds_of($_, %faults) ] for @{ $given{configurations} };
    # A configuration that has none of the wanted faults proves nothing.
    $given{configurations} = [ grep { @{ $_->{kinds} } } @{ $given{configurations} } ];
    usage('no configuration of these has a fault of these') if !@{ $given{configurations} };
    $given{seed} //= time % 1_000_000;
    return %given;
}

1;
