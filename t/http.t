#!/usr/bin/perl
# HTTP: every route, method, header and limit. t/create.t has the tickets themselves.
use strict;
use warnings;
use IO::Select;
use Test::More;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
my $path     = scratch() . '/web';
my $server   = Tickr::Server->fresh(
    database => $database,
    env      => { Tickr::Server::patient(), TICKR_LISTEN => "127.0.0.1:0,unix:$path" });
my @creates = qw(/tickets/create /tickets/create/2);
my @reads   = qw(/status /livez /readyz /metrics);

sub last_ticket { return $server->get('/status')->{body} }

# An error is JSON with the key `error` and no other: old clients read other keys.
sub is_error {
    my ($response, $code, $name) = @_;
    is $response->{status}, $code, "$name is $code";
    is $response->{headers}{'content-type'}, 'application/json', '... in JSON';
    is $response->{headers}{'content-length'}, length $response->{body}, '... with its length';
    like $response->{headers}{date}, qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, '... with the date';
    my $json = eval { Tickr::Client->json($response) } // {};
    is_deeply [ keys %$json ], ['error'], '... that has an error and nothing else';
    return;
}

# --- status and probes ---------------------------------------------------------------------------

{
    my $status = $server->get('/status');
    is $status->{status}, 200, '/status is 200';
    is $status->{body}, '{"last_ticket":null}', '... with null before the first ticket';
    is $status->{headers}{'content-type'}, 'application/json', '... in JSON';
    is $status->{headers}{'content-length'}, 20, '... with its length';
    $server->get('/tickets/create');
    is last_ticket(), '{"last_ticket":329}', '/status shows the last ticket';
    $server->get('/tickets/create/20');
    is last_ticket(), '{"last_ticket":529}', '... of a batch too';
SKIP: {
        skip 'a file is for one server only', 2 if $database->name eq 'sqlite';
        my $other = Tickr::Server->new(database => $database);
        is $other->get('/status')->{body}, '{"last_ticket":529}', 'another server on the same database shows it';
        $other->get('/tickets/create');
        wait_for('the next look', 2, sub { last_ticket() eq '{"last_ticket":539}' });
        is last_ticket(), '{"last_ticket":539}', 'this server shows the ticket of the other';
        $other->stop;
    }

    for my $probe (qw(/livez /readyz)) {
        my $response = $server->get($probe);
        is $response->{status}, 200, "$probe is 200";
        is $response->{headers}{'content-type'}, 'application/json', '... in JSON';
        ok eval { Tickr::Client->json($response) }, '... that can be read';
    }
    my $metrics = $server->get('/metrics');
    is $metrics->{status}, 200, '/metrics is 200';
    is $metrics->{headers}{'content-type'}, 'text/plain; version=0.0.4', '... in Prometheus\'s text';
    is $metrics->{headers}{'content-length'}, length $metrics->{body}, '... with its length';
}

# --- methods ----------------------------------------------------------------------------------------

{
    my $client = $server->client;
    for my $read (@reads) {
        my $get  = $client->get($read);
        my $head = $client->request('HEAD', $read);
        is $head->{status}, 200, "HEAD of $read is 200";
        is $head->{headers}{'content-type'}, $get->{headers}{'content-type'}, '... with GET\'s type';
        if ($read eq '/metrics') { ok $head->{headers}{'content-length'} > 1000, '... and a length' }
        else { is $head->{headers}{'content-length'}, $get->{headers}{'content-length'}, '... and length' }
    }
    my $missing = $client->request('HEAD', '/nowhere');
    is $missing->{status}, 404, 'HEAD of nothing is 404';
    is $missing->{headers}{'content-length'}, $client->get('/nowhere')->{headers}{'content-length'},
        '... with GET\'s length';
    is $client->get('/livez')->{status}, 200, 'none of these answers has a body';

    my $before = last_ticket();
    for my $create (@creates) {
        my $head = $client->request('HEAD', $create);
        is $head->{status}, 405, "HEAD of $create is 405";
        is $head->{headers}{allow}, 'GET, POST', '... with the allowed methods';
        is last_ticket(), $before, '... and issues no ticket';
    }
    for my $method (qw(PUT DELETE PATCH OPTIONS TRACE PROPFIND FOO get)) {
        for my $route (@creates, @reads) {
            my $response = $server->request($method, $route);
            is_error($response, 405, "$method of $route");
            is $response->{headers}{allow}, $route =~ /create/ ? 'GET, POST' : 'GET, HEAD',
                '... with the allowed methods';
        }
    }
    is_error($server->request('POST', $_), 405, "POST of $_") for @reads;
    is last_ticket(), $before, 'none of these requests gets a ticket';
    is $client->request('POST', '/tickets/create/2', body => '{"a":1}')->{status}, 200,
        'POST of a create is answered as GET';
}

