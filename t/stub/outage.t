#!/usr/bin/perl
# t/outage.t, on the stub layout on InnoDB.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'stub-innodb';
my $test = ($ENV{SRCDIR} // '.') . '/t/outage.t';
do $test or die $@ || "$test: $!";
