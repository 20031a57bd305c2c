#!/usr/bin/perl
# Clients that others wrote get ids: Layotto's SDK for JavaScript, grpc-js, h2load, and a probe like the kubelet's.
use strict;
use warnings;
use File::Spec;
use Test::More;
use Tickr::Grpc;
use Tickr::Http2;
use Tickr::Process qw(missing_program scratch spew wait_for);
use Tickr::Server;

my $missing = Tickr::Grpc::missing();
plan skip_all => $missing if $missing;

my $folder = scratch();
my $path   = "$folder/grpc.sock";
mkdir "$folder/state" or die $!;
my $server = Tickr::Server->new(
    program => 'tickrd-memory',
    env     => {
        Tickr::Server::patient(),
        TICKR_DATABASE_ADAPTER => 'memory',
        TICKR_GRPC_LISTEN      => "127.0.0.1:0,unix:$path",
        TICKR_SEQUENCES        => 'any',
        TICKR_STATE_DIR        => "$folder/state",
        TICKR_MAX_NODES        => 1,
        TICKR_NODE_NUMBER      => 0,
        TICKR_STARTING_OFFSET  => 1,
    });
wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
my $address = Tickr::Grpc::address($server);

subtest 'the SDK of Layotto' => sub {
    my $modules = $ENV{TICKR_TEST_LAYOTTO} || ($ENV{SRCDIR} // '.') . '/build/layotto/node_modules';
    plan skip_all => 'the SDK is not installed: run scripts/install-deps test' unless -e "$modules/layotto" && !missing_program('node');
    my ($port) = $address =~ /:(\d+)$/;
    my @lines = qx{node '@{[ $ENV{SRCDIR} // '.' ]}/t/grpc/sdk.js' '@{[ File::Spec->rel2abs($modules) ]}' $port '$path' 2>&1};
    is $?, 0, 'it ends well' or diag @lines;
    like $lines[-1] // '', qr/^1\.\.17$/, 'it tried everything';
    for (grep {/^(?:not )?ok/} @lines) { /^ok \d+ - (.*)/ ? pass $1 : fail $_ }
};

subtest h2load => sub {
    plan skip_all => 'h2load is not installed' if missing_program('h2load');
    spew('request', Tickr::Http2::message("\x0a\x05tickr\x12\x06h2load"));
    my $count = 'tickr_grpc_requests_total{method="/spec.proto.runtime.v1.Runtime/GetNextId",code="OK"}';
    my $before = $server->metric($count);
    my $said = qx{h2load -n 5000 -c 8 -m 16 -d '$folder/request' -H 'content-type: application/grpc' -H 'te: trailers' http://$address/spec.proto.runtime.v1.Runtime/GetNextId 2>&1};
    like $said, qr/5000 succeeded, 0 failed/, '5,000 calls of 8 connections with 16 streams are answered' or diag $said;
    is $server->metric($count) - $before, 5000, '... all with OK';
    my $next = Tickr::Grpc->new($address)->call('spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'tickr', key => 'h2load', options => { increment => 'STRONG' } });
    cmp_ok $next->{response}{next_id}, '>', 5000, '... with an id each';
};

# The kubelet opens a connection for each probe, in the clear, and asks with a deadline of a second.
subtest 'a probe like the one of the kubelet' => sub {
    for my $service ([ '', 1 ], [ 'tickr', 1 ]) {
        my $probe = Tickr::Http2->new($address);
        $probe->frame('HEADERS', Tickr::Http2::END_HEADERS, 1,
            Tickr::Http2::head('/grpc.health.v1.Health/Check', 'user-agent' => 'kube-probe/1.30 grpc-go/1.58.3', 'grpc-timeout' => '20S'));
        $probe->frame('DATA', Tickr::Http2::END_STREAM, 1,
            Tickr::Http2::message(length $service->[0] ? "\x0a" . chr(length $service->[0]) . $service->[0] : ''));
        is $probe->wait_for_frame('DATA')->{payload}, Tickr::Http2::message("\x08" . chr $service->[1]), "service '$service->[0]' is SERVING";
    }
};

is $server->stop, 0, 'the server stops cleanly';
done_testing;
