#!/usr/bin/perl
# t/ahead.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/ahead.t';
do $test or die $@ || "$test: $!";
