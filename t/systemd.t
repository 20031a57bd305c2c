#!/usr/bin/perl
# systemd finds nothing wrong with the units, and the services are hardened.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $most_exposure = 2.0; # of 10, as systemd-analyze security counts

my $src = ($ENV{SRCDIR} // '.') . '/contrib/systemd';
my $build = $ENV{BUILDDIR} // '.';
plan skip_all => 'systemd-analyze is not installed'
    if system('systemd-analyze --version >/dev/null 2>&1');

# The units as they are installed, except for the path of the daemon, which verify wants to find.
my $dir = tempdir(CLEANUP => 1);
sub copy_unit {
    my ($from, $name) = @_;
    open my $in, '<', $from or die "$from: $!";
    open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
    while (<$in>) {
        s{^(ExecStart=)\S+/tickrd}{$1$build/tickrd};
        print $out $_;
    }
    close $out or die "$dir/$name: $!";
}
copy_unit("$build/contrib/systemd/tickrd.service", 'tickrd.service');
copy_unit("$build/contrib/systemd/tickrd\@.service", 'tickrd@node.service');
copy_unit("$src/tickrd.socket", 'tickrd.socket');

for my $unit ('tickrd.service', 'tickrd@node.service', 'tickrd.socket') {
    my $said = qx{SYSTEMD_UNIT_PATH='$dir': systemd-analyze verify --man=no --recursive-errors=no '$dir/$unit' 2>&1};
    my $status = $? >> 8;

    # Messages about this machine's other units do not count.
    my @ours = grep { /\Q$dir\E|tickrd/ } split /\n/, $said;
    is_deeply([$status, @ours], [0], "$unit has no mistakes") or diag($said);
}

for my $unit ('tickrd.service', 'tickrd@node.service') {
    my $said = qx{systemd-analyze security --no-pager --offline=true '$dir/$unit' 2>&1};
    my ($exposure) = $said =~ /Overall exposure level for \S+: ([0-9.]+)/;
    ok(defined $exposure && $exposure <= $most_exposure,
        "$unit is exposed at most $most_exposure: " . ($exposure // 'unknown'))
        or diag($said);
}

# Nothing is left to fill in, and both services are hardened alike.
my %lines;
for my $name ('tickrd.service', 'tickrd@.service') {
    open my $in, '<', "$build/contrib/systemd/$name" or die "$name: $!";
    my @all = <$in>;
    is_deeply([ grep { /\@\w+\@/ } @all ], [], "$name has no placeholder");
    $lines{$name} = join '',
        grep { !/^#|^$|Description=|EnvironmentFile=|(Runtime|State)Directory=|_STATE_DIR=|_CONTROL_SOCKET=|^User=/ } @all;
}
is($lines{'tickrd@.service'}, $lines{'tickrd.service'}, 'both services say the same');
done_testing;
