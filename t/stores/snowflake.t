#!/usr/bin/perl
# Stores of type snowflake: ids of the server's one generator, beside a database and beside the server's own Snowflake ids,
# with a fixed worker id and with one that etcd hands out. Order is refused.
use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json);
use List::Util ();
use Tickr::Coordinators qw(holders);
use Tickr::Etcd;
use Tickr::File;
use Tickr::Grpc;
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Server;

my $epoch = 1609459200000 + $$;    # a lock of its own on this host
my $count = 0;

sub settings {
    my (%more) = @_;
    my $state = scratch() . '/state' . ++$count;
    mkdir $state or die "$state: $!";
    return {
        Tickr::Server::patient(),
        TICKR_SEQUENCES       => 'any',
        TICKR_SEQUENCERS_FILE => scratch() . '/stores.json',
        TICKR_STATE_DIR       => $state,
        TICKR_SNOWFLAKE_EPOCH => $epoch,
        %more,
    };
}

my %in_memory = (TICKR_DATABASE_ADAPTER => 'memory', TICKR_ALLOW_FORGETTING => 1);
my %fixed     = (TICKR_SNOWFLAKE_WORKER => 7);
my %adapter   = (
    TICKR_MAX_NODES        => undef,
    TICKR_NODE_NUMBER      => undef,
    TICKR_STARTING_OFFSET  => undef,
    TICKR_SEQUENCES        => undef,
    TICKR_DATABASE_ADAPTER => 'snowflake',
    TICKR_DATABASE_QUERY_TIMEOUT => undef,
);
my $two_stores = '{"sequencer": {"flake": {"type": "snowflake"}, "other": {"type": "snowflake", "metadata": {"keyPrefix": "none"}}}}';

sub check {
    my ($json, %more) = @_;
    spew('stores.json', $json);
    return Tickr::Server->run(program => 'tickrd-memory', arguments => ['check-config'], env => settings(%in_memory, %more));
}

sub wait_until_ready {
    my ($server, @stores) = @_;
    wait_for("store $_", 30, sub { $server->get("/readyz?store=$_")->{status} == 200 }) for @stores;
    return;
}

sub parts {
    my ($id) = @_;
    use integer;
    return { ms => $id >> 22, node => ($id >> 12) & 1023, sequence => $id & 4095 };
}

# The ids of PATHS in their order, in one list.
sub ids_of {
    my ($server, @paths) = @_;
    return map { $server->get($_)->{body} =~ /(\d+)/g } @paths;
}

sub twice { my %seen; return scalar grep { $seen{$_}++ } @_ }

# --- mistakes ---------------------------------------------------------------------------------------

{
    my ($status, $output) = check('{"sequencer": {"flake": {"type": "snowflake", "biggerThan": {"orders": 7}}}}', %fixed);
    isnt $status, 0, 'biggerThan is refused';
    like $output, qr/store flake: biggerThan cannot raise Snowflake ids, which follow from the time: remove it/, '... with the reason';
    ($status, $output) = check('{"sequencer": {"flake": {"type": "snowflake"}}}');
    isnt $status, 0, 'the store needs a worker id';
    like $output, qr/TICKR_SNOWFLAKE_WORKER is auto, and there is no coordinator/, '... from the settings or a coordinator';
    ($status, $output) = check('{"sequencer": {"flake": {"type": "snowflake", "metadata": {"mysqlHost": "x"}}}}', %fixed);
    is $status, 0, 'a property of another program does not stop the start' or diag $output;
    like $output, qr/"mysqlHost" is ignored: the settings of type snowflake are the variables TICKR_SNOWFLAKE_\*/, '... and is warned of';
    ($status, $output) = check('{"sequencer": {"m": {"type": "in-memory"}}}', %fixed);
    isnt $status, 0, 'without Snowflake ids their settings are refused';
    like $output, qr/TICKR_SNOWFLAKE_WORKER is set, and this server has no Snowflake ids.*add a store of type snowflake/, '... with the remedy';
    ($status, $output) = check($two_stores, %fixed, TICKR_STATE_DIR => undef);
    like $output, qr/TICKR_SNOWFLAKE_WORKER needs TICKR_STATE_DIR/, 'a fixed worker id needs a folder';
    unlike $output, qr/TICKR_SEQUENCERS_FILE needs/, '... and the store needs nothing else';
}

{
    spew('stores.json', '{"sequencer": {"flake": {"type": "snowflake"}}}');
    my ($status, $output) = Tickr::Server->run(program => 'tickrd-memory',
        arguments => [ 'advance', '--sequences', '--store', 'flake' ], env => settings(%in_memory, %fixed));
    isnt $status, 0, 'commands on sequences refuse the store';
    like $output, qr/the store flake issues Snowflake ids, so it has no sequences/, '... with the reason';
}

# --- beside a database, over HTTP --------------------------------------------------------------------

spew('stores.json', $two_stores);