# --- caches ----------------------------------------------------------------------------------------

# A cached ticket is a duplicate, and a cached probe is a lie.
sub is_never_stored {
    my ($response, $name) = @_;
    my $headers = $response->{headers};
    is $headers->{'cache-control'},          'no-store', "$name must not be stored";
    is $headers->{'x-content-type-options'}, 'nosniff',  '... nor be read as another type';
    is_deeply [ grep { defined $headers->{$_} } qw(etag last-modified expires age) ], [],
        '... and has no header that a cache could compare';
    return;
}

{
    is_never_stored($server->get($_), "GET $_") for @creates, @reads, '/nowhere', '/tickets/create/x';
    is_never_stored($server->request('HEAD', $_), "HEAD $_") for @creates, @reads, '/nowhere';
    is_never_stored($server->request('POST', $_), "POST $_") for @creates, @reads;
    for my $case (
        [ 400, 'an unreadable request', "\x16\x03\x01\r\n\r\n" ],
        [ 400, 'a request without Host', "GET /tickets/create HTTP/1.1\r\n\r\n" ],
        [ 400, 'a head over the limit', 'GET /' . 'a' x 20_000 . " HTTP/1.1\r\n\r\n" ],
        [ 413, 'a body over the limit', "POST /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 20000\r\n\r\n" ],
        [ 417, 'an expectation', "POST /livez HTTP/1.1\r\nHost: t\r\nExpect: x\r\nContent-Length: 3\r\n\r\n" ],
        )
    {
        my ($code, $name, $bytes) = @$case;
        my $client = $server->client(timeout => 5);
        $client->send($bytes);
        my $response = eval { $client->response } or fail("$name is answered"), next;
        is $response->{status}, $code, "$name is $code";
        is_never_stored($response, $name);
    }

    # Each of these asks for a part of an earlier answer, or for a stored one.
    my $client = $server->client;
    my ($etag, %seen) = ('"' . 'a' x 16 . '"');
    for my $line ('Range: bytes=0-1', 'If-Range: "a"', "If-None-Match: $etag", 'If-None-Match: *',
        'If-Modified-Since: Sat, 21 Nov 2026 10:57:35 GMT', "If-Match: $etag",
        'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT', 'Cache-Control: only-if-cached',
        'Cache-Control: max-stale')
    {
        my $response = $client->get('/tickets/create', headers => [$line]);
        is $response->{status}, 200, "a create with $line gets a whole answer";
        ok !$seen{ $response->{body} }++, '... with a new ticket';
    }
}

# --- other paths -----------------------------------------------------------------------------

