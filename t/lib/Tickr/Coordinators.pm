package Tickr::Coordinators;

# Servers of Snowflake ids that share a coordinator, for tests that run on any kind of it.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use JSON::PP ();
use Tickr::Etcd;
use Tickr::Load;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::ZooKeeper;

our @EXPORT_OK = qw(the_coordinator lease_server lease_settings worker_of holders holder_of bound_of is_unique
    ready_within not_ready_within clock_moved_by clock_library clock_in_file);

# A fresh coordinator of the kind that TICKR_TEST_COORDINATOR names, by default etcd. If it cannot run here, skip the
# whole test.
sub the_coordinator {
    my (%given) = @_;
    my %kinds = (etcd => 'Tickr::Etcd', zookeeper => 'Tickr::ZooKeeper');
    my $class = $kinds{ $ENV{TICKR_TEST_COORDINATOR} // 'etcd' } or die 'TICKR_TEST_COORDINATOR?';
    plan skip_all => $class->missing if $class->missing;
    return $class->new(%given);
}

# The settings of a server at COORDINATOR, changed by MORE. Its lease is short. Its bound is written 4 s ahead.
sub lease_settings {
    my ($coordinator, %more) = @_;
    return {
        TICKR_MAX_NODES         => undef,
        TICKR_NODE_NUMBER       => undef,
        TICKR_STARTING_OFFSET   => undef,
        TICKR_HTTP_THREADS      => 1,
        TICKR_DATABASE_ADAPTER  => 'snowflake',
        $coordinator->environment,
        TICKR_COORDINATOR_LEASE => 3,
        TICKR_COORDINATOR_AHEAD => 4,
        %more,
    };
}

# The library that moves the time of day of a process; undef: it is not installed.
sub clock_library { return (glob '/usr/lib/*/faketime/libfaketimeMT.so.1')[0] }

# The settings that move the time of day of a process by SECONDS; none if the library is not installed.
sub clock_moved_by {
    my ($seconds) = @_;
    return clock_library() ? (FAKETIME => sprintf('%+ds', $seconds), clock_settings()) : ();
}

# The settings with which a process reads the offset of its time of day from FILE. The library must be installed.
sub clock_in_file {
    my ($file) = @_;
    return (FAKETIME_TIMESTAMP_FILE => $file, FAKETIME_CACHE_DURATION => 1, clock_settings());
}

sub clock_settings {
    return (
        LD_PRELOAD          => clock_library(),
        DONT_FAKE_MONOTONIC => 1,
        # Otherwise each wait on a condition variable of the monotonic clock ends immediately.
        FAKETIME_FORCE_MONOTONIC_FIX => 0,
    );
}

# Start a server, and wait until it listens. env: more settings; the others are those of Tickr::Server.
sub lease_server {
    my ($coordinator, %given) = @_;
    return Tickr::Server->new(%given, env => lease_settings($coordinator, %{ $given{env} // {} }));
}

sub diag_log {
    my ($server) = @_;
    my @lines = split /\n/, $server->log;
    splice @lines, 0, @lines - 10 if @lines > 10;
    diag map {"$_\n"} @lines;
    return;
}

sub ready_within {
    my ($server, $seconds, $what) = @_;
    my $is_ready = eval { $server->wait_until_ready($seconds); 1 };
    ok $is_ready, $what or diag_log($server);
    return;
}

# Wait until /status is 503, and return its body.
sub not_ready_within {
    my ($server, $seconds, $what) = @_;
    my $body = eval {
        wait_for('/status to be 503', $seconds, sub {
            my $answer = $server->get('/status');
            return $answer->{status} == 503 && $answer->{body};
        });
    };
    ok defined $body, $what or diag_log($server);
    return $body // '';
}

sub status { return JSON::PP::decode_json($_[0]->get('/status')->{body}) }

sub worker_of { return status($_[0])->{worker} }

# The worker ids that are held, as the coordinator has them.
sub holders {
    my ($coordinator) = @_;
    return sort { $a <=> $b } map { m{/workers/worker(\d+)$} ? $1 : () } keys %{ $coordinator->all('/id-generator') };
}

# The note of the holder of WORKER, as the coordinator has it.
sub holder_of {
    my ($coordinator, $worker) = @_;
    return JSON::PP::decode_json($coordinator->get("/id-generator/datacenters/dc0/workers/worker$worker"));
}

# The stored bound of WORKER.
sub bound_of {
    my ($coordinator, $worker) = @_;
    return JSON::PP::decode_json($coordinator->get("/id-generator/bounds/dc0_worker$worker"))->{bound_ms};
}

# Check that no id is in the records of LOADS twice, and print how many there are.
sub is_unique {
    my ($what, @clients) = @_;
    my @twice = Tickr::Load::duplicates(@clients);
    my $ids = 0;
    $ids += @{ $_->{tickets} } for map {@$_} @clients;
    is scalar @twice, 0, "$what: of $ids ids none twice" or diag "@twice[0 .. ($#twice > 9 ? 9 : $#twice)]";
    cmp_ok $ids, '>', 0, '... and there are some';
    return;
}

1;
