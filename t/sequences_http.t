#!/usr/bin/perl
# Named sequences over HTTP: each request of the table in docs/protocol.md, on each kind of store.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);

my $folders = 0;

sub settings {
    my (%env) = @_;
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return (
        Tickr::Server::patient(),
        TICKR_MAX_NODES       => 1,
        TICKR_NODE_NUMBER     => 0,
        TICKR_STARTING_OFFSET => 1,
        TICKR_SEQUENCES       => 'any',
        TICKR_STATE_DIR       => $folder,
        %env);
}

# A server on a fresh DATABASE; undef: on memory.
sub server {
    my ($database, %env) = @_;
    return Tickr::Server->fresh(database => $database, env => { settings(%env) }) if $database;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { settings(TICKR_DATABASE_ADAPTER => 'memory', %env) });
}

# Each row: method, path, status, and the body or a pattern for it.
sub try_all {
    my ($client, $where, @rows) = @_;
    for (@rows) {
        my ($method, $path, $status, $body) = @$_;
        my $answer = $client->request($method, $path);
        is $answer->{status}, $status, "$where: $method $path is $status";
        if (ref $body) { like $answer->{body}, $body, '... and says why' }
        elsif (defined $body) { is $answer->{body}, $body, "... with $body" }
        next if $status == 200 || $method eq 'HEAD';
        my $json = $client->json($answer);
        is_deeply [ keys %$json ], ['error'], '... in an error without other keys';
        is exists $answer->{headers}{'retry-after'}, $status == 429 || $status == 503,
            '... and says when to retry, if that helps';
    }
    return;
}

# --- the table --------------------------------------------------------------------------------------

sub creates {
    my ($database, $where) = @_;
    my $server = server($database);
    my $client = $server->client;
    wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    try_all($client, $where,
        [ GET  => '/sequences/orders/create',                   200, '[1]' ],
        [ POST => '/sequences/orders/create',                   200, '[2]' ],
        [ GET  => '/sequences/orders/create/3',                 200, '[3,4,5]' ],
        [ POST => '/sequences/orders/create/2?format=array',    200, '[6,7]' ],
        [ GET  => '/sequences/orders/create/1000?format=group', 200, '{"first":8,"increment":1,"count":1000}' ],
        [ GET  => '/sequences/orders/create?format=group',      200, '{"first":1008,"increment":1,"count":1}' ],
        [ GET  => '/sequences/orders/create?order=strong',      200, '[1009]' ],
        [ GET  => '/sequences/invoices/create',                 200, '[1]' ],
        [ GET  => '/sequences/Invoices/create',                 200, '[1]' ],
        [ GET  => '/sequences/a%2Fb/create',                    200, '[1]' ],
        [ GET  => '/sequences/a%2fb/create',                    200, '[2]' ],
        [ GET  => '/sequences/../create',                       200, '[1]' ],
        [ GET  => '/sequences/create/create',                   200, '[1]' ],
        [ GET  => '/sequences/%C3%BC/create',                   200, '[1]' ],
        [ GET  => "/sequences/\xc3\xbc/create",                 200, '[2]' ],
        [ GET  => '/sequences/a/create',                        200, '[1]' ],
        [ GET  => '/sequences/a%20/create',                     200, '[1]' ],
        [ GET  => '/sequences/' . 'n' x 128 . '/create',        200, '[1]' ],
        [ GET  => '/sequences/' . 'n' x 129 . '/create',        400, qr/1 to 128 bytes/ ],
        [ GET  => '/sequences//create',                         400, qr/1 to 128 bytes/ ],
        [ GET  => '/sequences/a/b/create',                      400, qr/%2F/ ],
        [ GET  => '/sequences/%FF/create',                      400, qr/UTF-8/ ],
        [ GET  => '/sequences/%00/create',                      400, qr/control/ ],
        [ GET  => '/sequences/%zz/create',                      400, qr/%25/ ],
        [ GET  => '/sequences/orders/create/0',                 400, qr/from 1 to 100000/ ],
        [ GET  => '/sequences/orders/create/x',                 400, qr/from 1 to 100000/ ],
        [ GET  => '/sequences/orders/create/2?format=xml',      400, qr/array or group/ ],
        [ GET  => '/sequences/orders/create?order=any',         400, qr/strong or weak/ ],
        [ HEAD => '/sequences/orders/create',                   405 ],
        [ PUT  => '/sequences/orders/create',                   405, qr/GET, POST/ ],
        [ GET  => '/sequences/none',                            404, qr/first create makes it/ ],
        [ POST => '/sequences',                                 405, qr/GET, HEAD/ ],
        [ GET  => '/sequences?limit=0',                         400, qr/1 to 1000/ ],
        [ GET  => '/sequences?after=%FF',                       400, qr/UTF-8/ ],
        [ GET  => '/sequences/orders/create',                   200, '[1010]' ],
    );
    is_deeply $client->json($client->get('/sequences/orders')),
        {
        name => 'orders', last => 1010, start => 1, most => 4611686018427387903,
        order => 'strong', held => 0
        },
        "$where: a sequence is shown";
    is $client->get('/tickets/create')->{body}, '[1]', "$where: tickets have a counter of their own";
    is $server->metric('tickr_sequence_ids_issued_total'), 1021, "$where: ids are counted";
    is $server->stop, 0, "$where: the server stops cleanly";
    return;
}

