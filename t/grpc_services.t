#!/usr/bin/perl
# The services of gRPC answer as HTTP does, and GetNextId as Layotto does.
use strict;
use warnings;
use IO::Uncompress::Gunzip ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Tickr::File;
use Tickr::Grpc;
use Tickr::Process qw(scratch slurp wait_for);
use Tickr::Server;

my $missing = Tickr::Grpc::missing();
plan skip_all => $missing if $missing;

my $folders = 0;

sub settings {
    my (%env) = @_;
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return (
        Tickr::Server::patient(),
        TICKR_GRPC_LISTEN     => '127.0.0.1:0',
        TICKR_STATE_DIR       => $folder,
        TICKR_MAX_NODES       => 1,
        TICKR_NODE_NUMBER     => 0,
        TICKR_STARTING_OFFSET => 1,
        %env);
}

sub server {
    my (%env) = @_;
    my $server = Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { settings(TICKR_DATABASE_ADAPTER => 'memory', %env) });
    if ($env{TICKR_SEQUENCES}) {
        wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    }
    return $server;
}

sub client { return Tickr::Grpc->new(Tickr::Grpc::address($_[0])) }

# Each row: a request, and its response, or its code and a pattern for its message.
sub try_all {
    my ($client, $method, @rows) = @_;
    my $json = JSON::PP->new->canonical;
    for my $row (@rows) {
        my ($request, $code, $expected) = @$row;
        my $answer = $client->call($method, $request);
        my $what   = "$method " . $json->encode($request);
        is $answer->{code}, $code, "$what is $code" or diag $json->encode($answer);
        if ($code eq 'OK') { is_deeply $answer->{response}, $expected, '... with its answer' }
        else               { like $answer->{message}, $expected, '... and says why' }
    }
    return;
}

# --- tickets ----------------------------------------------------------------------------------------

sub tickets {
    my $server = server(TICKR_MAX_BATCH => 1000, TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3, TICKR_STARTING_OFFSET => 326);
    my $client = client($server);
    try_all($client, 'tickr.v1.Tickets/Create',
        [ {},             OK => { tickets => ['329'] } ],
        [ { count => 1 }, OK => { tickets => ['339'] } ],
        [ { count => 3 }, OK => { tickets => [qw(349 359 369)] } ],
        [ { count => 3, format => 'FORMAT_GROUP' }, OK => { range => { first => '379', increment => '10', count => 3 } } ],
        [ { format => 'FORMAT_GROUP' }, OK => { range => { first => '409', increment => '10', count => 1 } } ],
        [ { count => 1001 },            INVALID_ARGUMENT => qr/number of tickets is 1001; it must be from 1 to 1000/ ],
        [ { format => 7 },              INVALID_ARGUMENT => qr/FORMAT_ARRAY or FORMAT_GROUP$/ ],
        [ { count => 1001, format => 7 }, INVALID_ARGUMENT => qr/FORMAT_GROUP, and the number of tickets is 1001; it must/ ]);
    is $server->get('/tickets/create')->{body}, '[419]', 'HTTP continues after gRPC';
    is_deeply $client->call('tickr.v1.Tickets/Status')->{response}, { last_ticket => '419' }, 'the status has the last ticket';
    my $many = $client->call('tickr.v1.Tickets/Create', { count => 1000 })->{response}{tickets};
    is_deeply $many, [ map { '' . (429 + 10 * $_) } 0 .. 999 ], 'a large answer is complete';
    is $server->metric('tickr_tickets_issued_total'), 1 + 1 + 3 + 3 + 1 + 1 + 1000, 'tickets are counted';
    my $broken = $client->do('call', method => '/tickr.v1.Tickets/Create', raw => '0a');
    is $broken->{code}, 'INVALID_ARGUMENT', 'a malformed message is refused';
    is $client->call('tickr.v1.Tickets/Create', {}, compress => 1)->{code}, 'UNIMPLEMENTED', 'a compressed one is unimplemented';
    is $client->call('tickr.v1.Sequences/Create', { name => 'a' })->{code}, 'UNIMPLEMENTED', 'there are no named sequences';
    is $server->stop, 0, 'the server stops cleanly';

    $server = server(TICKR_BATCH_FORMAT => 'group', TICKR_RESERVE_AHEAD => 1);
    $client = client($server);
    try_all($client, 'tickr.v1.Tickets/Create',
        [ {}, OK => { tickets => ['1'] } ],
        [ { count => 2 }, OK => { range => { first => '2', increment => '1', count => 2 } } ],
        [ { count => 2, format => 'FORMAT_ARRAY' }, OK => { tickets => [ 4, 5 ] } ]);
    ok exists $client->call('tickr.v1.Tickets/Status')->{response}{reserved}, 'the status says how many are reserved ahead';
    return;
}

