#!/usr/bin/perl
# The audit in a folder: who may have it, its lines, a limit, a full disk, and kill -9 under load.
use strict;
use warnings;
use IO::Uncompress::Gunzip ();
use JSON::PP ();
use Test::More;
use Tickr::Coordinators ();
use Tickr::Etcd;
use Tickr::File;
use Tickr::Grpc;
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;
use Time::HiRes ();

my ($status, $output) = Tickr::Server->run(arguments => ['check-config'], env => { TICKR_AUDIT_DIR => '/' });
plan skip_all => 'this tickrd was built without zlib' if $output =~ /built without zlib/;

my $spools  = 0;
my $mounted = '';    # a file system of this test

END { system 'umount', '-l', $mounted if $mounted }

sub new_spool {
    my $folder = scratch() . '/spool' . ++$spools;
    mkdir $folder or die "$folder: $!";
    return $folder;
}

sub memory_server {
    my ($folder, %env) = @_;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_AUDIT_DIR => $folder, %env });
}

# All lines of the finished files in FOLDER.
sub lines_of {
    my ($folder) = @_;
    my @lines;
    for my $path (glob "$folder/*.json.gz") {
        my $in = IO::Uncompress::Gunzip->new($path, MultiStream => 1) or die "$path: no gzip\n";
        while (defined(my $line = $in->getline)) { push @lines, JSON::PP::decode_json($line) }
    }
    return @lines;
}

sub ids_of {
    my @ids;
    for my $line (grep { $_->{count} } @_) {
        push @ids, map { $line->{generated_id} + $_ * $line->{increment} } 0 .. $line->{count} - 1;
    }
    return @ids;
}

sub unfinished { return grep { !/\.json\.gz$|\/lock$/ } glob "$_[0]/*" }

{    # the settings
    my ($status, $output) = Tickr::Server->run(arguments => ['check-config'], env => { TICKR_AUDIT_REQUIRED => 1 });
    is $status, 78, 'a required audit without a folder is refused';
    like $output, qr/TICKR_AUDIT_REQUIRED needs TICKR_AUDIT_DIR/, '... with the remedy';
    ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_AUDIT_DIR => '/', TICKR_AUDIT_S3_URL => 'https://host/bucket' });
    is $status, 78, 'a bucket without keys is refused';
    like $output, qr/TICKR_AUDIT_S3_ACCESS_KEY/, '... and the keys are named';
}

{    # one server, and its lines
    my $folder = new_spool();
    my $server = memory_server($folder);
    my ($status, $output) = Tickr::Server->run(
        program => 'tickrd-memory',
        env     => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_AUDIT_DIR => $folder });
    is $status, 78, 'a second server is refused';
    like $output, qr/another tickrd writes its audit in \Q$folder\E/, '... with the reason';

    my $client = $server->client;
    $client->request('GET', '/tickets/create/3', headers => [ 'User-Agent: a "test"', 'X-Request-Id: r-1' ]);
    $client->get('/tickets/create/none');
    like $client->get('/status')->{body}, qr/"sinks":\[\{"name":"audit","works":true,/, '/status shows the audit';
    wait_for('the records', 20, sub { $server->metric('tickr_audit_records_total') == 2 });
    is_deeply $client->json($client->get('/status'))->{sinks},
        [ { name => 'audit', works => JSON::PP::true(), sent => 2, dropped => 0, last_error => undef } ], '... and its records';
    is $server->stop, 0, 'it stops';
    my @lines = lines_of($folder);
    is scalar @lines, 2, 'each request is a line';
    my ($good, $bad) = @lines;
    my @given = (program => 'tickrd-memory', env => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_AUDIT_DIR => $folder });
    my ($found, $line) = Tickr::Server->run(@given, arguments => [ 'audit', 'find', 339 ]);
    is $found, 0, 'tickrd audit find finds an id in the middle';
    is_deeply JSON::PP::decode_json($line =~ /^(\{.*\})$/m ? $1 : '{}'), $good, '... and prints its line';
    ($found) = Tickr::Server->run(@given, arguments => [ 'audit', 'find', 340 ]);
    is $found, 1, '... and no other id';
    ($found) = Tickr::Server->run(@given, arguments => [ 'audit', 'find', 339, '--hour', '2001-01-01T00' ]);
    is $found, 1, '... and not in another hour';
    ($found, $line) = Tickr::Server->run(@given, arguments => [ 'audit', 'find', 339, '--hour', 'now' ]);
    is $found, 64, '... and an hour that is none is refused';
    is_deeply [ @$good{qw(event_type generated_id count increment node status worker_id)} ],
        [ 'id_generated', 329, 3, 10, 3, 200, undef ], 'a line has the ids';
    is $good->{request_metadata}{client_ip}, '127.0.0.1', '... and the client';
    is $bad->{event_type}, 'id_failed', 'a failure is a line';
    is_deeply [ @$bad{qw(generated_id count status)} ], [ undef, 0, 400 ], '... without ids';
    isnt $good->{event_id}, $bad->{event_id}, 'each line has an id of its own';
    is_deeply [ unfinished($folder) ], [], 'the stop finishes the file';
    my ($name) = glob "$folder/*.json.gz";
    like $name, qr{/node3_20\d\d[01]\d[0-3]\d_[0-2]\d_[0-9a-f]{16}_1\.json\.gz$}, '... of this name';
    my $unreadable = "$folder/node3_20240103_19_8c1f0e5a77d2b946_3.json.gz";
    open my $file, '>', $unreadable or die $!;
    chmod 0, $unreadable;
    my @like_others = $> == 0 ? qw(setpriv --bounding-set -dac_override,-dac_read_search) : ();    # root may read it
    ($found, $line) = Tickr::Server->run(@given, through => \@like_others, arguments => [ 'audit', 'find', 340 ]);
    is $found, 69, 'a file that cannot be read is a failure';
    like $line, qr/\Q$unreadable\E cannot be read: /, '... which is named';
    unlink $unreadable;
}

