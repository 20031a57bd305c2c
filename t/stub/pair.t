#!/usr/bin/perl
# t/pair.t, on the stub layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'stub';
my $test = ($ENV{SRCDIR} // '.') . '/t/pair.t';
do $test or die $@ || "$test: $!";
