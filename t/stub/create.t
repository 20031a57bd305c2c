#!/usr/bin/perl
# t/create.t, on the stub layout.
use strict;
use warnings;
$ENV{TICKR_TEST_STORE} = 'stub';
my $test = ($ENV{SRCDIR} // '.') . '/t/create.t';
do $test or die $@ || "$test: $!";