{    # clients that send strange bytes: each line stays JSON in UTF-8, and no longer than others
    my $folder = new_spool();
    my $server = memory_server($folder);
    my @agents = ('quote " and \\ backslash', "bytes \xff\xfe\x80\xc3", "cut \xe2\x82" , 'x' x 63 . "\xe2\x82\xac", "\x80" x 200, "tab\there", "\x7f",
        "\xc0\xafoverlong", "\xed\xa0\x80 surrogate", 'y' x 8000, '</script>');
    my $answered = 0;
    for my $agent (@agents) {
        my $answer = $server->request('GET', '/tickets/create', headers => [ "User-Agent: $agent", "X-Forwarded-For: 6.6.6.6, fe80::1%eth0" ]);
        $answered++ if $answer->{status} == 200;
    }
    cmp_ok $answered, '>=', 9, 'requests with strange bytes get ids';
    is $server->stop, 0, 'it stops';
    my @lines = eval { lines_of($folder) };
    is $@, '', 'each line is JSON in UTF-8';
    is scalar(grep { $_->{count} } @lines), $answered, '... for each of them';
    is_deeply [ grep { length(JSON::PP->new->utf8->encode($_)) > 1200 } @lines ], [], '... and no agent makes it long';
    is_deeply [ grep { $_->{count} && $_->{request_metadata}{client_ip} ne '127.0.0.1' } @lines ], [], '... and no address that a client invented counts';
}

{    # the limit
    my $folder = new_spool();
    my $server = memory_server($folder, TICKR_AUDIT_REQUIRED => 1, TICKR_AUDIT_MOST => 1048576);
    my $load   = Tickr::Load->start($server, clients => 4);
    ok $server->wait_for_log(qr/msg="cannot write audit records" reason="the audit folder holds \d+ bytes, and TICKR_AUDIT_MOST is 1048576" required=yes/, 60),
        'a full spool is logged';
    my @answers = map {@$_} $load->finish;
    wait_for('the journal to be packed', 30, sub { !grep {/\.lines$|\.packing$/} glob "$folder/*" });
    ok $server->wait_for_log(qr/msg="audit records are written again"/, 60), 'packed files make room';
    cmp_ok scalar(grep { $_->{status} eq '503' && $_->{body} =~ /audit record of these ids cannot be written/ } @answers), '>', 0,
        'ids whose record was lost are refused';
    is $server->metric('tickr_tickets_issued_total'), scalar(grep { $_->{status} eq '200' } @answers),
        '... and are not counted as issued';
    is $server->get('/tickets/create')->{status}, 200, 'with room, ids are issued again';
    is $server->stop, 0, 'it stops';
}