# --- named sequences --------------------------------------------------------------------------------

sub sequences {
    my $server = server(TICKR_SEQUENCES => 'any');
    my $client = client($server);
    try_all($client, 'tickr.v1.Sequences/Create',
        [ { name => 'orders' },             OK => { ids => ['1'] } ],
        [ { name => 'orders', count => 3 }, OK => { ids => [ 2, 3, 4 ] } ],
        [ { name => 'orders', count => 3, format => 'FORMAT_GROUP' }, OK => { range => { first => '5', increment => '1', count => 3 } } ],
        [ { name => 'orders', order => 'ORDER_STRONG' }, OK => { ids => ['8'] } ],
        [ { name => 'weak',   order => 'ORDER_WEAK' },   OK => { ids => ['1'] } ],
        [ { name => 'n' x 128 },            OK => { ids => ['1'] } ],
        [ {},                               INVALID_ARGUMENT => qr/1 to 128 bytes/ ],
        [ { name => 'n' x 129 },            INVALID_ARGUMENT => qr/1 to 128 bytes/ ],
        [ { name => "a\x01" },              INVALID_ARGUMENT => qr/control/ ],
        [ { name => "a\0b" },               INVALID_ARGUMENT => qr/NUL/ ],
        [ { name => 'orders', count => 100_001 }, INVALID_ARGUMENT => qr/number of ids/ ],
        [ { name => 'stored', store => 'tickr' }, OK => { ids => ['1'] } ],
        [ { name => 'orders', store => 'x' }, INVALID_ARGUMENT => qr/it must be one of tickr/ ],
        [ { name => 'orders', order => 9 }, INVALID_ARGUMENT => qr/ORDER_STRONG or ORDER_WEAK/ ]);
    is $server->get('/sequences/orders/create')->{body}, '[9]', 'HTTP continues after gRPC';
    try_all($client, 'tickr.v1.Sequences/Show',
        [ { name => 'orders' }, OK => { name => 'orders', last => '9', start => '1', most => '4611686018427387903', order => 'ORDER_STRONG' } ],
        [ { name => 'none' }, NOT_FOUND => qr/first create makes it/ ]);
    is_deeply $client->call('grpc.health.v1.Health/Check', { service => 'tickr.v1.Sequences' })->{response},
        { status => 'SERVING' }, 'named sequences are ready';
    is $server->stop, 0, 'the server stops cleanly';
    return;
}

# --- Layotto ----------------------------------------------------------------------------------------

