#!/usr/bin/perl
# t/auth.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/auth.t';
do $test or die $@ || "$test: $!";