sub pages {
    my ($database, $where) = @_;
    my $server = server($database, TICKR_SEQUENCES_PER_SECOND => 1000);
    my $client = $server->client;
    my @names = sort map { sprintf 'name %03d/%s', $_, $_ % 7 ? 'x' : "\xc3\xbc" } 1 .. 25;
    $client->get('/sequences/' . s/([^a-z0-9])/sprintf '%%%02X', ord $1/ger . '/create') for @names;
    my (@found, $next);
    do {
        my $after = defined $next ? '&after=' . $next =~ s/([^a-z0-9])/sprintf '%%%02X', ord $1/ger : '';
        my $page = $client->json($client->get("/sequences?limit=7$after"));
        push @found, map { my $name = $_->{name}; utf8::encode($name); $name } @{ $page->{sequences} };
        $next = $page->{next};
        utf8::encode($next) if defined $next;
    } while (defined $next && @found < 100);
    is_deeply \@found, \@names, "$where: pages lead through all names, in the order of their bytes";
    $server->stop;
    return;
}

sub limits {
    my ($database, $where) = @_;
    my $server = server($database, TICKR_SEQUENCES_MOST => 3, TICKR_SEQUENCES_PER_SECOND => 1000);
    my $client = $server->client;
    try_all($client, $where,
        (map { [ GET => "/sequences/$_/create", 200, '[1]' ] } qw(a b c)),
        [ GET => '/sequences/d/create',  507, qr/TICKR_SEQUENCES_MOST/ ],
        [ GET => '/sequences/a/create',  200, '[2]' ],
        [ GET => '/tickets/create',      200 ],
    );
    $server->stop;

    $server = server($database, TICKR_SEQUENCES_PER_SECOND => 5);
    $client = $server->client;
    my @statuses = map { $client->get("/sequences/new$_/create")->{status} } 1 .. 100;
    my $refused = grep { $_ == 429 } @statuses;
    cmp_ok $refused, '>', 0, "$where: a client that makes too many is refused";
    is scalar(grep { $_ != 200 && $_ != 429 } @statuses), 0, '... with 429';
    is $client->get('/sequences/new1/create')->{body}, '[2]', '... and those that it made are served';
    $server->stop;
    return;
}

# Clients of two servers make a name together. Its ids begin at 1, and occur once. A file is for one server only.
sub first_uses_together {
    my ($database, $where) = @_;
    my @servers = server($database, TICKR_SEQUENCES_PER_SECOND => 1000);
    push @servers, Tickr::Server->new(database => $database, env => { settings(TICKR_SEQUENCES_PER_SECOND => 1000) })
        if $database && $database->name ne 'sqlite';
    for my $server (@servers) {
        wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    }
    my @clients = map { $servers[ $_ % @servers ]->client } 1 .. 50;
    for my $name (map {"first$_"} 1 .. 5) {
        $_->send("GET /sequences/$name/create HTTP/1.1\r\nHost: t\r\n\r\n") for @clients;
        my @ids = sort { $a <=> $b } map { $_->json($_->response)->[0] } @clients;
        is_deeply \@ids, [ 1 .. 50 ], "$where: 50 clients of " . @servers . " servers that make $name together get 1 to 50";
    }
    is $_->stop, 0, '... and the server stops cleanly' for @servers;
    return;
}

# A client that mixes both orders sees its ids rise, while other clients use the same sequence.
sub mixed_orders {
    my ($database, $where) = @_;
    my $server = server($database);
    my @clients = map { $server->client } 1 .. 8;
    my (@last, %seen, $falls, $repeats);
    for my $round (1 .. 200) {
        my @orders = map { ($_ + $round) % 3 ? 'weak' : 'strong' } 0 .. $#clients;
        $clients[$_]->send("GET /sequences/mixed/create?order=$orders[$_] HTTP/1.1\r\nHost: t\r\n\r\n")
            for 0 .. $#clients;
        for (0 .. $#clients) {
            my $id = $clients[$_]->json($clients[$_]->response)->[0];
            $falls++ if defined $last[$_] && $id <= $last[$_];
            $repeats++ if $seen{$id}++;
            $last[$_] = $id;
        }
    }
    is $falls,   undef, "$where: ids rise for a client that mixes both orders";
    is $repeats, undef, '... and none occurs twice';
    is $server->stop, 0, '... and the server stops cleanly';
    return;
}

