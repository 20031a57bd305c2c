#!/usr/bin/perl
# The example files can be read by the programs they are for, as far as these are here.
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
        unlike $words, qr/WARNING/, "haproxy/$file: and nothing is to be warned of";
    }
}

SKIP: {
    skip missing_program('promtool'), 1 if missing_program('promtool');
    my $words = qx(promtool check rules '$contrib/prometheus/tickr.rules.yml' 2>&1);
    is $?, 0, 'prometheus/tickr.rules.yml is valid' or diag $words;
}

# ProxySQL is not packaged in Debian: its file is read as what it is, settings of libconfig.
my $text = slurp("$contrib/proxysql/proxysql.cnf");
$text =~ s/^\s*#.*$//mg;
my ($setting, $value);
$value = qr/ "[^"\\]*" | -?\d+ | true | false
    | \{ \s* (?: (??{ $setting }) \s* [,;]? \s* )* \}
    | \( \s* (?: (??{ $value }) (?: \s* , \s* (??{ $value }) )* )? \s* \) /x;
$setting = qr/ \w+ \s* = \s* (??{ $value }) /x;
like $text, qr/ \A \s* (?: $setting \s* ;? \s* )+ \z /x, 'proxysql/proxysql.cnf: settings, groups and lists are whole';
like $text, qr/^\tmultiplexing = false$/m, 'proxysql/proxysql.cnf: no multiplexing';
like $text, qr/\bquery_retries_on_failure = 0$/m, 'proxysql/proxysql.cnf: no statement is sent twice';
unlike $text, qr/match_(?:pattern|digest) = "[^"]*SELECT/i, 'proxysql/proxysql.cnf: reads go nowhere else';
# ProxySQL's table has CHECK(cache_ttl > 0): a rule with 0 is not taken in at all.
unlike $text, qr/cache_ttl/, 'proxysql/proxysql.cnf: nothing is cached, and no rule is refused for saying so';

done_testing;
