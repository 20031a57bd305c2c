#!/usr/bin/perl
# The dashboard and the alert rules for the metrics that exist: a Prometheus scrapes a tickrd and runs every query.
use strict;
use warnings;
use File::Spec;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Tickr::Process qw(free_port missing_program scratch slurp spew wait_for);
use Tickr::Server;

plan skip_all => missing_program('prometheus') if missing_program('prometheus');

my $top = $ENV{SRCDIR} // '.';
my $dashboard = decode_json(slurp("$top/contrib/grafana/tickr.json"));
my @panels = grep { $_->{type} ne 'row' } @{ $dashboard->{panels} };
my @metrics = slurp("$top/src/metrics/counters.h") =~ /^(?:DATABASE_|SECONDS_)?(?:METRIC|HISTOGRAM)\(\w+,\s+"(\w+)"/mg;

# --- the file --------------------------------------------------------------------------------------

{
    my $queries = join "\n", map { map { $_->{expr} } @{ $_->{targets} } } @panels;
    is_deeply [ grep { $queries !~ /\b$_(?:_bucket|_sum|_count)?\b/ } @metrics ], [], 'the dashboard shows every metric';
    my %ids;
    is_deeply [ grep { $ids{ $_->{id} }++ } @{ $dashboard->{panels} } ], [], 'no two panels have one id';
    my %taken;
    my @overlaps = grep {
        my $at = $_->{gridPos};
        grep { $taken{ $at->{x} + $_ % $at->{w} . ',' . ($at->{y} + int $_ / $at->{w}) }++ } 0 .. $at->{w} * $at->{h} - 1
    } @{ $dashboard->{panels} };
    is_deeply [ map { $_->{title} } @overlaps ], [], 'no two panels overlap';
}

# --- a tickrd, and a Prometheus that scrapes it ------------------------------------------------------

my $server = Tickr::Server->new(program => 'tickrd-memory', env => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_RESERVE_AHEAD => 1 });
my $target = '127.0.0.1:' . $server->port;
my $port = free_port();
spew('prometheus.yml', <<"END");
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [@{[File::Spec->rel2abs("$top/contrib/prometheus/tickr.rules.yml")]}]
scrape_configs:
  - job_name: tickr
    static_configs: [{targets: ["$target"]}]
END
my $prometheus = Tickr::Process->new(
    name => 'prometheus',
    command => [ 'prometheus', '--config.file=' . scratch() . '/prometheus.yml', '--storage.tsdb.path=' . scratch() . '/tsdb',
        "--web.listen-address=127.0.0.1:$port" ]);

sub ask {
    my ($path, %parameters) = @_;
    my $http = HTTP::Tiny->new(timeout => 10);
    my $answer = $http->get("http://127.0.0.1:$port/api/v1/$path?" . $http->www_form_urlencode(\%parameters));
    return decode_json($answer->{content})->{data} if $answer->{success};
    diag "$path: $answer->{status} $answer->{content}" if $answer->{status} == 400;
    return undef;
}

sub results { my $data = ask('query', query => $_[0]); return $data ? $data->{result} : undef }

# Something of everything that can be counted here; the last scrape comes after the last request.
sub make_traffic { $server->get($_) for '/tickets/create', '/tickets/create/10', '/tickets/create/x', '/status' }

wait_for('Prometheus to scrape tickrd several times', 60, sub {
    make_traffic();
    my $seen = eval { results('count_over_time(tickr_build_info[30s])') };
    $seen && @$seen && $seen->[0]{value}[1] >= 5;
});

# --- its queries -------------------------------------------------------------------------------------

for my $panel (@panels) {
    for my $target (@{ $panel->{targets} }) {
        my $query = $target->{expr} =~ s/\$__rate_interval/30s/gr =~ s/\$(?:instance|database)/.*/gr =~ s/\$job/tickr/gr;
        my $found = results($query);
        ok $found && @$found, "$panel->{title}: the query finds something" or diag $query;
        my @labels = $target->{legendFormat} =~ /\{\{(\w+)\}\}/g;
        is_deeply [ grep { my $label = $_; grep { !exists $_->{metric}{$label} } @{ $found // [] } } @labels ], [],
            '... with the labels of its legend';
    }
}

# --- the rules ---------------------------------------------------------------------------------------

sub rules { return map { @{ $_->{rules} } } @{ ask('rules')->{groups} } }

my @rules = rules();
cmp_ok scalar @rules, '>', 5, 'Prometheus has the alert rules';
wait_for('the rules to be evaluated', 20, sub { !grep { $_->{health} eq 'unknown' } rules() });
is_deeply [ map { $_->{name} } grep { $_->{health} ne 'ok' } rules() ], [], 'each can be evaluated';
is_deeply [ map { $_->{name} } grep { $_->{state} ne 'inactive' } rules() ], [], 'none fires while the server is healthy';
$server->stop;
wait_for('TickrDown to be pending', 20, sub { grep { $_->{name} eq 'TickrDown' && $_->{state} ne 'inactive' } rules() });
pass 'TickrDown notices the end of the server';
$prometheus->signal('TERM');
$prometheus->wait_exit;
done_testing;
