#!/usr/bin/perl
# t/snowflake_service.t, on ZooKeeper.
use strict;
use warnings;
$ENV{TICKR_TEST_COORDINATOR} = 'zookeeper';
my $test = ($ENV{SRCDIR} // '.') . '/t/snowflake_service.t';
do $test or die $@ || "$test: $!";
