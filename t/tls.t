#!/usr/bin/perl
# TLS to the database: its certificate is verified, and a connection that does not fit the settings is refused.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(scratch slurp);
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();
plan skip_all => 'openssl is not installed' if system('openssl version >/dev/null 2>&1');

my $folder = scratch();

sub openssl {
    system("cd '$folder' && openssl $_[0] >openssl.log 2>&1") == 0
        or die "openssl $_[0]:\n" . slurp("$folder/openssl.log");
    return;
}

# Make an authority, its certificates for 127.0.0.1 and for another name, and another authority.
sub make_certificates {
    openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tickr-test-authority'
            . ' -keyout ca.key -out ca.pem');
    openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=somebody-else'
            . ' -keyout other.key -out other.pem');
    for my $name (qw(127.0.0.1 elsewhere.example)) {
        my $kind = $name =~ /^[0-9.]+$/ ? 'IP' : 'DNS';
        openssl("req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key -out $name.csr");
        open my $extension, '>', "$folder/$name.ext" or die $!;
        print {$extension} "subjectAltName=$kind:$name\n";
        close $extension;
        openssl("x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
                . " -extfile $name.ext -out $name.pem");
    }
    return;
}

sub database_with {
    my ($certificate) = @_;
    my $database = Tickr::Database->new(
        tcp     => 1,
        options => $certificate
        ? [ "--ssl-cert=$folder/$certificate.pem", "--ssl-key=$folder/$certificate.key" ]
        : ['--skip-ssl'],
    );
    $database->sql("CREATE USER tickr\@'127.0.0.1' IDENTIFIED BY 'secret'"
            . ($certificate ? ' REQUIRE SSL' : '')
            . "; GRANT ALL ON tickr.* TO tickr\@'127.0.0.1'");
    return $database;
}

sub settings {
    my ($database, %tls) = @_;
    return {
        TICKR_DATABASE_HOST     => '127.0.0.1:' . $database->port,
        TICKR_DATABASE_USERNAME => 'tickr',
        TICKR_DATABASE_PASSWORD => 'secret',
        %tls,
    };
}

# createdb over TCP, with TLS from these settings: (exit status, output).
sub create_through {
    my ($database, %tls) = @_;
    return Tickr::Server->run(arguments => [ 'createdb', '--if-not-exists' ], env => settings($database, %tls));
}

make_certificates();
my $database = database_with('127.0.0.1');

my ($status, $output) = create_through($database, TICKR_DATABASE_SSL_CA => "$folder/ca.pem");
is $status, 0, 'a certificate of the right authority is accepted' or diag $output;

($status, $output) = create_through($database, TICKR_DATABASE_SSL_CA => "$folder/other.pem");
is $status, 1, 'one of another authority is refused';
like $output, qr/cannot connect to 127\.0\.0\.1:\d+: .*certificate/i, '... and the reason says so';

($status, $output) = create_through(
    $database,
    TICKR_DATABASE_SSL_CA     => "$folder/other.pem",
    TICKR_DATABASE_SSL_VERIFY => 'no',
);
is $status, 0, '... unless TICKR_DATABASE_SSL_VERIFY=no' or diag $output;

{
    my $server = Tickr::Server->new(env => settings($database, TICKR_DATABASE_SSL_CA => "$folder/ca.pem"));
    is $server->get('/tickets/create')->{body}, '[329]', 'tickrd serves over TLS';
    is $server->stop, 0, 'the server stops cleanly';
    unlike $server->log, qr/secret/, '... without the password in the log';
}

my $misnamed = database_with('elsewhere.example');
($status, $output) = create_through($misnamed, TICKR_DATABASE_SSL_CA => "$folder/ca.pem");
is $status, 1, 'a certificate for another name is refused';

my $plain = database_with(undef);
($status, $output) = create_through($plain, TICKR_DATABASE_SSL_CA => "$folder/ca.pem");
is $status, 1, 'a database without TLS is refused if the settings ask for TLS';
like $output, qr/TLS|SSL/, '... and the reason says so';
($status, $output) = create_through(
    $plain,
    TICKR_DATABASE_SSL_CA     => "$folder/ca.pem",
    TICKR_DATABASE_SSL_VERIFY => 'no',
);
is $status, 1, '... also without the check of the certificate';
($status, $output) = create_through($plain);
is $status, 0, '... and serves if the settings do not' or diag $output;

# Killed sessions are lost sessions, as over plain TCP.
{
    my $server = Tickr::Server->new(env =>
            { %{ settings($database, TICKR_DATABASE_SSL_CA => "$folder/ca.pem") }, TICKR_DATABASE_POOL_TIMEOUT => 10 });
    my $load = Tickr::Load->start($server, clients => 2);
    for (1 .. 5) {
        $load->wait_for_answers(50);
        my $ids = $database->sql(q{SELECT id FROM information_schema.processlist WHERE user = 'tickr'});
        $database->try_sql("KILL $_") for split /\n/, $ids;
    }
    $load->wait_for_answers(50);
    my @clients = $load->finish;
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], [200], 'killed sessions cost no client an answer';
    is $server->metric('tickr_database_refused'), 0, '... and the database is not refused';
    is $server->stop, 0, 'the server stops cleanly';
    unlike $server->log, qr/the database is refused/, '... nor was it before';
}

# A database that breaks off the handshake is down. Its greeting offers TLS.
{
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 10) or die "listen: $!";
    my $greeting = "\x0a10.11.19-MariaDB\0" . pack('V', 7) . "abcdefgh\0\xff\xff\x08" . pack('vv', 2, 0x81ff)
        . "\x15" . "\0" x 10 . "abcdefghijkl\0mysql_native_password\0";
    my $peer = Tickr::Process->new(
        name => 'peer',
        code => sub {
            while (my $client = $listener->accept) {
                syswrite $client, substr(pack('V', length $greeting), 0, 3) . "\0$greeting";
                sysread $client, my $request, 36;
                close $client;
            }
        });
    my $server = Tickr::Server->new(env => {
        %{ settings($database, TICKR_DATABASE_SSL_CA => "$folder/ca.pem") },
        TICKR_DATABASE_HOST => '127.0.0.1:' . $listener->sockport,
    });
    ok $server->wait_for_log(qr/\(error 2026\)/), 'a handshake that breaks off does not end the start';
    is $server->metric('tickr_database_refused'), 0, '... and is not refused';
    is $server->stop, 0, 'the server stops cleanly';
    $peer->kill_hard;
}

($status, $output) = Tickr::Server->run(env => settings($database, TICKR_DATABASE_SSL_CA => "$folder/other.pem"));
is $status, 78, 'tickrd does not start if the certificate is refused';

done_testing;