sub serves_over_http {
    my ($server) = @_;
    wait_until_ready($server, 'flake', 'other');
    my @ids = ids_of($server, map {"/sequences/$_"} 'orders/create?store=flake', 'orders/create/1000?store=flake',
        'others/create/20000?store=flake', 'orders/create/500?store=other', 'orders/create?store=flake&order=weak');
    is scalar @ids, 21502, 'the store answers single ids and arrays';
    is twice(@ids), 0, '... none twice over all keys and stores';
    is scalar(grep { parts($_)->{node} != 7 } @ids), 0, '... all of this worker';
    is_deeply [ sort { $a <=> $b } @ids ], \@ids, '... and they rise, because one server makes them';
    my $group = decode_json($server->get('/sequences/orders/create/4096?store=flake&format=group')->{body});
    is $group->{increment}, 1, 'a group has the step 1';
    is parts($group->{first})->{sequence}, 0, '... within a millisecond';
    my $answer = $server->get('/sequences/orders/create/4097?store=flake&format=group');
    is $answer->{status}, 400, 'a larger group is refused';
    like $answer->{body}, qr/at most 4096/, '... and the answer says how many it may have';
    $answer = $server->get('/sequences/orders/create?store=flake&order=strong');
    is $answer->{status}, 400, 'strong order is refused';
    like $answer->{body}, qr/order over several workers cannot be promised: ask for weak order/, '... with the reason';
    $answer = $server->get($_) and is $answer->{status}, 400, "$_: there are no counters to show"
        for '/sequences/orders?store=flake', '/sequences?store=flake';
    my $parts = decode_json($server->get("/decode/$ids[0]?store=flake")->{body});
    is $parts->{worker}, 7, '/decode takes an id of the store apart';
    like $server->get('/metrics')->{body}, qr/^tickr_snowflake_lease_held 1$/m, 'the metrics show the worker id';
    return @ids;
}

{
    my $settings = settings(%in_memory, %fixed);
    my $server   = Tickr::Server->new(program => 'tickrd-memory', env => $settings);
    my @ids      = serves_over_http($server);
    is $server->get('/sequences/orders/create')->{body}, '[4]', 'the own store counts as before';
    is $server->get('/tickets/create')->{body}, '[329]', '... and so do tickets';
    isnt decode_json($server->get("/decode/329")->{body})->{base}, undef, '... which /decode takes apart by their own arithmetic';
    is $server->get('/decode/329?store=tickr')->{status}, 400, '... but not ids of a counter';
    my $status = decode_json($server->get('/status')->{body})->{snowflake};
    is $status->{worker}, 7, '/status has the worker id';
    is $status->{lease}{state}, 'held', '... and its lease';
    my ($code, $words) = Tickr::Server->run(program => 'tickrd-memory', env => settings(%in_memory, %fixed));
    is $code, 78, 'a second server with this worker id is refused';
    $server->process->kill_hard;
    $server = Tickr::Server->new(program => 'tickrd-memory', env => $settings);
    wait_until_ready($server, 'flake');
    my ($next) = ids_of($server, '/sequences/orders/create?store=flake');
    cmp_ok $next, '>', $ids[-1], 'after kill -9 ids go on above';
    is $server->stop, 0, 'the server stops';
}

# --- with a real database, and beside the server's own Snowflake ids ---------------------------------------

SKIP: {
    skip Tickr::File::missing(), 1 if Tickr::File::missing();
    my $file = Tickr::File->new;
    Tickr::Server->createdb(database => $file);
    my $server = Tickr::Server->new(database => $file, env => settings(%fixed));
    wait_until_ready($server, 'flake');
    is parts((ids_of($server, '/sequences/orders/create?store=flake'))[0])->{node}, 7, 'a server on SQLite has the store too';
    is $server->stop, 0, '... and stops';
}
{
    my $server = Tickr::Server->new(env => settings(%adapter, %fixed, TICKR_SEQUENCES_MOST => 1));
    $server->wait_until_ready(20);
    my @ids = ids_of($server, '/tickets/create/1000', '/sequences/orders/create/5000?store=flake', '/tickets/create/1000');
    is twice(@ids), 0, 'ids of the store and of the server itself come from one generator';
    is scalar @ids, 7000, '... all of them';
    is_deeply [ sort { $a <=> $b } @ids ], \@ids, '... in order';
    is $server->get('/sequences/orders/create?store=tickr')->{status}, 404, 'there is no store of counters';
    is $server->get('/sequences/second/create?store=flake')->{status}, 507, 'the number of keys has its limit';
    is $server->stop, 0, '... and the server stops';
}

# --- in the audit -----------------------------------------------------------------------------------------

SKIP: {
    my $audit = scratch() . '/audit';
    mkdir $audit or die "$audit: $!";
    my %env = (%in_memory, %fixed, TICKR_AUDIT_DIR => $audit);
    my (undef, $output) = check($two_stores, %env);
    skip 'this tickrd was built without zlib', 1 if $output =~ /built without zlib/;
    my $server = Tickr::Server->new(program => 'tickrd-memory', env => settings(%env));
    wait_until_ready($server, 'flake');
    my ($id) = ids_of($server, '/sequences/orders/create/5000?store=flake');
    is $server->stop, 0, 'a server with an audit stops';
    my $records = join '', map { qx{gzip -dc $_} } glob "$audit/*.gz";
    my @counts  = $records =~ /"worker_id":7,"store":"flake",[^\n]*"count":(\d+),/g;
    cmp_ok scalar @counts, '>', 1, 'an array over several milliseconds has a record for each';
    is List::Util::sum0(@counts), 5000, '... of all ids, with the worker id and the store';
    like $records, qr/"generated_id":$id,/, '... from the first one on';
}

