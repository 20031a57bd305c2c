#!/usr/bin/perl
# t/framing.t, on a file of SQLite's.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'sqlite';
my $test = ($ENV{SRCDIR} // '.') . '/t/framing.t';
do $test or die $@ || "$test: $!";
