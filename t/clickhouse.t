#!/usr/bin/perl
# The ClickHouse of the tests behaves as ClickHouse does, where tickr relies on it.
use strict;
use warnings;
use Test::More;
use Tickr::ClickHouse;
use Tickr::Client;
use Tickr::Process qw(missing_program scratch slurp spew wait_for);

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new(user => 'writer', password => "it's : secret");

sub insert {
    my ($body, %given) = @_;
    my $headers = $given{encoding} ? ["Content-Encoding: $given{encoding}"] : [];
    return $clickhouse->try_query('INSERT INTO counted (a, s) FORMAT ' . ($given{format} // 'Native'),
        body => $body, headers => $headers, settings => $given{settings} // {});
}

sub packed {
    my ($bytes, @command) = @_;
    my $file = spew('bytes', $bytes);
    return scalar qx(@command < '$file');
}

subtest 'it answers as the engine does' => sub {
    is(Tickr::Client->new(port => $clickhouse->port)->get('/ping')->{body}, "Ok.\n", 'a ping');
    like $clickhouse->value('SELECT version()'), qr/^\d+\.\d+/, 'a version';
    is $clickhouse->value('SELECT currentDatabase()'), 'tickr', 'the database of the request';
    is_deeply [ $clickhouse->rows("SELECT 18446744073709551615 AS a, 'x' AS b") ],
        [ { a => 18446744073709551615, b => 'x' } ], 'rows with whole integers';
    is $clickhouse->value('SELECT {n:UInt32} + 1', settings => { param_n => 41 }), 42, 'a parameter';
};

subtest 'an error has its code, its status and its words' => sub {
    for my $case (
        [ 'SELECT * FROM missing'           => 60, 404, qr/missing/ ],
        [ 'SELEKT 1'                        => 62, 400, qr/Syntax error/ ],
        [ 'SELECT 1; SELECT 2'              => 62, 400, qr/Multi-statements/ ],
        [ "SELECT ';' /* ; */ FORMAT Null;" => 0,  200, qr/^$/ ],
    ) {
        my ($sql, $code, $status, $words) = @$case;
        my $answer = $clickhouse->try_query($sql);
        is $answer->{code}, $code, "$sql: the code";
        is $answer->{status}, $status, "$sql: the status";
        like $answer->{body}, $words, "$sql: the words";
    }
    is $clickhouse->try_query('SELECT 1', database => 'missing')->{code}, 81, 'a missing database';
    is $clickhouse->try_query('SELECT 1', settings => { missing => 1 })->{code}, 115, 'an unknown setting';
    my $get = Tickr::Client->new(port => $clickhouse->port)
        ->get('/?query=CREATE%20DATABASE%20b', headers => [ 'X-ClickHouse-User: writer', "X-ClickHouse-Key: it's : secret" ]);
    is $get->{headers}{'x-clickhouse-exception-code'}, 164, 'a GET cannot write';
};

subtest 'it lets in who has the password' => sub {
    for my $case (
        [ 'no user'                 => 516, [ 'X-ClickHouse-User: default' ] ],
        [ 'a wrong password'        => 516, [ 'X-ClickHouse-User: writer', 'X-ClickHouse-Key: no' ] ],
        [ 'the right one'           => 0,   [ 'X-ClickHouse-User: writer', "X-ClickHouse-Key: it's : secret" ] ],
        [ 'basic'                   => 0,   ['Authorization: Basic d3JpdGVyOml0J3MgOiBzZWNyZXQ='] ],
        [ 'basic, a wrong password' => 516, ['Authorization: Basic d3JpdGVyOm5v'] ],
    ) {
        my ($name, $code, $headers) = @$case;
        is $clickhouse->try_query('SELECT 1', headers => $headers)->{code}, $code, $name;
    }
};

subtest 'it inserts a body, compressed or not, and each token one time' => sub {
    $clickhouse->query('CREATE TABLE counted (a UInt32, s String) ENGINE = MergeTree ORDER BY a'
            . ' SETTINGS non_replicated_deduplication_window = 100');
    my $native = $clickhouse->query("SELECT toUInt32(number) AS a, 'x' AS s FROM numbers(1000) FORMAT Native");
    my $total  = sub { $clickhouse->value('SELECT count() FROM counted') };
    my $number = 0;
    for my $case (
        [ none => $native ],
        [ gzip => packed($native, qw(gzip -c)) ],
        missing_program('zstd') ? () : [ zstd => packed($native, qw(zstd -qc)) ],
    ) {
        my ($encoding, $body) = @$case;
        my %given  = (settings => { insert_deduplication_token => 't-' . ++$number, async_insert => 0 });
        $given{encoding} = $encoding if $encoding ne 'none';
        my $answer = insert($body, %given);
        is $answer->{status}, 200, "$encoding: inserted" or diag $answer->{body};
        like $answer->{headers}{'x-clickhouse-summary'}, qr/"written_rows":"1000"/, "$encoding: the summary";
        is insert($body, %given)->{status}, 200, "$encoding: the same again";
        is $total->(), 1000 * $number, "$encoding: the rows are there one time";
    }
    is insert(substr($native, 0, 2000))->{code}, 33, 'a cut body is an error';
    is insert("{\"a\":1,\"s\":\"y\"}\n", format => 'JSONEachRow')->{status}, 200, 'JSON lines';
    is $total->(), 1000 * $number + 1, 'a cut body inserted nothing';

    my $client = Tickr::Client->new(port => $clickhouse->port);
    my $query  = Tickr::ClickHouse::escaped('INSERT INTO tickr.counted FORMAT TSV');
    $client->send("POST /?query=$query HTTP/1.1\r\nHost: t\r\nX-ClickHouse-User: writer\r\n"
            . "X-ClickHouse-Key: it's : secret\r\nContent-Length: 100\r\n\r\n7\tseven\n");
    $client->close;
    is $clickhouse->value('SELECT count() FROM counted WHERE a = 7 AND s = \'seven\''), 0,
        'a body without its end inserted nothing';
};

subtest 'a test can make it fail' => sub {
    $clickhouse->fail(fail => 252, times => 2);
    is_deeply [ map { $clickhouse->try_query('SELECT 1')->{code} } 1 .. 3 ], [ 252, 252, 0 ], 'a code, two times';
    $clickhouse->fail(fail => 202, status => 429);
    is $clickhouse->try_query('SELECT 1')->{status}, 429, 'a status';
    for my $case ([ before => 0 ], [ after => 1 ]) {
        my ($when, $rows) = @$case;
        my $before = $clickhouse->value('SELECT count() FROM counted');
        $clickhouse->fail(cut => $when);
        ok !eval { insert("9\tcut\n", format => 'TSV'); 1 }, "cut $when: no answer";
        is $clickhouse->value('SELECT count() FROM counted') - $before, $rows, "cut $when: $rows rows";
    }
};

subtest 'its data outlive kill -9' => sub {
    my $rows = $clickhouse->value('SELECT count() FROM counted');
    my $port = $clickhouse->port;
    $clickhouse->kill;
    ok !eval { $clickhouse->value('SELECT 1'); 1 }, 'dead';
    $clickhouse->start;
    is $clickhouse->port, $port, 'the same port';
    is $clickhouse->value('SELECT count() FROM counted'), $rows, 'the same rows';
    $clickhouse->pause;
    my $client = Tickr::Client->new(port => $port, timeout => 1);
    ok !eval { $client->get('/ping') }, 'stopped: a connection, and no answer';
    $clickhouse->resume;
    is $clickhouse->value('SELECT 1'), 1, 'it continues';
};

subtest 'it speaks HTTPS' => sub {
    plan skip_all => 'openssl is not installed' if missing_program('openssl');
    $clickhouse->stop;
    my ($key, $cert) = map { scratch() . "/$_.pem" } qw(key cert);
    system("openssl req -x509 -newkey rsa:2048 -nodes -keyout $key -out $cert -days 2 -subj /CN=localhost"
            . ' -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1') == 0 or die 'openssl failed';
    my $other = Tickr::ClickHouse->new(key => $key, cert => $cert);
    like $other->url, qr{^https://127\.0\.0\.1:\d+/tickr$}, 'its address';
    is $other->value('SELECT 6 * 7'), 42, 'an answer';
};

done_testing;
