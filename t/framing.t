#!/usr/bin/perl
# Framing: if two readers could see the end of a request in different places, the server refuses it and
# closes the connection. It never answers a request that is hidden after it.
use strict;
use warnings;
use Test::More;
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
my $server   = Tickr::Server->fresh(database => $database, env => { Tickr::Server::patient() });
my $hidden   = "GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n";

sub last_ticket { return $server->get('/status')->{body} }

# Return a request of LINES, which are the attack, and a hidden request for a ticket after its head.
sub request {
    my (@lines) = @_;
    return join("\r\n", @lines, '', '') . $hidden;
}

my @cases = (
    # Content-Length
    [ 'two different Content-Lengths',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 0', 'Content-Length: 44') ],
    [ 'two equal Content-Lengths',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 0', 'Content-Length: 0') ],
    [ 'two equal Content-Lengths of a whole request',
        request('POST /tickets/create HTTP/1.1', 'Host: t', map {'Content-Length: ' . length $hidden} 1, 2) ],
    [ 'Content-Length as a list',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 0, 0') ],
    map({ [ "Content-Length: '$_'",
            request('POST /tickets/create HTTP/1.1', 'Host: t', "Content-Length: $_") ] }
        '+3', '+0', '-1', '-0', '0x3', '3 3', '', '9' x 20, '0x0', '3;', "3\t3", '٣'),
    [ 'Content-Length in a GET, twice',
        request('GET /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 0', 'Content-Length: 0') ],

    # Transfer-Encoding
    [ 'Transfer-Encoding and Content-Length',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Transfer-Encoding: chunked',
            'Content-Length: 5') . "0\r\n\r\n" ],
    [ 'Content-Length and Transfer-Encoding',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 5',
            'Transfer-Encoding: chunked') ],
    [ 'Transfer-Encoding twice',
        request('POST /tickets/create HTTP/1.1', 'Host: t', ('Transfer-Encoding: chunked') x 2) ],
    map({ [ "Transfer-Encoding: '$_'",
            request('POST /tickets/create HTTP/1.1', 'Host: t', "Transfer-Encoding: $_") ] }
        'xchunked', 'identity', 'gzip, chunked', 'chunked, identity', '', 'chunked;a', '"chunked"'),
    [ 'Transfer-Encoding in HTTP/1.0',
        "POST /tickets/create HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
            . "0\r\n\r\n$hidden" ],
    map({ [ "a chunk of size '$_'",
            "POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n$_\r\n$hidden" ] }
        '-1', '+0', '0x0', 'zz', 'f' x 20, "3;a\nb", "3;a\0b", "3;a\rb", '3 a', '3,', "\n3"),

    # Bodies with methods that have none
    [ 'a body on HEAD', request('HEAD /status HTTP/1.1', 'Host: t', 'Content-Length: 5') ],
    [ 'a chunked body on HEAD', request('HEAD /status HTTP/1.1', 'Host: t', 'Transfer-Encoding: chunked') ],
    [ 'a body on CONNECT', request('CONNECT t:80 HTTP/1.1', 'Host: t', 'Content-Length: 5') ],
    [ 'a body over the limit on CONNECT',
        request('CONNECT t:80 HTTP/1.1', 'Host: t', 'Content-Length: 20000') ],
    [ 'a body on TRACE', request('TRACE /status HTTP/1.1', 'Host: t', 'Content-Length: 5') ],

    # Host
    [ 'no Host', request('GET /tickets/create HTTP/1.1') ],
    [ 'no Host in CONNECT', request('CONNECT t:80 HTTP/1.1') ],
    [ 'two Hosts', request('GET /tickets/create HTTP/1.1', 'Host: t', 'Host: u') ],
    [ 'two equal Hosts', request('GET /tickets/create HTTP/1.1', 'Host: t', 'Host: t') ],
    [ 'two Hosts in HTTP/1.0', request('GET /tickets/create HTTP/1.0', 'Host: t', 'Host: u') ],

    # Headers
    [ 'a blank before the colon',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length : 0') ],
    [ 'a tab before the colon',
        request('POST /tickets/create HTTP/1.1', 'Host: t', "Transfer-Encoding\t: chunked") ],
    [ 'a folded header', request('GET /tickets/create HTTP/1.1', 'Host: t', 'X-A: b', ' c') ],
    [ 'a folded header in CONNECT', request('CONNECT t:80 HTTP/1.1', 'Host: t', 'X-A: b', ' c') ],
    [ 'a folded Content-Length',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Content-Length: 4', ' 4') ],
    [ 'a folded Transfer-Encoding',
        request('POST /tickets/create HTTP/1.1', 'Host: t', 'Transfer-Encoding:', ' chunked') ],
    [ 'a first header that begins with a blank',
        request('GET /tickets/create HTTP/1.1', ' X-A: b', 'Host: t') ],
    [ 'a header without a colon', request('GET /tickets/create HTTP/1.1', 'Host: t', 'nothing') ],
    [ 'a header without a name', request('GET /tickets/create HTTP/1.1', 'Host: t', ': b') ],
    [ 'NUL in a header', request('GET /tickets/create HTTP/1.1', 'Host: t', "X-A: b\0c") ],
    [ 'NUL in a name', request('GET /tickets/create HTTP/1.1', 'Host: t', "X-A\0B: c") ],
    [ 'NUL in the request line', request("GET /tickets/create\0 HTTP/1.1", 'Host: t') ],
    [ 'NUL after Content-Length',
        request('POST /tickets/create HTTP/1.1', 'Host: t', "Content-Length: 0\0\x34") ],
    [ 'a bare CR in a header', request('GET /tickets/create HTTP/1.1', 'Host: t', "X-A: b\rX-C: d") ],
    [ 'a bare CR before a Content-Length',
        request('GET /tickets/create HTTP/1.1', 'Host: t', "X-A: b\rContent-Length: 44") ],
    [ 'a bare CR in the request line', request("GET /tickets/create\r HTTP/1.1", 'Host: t') ],

    # Request lines
    map({ [ "the version $_", request("GET /tickets/create $_", 'Host: t') ] }
        'HTTP/1.2', 'HTTP/2.0', 'HTTP/-1.1', 'HTTP/0.9', 'HTTP/1', 'HTTP/1.1.1', 'HTTP/11', 'http/1.1',
        'HTTP/1.-1', 'HTTP/+1.1', 'HTTP/01.1', 'HTTP/1.01', 'HTTP/1.1x', 'ICY/1.1', 'HTTP/4294967297.1'),
    [ 'no version', request('GET /tickets/create', 'Host: t') ],
    [ 'no path', request('GET HTTP/1.1', 'Host: t') ],
    [ 'a blank in the path', request('GET /tickets/create /x HTTP/1.1', 'Host: t') ],
    [ 'garbage', "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n$hidden" ],
    [ 'garbage without lines', ("\xff" x 20_000) ],
    [ 'an HTTP/2 preface', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n$hidden" ],
);

my $before = last_ticket();

# Attack on a new connection. BEFORE is a request that is sent before the attack in the same packet.
sub try_attack {
    my ($name, $bytes, %given) = @_;
    my $client = $server->client(timeout => 2);
    $client->get('/livez') if $given{is_used};
    $client->send(($given{before} // '') . $bytes);
    $client->response if $given{before};
    my $answer = $client->last_words('');
    is last_ticket(), $before, "$name: no ticket is issued" or $before = last_ticket();
    ok defined $answer, "$name: the connection is closed" or return;
    my @codes = $answer =~ m{^HTTP/1\.[01] (\d+)}mg;
    ok @codes <= 1 && !grep({ $_ != 400 && $_ != 413 } @codes), "$name: the only answer is 400 or 413"
        or diag $answer;
    return unless @codes;
    like $answer, qr/\r\nConnection: close\r\n/i, "$name: the answer says that it is the last one";
    my $body = $bytes =~ /^HEAD/ ? qr/$/ : qr/\{"error":"[^"]+"\}$/;
    like $answer, qr/\r\n\r\n$body/, "$name: it is JSON with an error";
    return;
}

for my $case (@cases) {
    my ($name, $bytes) = @$case;
    try_attack($name, $bytes);
    try_attack("$name, second", $bytes, is_used => 1);
    try_attack("$name, after another", $bytes, before => "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
}

# Readers parse these chunks differently, so a request with chunks is the last one of its connection.
for my $chunks ("+0\r\n\r\n", "0x0\r\n\r\n", " 0\r\n\r\n", "-0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "0\0z\r\n\r\n",
    "3\r\nabc0\r\n\r\n", "3 x\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "\r\n\r\n0\r\n\r\n",
    "0\r\nX-A: b\r\n c\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n")
{
    my $client = $server->client(timeout => 2);
    my $answer = $client->last_words(
        "POST /livez HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n$chunks$hidden") // 'it is open';
    my $name = $chunks =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
    is last_ticket(), $before, "chunks '$name': no request after them is answered" or $before = last_ticket();
    like $answer, qr{^HTTP/1\.1 4\d\d (?!.*HTTP/1).*^Connection: close\r$}ms, '... and the answer says so';
}

# The same lines in their right form are accepted.
my @sound = (
    [ 'Content-Length', "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc" ],
    [ 'blanks around Content-Length',
        "POST /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length:   3  \r\n\r\nabc" ],
    [ 'blanks around Transfer-Encoding',
        "POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: Chunked \r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        is_last => 1 ],
    [ 'an empty Host', "GET /tickets/create HTTP/1.1\r\nHost:\r\n\r\n" ],
    [ 'a body on GET', "GET /tickets/create HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc" ],
    [ 'a HEAD with a length of 0', "HEAD /livez HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", is_head => 1 ],
    [ 'an empty line before a request', "\r\nGET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n" ],
    [ 'an empty line after a body',
        "POST /livez/x HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc\r\nGET /livez HTTP/1.1\r\nHost: t\r\n\r\n",
        is_after => 1 ],
    [ 'a chunk with an extension',
        "POST /tickets/create HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            . "3;a=b ; c=\"d;e\"\r\nabc\r\n0;f\r\n\r\n", is_last => 1 ],
    [ 'lines that end in LF', "GET /tickets/create HTTP/1.1\nHost: t\n\n" ],
);
for my $case (@sound) {
    my ($name, $bytes, %given) = @$case;
    my $client = $server->client(timeout => 3);
    $client->send($bytes);
    $client->response if $given{is_after};
    is $client->response($given{is_head})->{status}, 200, "$name is sound";
    if ($given{is_last}) { ok $client->at_end, '... and the connection ends' }
    else { is $client->get('/livez')->{status}, 200, '... and the connection goes on' }
}

is $server->stop, 0, 'the server stops cleanly';
done_testing;
