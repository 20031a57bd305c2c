#!/usr/bin/perl
# Rooms include only the rooms that src/LAYERS lets them, and docs/architecture.md has the same list.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(slurp);

my $top = $ENV{SRCDIR} // '.';
my $src = "$top/src";
my %is_generated = map { $_ => 1 } qw(build.h sql.h proto/descriptors.h),
    map { "proto/$_.pb-c.h" } qw(health reflection_v1 runtime tickr);

my (%allowed, %listed);
open my $layers, '<', "$src/LAYERS" or die "$src/LAYERS: $!";
while (<$layers>) {
    next if /^\s*(#|$)/;
    my ($room, @below) = split;
    $allowed{$room} = { map { $_ => 1 } $room, @below };
    $listed{$room} = "@below";
}

sub room_of { $_[0] =~ m{^([^/]+)/} ? $1 : 'top' }

my @files = map { substr $_, length("$src/") } glob "$src/*.[ch] $src/*/*.[ch]";
cmp_ok(scalar @files, '>', 5, 'the source files are found');

my @wrong;
for my $file (@files) {
    my $room = room_of($file);
    push @wrong, "$file: its room is not in LAYERS" unless $allowed{$room};
    open my $in, '<', "$src/$file" or die "$file: $!";
    while (<$in>) {
        next unless /^#include "([^"]+)"/;
        my $included = $1;
        next if $is_generated{$included};
        push @wrong, "$file:$.: include of $included, which is no file of ours"
            unless -e "$src/$included";
        push @wrong, "$file:$.: $room must not include " . room_of($included)
            unless $allowed{$room}{ room_of($included) };
    }
}
is_deeply(\@wrong, [], 'every room includes only what LAYERS lets it');

# --- the table of rooms ---------------------------------------------------------------------

my $of_top = delete $listed{top};
is join(' ', sort split ' ', $of_top), join(' ', sort keys %listed), 'the files of src/ itself may include all rooms';

my $architecture = slurp("$top/docs/architecture.md");
my %documented = $architecture =~ m{^\| `(\w+)/` \| ([a-z ]+|-) \|}mg;
is_deeply { map { $_ => $documented{$_} =~ s/^-$//r } keys %documented }, \%listed,
    'the table of rooms in docs/architecture.md has the lists of LAYERS';
my @unnamed = grep { $architecture !~ /`\Q$_\E`/ } grep { !m{^proto/} } sort keys %is_generated;
is_deeply \@unnamed, [], '... and the page names the headers that are exempt';
done_testing;
