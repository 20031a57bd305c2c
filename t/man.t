#!/usr/bin/perl
# mandoc finds nothing to say about the manual.
use strict;
use warnings;
use Test::More;

my $top = $ENV{SRCDIR} // '.';
plan skip_all => 'mandoc is not installed' if system('command -v mandoc >/dev/null');

for my $page (glob "$top/man/*.[1-9]") {
    is(qx{mandoc -Tlint -W warning '$page' 2>&1}, '', "mandoc has nothing to say about $page");
    like(qx{mandoc -Tutf8 '$page' | col -b 2>/dev/null || mandoc -Tascii '$page'},
        qr/TICKR_MAX_NODES/, 'it can be read');
}
done_testing;
