#!/usr/bin/perl
# Snowflake ids at the end of their 41 bits of time: a warning in the year before, and 500 after it.
use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json);
use Tickr::Coordinators qw(clock_moved_by);
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

plan skip_all => 'libfaketime is not installed' unless (() = clock_moved_by(0));

my $epoch_ms = 1609459200000 + $$;              # a lock of its own on this host
my $end      = ($epoch_ms + 2**41 - 1) / 1000;  # 2090, in seconds
my $folders  = 0;

# A server whose clock shows LEFT seconds before the end.
sub server {
    my ($left, %env) = @_;
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return Tickr::Server->new(env => {
        TICKR_MAX_NODES        => undef,
        TICKR_NODE_NUMBER      => undef,
        TICKR_STARTING_OFFSET  => undef,
        TICKR_DATABASE_ADAPTER => 'snowflake',
        TICKR_SNOWFLAKE_WORKER => 31,
        TICKR_SNOWFLAKE_EPOCH  => $epoch_ms,
        TICKR_STATE_DIR        => $folder,
        clock_moved_by($end - $left - time),
        %env,
    });
}

sub is_ended {
    my ($server, $what) = @_;
    for my $path ('/tickets/create', '/tickets/create/1000', '/tickets/create/10?format=group') {
        my $answer = $server->get($path);
        is $answer->{status}, 500, "$what: $path is answered 500";
        like $answer->{body}, qr/41 bits|2\^63|exhausted|end/, '... and says why';
    }
    like $server->get('/status')->{body}, qr/end|exhausted/, '... and /status says so';
    isnt $server->get('/readyz')->{status}, 200, '... and the server is not ready';
    return;
}

{
    my $server = server(2 * 366 * 86400);
    $server->wait_until_ready(20);
    my $status = decode_json($server->get('/status')->{body});
    is $status->{warning}, undef, 'two years before the end there is no warning';
    like $status->{ends}, qr/^2090-09-07T/, '... and /status has the end';
    $server->stop;
}
{
    my $server = server(182 * 86400);
    $server->wait_until_ready(20);
    my $status = decode_json($server->get('/status')->{body});
    cmp_ok abs($server->metric('tickr_snowflake_left_seconds') - 182 * 86400), '<', 3600, '... as a metric too';
    like $status->{warning}, qr/end within a year/, 'half a year before the end /status warns';
    is $server->get('/status')->{status}, 200, '... and is still good';
    my ($id) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    cmp_ok $id, '>', 2**62, '... and ids are issued';
    like decode_json($server->get("/decode/$id")->{body})->{time}, qr/^2090-03/, '... with the time of that day';
    $server->stop;
}
{
    my $server = server(8);
    $server->wait_until_ready(20);
    my ($last, $status) = (0);
    wait_for('the end', 30, sub {
        my $answer = $server->get('/tickets/create');
        $status = $answer->{status};
        return 1 unless $status == 200;
        my ($id) = $answer->{body} =~ /(\d+)/;
        die "ids fall at the end: $id after $last" unless $id > $last;
        $last = $id;
        return 0;
    });
    is $status, 500, 'the time ends while the server runs';
    cmp_ok $last, '<=', 9223372036854775807, '... and no id is beyond 63 bits';
    cmp_ok 9223372036854775807 - $last, '<', 2 * 1000 * 2**22, '... and the last one is near the end';
    is_ended($server, 'after the end');
    is $server->stop, 0, '... and the server stops cleanly';
}
{
    my $server = server(-3600);
    wait_for('an answer', 20, sub { $server->get('/tickets/create')->{status} == 500 });
    is_ended($server, 'a start after the end');
    is $server->stop, 0, '... and the server stops cleanly';
}

done_testing;
