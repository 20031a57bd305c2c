#!/usr/bin/perl
# HTTP Basic: clients with the password get tickets, with any user name. Probes need no password.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Tickr::Process qw(spew);
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();
my $password = 'hush: hush/9+';

sub basic { return 'Authorization: Basic ' . encode_base64($_[0], '') }

sub get {
    my ($server, $path, @headers) = @_;
    return $server->get($path, headers => \@headers);
}

sub is_refused {
    my ($name, $response) = @_;
    is $response->{status}, 401, "$name is 401";
    is $response->{headers}{'www-authenticate'}, 'Basic realm="Restricted Area"', '... asks for Basic';
    is $response->{headers}{'content-type'}, 'application/json', '... is JSON';
    like $response->{body}, qr/^\{"error":"[^"]+"\}$/, '... and has an error';
    return;
}

my $server = Tickr::Server->fresh(
    database => $database,
    env      => {
        Tickr::Server::patient(),
        TICKR_HTTP_AUTH_PASSWORD => $password,
        TICKR_LOG_LEVEL          => 'debug',
    });
my $right = basic("any:$password");

# --- right ---------------------------------------------------------------------------------------

is get($server, '/status', $right)->{body}, '{"last_ticket":null}', 'with the password /status is answered';
for my $user ('', 'admin', 'a b', "\xc3\xa9", 'x' x 100) {
    is get($server, '/tickets/create', basic("$user:$password"))->{status}, 200,
        'the user name may be ' . ($user eq '' ? 'nothing' : length $user > 9 ? 'anything' : "'$user'");
}
is get($server, $_, $right)->{status}, 200, "with the password $_ is answered" for '/tickets/create/3', '/metrics';
is get($server, '/nowhere', $right)->{status}, 404, 'with the password a wrong path is 404';
is $server->request('PUT', '/status', headers => [$right])->{status}, 405, '... and a wrong method 405';
is $server->request('POST', '/tickets/create', headers => [$right])->{status}, 200, '... and POST is accepted';
is $server->request('HEAD', '/status', headers => [$right])->{status}, 200, '... and HEAD';
is get($server, '/status', ($right =~ s/Basic/$_/r))->{status}, 200, "the scheme may be written '$_'"
    for 'basic', 'BASIC', 'Basic ';
is get($server, '/status', 'authorization' . substr $right, 13)->{status}, 200, 'the header may be written in lower case';

# --- wrong -----------------------------------------------------------------------------------------

my $before = get($server, '/status', $right)->{body};
my $good64 = encode_base64("any:$password", '');
my %wrong  = (
    'no password'                    => [],
    'a wrong password'               => [ basic('any:wrong') ],
    'an empty password'              => [ basic('any:') ],
    'the beginning of the password'  => [ basic('any:' . substr $password, 0, -1) ],
    'the password and more'          => [ basic("any:$password!") ],
    'the password and a NUL'         => [ basic("any:$password\0") ],
    'the password twice'             => [ basic("any:$password$password") ],
    'the password in another case'   => [ basic('any:' . uc $password) ],
    'the password as the user'       => [ basic("$password:") ],
    'the password with a line end'   => [ basic("any:$password\n") ],
    'no colon'                       => [ basic('any') ],
    'no base64'              => ['Authorization: Basic '],
    'no credentials'                 => ['Authorization: Basic'],
    'no scheme'                      => ["Authorization: $good64"],
    'another scheme'                 => ["Authorization: Bearer $good64"],
    'a scheme that begins so'        => ["Authorization: BasicX $good64"],
    'a letter that is not of base64'              => ["Authorization: Basic !$good64"],
    'base64 with a blank'            => [ 'Authorization: Basic ' . ($good64 =~ s/^(....)/$1 /r) ],
    'base64 cut short'               => [ 'Authorization: Basic ' . substr $good64, 0, -3 ],
    'too many equals signs'          => ["Authorization: Basic $good64==="],
    'a letter after the base64'    => ["Authorization: Basic $good64=x"],
    'very long credentials'          => [ basic('a' x 4000 . ":$password") ],
    'the clear text'                 => ["Authorization: Basic any:$password"],
    'two headers, the first wrong'   => [ basic('any:wrong'), $right ],
);
is_refused($_, get($server, '/tickets/create', @{ $wrong{$_} })) for sort keys %wrong;
for my $path (qw(/tickets/create /tickets/create/3 /tickets/create/x /status /metrics /nowhere /),
    '/livez/', '/readyz/x', '/%6civez')
{
    is_refused("$path without a password", get($server, $path));
    is_refused("$path with a wrong one", get($server, $path, basic('any:wrong')));
}
is_refused("$_ of a create without a password", $server->request($_, '/tickets/create')) for qw(POST PUT);
is $server->request('HEAD', '/status')->{status}, 401, 'HEAD without a password is 401';
is get($server, '/status', $right)->{body}, $before, 'none of these requests gets a ticket';

# --- open ---------------------------------------------------------------------------------------------

for my $probe (qw(/livez /readyz)) {
    is get($server, $probe)->{status}, 200, "$probe needs no password";
    is get($server, $probe, basic('any:wrong'))->{status}, 200, '... and a wrong one does no harm';
    is $server->request('HEAD', $probe)->{status}, 200, '... with HEAD too';
}

{
    my $client = $server->client;
    is $client->get('/status')->{status}, 401, 'a connection stays open after a refusal';
    is $client->get('/status', headers => [$right])->{status}, 200, '... and serves a request with the password';
    is $client->get('/status')->{status}, 401, '... and each request needs the password';
}

is $server->stop, 0, 'the server stops cleanly';
unlike $server->log, qr/hush/, 'the password is not in the log';
unlike $server->log, qr/\Q$good64\E/, '... nor its base64';

# --- from a file ------------------------------------------------------------------------------------

{
    my $from_file = Tickr::Server->new(
        database => $database,
        env      => { TICKR_HTTP_AUTH_PASSWORD_FILE => spew('password', "$password\n") });
    is get($from_file, '/status', $right)->{status}, 200, 'the password can come from a file';
    is get($from_file, '/status')->{status}, 401, '... and requests without it are refused';
    $from_file->stop;

    my $open = Tickr::Server->new(database => $database);
    is get($open, '/status')->{status}, 200, 'without a password each request is answered';
    is get($open, '/status', basic('any:wrong'))->{status}, 200, '... also one that sends a password';
    $open->stop;
}

# --- set and empty ----------------------------------------------------------------------------------

for my $arguments ([], ['check-config']) {
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        arguments => $arguments,
        env       => { TICKR_HTTP_AUTH_PASSWORD => '' });
    is $status, 78, "an empty password is refused: tickrd @$arguments";
    like $output, qr/^TICKR_HTTP_AUTH_PASSWORD is set and empty/m, '... and named';
}
{
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        arguments => [ 'check-config', '--env-file', spew('env', "TICKR_HTTP_AUTH_PASSWORD=\n") ]);
    is $status, 78, 'an empty password in a file of settings is refused';
    ($status, $output) = Tickr::Server->run(
        database => $database,
        env      => { TICKR_HTTP_AUTH_PASSWORD => '', TICKR_HTTP_AUTH_PASSWORD_FILE => spew('p', 'x') });
    is $status, 78, '... also if there is a password file';
}

done_testing;