for my $nowhere (qw(/ /tickets /tickets/ /tickets/createx /tickets/create2 /status/ /statuses /Status
    //status //t/status //t/tickets/create t:/status http:/status http:status status
    /metrics/x /favicon.ico /tickets/../status /%73tatus http://t//u/status), '/' . 'x' x 2000, '*')
{
    my $shown = length $nowhere > 30 ? substr($nowhere, 0, 30) . '...' : $nowhere;
    is_error($server->get($nowhere), 404, "GET $shown");
}
is_error($server->get("/tickets/create/$_"), 400, "GET /tickets/create/$_") for '0', 'x', '1"2', "\xff", '<b>';
is_error($server->get($_), 400, "GET $_") for '/status#x', 'http://t/status#', '/livez?a#b';
is $server->get('/status?x=1')->{status}, 200, 'a query does not belong to the path';
is $server->get('/livez?')->{status},     200, '... nor does an empty one';
is $server->get('http://tickets.example/status')->{body}, last_ticket(),
    'an absolute request target is understood';
is $server->get('http://tickets.example:80/tickets/create?format=group')->{status}, 200,
    '... with a port and a query';
is_error($server->get('http://tickets.example'), 404, 'an absolute request target without a path');

# --- connections ----------------------------------------------------------------------------------

# Lines sent as they are, and the response.
sub say_lines {
    my ($client, @lines) = @_;
    $client->send(join "\r\n", @lines, '', '');
    return $client->response;
}

{
    my $client = $server->client;
    is $client->get('/livez')->{status}, 200, 'a connection stays open' for 1 .. 3;
    is $client->get('/nowhere')->{status}, 404, '... after a 404 too';
    is $client->get('/tickets/create/x')->{status}, 400, '... and after a 400';
    is $client->get('/livez')->{status}, 200, '... and it still serves';
    my $last = $client->get('/livez', headers => ['Connection: close']);
    is $last->{status}, 200, 'a request with Connection: close is answered';
    ok $client->at_end, '... and the connection closes';

    $client = $server->client;
    my $old = say_lines($client, 'GET /livez HTTP/1.0');
    is $old->{status}, 200, 'HTTP/1.0 is answered';
    is $old->{headers}{'content-length'}, length $old->{body}, '... with a length';
    ok $client->at_end, '... and the connection closes';

    $client = $server->client;
    for (1 .. 3) {
        my $kept = say_lines($client, 'GET /tickets/create HTTP/1.0', 'Connection: keep-alive');
        is $kept->{status}, 200, 'HTTP/1.0 with keep-alive is answered';
        like $kept->{headers}{connection}, qr/keep-alive/i, '... and the answer says that the connection stays';
    }

    $client = $server->client;
    my @got;
    $client->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n" x 10);
    push @got, @{ $client->json($client->response) } for 1 .. 10;
    is scalar @got, 10, 'ten requests in one packet get ten answers';
    is_deeply \@got, [ map { $got[0] + 10 * $_ } 0 .. 9 ], '... in their order';
    $client->send(join '', map {"GET /nowhere/$_ HTTP/1.1\r\nHost: t\r\nX-Request-Id: r$_\r\n\r\n"} 1 .. 5);
    is join(' ', map { $client->response->{headers}{'x-request-id'} } 1 .. 5), 'r1 r2 r3 r4 r5',
        'each request gets its own answer';
    $client->send("POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"
            . "GET /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            . "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n");
    my $before = last_ticket();
    is $client->response->{status}, 200, 'a request with a body is answered';
    is $client->response->{body}, '{"live":true}', '... and so is the request after it';
    ok $client->at_end, '... and no request after the last one';

    # The answer says whether the connection stays open, and this is true.
    for my $case (
        [ 'an absolute request target',         'GET http://t/livez HTTP/1.1' => undef ],
        [ '... with Proxy-Connection: close', 'GET http://t/livez HTTP/1.1', 'Proxy-Connection: close' => undef ],
        [ '... with Connection: close', 'GET http://t/livez HTTP/1.1', 'Proxy-Connection: keep-alive',
            'Connection: close' => 'close' ],
        [ 'close among other options',   'GET /livez HTTP/1.1', 'Connection: TE, close'               => 'close' ],
        [ 'close between odd blanks', 'GET /livez HTTP/1.1', "Connection: TE ,\t,CLOSE ,x"         => 'close' ],
        [ 'close in a second header',    'GET /livez HTTP/1.1', 'Connection: TE', 'Connection: close' => 'close' ],
        [ 'an option that only begins like close', 'GET /livez HTTP/1.1', 'Connection: closed, clos'     => undef ],
        [ 'HTTP/1.0 with keep-alive among others', 'GET /livez HTTP/1.0',
            'Connection: TE, Keep-Alive' => 'keep-alive' ],
        [ 'HTTP/1.0 with keep-alive first',   'GET /livez HTTP/1.0', 'Connection: keep-alive, TE' => 'keep-alive' ],
        [ 'HTTP/1.0 with keep-alive and close', 'GET /livez HTTP/1.0',
            'Connection: keep-alive, close' => 'close' ],
        [ 'HTTP/1.0 with a word like keep-alive', 'GET /livez HTTP/1.0', 'Connection: keep-alives' => 'close' ],
        [ 'CONNECT',                   'CONNECT t:80 HTTP/1.1'                      => undef ],
        [ '... with Connection: close', 'CONNECT t:80 HTTP/1.1', 'Connection: close' => 'close' ],
        )
    {
        my ($name, $line, @options) = @$case;
        my $says = pop @options;
        $client = $server->client(timeout => 5);
        my $answer = say_lines($client, $line, 'Host: t', @options);
        is $answer->{headers}{connection}, $says, "$name: the answer says whether the connection stays";
        if (($says // '') eq 'close') { ok eval { $client->at_end }, '... and the connection closes' }
        else { is eval { $client->get('/livez')->{status} }, 200, '... and the connection stays open' }
    }

    my $unix = Tickr::Client->new(unix => $path);
    is $unix->get('/livez')->{status}, 200, 'a Unix socket serves' for 1 .. 2;
    is $unix->get('/tickets/create')->{status}, 200, '... and issues tickets';
}

# --- request ids -------------------------------------------------------------------------------------

for my $id ('a', 'Az09-_.:+/=@', 'x' x 64) {
    is $server->get($_, headers => ["X-Request-Id: $id"])->{headers}{'x-request-id'}, $id,
        'X-Request-Id of ' . length($id) . " is echoed by $_"
        for '/tickets/create', '/status', '/nowhere', '/livez';
}
for my $id ('x' x 65, 'a b', 'a"b', "a\tb", '<b>', "\xe9", '') {
    my $response = $server->get('/livez', headers => ["X-Request-Id: $id"]);
    is $response->{status}, 200, 'an X-Request-Id that is not allowed is no error';
    is $response->{headers}{'x-request-id'}, undef, '... and not echoed';
}

# --- limits --------------------------------------------------------------------------------------------

{
    my $before = last_ticket();
    for my $case (
        [ 400, 'a header over the limit',
            "GET /tickets/create HTTP/1.1\r\nHost: t\r\nX-A: " . 'a' x 20_000 . "\r\n\r\n" ],
        [ 400, 'a request line over the limit', 'GET /' . 'a' x 20_000 . " HTTP/1.1\r\nHost: t\r\n\r\n" ],
        [ 413, 'a body over the limit',
            "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 20000\r\n\r\n" . 'a' x 20_000 ],
        [ 413, 'a body far over the limit',
            "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775807\r\n\r\n" ],
        [ 413, 'chunks over the limit',
            "POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                . ("1000\r\n" . 'a' x 4096 . "\r\n") x 4 . "0\r\n\r\n" ],
        [ 413, 'a chunk over the limit',
            "POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\naaaa" ],
        )
    {
        my ($code, $name, $bytes) = @$case;
        my $client = $server->client(timeout => 5);
        $client->send($bytes);
        my $response = eval { $client->response } or fail("$name is answered"), next;
        is_error($response, $code, $name);
        like $response->{body}, qr/larger than 8192 bytes/, '... and it names the limit';
        like $response->{headers}{connection}, qr/close/i, '... as the last answer';
        ok eval { $client->at_end }, '... and the connection is closed';
    }
    for my $headers (100, 101, 2000) {    # Host is one of them
        my $client = $server->client(timeout => 5);
        $client->send("GET /livez HTTP/1.1\r\nHost: t\r\n" . "a:b\r\n" x ($headers - 1) . "\r\n");
        my $response = eval { $client->response } // {};
        if ($headers <= 100) { is $response->{status}, 200, "a request with $headers headers is answered"; next }
        is_error($response, 400, "a request with $headers headers");
        like $response->{body}, qr/more than 100 headers/, '... and it names the limit';
        ok eval { $client->at_end }, '... and the connection is closed';
    }
    # The server discards the bytes that follow the error, but not for ever. A Unix socket holds little itself.
    my $endless = Tickr::Client->new(unix => $path);
    my $taken   = 0;
    $endless->send("POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    $endless->socket->blocking(0);
    local $SIG{PIPE} = 'IGNORE';
    my $held = $server->memory;
    while ($taken < 64_000_000 && IO::Select->new($endless->socket)->can_write(2)) {
        $taken += syswrite($endless->socket, '0' x 10_000) // last;
    }
    $endless->socket->blocking(1);
    cmp_ok $taken, '<', 64_000_000, 'the server stops reading a line of a chunk that does not end';
SKIP: {
        skip 'a sanitizer keeps memory that was freed', 1 unless $held;
        cmp_ok $server->memory - $held, '<', 4000, '... and does not fill its memory';
    }
    is_error(eval { $endless->response } // {}, 413, 'it');

    is last_ticket(), $before, 'none of these requests gets a ticket';
    is $server->request('POST', '/tickets/create', body => 'a' x 8000)->{status}, 200,
        'a body below the limit is accepted';
    is $server->get('/livez', headers => [ 'X-A: ' . 'a' x 7000 ])->{status}, 200,
        'a header below the limit is accepted';
}

# --- bodies ---------------------------------------------------------------------------------------------

{
    my $client = $server->client;
    $client->send("POST /tickets/create HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    is $client->response->{status}, 100, 'Expect: 100-continue is answered 100';
    $client->send('abc');
    is $client->response->{status}, 200, '... and its request is answered';

    $client->send("POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            . "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n");
    my $chunked = $client->response;
    is $chunked->{status}, 200, 'a chunked body is read';
    is $chunked->{headers}{connection}, 'close', '... as the last answer';
    ok $client->at_end, '... and the connection closes';

    $client = $server->client;
    my $refused = say_lines($client, 'POST /tickets/create HTTP/1.1', 'Host: t', 'Expect: 100-continue',
        'Content-Length: 20000');
    is_error($refused, 413, 'a body over the limit that waits for 100');
    ok $client->at_end, '... closes the connection';

    for my $line ('POST /tickets/create', 'CONNECT t:80') {
        $client = $server->client(timeout => 5);
        my $odd = say_lines($client, "$line HTTP/1.1", 'Host: t', 'Expect: the-unexpected', 'Content-Length: 3');
        is_error($odd, 417, "another expectation of $line");
        ok eval { $client->at_end }, '... closes the connection';
    }
}

# --- errors of ours ---------------------------------------------------------------------------------------

is $server->stop, 0, 'the server stops cleanly';
{
    $server = Tickr::Server->new(database => $database, env => { TICKR_DATABASE_POOL_TIMEOUT => 0.2 });
    $server->wait_until_ready;
    $database->kill;
    ok wait_for('/readyz to be 503', 10, sub { $server->get('/readyz')->{status} == 503 }),
        'without the database /readyz is 503';
    my $unready = $server->get('/readyz');
    is_error($unready, 503, '/readyz without the database');
    unlike $unready->{body}, qr/mariadb|mysql|connect|socket|sqlite|file|folder/i, '... without a detail';
    is $unready->{headers}{'retry-after'}, 1, '... with the time of the next try';
    is $server->get('/livez')->{status}, 200, '/livez is 200';
    for my $route ('/status', @creates) {
        my $response = $server->get($route, headers => ['X-Request-Id: trace-17']);
        is_error($response, 503, "$route without the database");
        is $response->{headers}{'retry-after'},  1,          '... with the time of the next try';
        is $response->{headers}{'x-request-id'}, 'trace-17', '... echoes the request\'s id';
        like $response->{body}, qr/"error":"the database (is down|file \S+ (?:was moved or deleted|cannot be used))/, '... with the reason';
        ok $server->wait_for_log(qr/level=error msg="a request failed" code=503 .*request_id="trace-17"/, 2),
            '... and the log has the request id';
    }
    $server->get('/status', headers => ["X-Request-Id: od\"d"]);
    unlike $server->log, qr/request_id="?od/, 'an id that is not allowed is not in the log';
    is $server->request('HEAD', '/status')->{status}, 503, 'HEAD of /status is 503 too';
    $database->start;
    $server->wait_until_ready;
    is $server->get('/tickets/create')->{status}, 200, 'when the database is back, tickets are issued';
}

is $server->stop, 0, 'the server stops cleanly';

{    # no database exists, and JSON writes each letter of their names with six bytes
    my @hosts = map { '/' . "\xc3$_" x 50 } "\xa4", "\xb6";
    $server = Tickr::Server->new(
        env => { TICKR_DATABASE_HOST => join(',', @hosts), TICKR_NODE_NUMBER => '0,1' });
    is_error($server->get($_), 503, "$_, with much to say") for '/tickets/create', '/status';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
