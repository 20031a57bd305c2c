#!/usr/bin/perl
# t/requests.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/requests.t';
do $test or die $@ || "$test: $!";
