#!/usr/bin/perl
# t/http.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/http.t';
do $test or die $@ || "$test: $!";