{    # a required audit that fails: everything that issues ids, and every probe
    my ($folder, $state) = (new_spool(), scratch() . '/state');
    my $missing = Tickr::Grpc::missing();
    my @probes  = qw(/readyz /readyz?sequences /readyz?store=m /status);
    mkdir $state or die "$state: $!";
    my $server = memory_server(
        $folder,
        TICKR_AUDIT_REQUIRED   => 1,
        TICKR_SEQUENCES        => 'any',
        TICKR_SEQUENCERS_FILE  => spew('stores.json', '{"sequencer": {"m": {"type": "in-memory"}}}'),
        TICKR_ALLOW_FORGETTING => 1,
        TICKR_STATE_DIR        => $state,
        $missing ? () : (TICKR_GRPC_LISTEN => '127.0.0.1:0'));
    for my $probe (@probes) {
        wait_for("$probe to succeed", 20, sub { $server->get($probe)->{status} == 200 });
    }
    system('rm', '-r', $folder) == 0 or die "rm: $?";
    for my $path ('/tickets/create', '/tickets/create/3?format=group', '/sequences/a/create', '/sequences/a/create/2?store=m') {
        my $answer = $server->get($path);
        is $answer->{status}, 503, "without the spool, $path issues no ids";
        like $answer->{body}, qr/audit/, '... with the reason';
    }
    is $server->get($_)->{status}, 503, "... $_ fails" for @probes;
  SKIP: {
        skip $missing, 8 if $missing;
        my $grpc = Tickr::Grpc->new(Tickr::Grpc::address($server));
        for my $service ('', qw(tickr.v1.Tickets tickr.v1.Sequences spec.proto.runtime.v1.Runtime m)) {
            is $grpc->call('grpc.health.v1.Health/Check', { service => $service })->{response}{status}, 'NOT_SERVING',
                "... service '$service' does not serve";
        }
        for my $call ([ 'tickr.v1.Tickets/Create', {} ], [ 'tickr.v1.Sequences/Create', { name => 'a', store => 'm' } ],
            [ 'spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'm', key => 'a' } ]) {
            is $grpc->call(@$call)->{code}, 'UNAVAILABLE', "... $call->[0] issues no ids";
        }
    }
    is $server->metric('tickr_tickets_issued_total') + $server->metric('tickr_sequence_ids_issued_total'), 0, '... none is counted as issued';
    is $server->stop, 0, 'it stops';
}

SKIP: {    # Snowflake ids, with the epoch and the bits of a coordinator
    skip(Tickr::Etcd->missing, 6) if Tickr::Etcd->missing;
    my $folder = new_spool();
    my $etcd   = Tickr::Etcd->new;
    $etcd->put('/id-generator/config/epoch', '1600000000000');
    $etcd->put('/id-generator/config/datacenter_bits', '5');
    my %bits   = (TICKR_SNOWFLAKE_DATACENTER_BITS => 5, TICKR_SNOWFLAKE_DATACENTER => 3);
    my $server = Tickr::Coordinators::lease_server($etcd, env => { TICKR_AUDIT_DIR => $folder, %bits });
    $server->wait_until_ready;
    my $worker = Tickr::Coordinators::worker_of($server);
    my $now_ms = 1000 * Time::HiRes::time();
    is $server->get('/tickets/create/3')->{status}, 200, 'ids of a worker of a coordinator';
    is $server->stop, 0, '... of a server that stops';
    my ($line) = lines_of($folder);
    is "$line->{datacenter_id} $line->{worker_id}", "3 $worker", '... have its datacenter and worker';
    cmp_ok abs($line->{id_components}{timestamp_ms} - $now_ms), '<', 20000, '... and the time by the epoch of the coordinator';
    like [ glob "$folder/*.json.gz" ]->[0], qr{/dc3_worker${worker}_}, '... as their file';
    my ($status) = Tickr::Server->run(
        env => Tickr::Coordinators::lease_settings($etcd, %bits, TICKR_SNOWFLAKE_DATACENTER_BITS => 4));
    is $status, 78, 'other bits than those of the coordinator are refused';
}

SKIP: {    # the same over gRPC
    skip(Tickr::Grpc->missing, 4) if Tickr::Grpc->missing;
    my $folder = new_spool();
    my $server = memory_server($folder, TICKR_AUDIT_REQUIRED => 1, TICKR_GRPC_LISTEN => '127.0.0.1:0');
    my $grpc   = Tickr::Grpc->new(Tickr::Grpc::address($server));
    my $answer = $grpc->call('tickr.v1.Tickets/Create', {});
    is $answer->{code}, 'OK', 'a call gets an id' or diag explain $answer;
    my ($journal) = glob "$folder/*.journal";
    my $line = JSON::PP::decode_json((split /\n/, slurp($journal // ''))[-1] // '{}');
    is $line->{generated_id}, 329, '... which is in the journal already';
    is $line->{request_metadata}{protocol}, 'grpc', '... with its protocol';
    is $server->stop, 0, 'it stops';
}

{    # the same without a requirement
    my $folder = new_spool();
    my $server = memory_server($folder);
    system('rm', '-r', $folder) == 0 or die "rm: $?";
    my $client = $server->client;
    is $client->get('/tickets/create')->{status}, 200, 'a spool that is gone';
    ok $server->wait_for_log(qr/msg="cannot write audit records" .*required=no/, 30), '... is logged';
    is $client->get('/tickets/create')->{status}, 200, '... ids go on';
    is $client->get('/readyz')->{status},         200, '... the server stays ready';
    my ($sink) = @{ $client->json($client->get('/status'))->{sinks} };
    ok !$sink->{works}, '... /status says so';
    like $sink->{reason}, qr/the audit folder was removed: make it again, and restart tickrd/, '... and why';
    cmp_ok $sink->{dropped}, '>', 0, '... and how many records are lost';
    cmp_ok $server->metric('tickr_audit_records_lost_total'), '>', 0, '... and lost records are counted';
    is $server->metric('tickr_audit_works'), 0, '... while it does not work';
    $server->stop;
}

SKIP: {    # a full disk
    my $folder = new_spool();
    skip 'no file system can be mounted here', 6
        if $> != 0 || system("mount -t tmpfs -o size=2m tickr-test $folder 2>/dev/null") != 0;
    $mounted = $folder;
    my $server = memory_server($folder, TICKR_AUDIT_REQUIRED => 1);
    my $load   = Tickr::Load->start($server, clients => 4);
    ok $server->wait_for_log(qr/msg="cannot write audit records" reason="the disk of the audit folder is full: /, 60),
        'a full disk is logged';
    $load->finish;
    is $server->get('/readyz')->{status}, 503, '... the server is not ready';
    system("mount -o remount,size=200m $folder") == 0 or die "remount: $?";
    ok $server->wait_for_log(qr/msg="audit records are written again"/, 30), 'more room ends that';
    is $server->get('/tickets/create')->{status}, 200, '... and ids are issued';
    is $server->stop, 0, 'it stops';
    my @ids = ids_of(lines_of($folder));
    my %count;
    $count{$_}++ for @ids;
    is_deeply [ grep { ($count{$_} // 0) != 1 } sort keys %{ seen_of($load) } ], [],
        'each id that a client saw is in one line';
    system('umount', $mounted) == 0 or die "umount: $?";
    $mounted = '';
}

# The ids that the clients of LOADS saw, in arrays and groups, each as a key.
sub seen_of {
    my %seen;
    for my $path (map { glob "$_->{folder}/*" } @_) {
        for (split /\n/, slurp($path)) {
            my $json = / 200 ([\[{].*[\]}])/ ? JSON::PP::decode_json($1) : [];
            $json = [ map { $json->{first} + $_ * $json->{increment} } 0 .. $json->{count} - 1 ] if ref $json eq 'HASH';
            $seen{$_} = 1 for @$json;
        }
    }
    return \%seen;
}

for my $required (0, 1) {    # a stop under load: the last answers
    my $folder = new_spool();
    my $server = memory_server($folder, TICKR_AUDIT_REQUIRED => $required);
    my $load   = Tickr::Load->start($server, clients => 8);
    wait_for('answers', 60, sub { $load->answers > 2000 });
    is $server->stop, 0, "TICKR_AUDIT_REQUIRED=$required: it stops under load";
    $load->finish;
    my %count;
    $count{$_}++ for ids_of(lines_of($folder));
    is_deeply [ grep { ($count{$_} // 0) != 1 } sort keys %{ seen_of($load) } ], [], '... each id that a client saw is in one line';
    is_deeply [ unfinished($folder) ], [], '... and all files are finished';
}

SKIP: {    # kill -9
    skip(Tickr::File->missing, 5) if Tickr::File->missing;
    my $folder   = new_spool();
    my $database = Tickr::File->new;
    my %env      = (TICKR_AUDIT_DIR => $folder, TICKR_AUDIT_REQUIRED => 1, Tickr::Server::patient());
    Tickr::Server->createdb(database => $database);
    my %seen;
    for my $round (1 .. 4) {
        my $server = Tickr::Server->new(database => $database, env => \%env);
        my @loads  = map { Tickr::Load->start($server, clients => 3, path => $_) }
            qw(/tickets/create /tickets/create/3 /tickets/create/7?format=group);
        for my $load (@loads) {
            wait_for('answers', 60, sub { $load->answers > 100 * $round });
        }
        $server->process->kill_hard;
        $_->finish for @loads;
        my $new = seen_of(@loads);
        $seen{$_}++ for keys %$new;
    }
    my $server = Tickr::Server->new(database => $database, env => \%env);
    is $server->stop, 0, 'the server stops after four kills';
    is_deeply [ unfinished($folder) ], [], '... and all files are finished';
    my %count;
    $count{$_}++ for ids_of(lines_of($folder));
    cmp_ok scalar keys %seen, '>', 1000, 'clients saw ids: ' . keys %seen;
    is_deeply [ grep { ($count{$_} // 0) != 1 } sort keys %seen ], [], '... each is in exactly one line';
    is_deeply [ grep { $_ != 1 } values %count ], [], '... and no id is in two lines';
}

done_testing;
