#!/usr/bin/perl
# The C files have the layout that .clang-format asks for. To fix one: clang-format -i FILE.
use strict;
use warnings;
use Test::More;

my $top = $ENV{SRCDIR} // '.';
plan skip_all => 'clang-format is not installed' if system('clang-format --version >/dev/null 2>&1');

chdir $top or die "$top: $!";
my @files = glob 'src/*.[ch] src/*/*.[ch] t/*.[ch] t/*/*.[ch] bench/*.[ch]';
cmp_ok(scalar @files, '>', 5, 'the C files are found');

# One run for all files: starting the program takes most of its time.
my @lines = qx{clang-format --dry-run -Werror --style=file @files 2>&1};
my %lines_of;
for (@lines) {
    my ($file) = /^([^\s:]+):\d+:\d+: /;
    push @{ $lines_of{$file} }, $_ if $file;
}
ok($? == 0 || %lines_of, 'clang-format runs') or diag(@lines[ 0 .. ($#lines < 9 ? $#lines : 9) ]);
for my $file (@files) {
    ok(!$lines_of{$file}, "$file is formatted") or diag(@{ $lines_of{$file} }[ 0 .. 0 ]);
}
done_testing;
