#!/usr/bin/perl
# t/lease.t, on ZooKeeper.
use strict;
use warnings;
$ENV{TICKR_TEST_COORDINATOR} = 'zookeeper';
my $test = ($ENV{SRCDIR} // '.') . '/t/lease.t';
do $test or die $@ || "$test: $!";
