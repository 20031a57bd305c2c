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
for my $file (@files) {
    my $said = qx{clang-format --dry-run -Werror --style=file '$file' 2>&1};
    ok($? == 0, "$file is formatted") or diag($said =~ /\A((?:.*\n){1,10})/);
}
done_testing;