sub layotto {
    my $method = 'spec.proto.runtime.v1.Runtime/GetNextId';
    my $server = server(TICKR_SEQUENCES => 'any');
    my $client = client($server);
    my ($weak, $strong) = map { { increment => $_ } } qw(WEAK STRONG);
    try_all($client, $method,
        [ { store_name => 'tickr', key => 'orders', options => $strong }, OK => { next_id => '1' } ],
        [ { store_name => 'tickr', key => 'orders', options => $strong }, OK => { next_id => '2' } ],
        [ { store_name => 'tickr', key => 'a', metadata => { x => 'y' } }, OK => { next_id => '1' } ],
        [ { store_name => 'tickr', key => 'a', options => $weak }, OK => { next_id => '2' } ],
        [ {},                           INVALID_ARGUMENT => qr/^Key is empty in sequencer store $/ ],
        [ { store_name => 'x' },        INVALID_ARGUMENT => qr/^Key is empty in sequencer store x$/ ],
        [ { store_name => 'x', key => 'a||b', options => { increment => 2 } }, UNKNOWN => qr/^options.Increment is illegal/ ],
        [ { store_name => 'x', key => 'a||b' }, UNKNOWN => qr/can't contain '\|\|'/ ],
        [ { store_name => 'x', key => 'a' }, INVALID_ARGUMENT => qr/^Sequencer store x not found$/ ],
        [ { key => 'a' },               INVALID_ARGUMENT => qr/^Sequencer store  not found$/ ],
        [ { store_name => 'tickr', key => "a\0b" },    INVALID_ARGUMENT => qr/NUL/ ],
        [ { store_name => 'tickr', key => 'k' x 129 }, INVALID_ARGUMENT => qr/1 to 128 bytes/ ]);
    is $client->call('spec.proto.runtime.v1.Runtime/SayHello')->{code}, 'UNIMPLEMENTED', 'other methods are unimplemented';
    is $server->get('/sequences/orders/create')->{body}, '[3]', 'keys of the store tickr are names of sequences';

    # A client that alternates sees ids rise.
    my @ids = map { $client->call($method, { store_name => 'tickr', key => 'mixed', options => $_ % 2 ? $weak : $strong })->{response}{next_id} } 1 .. 40;
    is_deeply \@ids, [ sort { $a <=> $b } @ids ], 'ids rise if WEAK and STRONG alternate';
    is scalar keys %{ { map { $_ => 1 } @ids } }, 40, '... and none repeats';
    is $server->stop, 0, 'the server stops cleanly';

    my $without = server();
    try_all(client($without), $method,
        [ {}, FAILED_PRECONDITION => qr/^Sequencer store is not configured/ ]);
    return;
}

# --- passwords --------------------------------------------------------------------------------------

sub passwords {
    my $server = server(TICKR_HTTP_AUTH_PASSWORD => 'secret');
    my $client = client($server);
    my $basic  = sub { [ [ authorization => 'Basic ' . encode_base64($_[0], '') ] ] };
    is $client->call('tickr.v1.Tickets/Create')->{code}, 'UNAUTHENTICATED', 'without a password, no ticket';
    is $client->call('tickr.v1.Tickets/Create', {}, metadata => $basic->('x:wrong'))->{code}, 'UNAUTHENTICATED', '... nor with another';
    is $client->call('tickr.v1.Tickets/Create', {}, metadata => $basic->('x:secret'))->{code}, 'OK', 'with the password, a ticket';
    is $client->call('no.Such/Method')->{code}, 'UNAUTHENTICATED', 'strangers do not learn which methods there are';
    is $client->call('grpc.health.v1.Health/Check')->{code}, 'OK', 'health needs none';
    return;
}

# --- deadlines and cancelled calls ------------------------------------------------------------------

sub deadlines {
    my $database = Tickr::File->new;
    my $server   = Tickr::Server->fresh(database => $database, env => { settings(TICKR_DATABASE_QUERY_TIMEOUT => 5, TICKR_DATABASE_POOL_TIMEOUT => 5) });
    my $client   = client($server);
    is $client->call('tickr.v1.Tickets/Create')->{response}{tickets}[0], 1, 'the first ticket';
    $database->lock;
    is $client->call('tickr.v1.Tickets/Create', {}, timeout => 0.3)->{code}, 'DEADLINE_EXCEEDED', 'a deadline passes';
    wait_for('the server to count it', 10, sub {
        $server->metric('tickr_grpc_requests_total{method="/tickr.v1.Tickets/Create",code="DEADLINE_EXCEEDED"}')
            + $server->metric('tickr_grpc_requests_total{method="/tickr.v1.Tickets/Create",code="CANCELLED"}') == 1 });
    pass 'the server ends the call';
    $client->do('start', id => 1, method => '/tickr.v1.Tickets/Create');
    $client->do('start', id => 2, method => '/tickr.v1.Tickets/Create');
    wait_for('both to wait', 10, sub { $server->metric('tickr_requests_waiting') >= 2 });
    $client->do('cancel', id => 1);
    is $client->do('end', id => 1)->{code}, 'CANCELLED', 'a call is cancelled';
    $database->unlock;
    my $ticket = $client->do('end', id => 2)->{response}{tickets}[0];
    cmp_ok $ticket // 0, '>', 1, 'another one is answered';
    cmp_ok $client->call('tickr.v1.Tickets/Create')->{response}{tickets}[0], '>', $ticket // 0, 'ids of cancelled calls become a gap';
    is $server->stop, 0, 'the server stops cleanly';
    return;
}

# --- reflection, as grpcurl asks ---------------------------------------------------------------------

sub ask_reflection {
    my ($client, $version, @requests) = @_;
    my $id = "reflection$version" . ++$folders;
    $client->do('open', id => $id, method => "/grpc.reflection.$version.ServerReflection/ServerReflectionInfo", requests => \@requests);
    my @answers;
    while (1) {
        my $answer = $client->do('next', id => $id);
        return @answers, $answer->{code} if $answer->{code};
        push @answers, $answer->{response};
    }
}

sub reflection {
    my $server = server();
    my $client = client($server);
    for my $version (qw(v1 v1alpha)) {
        my ($list, $code) = ask_reflection($client, $version, { list_services => '*' });
        is $code, 'OK', "$version: the stream ends";
        my @services = map { $_->{name} } @{ $list->{list_services_response}{service} };
        is_deeply \@services, [ qw(grpc.health.v1.Health grpc.reflection.v1.ServerReflection grpc.reflection.v1alpha.ServerReflection
                spec.proto.runtime.v1.Runtime tickr.v1.Sequences tickr.v1.Tickets) ], "$version: services are listed";
        is_deeply $list->{original_request}, { list_services => '*' }, '... with the request';
        my @symbols = (@services, qw(tickr.v1.Tickets.Create tickr.v1.CreateTicketsRequest tickr.v1.CreateTicketsRequest.count
                tickr.v1.Format spec.proto.runtime.v1.SequencerOptions.AutoIncrement));
        my @answers = ask_reflection($client, $version, map { { file_containing_symbol => $_ } } @symbols);
        is pop @answers, 'OK', "$version: all are answered";
        for my $i (0 .. $#symbols) {
            my ($file, @others) = map { decode_base64($_) } @{ $answers[$i]{file_descriptor_response}{file_descriptor_proto} // [] };
            my ($name) = $symbols[$i] =~ /(\w+)$/;
            like $file // '', qr/\Q$name\E/, "$symbols[$i] is in the file that is sent";
        }
        my ($file, $none, $extension) = ask_reflection($client, $version, { file_by_filename => 'tickr.proto' },
            { file_containing_symbol => 'tickr.v1.Ticket' }, { all_extension_numbers_of_type => 'tickr.v1.Range' });
        is_deeply $file->{file_descriptor_response}, $answers[5]{file_descriptor_response}, "$version: a file is found by name";
        is $none->{error_response}{error_code}, 5, '... a symbol that does not exist is not';
        is $extension->{error_response}{error_code}, 5, '... and there are no extensions';
    }
    is $server->stop, 0, 'the server stops cleanly';
    return;
}

# --- TLS ----------------------------------------------------------------------------------------------

sub tls {
    my $folder = scratch();
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
            . " -keyout '$folder/key.pem' -out '$folder/cert.pem' 2>/dev/null") == 0 or die 'openssl failed';
    my %files  = (TICKR_GRPC_SSL_CERT => "$folder/cert.pem", TICKR_GRPC_SSL_KEY => "$folder/key.pem");
    my $server = server(%files);
    my $client = Tickr::Grpc->new(Tickr::Grpc::address($server), ca => "$folder/cert.pem");
    is $client->call('tickr.v1.Tickets/Create')->{code}, 'OK', 'TLS works';
    is scalar @{ $client->call('tickr.v1.Tickets/Create', { count => 100_000 })->{response}{tickets} }, 100_000, '... for large answers too';
    is client($server)->call('tickr.v1.Tickets/Create', {}, timeout => 3)->{code}, 'UNAVAILABLE', 'without TLS, none is served';
    like qx{openssl s_client -connect @{[ Tickr::Grpc::address($server) ]} -alpn http/1.1 </dev/null 2>&1}, qr/no application protocol/,
        'another protocol is refused';
    is $server->stop, 0, 'the server stops cleanly';
    my ($status, $said) = Tickr::Server->run(program => 'tickrd-memory',
        env => { settings(TICKR_DATABASE_ADAPTER => 'memory', %files, TICKR_GRPC_SSL_KEY => "$folder/cert.pem") });
    is $status, 71, 'a wrong key ends the start';
    like $said, qr/TICKR_GRPC_SSL_KEY=.* cannot be used/, '... with its name';
    ($status, $said) = Tickr::Server->run(arguments => ['check-config'], env => { settings(TICKR_GRPC_SSL_CERT => 'x') });
    like $said, qr/TICKR_GRPC_SSL_CERT is set without TICKR_GRPC_SSL_KEY/, 'a certificate needs its key';
    return;
}

# --- a drain ------------------------------------------------------------------------------------------

sub drain {
    my $database = Tickr::File->new;
    my $server   = Tickr::Server->fresh(database => $database, env => { settings(Tickr::Server::patient(), TICKR_DRAIN_TIMEOUT => 30) });
    my $client   = client($server);
    $client->call('tickr.v1.Tickets/Create');
    $database->lock;
    $client->do('start', id => $_, method => '/tickr.v1.Tickets/Create') for 1 .. 5;
    wait_for('all to wait', 20, sub { $server->metric('tickr_requests_waiting') >= 5 });
    $server->signal('TERM');
    $server->wait_for_log(qr/stopping/) or die 'no stop';
    $database->unlock;
    my @ids = map { $client->do('end', id => $_)->{response}{tickets}[0] } 1 .. 5;
    is scalar keys %{ { map { $_ => 1 } grep {defined} @ids } }, 5, 'a drain answers the calls in flight';
    is $server->process->wait_exit(35), 0, 'the server stops cleanly';
    return;
}

# --- the audit ----------------------------------------------------------------------------------------

sub audit {
    my ($status, $said) = Tickr::Server->run(arguments => ['check-config'], env => { TICKR_AUDIT_DIR => '/' });
    plan skip_all => 'this tickrd was built without zlib' if $said =~ /built without zlib/;
    my $spool = scratch() . '/spool';
    mkdir $spool or die $!;
    my $server = server(TICKR_SEQUENCES => 'any', TICKR_AUDIT_DIR => $spool, TICKR_AUDIT_REQUIRED => 1);
    my $client = client($server);
    my @ids = map { $client->call('tickr.v1.Tickets/Create', { count => 3 })->{response}{tickets}[0] } 1 .. 20;
    is_deeply \@ids, [ map { 3 * $_ + 1 } 0 .. 19 ], 'calls are answered after their records are kept';
    is $client->call('spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'tickr', key => 'orders' },
        metadata => [ [ 'x-request-id' => 'request-1' ] ])->{response}{next_id}, 1, '... GetNextId too';
    is $client->call('tickr.v1.Tickets/Create', { count => 1e9 })->{code}, 'INVALID_ARGUMENT', 'one call fails';
    is $server->stop, 0, 'the server stops cleanly';
    my @lines;
    for my $path (glob "$spool/*.json.gz") {
        my $in = IO::Uncompress::Gunzip->new($path, MultiStream => 1) or die "$path: no gzip\n";
        while (defined(my $line = $in->getline)) { push @lines, JSON::PP::decode_json($line) }
    }
    @lines = grep { $_->{event_type} =~ /^id_/ } @lines;
    is scalar @lines, 22, 'each call has a record';
    is_deeply [ map { $_->{generated_id} } @lines[ 0 .. 19 ] ], \@ids, '... with its ids';
    is_deeply [ sort map { $_->{request_metadata}{protocol} } @lines ], [ ('grpc') x 22 ], '... and its protocol';
    my ($named) = grep { ($_->{sequence} // '') eq 'orders' } @lines;
    is_deeply [ $named->{store}, $named->{request_metadata}{request_id}, $named->{request_metadata}{client_ip} ],
        [ 'tickr', 'request-1', '127.0.0.1' ], 'a record has the store, the id of the request and the client';
    like $named->{request_metadata}{user_agent}, qr/^grpc-python/, '... and its user agent';
    my ($failed) = grep { $_->{event_type} eq 'id_failed' } @lines;
    is $failed->{status}, 400, 'a failed call has the status of HTTP';
    return;
}

my %parts = (audit => \&audit, tickets => \&tickets, sequences => \&sequences, layotto => \&layotto, passwords => \&passwords,
    deadlines => \&deadlines, reflection => \&reflection, tls => \&tls, drain => \&drain);
subtest $_ => $parts{$_} for @ARGV ? @ARGV : sort keys %parts;
done_testing;
