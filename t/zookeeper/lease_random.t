#!/usr/bin/perl
# t/lease_random.t, on ZooKeeper.
use strict;
use warnings;
$ENV{TICKR_TEST_COORDINATOR} = 'zookeeper';
my $test = ($ENV{SRCDIR} // '.') . '/t/lease_random.t';
do $test or die $@ || "$test: $!";
