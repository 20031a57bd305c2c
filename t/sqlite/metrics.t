#!/usr/bin/perl
# t/metrics.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/metrics.t';
do $test or die $@ || "$test: $!";
