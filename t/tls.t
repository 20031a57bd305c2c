#!/usr/bin/perl
# TLS to the database: verified, and refused where it is not what was asked for.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
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

# An authority, and a certificate of its for the server at 127.0.0.1.
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
is $status, 0, 'a server with a certificate of our authority is believed' or diag $output;

($status, $output) = create_through($database, TICKR_DATABASE_SSL_CA => "$folder/other.pem");
is $status, 1, 'one of another authority is not';
like $output, qr/cannot connect to 127\.0\.0\.1 port \d+: .*certificate/i, 'and the reason is told';

($status, $output) = create_through(
    $database,
    TICKR_DATABASE_SSL_CA     => "$folder/other.pem",
    TICKR_DATABASE_SSL_VERIFY => 'no',
);
is $status, 0, 'unless TICKR_DATABASE_SSL_VERIFY=no' or diag $output;

{
    my $server = Tickr::Server->new(env => settings($database, TICKR_DATABASE_SSL_CA => "$folder/ca.pem"));
    is $server->get('/tickets/create')->{body}, '[329]', 'tickets come over TLS';
    is $server->stop, 0, 'the server stops cleanly';
    unlike $server->log, qr/secret/, 'the password is not in the log';
}

my $misnamed = database_with('elsewhere.example');
($status, $output) = create_through($misnamed, TICKR_DATABASE_SSL_CA => "$folder/ca.pem");
is $status, 1, 'a certificate for another name is refused';

my $plain = database_with(undef);
($status, $output) = create_through($plain, TICKR_DATABASE_SSL_CA => "$folder/ca.pem");
is $status, 1, 'a server without TLS is refused where TLS is asked for';
like $output, qr/TLS|SSL/, 'and the reason is told';
($status, $output) = create_through(
    $plain,
    TICKR_DATABASE_SSL_CA     => "$folder/ca.pem",
    TICKR_DATABASE_SSL_VERIFY => 'no',
);
is $status, 1, 'also where its certificate would not be looked at';
($status, $output) = create_through($plain);
is $status, 0, 'and is fine where no TLS is asked for' or diag $output;

($status, $output) = Tickr::Server->run(env => settings($database, TICKR_DATABASE_SSL_CA => "$folder/other.pem"));
is $status, 78, 'a server that cannot believe its database does not start';

done_testing;
