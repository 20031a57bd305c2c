#!/usr/bin/perl
# The example files are valid for their programs, as far as these are installed.
use strict;
use warnings;
use File::Spec;
use JSON::PP ();
use Test::More;
use Tickr::Balancer;
use Tickr::Process qw(missing_program scratch slurp spew);

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

# Feed series (name => values, one each 15 s) to the alert rules. Return the names of the alerts that fire after 12 minutes.
sub alerts_of {
    my (%series) = @_;
    my $rules = File::Spec->rel2abs("$contrib/prometheus/tickr.rules.yml");
    my @names = slurp($rules) =~ /- alert: (\w+)/g;
    spew('alerts.yml', join '', "rule_files: ['$rules']\nevaluation_interval: 5s\ntests:\n  - interval: 15s\n    input_series:\n",
        (map {"      - {series: '$_', values: '$series{$_}'}\n"} sort keys %series),
        "    alert_rule_test:\n", map {"      - {eval_time: 12m, alertname: $_, exp_alerts: []}\n"} @names);
    # An alert that fires was not expected, so promtool prints its name.
    my $words = qx(promtool test rules '@{[scratch()]}/alerts.yml' 2>&1);
    return join ' ', sort $words =~ /alertname: (\w+)/g;
}

SKIP: {
    skip missing_program('promtool'), 8 if missing_program('promtool');
    my $up       = 'tickr_database_up{instance="a",database="d"}';
    my $store_up = 'tickr_database_up{instance="a",database="red",pool="store"}';
    my $held     = 'tickr_snowflake_lease_held{instance="a"}';
    my $bound    = 'tickr_snowflake_bound_seconds{instance="a"}';
    is alerts_of($up => '1x60', $store_up => '1x60', $held => '0x60', $bound => '0x60'), '',
        'alerts: none fires while databases and stores are up, without Snowflake ids';
    is alerts_of($up => '0x60', $store_up => '1x60'), 'TickrDatabaseDown TickrNoDatabase',
        'alerts: a store that is up does not hide that no database is';
    is alerts_of($up => '1x60', $store_up => '0x60'), 'TickrStoreDown', 'alerts: a store that is down has its own';
    is alerts_of($held => '0x60'), 'TickrNoSnowflakeIds', 'alerts: a server without a database must hold a worker id';
    is alerts_of($up => '1x60', $held => '1x4 0x56'), 'TickrNoSnowflakeIds', '... and so must a server that held one';
    is alerts_of($held => '1x60', $bound => '60x10 20x50'), 'TickrSnowflakeBoundEnds', '... whose bound is extended';
    my $calls   = 'tickr_grpc_requests_total{instance="a",method="/tickr.v1.Tickets/Create",code=';
    my $creates = 'tickr_http_requests_total{instance="a",route="/sequences/NAME/create",code=';
    is alerts_of(qq($calls"OK"}) => '0+100x60', qq($calls"UNAVAILABLE"}) => '0+10x60'), 'TickrGrpcErrors',
        'alerts: calls of gRPC fail';
    is alerts_of(qq($creates"200"}) => '0+100x60', qq($creates"503"}) => '0+10x60'), 'TickrErrors', '... or requests of sequences';
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

# --- the lifecycle of audit files ----------------------------------------------------------------------

my $json  = JSON::PP::decode_json(slurp("$contrib/s3/lifecycle.json"));
my $xml   = slurp("$contrib/s3/lifecycle.xml");
my ($rule) = grep { $_->{ID} eq 'tickr-audit' } @{ $json->{Rules} };
is_deeply [ map {"$_->{Days} $_->{StorageClass}"} @{ $rule->{Transitions} } ], [ '30 STANDARD_IA', '365 GLACIER' ],
    's3/lifecycle.json: infrequent access after 30 days, Glacier after 365';
