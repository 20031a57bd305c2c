#!/usr/bin/perl
# The example files are valid for their programs, as far as these are installed.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Process qw(missing_program slurp);

my $contrib = ($ENV{SRCDIR} // '.') . '/contrib';

SKIP: {
    skip Tickr::Balancer::missing(), 6 if Tickr::Balancer::missing();
    for my $file (qw(haproxy.cfg ruby.cfg tickrd.cfg)) {
        my $words = qx(haproxy -c -f '$contrib/haproxy/$file' 2>&1);
        is $?, 0, "haproxy/$file is valid" or diag $words;
        unlike $words, qr/WARNING/, "haproxy/$file causes no warning";
    }
}

SKIP: {
    skip missing_program('promtool'), 1 if missing_program('promtool');
    my $words = qx(promtool check rules '$contrib/prometheus/tickr.rules.yml' 2>&1);
    is $?, 0, 'prometheus/tickr.rules.yml is valid' or diag $words;
}

# Debian does not package ProxySQL, so parse its file as settings of libconfig.
my $text = slurp("$contrib/proxysql/proxysql.cnf");
$text =~ s/^\s*#.*$//mg;
my ($setting, $value);
$value = qr/ "[^"\\]*" | -?\d+ | true | false
    | \{ \s* (?: (??{ $setting }) \s* [,;]? \s* )* \}
    | \( \s* (?: (??{ $value }) (?: \s* , \s* (??{ $value }) )* )? \s* \) /x;
$setting = qr/ \w+ \s* = \s* (??{ $value }) /x;
like $text, qr/ \A \s* (?: $setting \s* ;? \s* )+ \z /x, 'proxysql/proxysql.cnf: settings, groups and lists are complete';
like $text, qr/^\tmultiplexing = false$/m, 'proxysql/proxysql.cnf: no multiplexing';
like $text, qr/\bquery_retries_on_failure = 0$/m, 'proxysql/proxysql.cnf: ProxySQL repeats no statement';
unlike $text, qr/match_(?:pattern|digest) = "[^"]*SELECT/i, 'proxysql/proxysql.cnf: no rule sends reads to another server';
# ProxySQL's table has CHECK(cache_ttl > 0): it rejects a rule with 0.
unlike $text, qr/cache_ttl/, 'proxysql/proxysql.cnf: no rule caches';

done_testing;
