#!/usr/bin/perl
# t/outage.t, on the counter layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'counter';
my $test = ($ENV{SRCDIR} // '.') . '/t/outage.t';
do $test or die $@ || "$test: $!";