# --- over gRPC ---------------------------------------------------------------------------------------

sub serves_over_grpc {
    my $server = Tickr::Server->new(program => 'tickrd-memory', env => settings(%in_memory, %fixed, TICKR_GRPC_LISTEN => '127.0.0.1:0'));
    my $client = Tickr::Grpc->new(Tickr::Grpc::address($server));
    wait_until_ready($server, 'flake');
    my $next = sub { $client->call('spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'flake', key => 'orders', @_ }) };
    my @ids = map { $next->()->{response}{next_id} } 1 .. 20;
    is scalar(grep { parts($_)->{node} != 7 } @ids), 0, 'GetNextId has ids of this worker';
    my $create = $client->call('tickr.v1.Sequences/Create', { store => 'flake', name => 'orders', count => 9000 });
    push @ids, @{ $create->{response}{ids} };
    is scalar @ids, 9020, 'Create has as many as were asked for';
    is twice(@ids), 0, '... and none is issued twice';
    my $answer = $next->(options => { increment => 'STRONG' });
    is $answer->{code}, 'INVALID_ARGUMENT', 'STRONG is refused';
    like $answer->{message}, qr/order over several workers cannot be promised/, '... with the reason';
    is $next->(options => { increment => 'WEAK' })->{code}, 'OK', 'WEAK is served';
    $answer = $client->call('tickr.v1.Sequences/Create', { store => 'flake', name => 'orders', order => 'ORDER_STRONG' });
    is $answer->{code}, 'INVALID_ARGUMENT', '... and so it is of tickr.v1';
    my $range = $client->call('tickr.v1.Sequences/Create',
        { store => 'flake', name => 'orders', count => 100, format => 'FORMAT_GROUP' })->{response}{range};
    is $range->{count}, 100, 'a group is one progression';
    is $client->call('tickr.v1.Sequences/Show', { store => 'flake', name => 'orders' })->{code}, 'INVALID_ARGUMENT', 'there are no counters to show';
    is $client->call('grpc.health.v1.Health/Check', { service => 'flake' })->{response}{status}, 'SERVING', 'health by the name of the store';
    $server->stop;
    return;
}

SKIP: {
    skip Tickr::Grpc::missing(), 1 if Tickr::Grpc::missing();
    serves_over_grpc();
}

# --- with a coordinator --------------------------------------------------------------------------------

SKIP: {
    skip 'etcd cannot run here', 1 if !-x Tickr::Server::program('t/remote/etcd_client') || Tickr::Etcd->missing;
    my $etcd     = Tickr::Etcd->new;
    my %leased = (
        %in_memory, $etcd->environment,
        TICKR_SNOWFLAKE_EPOCH       => undef,
        TICKR_COORDINATOR_LEASE     => 3,
        TICKR_COORDINATOR_AHEAD     => 4,
        TICKR_DATABASE_POOL_TIMEOUT => 1,
    );
    my @servers = map { Tickr::Server->new(program => 'tickrd-memory', env => settings(%leased)) } 0, 1;
    wait_until_ready($_, 'flake') for @servers;
    my @ids = map { ids_of($servers[ $_ % 2 ], "/sequences/orders/create/500?store=flake") } 1 .. 20;
    is twice(@ids), 0, 'two servers with worker ids from etcd issue no id of a key twice';
    is scalar(() = holders($etcd)), 2, '... and each holds a worker id';
    $etcd->kill;
    wait_for('the store to be unready', 30, sub { $servers[0]->get('/readyz?store=flake')->{status} == 503 });
    my $answer = $servers[0]->get('/sequences/orders/create?store=flake');
    is $answer->{status}, 503, 'past the bound there are no ids without etcd';
    like $answer->{body}, qr/cannot reach/, '... and the answer says why';
    is $servers[0]->get('/sequences/orders/create')->{status}, 200, '... but the own store serves';
    is $servers[0]->get('/readyz')->{status}, 200, '... and the server is ready';
    like decode_json($servers[0]->get('/status')->{body})->{snowflake}{reason}, qr/cannot reach/, '... whose /status has the reason';
    $etcd->start;
    wait_until_ready($_, 'flake') for @servers;
    push @ids, map { ids_of($servers[ $_ % 2 ], "/sequences/orders/create/500?store=flake") } 1 .. 20;
    is scalar @ids, 20_000, 'ids come again when etcd is back';
    is twice(@ids), 0, '... and none is issued twice';
    is $_->stop, 0, 'a server stops' for @servers;
    is_deeply [ holders($etcd) ], [], '... and no worker id is held';
}

done_testing;
