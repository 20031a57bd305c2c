#!/usr/bin/perl
# The audit in a bucket: Swift with its S3 interface, which checks signatures. It fails in each way that it has.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Uncompress::Gunzip ();
use JSON::PP ();
use Test::More;
use Tickr::Certificates;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;
use Tickr::Swift;

plan skip_all => Tickr::Swift->missing if Tickr::Swift->missing;
my ($status, $output) = Tickr::Server->run(
    arguments => ['check-config'],
    env       => {
        TICKR_AUDIT_DIR           => '/',
        TICKR_AUDIT_S3_URL        => 'https://host/bucket',
        TICKR_AUDIT_S3_ACCESS_KEY => 'a',
        TICKR_AUDIT_S3_SECRET_KEY => 's',
    });
plan skip_all => 'this tickrd was built without the audit in a bucket' if $output =~ /built without/;

my $certificates;
if (!Tickr::Certificates::missing()) {
    $certificates = Tickr::Certificates->new;
    $certificates->issue('swift');
}
my $swift  = Tickr::Swift->new(certificates => $certificates);
my $spools = 0;

sub new_spool {
    my $folder = scratch() . '/spool' . ++$spools;
    mkdir $folder or die "$folder: $!";
    return $folder;
}

sub new_server {
    my ($folder, %given) = @_;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => {
            TICKR_DATABASE_ADAPTER => 'memory',
            TICKR_AUDIT_DIR        => $folder,
            TICKR_AUDIT_REQUIRED   => 1,
            $swift->environment(%{ $given{env} // {} }),
        });
}

# The ids in the object NAME of the bucket.
sub ids_of_object {
    my ($name) = @_;
    my $bytes = $swift->object('audit', $name);
    my $in    = IO::Uncompress::Gunzip->new(\$bytes, MultiStream => 1) or die "$name: no gzip\n";
    my @ids;
    while (defined(my $json = $in->getline)) {
        my $line = JSON::PP::decode_json($json);
        push @ids, map { $line->{generated_id} + $_ * $line->{increment} } 0 .. $line->{count} - 1;
    }
    return @ids;
}

# The number of finished files in the folder.
sub files_of {
    my @files = glob "$_[0]/*.json.gz";
    return scalar @files;
}

# A spool with one finished file, of a server that could not reach the store. Return the folder.
sub spool_with_a_file {
    my $folder = new_spool();
    my $server = new_server($folder, env => { TICKR_AUDIT_S3_URL => 'http://127.0.0.1:1/audit' });
    $server->get('/tickets/create/7');
    $server->stop;
    return $folder;
}

sub failures {
    my ($server, $reason) = @_;
    return $server->metric(qq(tickr_audit_upload_failures_total{reason="$reason"}));
}

# A server that answers each request with ANSWER, and takes it for a store.
sub web_server {
    my ($answer) = @_;
    my $socket = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "socket: $!";
    my $process = Tickr::Process->new(
        name => 'web' . $socket->sockport,
        code => sub {
            while (my $client = $socket->accept) {
                my $head = '';
                while ($head !~ /\r\n\r\n$/) { sysread $client, my $byte, 1 or last; $head .= $byte }
                my $left = $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;
                while ($left > 0) { my $got = sysread $client, my $bytes, $left or last; $left -= $got }
                print $client $answer;
                close $client;
            }
        });
    return { process => $process, url => 'http://127.0.0.1:' . $socket->sockport };
}

# The server fails to upload for REASON; ids go on; the file stays.
sub fails {
    my ($name, $reason, $words, %given) = @_;
    my $folder = spool_with_a_file();
    my $server = new_server($folder, %given);
    ok $server->wait_for_log(qr/msg="cannot upload an audit file" reason="[^\n]*$words/, 60), "$name is logged"
        or diag $server->log;
    cmp_ok failures($server, $reason), '>=', 1, '... and counted';
    is $server->metric('tickr_audit_upload_works'), 0, '... as a failure';
    my ($sink) = @{ JSON::PP::decode_json($server->get('/status')->{body})->{sinks} };
    like $sink->{last_error}, qr/^cannot upload an audit file: /, '... and shown by /status';
    is $server->get('/tickets/create')->{status}, 200, '... ids go on';
    is $server->get('/readyz')->{status}, 200, '... the server is ready';
    cmp_ok files_of($folder), '>=', 1, '... and the file stays';
    return ($server, $folder);
}

# --- failures ------------------------------------------------------------------------------------

{
    my ($server) = fails('a bucket that is missing', 'bucket', 'there is no such bucket');
    $server->stop(30);
}
$swift->make_bucket('audit');
{
    my ($server) = fails('a wrong secret', 'credentials', 'refuses the keys[^\n]*SignatureDoesNotMatch',
        env => { TICKR_AUDIT_S3_SECRET_KEY => 'wrong' });
    $server->stop(30);
}
SKIP: {
    my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
    skip 'libfaketime is not installed', 7 if !$library;
    my ($server) = fails('a clock that is wrong', 'clock', 'clock of this host[^\n]*RequestTimeTooSkewed',
        env => { LD_PRELOAD => $library, FAKETIME => '+2h', FAKETIME_DONT_FAKE_MONOTONIC => 1 });
    $server->process->kill_hard;
}
{    # an address of something else, which answers 200
    my $page = web_server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    my ($server) = fails('a page in place of a store', 'other', 'the answer has no ETag', env => { TICKR_AUDIT_S3_URL => "$page->{url}/audit" });
    $server->stop(30);
}
SKIP: {
    skip Tickr::Certificates::missing(), 7 if !$certificates;
    my ($server) = fails('a store whose authority is not known', 'unreachable', 'certificate', env => { TICKR_AUDIT_S3_URL => $swift->tls_url });
    $server->stop(30);
}
is_deeply [ $swift->objects('audit') ], [], 'no failure left an object';

# --- success -------------------------------------------------------------------------------------

my %seen;
my $folder = new_spool();
{
    my $server = new_server($folder);
    my $client = $server->client;
    for (1 .. 20) {
        $seen{$_} = 1 for @{ $client->json($client->get('/tickets/create/5')) };
    }
    is $server->stop(30), 0, 'a server that stops';
    is_deeply [ grep { !m{/lock$} } glob "$folder/*" ], [], '... uploads its file and removes it';
    like $server->log =~ s/\n/ /gr, qr/stopped/, '... in time';
}
{
    my @names = $swift->objects('audit');
    is scalar @names, 1, 'the bucket has one object';
    like $names[0], qr{^some/prefix/year=20\d\d/month=[01]\d/day=[0-3]\d/hour=[0-2]\d/node3_\d{8}_\d\d_[0-9a-f]{16}_\d+\.json\.gz$},
        '... of this name';
    my %count;
    $count{$_}++ for ids_of_object($names[0]);
    is_deeply [ sort { $a <=> $b } keys %count ], [ sort { $a <=> $b } keys %seen ], '... with the ids that the client saw';
    is_deeply [ grep { $_ != 1 } values %count ], [], '... each once';
    my $hour = $names[0] =~ m{year=(\d+)/month=(\d+)/day=(\d+)/hour=(\d+)} ? "$1-$2-$3T$4" : '';
    for my $arguments ([], [ '--hour', $hour ]) {
        my ($id) = sort keys %seen;
        my ($status, $output) = Tickr::Server->run(
            program   => 'tickrd-memory',
            arguments => [ 'audit', 'find', $id, @$arguments ],
            env       => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_AUDIT_DIR => $folder, $swift->environment });
        is $status, 0, "tickrd audit find @$arguments finds an id in the bucket" or diag $output;
        like $output, qr/"generated_id":/, '... and prints its line';
    }
}

{    # a store that sends 100 Continue first, and an ETag that is no MD5 of the bytes, as of encrypted objects
    my $store  = web_server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag: \"0123\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    my $folder = spool_with_a_file();
    my $server = new_server($folder, env => { TICKR_AUDIT_S3_URL => "$store->{url}/audit" });
    wait_for('the upload', 60, sub { !files_of($folder) });
    pass 'a store may send 100 Continue, and any ETag';
    $server->stop(30);
}

# Put a file to URL, and return the names of the new objects.
sub new_objects {
    my ($url, %env) = @_;
    my %before = map { $_ => 1 } $swift->objects('audit');
    my $folder = spool_with_a_file();
    my $server = new_server($folder, env => { TICKR_AUDIT_S3_URL => $url, %env });
    wait_for('the upload', 60, sub { !files_of($folder) });
    my $status = $server->stop(30);
    return grep { !$before{$_} } $swift->objects('audit');
}

{
    my ($name) = new_objects($swift->virtual_url);
    like $name, qr{^virtual/year=}, 'the host can name the bucket';
}
SKIP: {
    skip Tickr::Certificates::missing(), 2 if !$certificates;
    my %ca = (TICKR_AUDIT_S3_SSL_CA => $certificates->authority);
    my ($name) = new_objects($swift->tls_url, %ca);
    like $name, qr{^tls/year=}, 'TICKR_AUDIT_S3_SSL_CA names the authority of a private store';
    my $missing = scratch() . '/missing.pem';
    my ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_AUDIT_DIR => '/', $swift->environment, TICKR_AUDIT_S3_SSL_CA => $missing });
    like $output, qr/TICKR_AUDIT_S3_SSL_CA=\Q$missing\E cannot be read/, '... and a file that is missing is refused';
}

