#!/usr/bin/perl
# t/ahead.t, on the counter layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'counter';
my $test = ($ENV{SRCDIR} // '.') . '/t/ahead.t';
do $test or die $@ || "$test: $!";
