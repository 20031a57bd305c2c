package Bench::Ratios;

# The ratios, which measure the speed of tickrd on any machine, and their thresholds. The numbers of a ratio are of
# one round and were measured within seconds of each other.

use strict;
use warnings;

# A worker id has 4,096,000 ids a second, and in the one second of a load a burst of 0.1 s in addition.
sub snowflake_array_over_nginx {
    my ($of) = @_;
    my ($bytes, $rate) = map { $of->('nginx-snowflakes', 16, $_) } qw(bytes rate);
    my $limit = 4096 * 1.1 * $bytes / $rate;
    return $of->('snowflake-array-1000', 16, 'bytes') / ($bytes < $limit ? $bytes : $limit);
}

# Of each: its name, its text in the report, and the function that computes it. The function's argument
# $of->(contender, connections, number) returns a number of the round, see Bench::Load. It dies if that was not measured.
our @table = (
    [ strict_over_evhttp => 'strict, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('strict', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ strict_over_webdis_always =>
          'strict, 64 connections: requests/s over those of webdis, appendfsync always',
      sub { my ($of) = @_; $of->('strict', 64, 'rate') / $of->('webdis-always', 64, 'rate') } ],
    [ redis_strong_over_webdis_always =>
          'one sequence in Redis, strong, 64 connections: requests/s over those of webdis INCR on the same Redis, '
              . 'appendfsync always',
      sub { my ($of) = @_; $of->('redis-strong', 64, 'rate') / $of->('webdis-always', 64, 'rate') } ],
    [ strict_p99_over_p50 => 'strict, 64 connections: p99 over p50',
      sub { my ($of) = @_; $of->('strict', 64, 'p99') / $of->('strict', 64, 'p50') } ],
    [ strict_p50_over_commit =>
          'append layout, strict, 1 connection: p50 over that of the same insert by a C client plus one '
              . 'constant reply of evhttp',
      sub { my ($of) = @_;
            $of->('append-strict', 1, 'p50') / ($of->('raw', 1, 'p50') + $of->('evhttp', 1, 'p50')) } ],
    [ events_over_strict => 'strict, with events that are discarded, 64 connections: requests/s over those without',
      sub { my ($of) = @_; $of->('events', 64, 'rate') / $of->('strict', 64, 'rate') } ],
    [ events_ahead_over_ahead => 'ahead, with events that are discarded, 64 connections: requests/s over those without',
      sub { my ($of) = @_; $of->('events-ahead', 64, 'rate') / $of->('ahead', 64, 'rate') } ],
    [ audit_over_strict => 'strict, with an audit, 64 connections: requests/s over those without',
      sub { my ($of) = @_; $of->('audit', 64, 'rate') / $of->('strict', 64, 'rate') } ],
    [ audit_ahead_over_ahead => 'ahead, with an audit, 64 connections: requests/s over those without',
      sub { my ($of) = @_; $of->('audit-ahead', 64, 'rate') / $of->('ahead', 64, 'rate') } ],
    [ audit_required_over_strict => 'strict, with a required audit, 64 connections: requests/s over those without',
      sub { my ($of) = @_; $of->('audit-required', 64, 'rate') / $of->('strict', 64, 'rate') } ],
    [ ahead_over_evhttp => 'ahead, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('ahead', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ ahead_over_nginx => 'ahead, 64 connections: requests/s over those of nginx constant',
      sub { my ($of) = @_; $of->('ahead', 64, 'rate') / $of->('nginx', 64, 'rate') } ],
    [ ahead_over_webdis_everysec =>
          'ahead, 64 connections: requests/s over those of webdis, appendfsync everysec',
      sub { my ($of) = @_; $of->('ahead', 64, 'rate') / $of->('webdis-everysec', 64, 'rate') } ],
    [ array_over_nginx =>
          'strict, arrays of 1000, 16 connections: bytes/s over those of nginx, constant array',
      sub { my ($of) = @_; $of->('array-1000', 16, 'bytes') / $of->('nginx-array', 16, 'bytes') } ],
    [ ahead_array_over_nginx =>
          'ahead, arrays of 1000, 16 connections: bytes/s over those of nginx, constant array',
      sub { my ($of) = @_;
            $of->('ahead-array-1000', 16, 'bytes') / $of->('nginx-array', 16, 'bytes') } ],
    [ append_strict_over_evhttp =>
          'append layout, strict, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('append-strict', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ append_ahead_over_evhttp =>
          'append layout, ahead, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('append-ahead', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ append_array_over_nginx =>
          'append layout, strict, arrays of 1000, 16 connections: bytes/s over those of nginx',
      sub { my ($of) = @_;
            $of->('append-array-1000', 16, 'bytes') / $of->('nginx-array', 16, 'bytes') } ],
    [ sqlite_strict_over_evhttp =>
          'SQLite, strict, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('sqlite', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ sqlite_ahead_over_evhttp =>
          'SQLite, ahead, 64 connections: requests/s over those of evhttp constant',
      sub { my ($of) = @_; $of->('sqlite-ahead', 64, 'rate') / $of->('evhttp', 64, 'rate') } ],
    [ sqlite_array_over_nginx =>
          'SQLite, strict, arrays of 1000, 16 connections: bytes/s over those of nginx',
      sub { my ($of) = @_;
            $of->('sqlite-array-1000', 16, 'bytes') / $of->('nginx-array', 16, 'bytes') } ],
    [ snowflake_over_evhttp => 'Snowflake ids, 64 connections: requests/s over those of evhttp, a constant of that size',
      sub { my ($of) = @_; $of->('snowflake', 64, 'rate') / $of->('evhttp-snowflake', 64, 'rate') } ],
    [ snowflake_array_over_nginx =>
          'arrays of 1000 Snowflake ids, 16 connections: bytes/s over those of nginx, constant array, or over those '
              . 'of 4,506 arrays/s, if that is lower: the limit of a worker id in a second, with its burst',
      \&snowflake_array_over_nginx ],
    [ leader_killed_gap_ms => 'Snowflake ids, longest time without one while the leader of three etcd nodes is killed, ms',
      sub { my ($of) = @_; $of->('leader', 4, 'gap_ms') } ],
    [ resident_mib_at_5000_idle => 'resident memory with 5000 idle connections, MiB',
      sub { my ($of) = @_; $of->('idle', 5000, 'resident_kib') / 1024 } ],
    [ strict_256_over_64 => 'strict: requests/s with 256 connections over those with 64',
      sub { my ($of) = @_; $of->('strict', 256, 'rate') / $of->('strict', 64, 'rate') } ],
    [ strict_processor_over_evhttp =>
          'strict, 64 connections: processor time per request of tickrd over that of evhttp constant',
      sub { my ($of) = @_;
            $of->('strict', 64, 'processor_us') / $of->('evhttp', 64, 'processor_us') } ],
    [ one_key_over_strict => 'one sequence, strong, 64 connections: requests/s over those of single tickets, strict',
      sub { my ($of) = @_; $of->('one-key', 64, 'rate') / $of->('strict', 64, 'rate') } ],
    [ keys_over_one_key => '1,000 sequences at random, strong, 64 connections: requests/s over those of one',
      sub { my ($of) = @_; $of->('keys', 64, 'rate') / $of->('one-key', 64, 'rate') } ],
    [ sqlite_keys_over_one_key =>
          'SQLite, 1,000 sequences at random, strong, 64 connections: requests/s over those of one',
      sub { my ($of) = @_; $of->('sqlite-keys', 64, 'rate') / $of->('sqlite-one-key', 64, 'rate') } ],
    [ weak_keys_over_ahead =>
          '1,000 sequences at random, weak, 64 connections: requests/s over those of single tickets, ahead',
      sub { my ($of) = @_; $of->('weak-keys', 64, 'rate') / $of->('ahead', 64, 'rate') } ],
    [ weak_known_100000_over_1000 =>
          '1,000 sequences at random, weak, 64 connections: requests/s if the server knows 100,000, over those if '
              . 'it knows 1,000',
      sub { my ($of) = @_; $of->('weak-keys-of-many', 64, 'rate') / $of->('weak-keys', 64, 'rate') } ],
    [ known_100000_over_1000 => 'the same, strong',
      sub { my ($of) = @_; $of->('keys-of-many', 64, 'rate') / $of->('keys', 64, 'rate') } ],
    [ idle_sequences_over_none =>
          'single tickets, strict, 64 connections: requests/s with named sequences on and idle, over those with '
              . 'sequences off',
      sub { my ($of) = @_; $of->('idle-sequences', 64, 'rate') / $of->('strict', 64, 'rate') } ],
    [ bytes_a_name_known => 'resident memory of tickrd for a name, with 100,000 names known, bytes',
      sub { my ($of) = @_; $of->('keys-of-many', 64, 'name_bytes') } ],
    [ bytes_a_name_held =>
          'the same for a name of which numbers are held, measured by bench/sequences, bytes',
      sub { my ($of) = @_; $of->('names', 1, 'held_bytes') } ],
    [ grpc_weak_over_constant =>
          'gRPC, GetNextId, weak, 8 connections with 16 streams: calls/s over those of a constant answer of nghttp2',
      sub { my ($of) = @_; $of->('grpc-weak', 8, 'rate') / $of->('grpc-constant', 8, 'rate') } ],
    [ grpc_strong_over_http =>
          'gRPC, GetNextId, strong, 8 connections with 16 streams: calls/s over requests/s of the same sequence over '
              . 'HTTP with 128 connections',
      sub { my ($of) = @_; $of->('grpc-strong', 8, 'rate') / $of->('grpc-http', 128, 'rate') } ],
    [ resident_mib_at_1000_grpc => 'resident memory with 1000 idle connections of gRPC, MiB',
      sub { my ($of) = @_; $of->('grpc-idle', 1000, 'resident_kib') / 1024 } ],
    [ nginx_paths_over_path =>
          'nginx constant, 64 connections: requests/s for 1,000 paths at random over those for one, which shows '
              . 'what wrk needs to pick a path',
      sub { my ($of) = @_; $of->('nginx-keys', 64, 'rate') / $of->('nginx', 64, 'rate') } ],
);

