#!/usr/bin/perl
# A static function's name stands in one file of src/, so that a search, a debugger and a profiler find one thing.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(slurp);

my $top = $ENV{SRCDIR} // '.';

my %files_of;
for my $path (glob "$top/src/*.[ch] $top/src/*/*.[ch]") {
    my $text = slurp($path);
    my %here = map { $_ => 1 } $text =~ /^static\b[^;={(]*?\n?(\w+)\([^;{]*\)[^;{]*\n\{/mg;
    push @{ $files_of{$_} }, $path =~ s{^\Q$top\E/}{}r for keys %here;
}
cmp_ok scalar keys %files_of, '>', 400, 'the static functions are found';
my @shared = grep { @{ $files_of{$_} } > 1 } sort keys %files_of;
is_deeply \@shared, [], 'no name of a static function stands in two files'
    or diag map {"$_: @{ $files_of{$_} }\n"} @shared;

done_testing;
