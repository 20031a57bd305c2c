#!/usr/bin/perl
# Rooms include only what src/LAYERS lets them.
use strict;
use warnings;
use Test::More;

my $src = ($ENV{SRCDIR} // '.') . '/src';

my %allowed;
open my $layers, '<', "$src/LAYERS" or die "$src/LAYERS: $!";
while (<$layers>) {
    next if /^\s*(#|$)/;
    my ($room, @below) = split;
    $allowed{$room} = { map { $_ => 1 } $room, @below };
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
        next if $included eq 'build.h' || $included eq 'sql.h';
        push @wrong, "$file:$.: include of $included, which is no file of ours"
            unless -e "$src/$included";
        push @wrong, "$file:$.: $room must not include " . room_of($included)
            unless $allowed{$room}{ room_of($included) };
    }
}
is_deeply(\@wrong, [], 'every room includes only what LAYERS lets it');
done_testing;
