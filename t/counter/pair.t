#!/usr/bin/perl
# t/pair.t, on the counter layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'counter';
my $test = ($ENV{SRCDIR} // '.') . '/t/pair.t';
do $test or die $@ || "$test: $!";
