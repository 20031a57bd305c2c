package Bench::Options;

# Parses the arguments of scripts/bench, which explains them. Needs only Perl itself.

use strict;
use warnings;
use Cwd ();
use Getopt::Long ();
use Bench::Contenders;
use Bench::Ratios;

sub usage {
    my (@problem) = @_;
    print STDERR "scripts/bench: @problem\n" if @problem;
    print STDERR "usage: scripts/bench [--quick] [--rounds N] [--only NAME,..] [--connections LIST]"
        . " [--check FILE] [--out FOLDER] [--before TICKRD]\n";
    exit 64;
}

sub parse {
    local @ARGV = @_;
    my %given = (out => 'build/bench/report');
    Getopt::Long::GetOptions(\%given, 'quick', 'rounds=i', 'only=s', 'connections=s', 'check=s',
        'out=s', 'before=s')
        or usage();
    usage("unknown argument $ARGV[0]") if @ARGV;
    $given{rounds} //= 3;
    usage('--rounds must be from 1 to 1000') if $given{rounds} < 1 || $given{rounds} > 1000;

    if (defined $given{before}) {
        usage("--before: $given{before} is not a program") unless -x $given{before} && !-d _;
        $given{before} = Cwd::abs_path($given{before});
        Bench::Contenders::add_before();
    }

    my %known = map { $_ => 1 } Bench::Contenders::names();
    $given{only} = [ split /,/, $given{only} // join ',', Bench::Contenders::names() ];
    if (defined $given{before}) {
        my %asked = map { $_ => 1 } @{ $given{only} };
        push @{ $given{only} }, grep { /-before\z/ && $asked{s/-before\z//r} && !$asked{$_} } keys %known;
    }
    for my $name (@{ $given{only} }) {
        usage("unknown contender $name; choose from", join ', ', Bench::Contenders::names())
            unless $known{$name};
    }
    $given{is_all_connections} = !defined $given{connections};
    $given{connections} = [ split /,/, $given{connections} // '1,16,64,256' ];
    for my $count (@{ $given{connections} }) {
        usage('--connections must be numbers from 1 to 10000, with commas between')
            unless $count =~ /^[1-9][0-9]{0,4}$/ && $count <= 10000;
    }
    Bench::Ratios::add_before(%given);
    $given{thresholds} = eval { Bench::Ratios::read_thresholds($given{check} // 'bench/thresholds') }
        // usage($@ =~ s/\n\z//r);
    return %given;
}

1;