is $rule->{Expiration}{Days}, 2557, 's3/lifecycle.json: removed after seven years';
is_deeply [ $xml =~ m{<(?:Days|StorageClass|ID|Prefix|DaysAfterInitiation)>([^<]*)<}g ], [
    map {
        my $of = $_;
        (@$of{qw(ID)}, $of->{Filter}{Prefix}, (map { @$_{qw(Days StorageClass)} } @{ $of->{Transitions} // [] }),
            grep {defined} $of->{Expiration}{Days}, $of->{AbortIncompleteMultipartUpload}{DaysAfterInitiation})
    } @{ $json->{Rules} }
], 's3/lifecycle.xml has the same rules';
my @opened;
for ($xml =~ m{<(/?[A-Za-z]+)[^>]*>}g) {
    if   (m{^/(.*)}) { is pop @opened, $1, 's3/lifecycle.xml: elements end' if $opened[-1] ne $1; pop @opened }
    else             { push @opened, $_ }
}
is_deeply \@opened, [], 's3/lifecycle.xml: all elements end';

# --- backups of ClickHouse, with a clickhouse-backup that keeps names in files ---------------------------

my $place = scratch();
mkdir "$place/$_" or die for qw(bin local remote);
my $fake = <<'SH';
#!/bin/sh
echo "$*" >>"$PLACE/calls"
case $1 in
"$BREAK") exit 1 ;;
create) touch "$PLACE/local/$3" ;;
upload) touch "$PLACE/remote/$2" ;;
list) for file in "$PLACE/$2"/*; do echo "${file##*/}   1.00MiB   31/01/2026 10:00:00   $2   regular"; done ;;
delete) rm "$PLACE/$2/$3" ;;
esac
SH
spew('fake', $fake);
rename scratch() . '/fake', "$place/bin/clickhouse-backup" or die;
chmod 0755, "$place/bin/clickhouse-backup";

sub backup {
    my (%environment) = @_;
    local %ENV = (%ENV, PLACE => $place, BREAK => 'nothing', PATH => "$place/bin:$ENV{PATH}", %environment);
    unlink "$place/calls";
    my $words = qx('$contrib/clickhouse/backup.sh' 2>&1);
    return ($? >> 8, $words);
}

sub names { return map {m{([^/]+)$}} sort glob "$place/$_[0]/*" }

for my $kind (qw(local remote)) {
    for my $name ('mine', 'tickr_old', (map {"tickr_2026010${_}T000000Z"} 1 .. 9), 'other_20260101T000000Z') {
        open my $file, '>', "$place/$kind/$name" or die;
    }
}
my ($status, $words) = backup(BREAK => 'create');
is $status, 1, 'clickhouse/backup.sh: no backup: a failure';
is slurp("$place/calls") =~ /delete/, '', '... and nothing is removed';
($status, $words) = backup(BREAK => 'upload', KEEP_LOCAL => 2);
is $status, 1, 'no upload: a failure';
is slurp("$place/calls") =~ /delete/, '', '... and nothing is removed';
($status, $words) = backup(KEEP_LOCAL => 2, KEEP_REMOTE => 4);
is $status, 0, 'a backup and its upload' or diag $words;
my $new = qr/tickr_\d{8}T\d{6}Z/;
like join(' ', names('local')), qr/^mine other_20260101T000000Z $new $new tickr_old$/, '... two stay on the host';
like join(' ', names('remote')), qr/^mine other_20260101T000000Z (?:$new ){4}tickr_old$/, '... four in the storage';
like slurp("$place/calls"), qr/^create --tables=tickr\.\* ($new)\nupload \1$/m, '... under one name';
is((backup(KEEP_LOCAL => 0))[0], 64, 'KEEP_LOCAL=0 is refused');
is((backup(KEEP_REMOTE => 'x'))[0], 64, 'KEEP_REMOTE=x is refused');
is((backup(DATABASE => '../x'))[0], 64, 'a strange DATABASE is refused');
($status, $words) = backup(KEEP_REMOTE => 0);
is $status, 0, 'KEEP_REMOTE=0';
unlike slurp("$place/calls"), qr/upload|remote/, '... uploads none and removes none there';

done_testing;
