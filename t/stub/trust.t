#!/usr/bin/perl
# t/trust.t, on the stub layout on InnoDB.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'stub-innodb';
my $test = ($ENV{SRCDIR} // '.') . '/t/trust.t';
do $test or die $@ || "$test: $!";