# With --before: add the ratio of this build to the other, for each number of connections.
sub add_before {
    my (%options) = @_;
    for my $contender (grep {/-before\z/} @{ $options{only} }) {
        my $name = $contender =~ s/-before\z//r;
        for my $count (@{ $options{connections} }) {
            push @table, [ "${name}_${count}_over_before" =~ tr/-/_/r,
                "$name, $count connections: requests/s over those of the other build",
                sub { my ($of) = @_; $of->($name, $count, 'rate') / $of->($contender, $count, 'rate') } ];
            push @table, [ "${name}_${count}_processor_over_before" =~ tr/-/_/r,
                "$name, $count connections: processor time per request over that of the other build",
                sub { my ($of) = @_;
                      $of->($name, $count, 'processor_us') / $of->($contender, $count, 'processor_us') } ];
        }
    }
    return;
}

# The values of RATIO in all rounds that measured its numbers. $number->(round, contender, connections, number)
sub values_of {
    my ($ratio, $rounds, $number) = @_;
    my $make = $ratio->[2];
    return grep { defined } map {
        my $round = $_;
        eval { $make->(sub { $number->($round, @_) // die "not measured\n" }) }
    } 0 .. $rounds - 1;
}

# name => [operator, number]
sub read_thresholds {
    my ($path) = @_;
    my %known = map { $_->[0] => 1 } @table;
    my %thresholds;
    open my $in, '<', $path or die "$path: $!\n";
    while (<$in>) {
        next if /^\s*(?:#|$)/;
        my ($name, $operator, $number) = /^\s*(\w+)\s+(>=|<=)\s+([0-9]+(?:\.[0-9]+)?)\s*$/
            or die "$path, line $.: not a ratio's name, >= or <=, and a number\n";
        die "$path, line $.: unknown ratio $name\n" unless $known{$name};
        $thresholds{$name} = [ $operator, $number ];
    }
    return \%thresholds;
}

sub is_met {
    my ($value, $threshold) = @_;
    my ($operator, $number) = @$threshold;
    return $operator eq '>=' ? $value >= $number : $value <= $number;
}

1;