# --- the store hangs, and is gone ----------------------------------------------------------------

{
    my $folder = spool_with_a_file();
    $swift->pause;
    my $server = new_server($folder);
    is $server->get('/tickets/create')->{status}, 200, 'while the store hangs, ids go on';
    is $server->get('/readyz')->{status}, 200, '... and the server is ready';
    is files_of($folder), 1, '... and the file stays';
    $swift->resume;
    wait_for('the upload', 90, sub { !files_of($folder) });
    pass 'the file goes when the store goes on';
    is $server->stop(30), 0, 'the server stops';
}
{
    $swift->kill_proxy;
    my ($server, $folder) = fails('a store that is gone', 'unreachable', 'cannot be reached');
    $swift->start_proxy;
    ok $server->wait_for_log(qr/msg="audit files are uploaded again"/, 120), 'a store that is back gets the file';
    wait_for('the upload', 60, sub { !files_of($folder) });
    is $server->metric('tickr_audit_upload_works'), 1, '... and the failure is over';
    is $server->stop(30), 0, 'the server stops';
}
$swift->log_in;
my @all = $swift->objects('audit');
is scalar @all, $certificates ? 7 : 6, 'all files are in the bucket, under names of their own';

# --- all of it under load --------------------------------------------------------------------------

SKIP: {
    skip(Tickr::File->missing, 4) if Tickr::File->missing;
    my $folder   = new_spool();
    my $database = Tickr::File->new;
    my %before   = map { $_ => 1 } @all;
    my %env      = (TICKR_AUDIT_DIR => $folder, TICKR_AUDIT_REQUIRED => 1, Tickr::Server::patient(), $swift->environment);
    my (%seen, %count);
    Tickr::Server->createdb(database => $database);
    for my $trouble ('pause', 'kill_proxy', '') {
        my $server = Tickr::Server->new(database => $database, env => \%env);
        my $load   = Tickr::Load->start($server, clients => 4);
        wait_for('answers', 60, sub { $load->answers > 200 });
        $swift->$trouble if $trouble;
        $load->wait_for_answers(500);
        if ($trouble) { $server->process->kill_hard }
        else          { is $server->stop(30), 0, 'the last server stops' }
        $seen{$_}++ for map { @{ $_->{tickets} } } map {@$_} $load->finish;
        $swift->resume      if $trouble eq 'pause';
        $swift->start_proxy if $trouble eq 'kill_proxy';
    }
    is files_of($folder), 0, 'after kills of servers, and of a store that hung, no file is left';
    $swift->log_in;
    for my $name (grep { !$before{$_} } $swift->objects('audit')) {
        $count{$_}++ for ids_of_object($name);
    }
    is_deeply [ grep { ($count{$_} // 0) != 1 } sort keys %seen ], [], '... and each id that a client saw is in one object: ' . keys %seen;
    is_deeply [ grep { $_ != 1 } values %count ], [], '... and no id is in two';
}

done_testing;
