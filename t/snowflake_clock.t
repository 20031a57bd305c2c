#!/usr/bin/perl
# Snowflake ids while the clock of the host steps: no id twice, a small step unnoticed, a large one refused.
use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json);
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Server;

my ($library) = grep { -e } glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'libfaketime is not installed' unless $library;

my $file = spew('clock', "+0\n");

sub step {
    my ($offset) = @_;
    rename spew('clock.new', "$offset\n"), $file or die "$file: $!";
    return;
}

mkdir scratch() . '/state' or die;
my $server = Tickr::Server->new(env => {
    TICKR_MAX_NODES             => undef,
    TICKR_NODE_NUMBER           => undef,
    TICKR_STARTING_OFFSET       => undef,
    TICKR_DATABASE_ADAPTER      => 'snowflake',
    TICKR_SNOWFLAKE_WORKER      => 9,
    TICKR_SNOWFLAKE_EPOCH       => 1609459200000 + $$,
    TICKR_STATE_DIR             => scratch() . '/state',
    LD_PRELOAD                  => $library,
    FAKETIME_TIMESTAMP_FILE     => $file,
    FAKETIME_NO_CACHE           => 1,
    FAKETIME_DONT_FAKE_MONOTONIC => 1,
    DONT_FAKE_MONOTONIC         => 1,
});
$server->wait_until_ready(30);

my (%seen, $newest);

# Ask for ids, and check that all are new. Return the status.
sub create {
    my $answer = $server->get('/tickets/create/100');
    return $answer->{status} unless $answer->{status} == 200;
    my @ids = $answer->{body} =~ /(\d+)/g;
    my @twice = grep { $seen{$_}++ } @ids;
    die "ids were issued twice: @twice\n" if @twice;
    $newest = $ids[-1];
    return 200;
}

is create(), 200, 'ids are issued by a clock that is right';
step('-0.005');
is create(), 200, 'a step of 5 ms back is not noticed';
step('-5');
is create(), 503, 'a step of 5 s back is refused';
like $server->get('/tickets/create')->{body}, qr/behind the time of its newest ids/, '... and says why';
is $server->get('/readyz')->{status}, 503, '... and the server is not ready';
is $server->get('/status')->{status}, 503, '... nor is /status good';
step('+0');
is create(), 200, 'ids are issued again when the clock is right';
step('-3600');
is create(), 503, 'a step of an hour back is refused';
step('+0');
is create(), 200, 'ids are issued again';
my $before = $newest;
step('+3652d');
wait_for('the server to notice the step', 30, sub { $server->get('/readyz')->{status} == 503 });
step('+0');
wait_for('ids after ten years and back', 30, sub { create() == 200 });
cmp_ok(($newest >> 22) - ($before >> 22), '<', 60000, 'a step of ten years forward and back leaves no trace in the ids');
is $server->stop, 0, 'the server stops';
done_testing;