# The parts of ids, plain and scrambled. The directory of a fresh server knows none of the names yet.
sub decodes {
    my ($database, $where) = @_;
    my $key = spew('scramble.key', '0123456789abcdef' x 4);
    my @nodes = (TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3, TICKR_SCRAMBLE_KEY_FILE => $key);
    if ($database) {
        $database->drop;
        Tickr::Server->createdb(database => $database, env => { settings(@nodes) });
        my ($status, $output) = Tickr::Server->run(
            database => $database, env => { settings(@nodes) },
            arguments => [qw(sequence create coupons --form scrambled --width 53)]);
        is $status, 0, "$where: a scrambled sequence is made" or diag $output;
    }
    my $server = $database ? Tickr::Server->new(database => $database, env => { settings(@nodes) }) : server(undef, @nodes);
    my $client = $server->client;
    wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    try_all($client, $where,
        [ GET  => '/decode/4?sequence=a%20b',             404, qr/no sequence of this name/ ],
        [ GET  => '/sequences/a%20b/create/2',            200, '[4,14]' ],
        [ GET  => '/decode/14?sequence=a%20b',            200, '{"id":14,"node":3,"number":2}' ],
        [ GET  => '/decode/14?sequence=a+b&store=tickr',  200, '{"id":14,"node":3,"number":2}' ],
        [ HEAD => '/decode/14?sequence=a+b',              200 ],
        [ GET  => '/decode/25?sequence=a+b',              200, '{"id":25,"node":4,"number":3}' ],
        [ GET  => '/decode/0?sequence=a+b',               400, qr/the id 0 is not an id of this sequence/ ],
        [ GET  => '/decode/x?sequence=a+b',               400, qr/whole number/ ],
        [ GET  => '/decode/4?sequence',                   400, qr/1 to 128 bytes/ ],
        [ GET  => '/decode/4?sequence=%FF',               400, qr/UTF-8/ ],
        [ GET  => '/decode/4?sequence=a+b&store=other',   404, qr{there is no store} ],
    );
    if ($database) {
        my ($id) = @{ $client->json($client->get('/sequences/coupons/create')) };
        try_all($client, $where,
            [ GET => "/decode/$id?sequence=coupons", 200, qq({"id":$id,"unscrambled":4,"node":3,"number":1}) ],
            [ GET => '/decode/9007199254740992?sequence=coupons', 400, qr/not an id of this sequence/ ],
        );
    }
    is $server->stop, 0, "$where: the server stops cleanly";
    return unless $database;
    $server = Tickr::Server->new(
        database => $database, env => { settings(@nodes, TICKR_SCRAMBLE_KEY_FILE => undef) });
    wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    try_all($server->client, $where, [ GET => '/decode/5?sequence=coupons', 503, qr/TICKR_SCRAMBLE_KEY_FILE/ ]);
    $server->stop;
    return;
}

# --- without sequences ----------------------------------------------------------------------------------

{
    my $server = server(undef, TICKR_SEQUENCES => undef);
    for my $path ('/sequences', '/sequences/a', '/sequences/a/create', '/sequences/a/create/2') {
        my $answer = $server->get($path);
        is $answer->{status}, 404, "none: $path is 404";
        unlike $answer->{body}, qr/sequences/, '... as any unknown path';
    }
    is $server->get('/readyz?sequences')->{status}, 503, 'none: named sequences are not ready';
    is $server->get('/decode/4?sequence=a')->{status}, 404, 'none: no id of a sequence is decoded';
    $server->stop;
}

# --- with a password, and nodes --------------------------------------------------------------------------

{
    my $server = server(undef,
        TICKR_HTTP_AUTH_PASSWORD => 'secret', TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3);
    my $client = $server->client;
    is $client->get($_)->{status}, 401, "$_ needs the password"
        for '/sequences', '/sequences/a', '/sequences/a/create', '/sequences/a/create/2';
    my @with = (headers => [ 'Authorization: Basic eDpzZWNyZXQ=', 'X-Request-Id: r1' ]);
    my $answer = $client->get('/sequences/a/create/3', @with);
    is $answer->{body}, '[4,14,24]', 'nodes stay apart';
    is $answer->{headers}{'x-request-id'}, 'r1', 'the request id is returned';
    is $answer->{headers}{'cache-control'}, 'no-store', 'no cache may store ids';
    $server->stop;
}

for my $test (\&creates, \&pages, \&limits, \&first_uses_together, \&mixed_orders,
    \&decodes) {
    $test->(undef, 'memory');
    on_each_store(sub { $test->($_[0], $_[0]->name) });
}

done_testing;
