#!/usr/bin/perl
# Runs the configurations of scripts/torture, which builds the programs and starts this script.
use strict;
use warnings;
use Tickr::Database;
use Tickr::Etcd;
use Tickr::File;
use Tickr::Process qw(scratch);
use Tickr::Server;
use Tickr::Vendor;
use Tickr::ZooKeeper;
use Time::HiRes qw(time);
use Torture::Options;

# Exit normally, so that the END blocks stop all processes and remove the scratch folder.
$SIG{INT}  = sub { exit 130 };
$SIG{TERM} = $SIG{HUP} = sub { exit 143 };
STDOUT->autoflush(1);

my %options = Torture::Options::parse(@ARGV);
require Torture::Round;

my ($tests, $failed, %faults, %total) = (0, 0);
my %longest = (longest_outage => 0);
my $began   = time;

sub report {
    my ($name, $round) = @_;
    for my $result ($round->results) {
        my ($is_good, $promise, $evidence) = @$result;
        print $evidence;
        printf "%sok %d - %s: %s\n", $is_good ? '' : 'not ', ++$tests, $name, $promise;
        $failed++ unless $is_good;
    }
    my %numbers = $round->numbers;
    $total{$_} += $numbers{$_} // 0 for qw(requests tickets ids keys unavailable closed);
    %longest = (%numbers, configuration => $name)
        if ($numbers{longest_outage} // 0) > $longest{longest_outage};
    printf "# %s: %s requests, %s tickets, %s ids of %s keys, %s answers 503, %s closings; the longest outage of a client %s s\n",
        $name, map { $numbers{$_} // 0 } qw(requests tickets ids keys unavailable closed longest_outage);
    my $counts = $round->{faults} ? $round->faults : {};
    $faults{$_} += $counts->{$_} for keys %$counts;
    return;
}

# The reason why tickrd cannot use COORDINATOR; ''.
sub is_built_without {
    my ($coordinator) = @_;
    my (undef, $output) = Tickr::Server->run(arguments => ['check-config'], env => {
        TICKR_DATABASE_ADAPTER => 'snowflake', TICKR_COORDINATOR => $coordinator });
    return $output =~ /was built without/ ? "tickrd was built without $coordinator" : '';
}

# Copy the records and all logs, which may explain a broken promise, to FOLDER.
sub keep {
    my ($folder) = @_;
    system('rm', '-rf', $folder);
    mkdir $folder or die "$folder: $!";
    system('cp', '-a', (grep { -e } glob scratch() . '/*.log'), "$folder/");
    system('cp', '-a', (grep { -e } glob scratch() . '/records-*'), "$folder/");
    for my $log (glob scratch() . '/db*/log') {
        my ($name) = $log =~ m{(db\d+)/log$};
        system('cp', $log, "$folder/$name.log");
    }
    return;
}

print "# seed $options{seed}: scripts/torture --seed $options{seed} repeats the plan\n";
my %missing = (
    mariadb   => Tickr::Database::missing(),
    sqlite    => Tickr::File::missing(),
    etcd      => Tickr::Etcd->missing || is_built_without('etcd'),
    zookeeper => Tickr::ZooKeeper->missing || is_built_without('zookeeper'),
);
$missing{'mariadb alone'} = $missing{mariadb}
    || (Tickr::Vendor::is_mariadb() ? '' : 'its faults use statements that MySQL does not have');
my @runnable = grep { !$missing{ $_->{needs} } } @{ $options{configurations} };
print "# $_->{name} is skipped: $missing{ $_->{needs} }\n"
    for grep { $missing{ $_->{needs} } } @{ $options{configurations} };
my ($shares, $turn) = (0, 0);
$shares += $_->{share} // 1 for @runnable;
for my $configuration (@runnable) {
    my $name = $configuration->{name};
    print "# --- $name: $configuration->{what}\n";
    my $start = time;
    my $round = Torture::Round->new(
        configuration => $configuration,
        seed          => $options{seed},
        turn          => $turn++ / @runnable,
        seconds       => 60 * $options{minutes} * ($configuration->{share} // 1) / $shares,
        on_event      => sub { printf "# %s %7.3f %s\n", $name, time - $start, $_[0] },
    );
    $round->run;
    report($name, $round);
    system('rm', '-rf', $round->folder) unless $options{keep} || $failed;
}
printf "not ok %d - a configuration could run\n", ++$tests and $failed++ if !@runnable;

printf "# --- seed %d, %.1f minutes\n", $options{seed}, (time - $began) / 60;
printf "# requests: %d\n# tickets issued: %d\n# ids of named sequences issued: %d, of %d keys\n",
    map { $total{$_} // 0 } qw(requests tickets ids keys);
printf "# faults injected: %s\n", join ', ', map {"$_ $faults{$_}"} sort keys %faults;
printf "# the longest outage seen by a client: %.3f s (%s, %s, from %.3f s on, during %s)\n",
    $longest{longest_outage}, map { $longest{$_} // '-' } qw(configuration of at during);
if ($failed || $options{keep}) {
    my $folder = "$ENV{BUILDDIR}/kept-$options{seed}";
    keep($folder);
    print "# logs and records: $folder\n";
}
print "# verdict: ", $failed ? "$failed promises were broken" : 'every promise was kept', "\n";
print "1..$tests\n";
exit($failed ? 1 : 0);
