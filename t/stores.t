#!/usr/bin/perl
# Stores of TICKR_SEQUENCERS_FILE: the file, the names of keys, biggerThan, and that stores are apart.
use strict;
use warnings;
use Test::More;
use Tickr::Grpc;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;

my $folder = scratch();
my $file   = "$folder/stores.json";

my %env = (
    Tickr::Server::patient(),
    TICKR_MAX_NODES        => 1,
    TICKR_NODE_NUMBER      => 0,
    TICKR_STARTING_OFFSET  => 1,
    TICKR_DATABASE_ADAPTER => 'memory',
    TICKR_SEQUENCES        => 'any',
    TICKR_SEQUENCERS_FILE  => $file,
    TICKR_ALLOW_FORGETTING => 1);

sub fresh_env {
    my (%more) = @_;
    my $state = "$folder/state" . int(rand 1e9);
    mkdir $state or die "$state: $!";
    return (%env, TICKR_STATE_DIR => $state, %more);
}

sub check {
    my ($json, %more) = @_;
    spew('stores.json', $json);
    return Tickr::Server->run(
        program   => 'tickrd-memory',
        arguments => ['check-config'],
        env       => { fresh_env(%more) });
}

# --- mistakes ----------------------------------------------------------------------------------

{
    my ($status, $output) = check('{"sequencer": {"a b": {"type": "in-memory"}, "x": {"type": "oracle"},'
            . '"s": {"type": "sqlite", "metadata": {"fil": "y", "keyPrefix": "a||b"}, "biggerThan": {"k": -1, "||": 3}}}}');
    isnt $status, 0, 'a bad file stops the start';
    like $output, qr/store a b: a name has 1 to 64 letters/, 'a name is refused';
    like $output, qr/store x: the type oracle is not known: use one of mysql, sqlite, /, '... and a type';
    like $output, qr/store s: file is missing/,                                  '... and a property that is missing';
    like $output, qr/store s: "fil" is not a property of type sqlite.*did you mean file\?/, '... one is warned of';
    like $output, qr/store s: keyPrefix must have at most/,                      '... and a prefix';
    like $output, qr/the number of k must be whole/,                            '... and a number';
    like $output, qr/the key "\|\|" cannot be a key/,                             '... and a key, all in one run';
}
{
    my ($status, $output) = check('{"sequencer": {"m": {"type": "in-memory"}}}', TICKR_ALLOW_FORGETTING => 0);
    isnt $status, 0, 'a store that forgets is refused';
    like $output, qr/TICKR_ALLOW_FORGETTING=1/, '... with the remedy';
    ($status, $output) = check('{"sequencer": {"m": {"type": "in-memory"}, "m": {"type": "in-memory"}}}');
    like $output, qr/is not JSON: line 1, column \d+: duplicate object key/, 'a store named twice is refused';
    ($status, $output) = check('{}');
    like $output, qr/it must hold \{"sequencer"/, 'a file of another form is refused';
    ($status, $output) = check('{"sequencer": {"m": {"type": "in-memory"}}}', TICKR_SEQUENCERS_APP_ID => 'a||b');
    like $output, qr/TICKR_SEQUENCERS_APP_ID="a\|\|b" is not allowed/, 'so is a bad name of an application';
}

# --- serving --------------------------------------------------------------------------------------

{
    spew('stores.json', '{"sequencer": {"one": {"type": "in-memory", "biggerThan": {"orders": 1000}},'
            . '"two": {"type": "in-memory", "metadata": {"keyPrefix": "none"}}}}');
    my $server = Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { fresh_env(TICKR_SEQUENCERS_APP_ID => 'shop') });
    for my $store (qw(tickr one two)) {
        wait_for("store $store", 20, sub { $server->get("/readyz?store=$store")->{status} == 200 });
    }
    my $body = sub { $server->get($_[0])->{body} };
    is $body->('/sequences/orders/create?store=one'),  '[1001]', 'biggerThan raises a key';
    is $body->('/sequences/others/create?store=one'),  '[1]',    '... and no other';
    is $body->('/sequences/orders/create?store=two'),  '[1]',    'stores share no sequence';
    is $body->('/sequences/orders/create'),            '[1]',    '... nor with the own store';
    is $body->('/sequences/orders/create/3?store=one&order=weak'), '[1002,1003,1004]', 'a weak request is served';
    my ($strong) = $body->('/sequences/orders/create?store=one') =~ /^\[(\d+)\]$/;
    my ($weak)   = $body->('/sequences/orders/create?store=one&order=weak') =~ /^\[(\d+)\]$/;
    ok 1004 < $strong && $strong < $weak, 'ids of a client that alternates rise: a strong request drops what is held';
    like $body->('/sequences?store=one'), qr/\[\{"name":"orders",.*"name":"others"/, 'a list has keys without their prefix';
    is $server->get('/sequences/a%7C%7Cb/create?store=one')->{status}, 400, 'a key with || is refused';
    is $server->get('/sequences/a%7C%7Cb/create')->{status}, 200, '... but not in the own store';
    is $server->get('/sequences/a/create?store=none')->{status}, 404, 'there is no other store';
    is $body->('/decode/1001?sequence=orders&store=one'), '{"id":1001,"number":1001}',
        'an id is decoded: a shared store has no nodes';
    is $server->get('/decode/1?sequence=a&store=none')->{status}, 404, '... and none of another store';
    is $server->get('/readyz?store=none')->{status}, 503, '... which is not ready';
    like $body->('/metrics'), qr/^tickr_reservations_total\{database="one",node="0",pool="store",result="ok"\} [1-9]/m,
        'a store has metrics of its own';
    $server->stop;
}

# --- store tickr --------------------------------------------------------------------------------------

sub next_id {
    my ($server) = @_;
    return Tickr::Grpc->new(Tickr::Grpc::address($server))
        ->call('spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'tickr', key => 'orders', options => { increment => 'STRONG' } });
}

{
    spew('stores.json', '{"sequencer": {"one": {"type": "in-memory"}}}');
    my %grpc   = Tickr::Grpc::missing() ? () : (TICKR_GRPC_LISTEN => '127.0.0.1:0');
    my $server = Tickr::Server->new(program => 'tickrd-memory', env => { fresh_env(TICKR_SEQUENCES => undef, %grpc) });
    wait_for('store tickr', 20, sub { $server->get('/readyz?store=tickr')->{status} == 200 });
    is $server->get('/sequences/orders/create')->{body}, '[1]', 'next to a file, store tickr is there without TICKR_SEQUENCES';
    is next_id($server)->{response}{next_id}, 2, '... over gRPC too' if %grpc;
    $server->stop;

    $server = Tickr::Server->new(program => 'tickrd-memory', env => { fresh_env(TICKR_SEQUENCES => 'none', %grpc) });
    my $answer = $server->get('/sequences/orders/create');
    is $answer->{status}, 404, 'with TICKR_SEQUENCES=none it is not';
    my $remedy = qr/for store tickr the operator must set TICKR_SEQUENCES to declared or any/;
    like $answer->{body}, qr/there is no store .*tickr.*: one; $remedy/, '... and the answer names the setting';
    is $server->get('/sequences/orders/create?store=one')->{status}, 200, '... while the stores of the file serve';
    if (%grpc) {
        my $refusal = next_id($server);
        is $refusal->{code}, 'INVALID_ARGUMENT', '... and over gRPC Layotto\'s code is kept';
        like $refusal->{message}, qr/^Sequencer store tickr not found; $remedy$/, '... with the setting';
    }
    $server->stop;
}

done_testing;
