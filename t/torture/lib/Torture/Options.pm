package Torture::Options;

# The arguments of scripts/torture, whose head explains them. Needs nothing that has to be installed.

use strict;
use warnings;
use Getopt::Long ();

# Each is run for an equal share of the time. needs: what must be installed; layout: of the tables, where it
# is not the one that createdb makes by itself.
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
);

sub usage {
    my (@problem) = @_;
    print STDERR "scripts/torture: @problem\n" if @problem;
    print STDERR "usage: scripts/torture [--minutes M] [--seed N] [--config NAME,..] [--keep]\n";
    exit 64;
}

sub parse {
    local @ARGV = @_;
    my %given = (minutes => 2);
    Getopt::Long::GetOptions(\%given, 'minutes=f', 'seed=i', 'config=s', 'keep') or usage();
    usage("what is $ARGV[0]?") if @ARGV;
    usage('--minutes must be more than 0, and at most 10000')
        unless $given{minutes} > 0 && $given{minutes} <= 10_000;
    usage('--seed must be from 0 to 2147483646')
        if defined $given{seed} && ($given{seed} < 0 || $given{seed} > 2147483646);
    my %known = map { $_->{name} => 1 } @configurations;
    my @wanted = split /,/, $given{config} // join ',', map { $_->{name} } @configurations;
    for my $name (@wanted) {
        usage("there is no configuration $name; there are", join ', ', map { $_->{name} } @configurations)
            unless $known{$name};
    }
    my %wanted = map { $_ => 1 } @wanted;
    $given{configurations} = [ grep { $wanted{ $_->{name} } } @configurations ];
    $given{seed} //= time % 1_000_000;
    return %given;
}

1;
