#!/usr/bin/perl
# t/create.t, on the counter layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'counter';
my $test = ($ENV{SRCDIR} // '.') . '/t/create.t';
do $test or die $@ || "$test: $!";
