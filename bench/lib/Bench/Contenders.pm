package Bench::Contenders;

# The one table of contenders.
#
#	name         for --only
#	title        in the report
#	group        its table and plot in the report: single or batch; sequences and grpc have a table only; raw,
#	             names, leader, idle and grpc-idle are measured in their own ways
#	order        of grpc: weak or strong
#	server       one of Bench::Servers
#	path         the path of the requests. KEY in it is replaced by the name of a sequence
#	used         how many names the requests use, at random; they are spread over those that the server knows
#	tickets      tickets of an answer; 0: none, it is an upper limit
#	connections  if not the default; of raw the number of sessions, and POOL is the pool's size; of names that
#	             of threads
#	is_warmed    a second of load goes before it, in which the server learns how much to hold ahead
#	last         measured at the end of a round, in this order, with all connections
#	quick        numbers of connections that --quick measures, for the ratios with a target

use strict;
use warnings;

# The contenders of a ratio are neighbours, because they are measured in this order.
our @table = (
    { name => 'nginx', title => 'nginx, constant reply', group => 'single',
      server => 'nginx', path => '/ticket', tickets => 0, quick => [64] },
    { name => 'evhttp', title => 'evhttp, constant reply', group => 'single',
      server => 'evhttp', path => '/tickets/create', tickets => 0, quick => [ 1, 64 ] },
    { name => 'webdis-always', title => 'webdis and Redis, appendfsync always', group => 'single',
      server => 'webdis-always', path => '/INCR/ticket', tickets => 1, quick => [64] },
    { name => 'redis-strong', title => 'tickrd on Redis, appendfsync always, one sequence, strong', group => 'sequences',
      server => 'redis-store', path => '/sequences/KEY/create?store=redis', used => 1, tickets => 1,
      connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'webdis-everysec', title => 'webdis and Redis, appendfsync everysec',
      group => 'single',
      server => 'webdis-everysec', path => '/INCR/ticket', tickets => 1, quick => [64] },
    { name => 'strict', title => 'tickrd, strict', group => 'single',
      server => 'strict', path => '/tickets/create', tickets => 1, quick => [ 64, 256 ] },
    { name => 'audit', title => 'tickrd, strict, with an audit', group => 'single',
      server => 'audit', path => '/tickets/create', tickets => 1, connections => [64], quick => [64] },
    { name => 'audit-required', title => 'tickrd, strict, with an audit that is required', group => 'single',
      server => 'audit-required', path => '/tickets/create', tickets => 1, connections => [64], quick => [64] },
    { name => 'events', title => 'tickrd, strict, with events that are discarded', group => 'single',
      server => 'events', path => '/tickets/create', tickets => 1, connections => [64], quick => [64] },
    { name => 'events-ahead', title => 'tickrd, reserving ahead, with events that are discarded', group => 'single',
      server => 'events-ahead', path => '/tickets/create', tickets => 1, connections => [64], quick => [64] },
    { name => 'idle-sequences', title => 'tickrd, single tickets, named sequences on and idle',
      group => 'sequences',
      server => 'sequences-idle', path => '/tickets/create', tickets => 1,
      connections => [64], quick => [64] },
    { name => 'one-key', title => 'tickrd, one sequence, strong', group => 'sequences',
      server => 'sequences', path => '/sequences/KEY/create', used => 1, tickets => 1,
      connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'keys', title => 'tickrd, 1,000 sequences, strong', group => 'sequences',
      server => 'sequences', path => '/sequences/KEY/create', used => 1000, tickets => 1,
      connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'keys-of-many', title => 'tickrd, 1,000 sequences of 100,000, strong', group => 'sequences',
      server => 'sequences-many', path => '/sequences/KEY/create', used => 1000, tickets => 1,
      connections => [64], quick => [64] },
    { name => 'ahead', title => 'tickrd, reserving ahead', group => 'single',
      server => 'ahead', path => '/tickets/create', tickets => 1, quick => [64] },
    { name => 'audit-ahead', title => 'tickrd, reserving ahead, with an audit', group => 'single',
      server => 'audit-ahead', path => '/tickets/create', tickets => 1, connections => [64], quick => [64] },
    { name => 'weak-keys', title => 'tickrd, 1,000 sequences, weak', group => 'sequences',
      server => 'sequences', path => '/sequences/KEY/create?order=weak', used => 1000, tickets => 1,
      is_warmed => 1, connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'weak-keys-of-many', title => 'tickrd, 1,000 sequences of 100,000, weak', group => 'sequences',
      server => 'sequences-many', path => '/sequences/KEY/create?order=weak', used => 1000, tickets => 1,
      is_warmed => 1, connections => [64], quick => [64] },
    { name => 'nginx-keys', title => 'nginx, constant reply, 1,000 paths', group => 'sequences',
      server => 'nginx', path => '/sequences/KEY/create?order=weak', used => 1000, tickets => 0,
      connections => [64], quick => [64] },
    { name => 'append-strict', title => 'tickrd, append layout, strict', group => 'single',
      server => 'append-strict', path => '/tickets/create', tickets => 1,
      connections => [ 1, 64, 256 ], last => 3, quick => [1] },
    { name => 'append-ahead', title => 'tickrd, append layout, reserving ahead', group => 'single',
      server => 'append-ahead', path => '/tickets/create', tickets => 1,
      connections => [ 1, 64, 256 ], last => 3 },
    { name => 'sqlite', title => 'tickrd on SQLite, strict', group => 'single',
      server => 'sqlite', path => '/tickets/create', tickets => 1 },
    { name => 'sqlite-one-key', title => 'tickrd on SQLite, one sequence, strong', group => 'sequences',
      server => 'sqlite-sequences', path => '/sequences/KEY/create', used => 1, tickets => 1,
      connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'sqlite-keys', title => 'tickrd on SQLite, 1,000 sequences, strong', group => 'sequences',
      server => 'sqlite-sequences', path => '/sequences/KEY/create', used => 1000, tickets => 1,
      connections => [ 1, 64, 256 ], quick => [64] },
    { name => 'sqlite-ahead', title => 'tickrd on SQLite, reserving ahead', group => 'single',
      server => 'sqlite-ahead', path => '/tickets/create', tickets => 1 },
    { name => 'evhttp-snowflake', title => 'evhttp, constant reply of a Snowflake id', group => 'single',
      server => 'evhttp-snowflake', path => '/tickets/create', tickets => 0, quick => [64] },
    { name => 'snowflake', title => 'tickrd, Snowflake ids', group => 'single',
      server => 'snowflake', path => '/tickets/create', tickets => 1, quick => [64] },
    { name => 'memory', title => 'tickrd on its memory store', group => 'single',
      server => 'memory', path => '/tickets/create', tickets => 1 },

    { name => 'nginx-array', title => 'nginx, constant array of 1000', group => 'batch',
      server => 'nginx', path => '/array', tickets => 0, quick => [16] },
    { name => 'nginx-snowflakes', title => 'nginx, constant array of 1000 Snowflake ids', group => 'batch',
      server => 'nginx', path => '/snowflakes', tickets => 0, quick => [16] },
    { name => 'snowflake-array-1000', title => 'tickrd, arrays of 1000 Snowflake ids', group => 'batch',
      server => 'snowflake', path => '/tickets/create/1000', tickets => 1000, quick => [16] },
    { name => 'array-100', title => 'tickrd, arrays of 100', group => 'batch',
      server => 'arrays', path => '/tickets/create/100', tickets => 100 },
    { name => 'array-1000', title => 'tickrd, arrays of 1000', group => 'batch',
      server => 'arrays', path => '/tickets/create/1000', tickets => 1000, quick => [16] },
    { name => 'ahead-array-1000', title => 'tickrd, reserving ahead, arrays of 1000',
      group => 'batch',
      server => 'ahead-arrays', path => '/tickets/create/1000', tickets => 1000, quick => [16] },
    { name => 'append-array-1000', title => 'tickrd, append layout, arrays of 1000',
      group => 'batch',
      server => 'append-arrays', path => '/tickets/create/1000', tickets => 1000,
      connections => [ 1, 16 ], last => 3 },
    { name => 'sqlite-array-1000', title => 'tickrd on SQLite, arrays of 1000', group => 'batch',
      server => 'sqlite-arrays', path => '/tickets/create/1000', tickets => 1000 },
    { name => 'group-1000', title => 'tickrd, groups of 1000', group => 'batch',
      server => 'groups', path => '/tickets/create/1000?format=group', tickets => 1000 },
    { name => 'group-100000', title => 'tickrd, groups of 100000', group => 'batch',
      server => 'groups', path => '/tickets/create/100000?format=group', tickets => 100000 },

    { name => 'grpc-constant', title => 'nghttp2, constant answer', group => 'grpc',
      server => 'grpc-constant', order => 'weak', tickets => 0, connections => [8], quick => [8] },
    { name => 'grpc-weak', title => 'tickrd, GetNextId, weak', group => 'grpc',
      server => 'grpc', order => 'weak', tickets => 1, is_warmed => 1, connections => [8], quick => [8] },
    { name => 'grpc-strong', title => 'tickrd, GetNextId, strong', group => 'grpc',
      server => 'grpc', order => 'strong', tickets => 1, connections => [8], quick => [8] },
    { name => 'grpc-http', title => 'tickrd, the same sequence over HTTP, strong', group => 'sequences',
      server => 'grpc', path => '/sequences/strong/create', tickets => 1, connections => [128], quick => [128] },
    { name => 'grpc-idle', title => 'tickrd, idle connections of gRPC', group => 'grpc-idle',
      connections => [1000], last => 1, quick => [1000] },

    { name => 'names', title => 'names, and numbers held ahead, in memory', group => 'names',
      connections => [1], quick => [1] },
    { name => 'leader', title => 'Snowflake ids while the leader of three etcd nodes is killed', group => 'leader',
      path => '/tickets/create', tickets => 1, connections => [4], quick => [4] },
    { name => 'raw', title => 'inserts of one row by a C client', group => 'raw',
      connections => [ 1, 'POOL' ], last => 2, quick => [1] },
    { name => 'idle', title => 'tickrd, strict, with idle connections', group => 'idle',
      path => '/tickets/create', tickets => 1,
      connections => [ 0, 1000, 5000 ], last => 1, quick => [ 0, 5000 ] },
);

sub names { return map { $_->{name} } @table }

# After each contender that is a tickrd, add the same contender of another build, which may have no named sequences.
sub add_before {
    @table = map {
        my $is_tickrd = $_->{title} =~ /^tickrd/ && $_->{server} && $_->{server} ne 'memory'
            && $_->{group} !~ /^(?:sequences|grpc)$/;
        my %before = (%$_, name => "$_->{name}-before", title => "$_->{title}, before");
        $before{server} .= ' before';
        ($_, $is_tickrd ? \%before : ());
    } @table;
    return;
}

sub by_name {
    my ($name) = @_;
    my ($contender) = grep { $_->{name} eq $name } @table;
    return $contender;
}

1;
