#!/usr/bin/perl
# Mistakes in the settings of the coordinator are refused with their reason. No coordinator runs here.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(spew);
use Tickr::Server;

my %base = (
    TICKR_MAX_NODES        => undef,
    TICKR_NODE_NUMBER      => undef,
    TICKR_STARTING_OFFSET  => undef,
    TICKR_DATABASE_ADAPTER => 'snowflake',
    TICKR_COORDINATOR      => 'etcd',
);

my @cases = (
    [ 'a prefix that ends in a slash', qr/TICKR_COORDINATOR_PREFIX is .*\/x\//, TICKR_COORDINATOR_PREFIX => '/x/' ],
    [ 'a certificate without its key', qr/_SSL_CERT and TICKR_COORDINATOR_SSL_KEY belong together/,
        TICKR_COORDINATOR_SSL_CERT => '/x' ],
    [ 'a password without a name', qr/set TICKR_COORDINATOR_USERNAME too/, TICKR_COORDINATOR_PASSWORD => 'x' ],
    [ 'an empty endpoint', qr/TICKR_COORDINATOR_ENDPOINTS/, TICKR_COORDINATOR_ENDPOINTS => 'a,,b' ],
    [ 'an endpoint that is no address', qr/TICKR_COORDINATOR_ENDPOINTS has .*ftp:\/\/a/,
        TICKR_COORDINATOR_ENDPOINTS => 'ftp://a' ],
    [ 'a URL for ZooKeeper', qr/for zookeeper set host or host:port/, TICKR_COORDINATOR => 'zookeeper',
        TICKR_COORDINATOR_ENDPOINTS => 'http://a' ],
    [ 'TLS for ZooKeeper', qr/has no TLS/, TICKR_COORDINATOR => 'zookeeper', TICKR_COORDINATOR_SSL_CA => '/x' ],
    [ 'the layout of sidecars without an epoch', qr/needs TICKR_SNOWFLAKE_EPOCH/, TICKR_COORDINATOR_LAYOUT => 'nodes' ],
    [ 'the layout of sidecars with datacenters', qr/has no datacenters/, TICKR_COORDINATOR_LAYOUT => 'nodes',
        TICKR_SNOWFLAKE_EPOCH => 1, TICKR_SNOWFLAKE_DATACENTER_BITS => 2 ],
    [ 'settings of a coordinator without one', qr/TICKR_COORDINATOR_LEASE is set, and TICKR_COORDINATOR is not/,
        TICKR_COORDINATOR => undef, TICKR_SNOWFLAKE_WORKER => 1, TICKR_STATE_DIR => '/tmp', TICKR_COORDINATOR_LEASE => 5 ],
    [ 'no coordinator and no worker id', qr/TICKR_SNOWFLAKE_WORKER is auto/, TICKR_COORDINATOR => undef ],
    [ 'an unknown coordinator', qr/TICKR_COORDINATOR/, TICKR_COORDINATOR => 'consul' ],
);
for my $case (@cases) {
    my ($what, $pattern, %env) = @$case;
    my ($status, $words) = Tickr::Server->run(env => { %base, %env });
SKIP: {
        skip 'this tickrd was built without it', 2 if $words =~ /was built without it/;
        is $status, 78, "$what is refused";
        like $words, $pattern, '... with the reason';
    }
}

my ($status, $words) = Tickr::Server->run(
    arguments => ['check-config'],
    env       => { %base, TICKR_COORDINATOR_USERNAME => 'a', TICKR_COORDINATOR_PASSWORD_FILE => spew('password', "secret\n") });
is $status, 0, 'a password may be in a file' or diag $words;

done_testing;
