#!/usr/bin/perl
# t/trust.t, on the counter layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'counter';
my $test = ($ENV{SRCDIR} // '.') . '/t/trust.t';
do $test or die $@ || "$test: $!";
