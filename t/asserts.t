#!/usr/bin/perl
# No file of src/ can be built with -DNDEBUG: each includes base/attributes.h, which refuses it.
use strict;
use warnings;
use Test::More;

my $src    = ($ENV{SRCDIR} // '.') . '/src';
my $header = 'base/attributes.h';
my %includes;

sub includes_of {
    my ($file) = @_;
    return $includes{$file} //= do {
        open my $in, '<', "$src/$file" or die "$file: $!";
        [ grep { -e "$src/$_" } map { /^#include "([^"]+)"/ ? $1 : () } <$in> ];
    };
}

sub reaches_header {
    my ($file, $seen) = @_;
    return 1 if $file eq $header;
    return 0 if $seen->{$file}++;
    return scalar grep { reaches_header($_, $seen) } @{ includes_of($file) };
}

my @files = map { substr $_, length("$src/") } glob "$src/*.c $src/*/*.c";
cmp_ok scalar @files, '>', 5, 'the source files are found';
is_deeply [ grep { !reaches_header($_, {}) } @files ], [], "every source file includes $header";

# Compile FILE with OPTIONS and return what the compiler prints.
sub compile {
    my ($file, @options) = @_;
    my @compiler = split ' ', $ENV{CC} // 'cc';
    my $pid      = open my $out, '-|' // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @compiler, '-std=gnu17', '-D_GNU_SOURCE', "-I$src", '-fsyntax-only', @options, "$src/$file";
        die "cannot run @compiler: $!\n";
    }
    return join '', <$out>;
}

for my $file (qw(base/clock.c base/parse.c http/head.c ticket/status.c)) {
    is compile($file), '', "$file compiles";
    like compile($file, '-DNDEBUG'), qr/error:.*tickr needs its assertions/, '... and does not with -DNDEBUG';
}

done_testing;
