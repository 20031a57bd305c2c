#!/usr/bin/perl
# Settings: one run reports all that are missing or bad. Files, addresses, the command line.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Tickr::Client;
use Tickr::Database;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

my @variables = map {"TICKR_$_"} qw(MAX_NODES NODE_NUMBER STARTING_OFFSET DATABASE_HOST
    DATABASE_PORT DATABASE_USERNAME DATABASE_PASSWORD DATABASE_PASSWORD_FILE DATABASE_NAME
    DATABASE_POOL_SIZE DATABASE_POOL_TIMEOUT DATABASE_CONNECT_TIMEOUT DATABASE_QUERY_TIMEOUT
    DATABASE_SSL_CA DATABASE_SSL_CERT DATABASE_SSL_KEY DATABASE_SSL_VERIFY LISTEN HTTP_THREADS
    HTTP_AUTH_PASSWORD HTTP_AUTH_PASSWORD_FILE BATCH_FORMAT MAX_BATCH MAX_WAITING LOG_LEVEL
    DATABASE_ADAPTER STATE_DIR DATABASE_POLICY CONTROL_SOCKET REQUIRE_DURABLE
    RESERVE_AHEAD RESERVE_AHEAD_MIN RESERVE_AHEAD_MAX RESERVE_AHEAD_OUTAGE
    SEQUENCES SEQUENCES_MOST SEQUENCES_PER_SECOND SCRAMBLE_KEY_FILE
    SEQUENCERS_FILE SEQUENCERS_APP_ID ALLOW_FORGETTING
    GRPC_LISTEN GRPC_SSL_CERT GRPC_SSL_KEY GRPC_IDLE_TIMEOUT DRAIN_DELAY DRAIN_TIMEOUT
    SNOWFLAKE_EPOCH SNOWFLAKE_DATACENTER SNOWFLAKE_DATACENTER_BITS SNOWFLAKE_WORKER SNOWFLAKE_MAX_SEQUENCE
    SNOWFLAKE_CLOCK_DRIFT COORDINATOR_AHEAD
    COORDINATOR COORDINATOR_ENDPOINTS COORDINATOR_PREFIX COORDINATOR_LAYOUT COORDINATOR_USERNAME COORDINATOR_PASSWORD
    COORDINATOR_PASSWORD_FILE COORDINATOR_SSL_CA COORDINATOR_SSL_CERT COORDINATOR_SSL_KEY COORDINATOR_LEASE
    COORDINATOR_GRACE
    CLICKHOUSE_URL CLICKHOUSE_USERNAME CLICKHOUSE_PASSWORD CLICKHOUSE_PASSWORD_FILE
    CLICKHOUSE_SSL_CA AUDIT_S3_SSL_CA EVENTS_ADDRESSES EVENTS_DISCARD TRUSTED_PROXIES AUDIT_DIR AUDIT_MOST
    AUDIT_REQUIRED AUDIT_S3_URL AUDIT_S3_REGION AUDIT_S3_ACCESS_KEY AUDIT_S3_ACCESS_KEY_FILE
    AUDIT_S3_SECRET_KEY AUDIT_S3_SECRET_KEY_FILE);

# (exit status, output) of tickrd with the settings ENV.
sub run {
    my ($arguments, %env) = @_;
    return Tickr::Server->run(arguments => $arguments, env => \%env);
}

sub check { return run(['check-config'], @_) }

# --- the command line -------------------------------------------------------------------------

{
    my ($status, $output) = run(['--version']);
    is $status, 0, '--version exits 0';
    like $output, qr/^tickrd \d+\.\d+\.\d+\n$/, 'and is one line';

    my ($help_status, $help) = run(['--help']);
    is $help_status, 0, '--help exits 0';
    like $help, qr/^  \Q$_\E \(/m, "--help knows $_" for @variables;
    like $help, qr/^  tickrd \Q$_\E\s/m, "--help knows $_" for qw(check-config createdb advance sequence decode);
    like $help, qr/\Q$_\E\b/, "--help knows $_" for qw(--env-file --if-not-exists --version);
    is_deeply [ sort $help =~ /^  (TICKR_\w+) /mg ], [ sort @variables ],
        'and no variable that the documents do not know';

    my @wrong = (
        [ ['fly'],                            qr/fly/ ],
        [ [ 'check-config', 'createdb' ],     qr/createdb/ ],
        [ ['--fly'],                          qr/fly.*see tickrd --help/s ],
        [ ['--env-file'],                     qr/env-file/ ],
        [ [ '--env-file', '/a', '--env-file', '/b' ], qr/--env-file is given twice/ ],
        [ ['--if-not-exists'],                qr/--if-not-exists/ ],
        [ [ 'check-config', '--if-not-exists' ], qr/--if-not-exists/ ],
    );
    for my $case (@wrong) {
        my ($arguments, $pattern) = @$case;
        my ($wrong_status, $wrong_output) = run($arguments);
        is $wrong_status, 64, "tickrd @$arguments exits 64";
        like $wrong_output, $pattern, '... and says what is wrong';
    }
}

# --- missing and bad values ----------------------------------------------------------------

{
    my @required = qw(TICKR_MAX_NODES TICKR_NODE_NUMBER TICKR_STARTING_OFFSET);
    for my $arguments ([], ['check-config'], ['createdb']) {
        my ($status, $output) = run($arguments, map { $_ => undef } @required);
        is $status, 78, "without settings tickrd @$arguments exits 78";
        like $output, qr/^$_ is not set: it must be a whole number from \d+ to \d+/m,
            "... and asks for $_"
            for @required;
    }
    my ($status, $output) = check();
    is $status, 0, 'check-config of good settings exits 0';
    is $output, "the settings are good\n", 'and says so';
}

my $long_path = '/' . 'p' x 120;
my @bad = (
    [ TICKR_MAX_NODES               => '0',     qr/a whole number from 1 to / ],
    [ TICKR_MAX_NODES               => '-1',    qr/a whole number from 1 to / ],
    [ TICKR_MAX_NODES               => '1.5',   qr/a whole number from 1 to / ],
    [ TICKR_MAX_NODES               => ' 5',    qr/a whole number from 1 to / ],
    [ TICKR_MAX_NODES               => '0x10',  qr/a whole number from 1 to / ],
    [ TICKR_MAX_NODES               => '1' x 30, qr/a whole number from 1 to / ],
    [ TICKR_NODE_NUMBER             => 'one',   qr/a whole number from 0 to / ],
    [ TICKR_NODE_NUMBER             => '10',    qr/below TICKR_MAX_NODES, which is 10/, 'bare' ],
    [ TICKR_STARTING_OFFSET         => '9223372036854775808', qr/from 0 to 9223372036854775807/ ],
    [ TICKR_DATABASE_HOST           => 'a b',   qr/Unix socket/ ],
    [ TICKR_DATABASE_HOST           => 'db:0',  qr/host:port/ ],
    [ TICKR_DATABASE_HOST           => 'db:99999', qr/host:port/ ],
    [ TICKR_DATABASE_HOST           => '[::1',  qr/\[v6\]:port/ ],
    [ TICKR_DATABASE_HOST           => $long_path, qr/Unix socket/ ],
    [ TICKR_DATABASE_PORT           => '0',     qr/from 1 to 65535/ ],
    [ TICKR_DATABASE_PORT           => '65536', qr/from 1 to 65535/ ],
    [ TICKR_DATABASE_NAME           => 'a`b',   qr/1 to 64 characters/ ],
    [ TICKR_DATABASE_NAME           => 'n' x 65, qr/1 to 64 characters/ ],
    [ TICKR_DATABASE_POOL_SIZE      => '0',     qr/from 1 to / ],
    [ TICKR_DATABASE_POOL_TIMEOUT   => '0',     qr/seconds, up to three decimals/ ],
    [ TICKR_DATABASE_POOL_TIMEOUT   => '1.2345', qr/seconds, up to three decimals/ ],
    [ TICKR_DATABASE_POOL_TIMEOUT   => '1s',    qr/seconds, up to three decimals/ ],
    [ TICKR_DATABASE_CONNECT_TIMEOUT => '1.5',  qr/whole seconds from 1 to / ],
    [ TICKR_DATABASE_QUERY_TIMEOUT  => '0',     qr/whole seconds from 1 to / ],
    [ TICKR_DATABASE_SSL_VERIFY     => 'maybe', qr/one of no, yes/ ],
    [ TICKR_LISTEN                  => '8080',  qr/address:port/ ],
    [ TICKR_LISTEN                  => '127.0.0.1', qr/address:port/ ],
    [ TICKR_LISTEN                  => 'localhost:80', qr/number 1, "localhost:80": tickrd does not look up names/ ],
    [ TICKR_LISTEN                  => '127.0.0.1:65536', qr/address:port/ ],
    [ TICKR_LISTEN                  => '[::1]', qr/\[v6\]:port/ ],
    [ TICKR_LISTEN                  => 'unix:there', qr{unix:/path} ],
    [ TICKR_LISTEN                  => "unix:$long_path", qr/more than the 107 bytes/ ],
    [ TICKR_LISTEN                  => '[fe80::1%eth0]:80', qr/a zone/ ],
    [ TICKR_LISTEN                  => '8080,localhost:80', qr/number 1, "8080": .*; number 2, "localhost:80": / ],
    [ TICKR_CONTROL_SOCKET          => $long_path, qr/TICKR_CONTROL_SOCKET: the path has more than the 107 bytes/ ],
    [ TICKR_LISTEN                  => '127.0.0.1:1,', qr/number 2, "": an address is missing between the commas/ ],
    [ TICKR_LISTEN                  => join(',', ('127.0.0.1:0') x 17), qr/more than 16 of them/ ],
    [ TICKR_HTTP_THREADS            => '0',     qr/from 1 to 256/ ],
    [ TICKR_BATCH_FORMAT            => 'Array', qr/one of array, group/ ],
    [ TICKR_MAX_BATCH               => '0',     qr/from 1 to / ],
    [ TICKR_MAX_WAITING             => 'many',  qr/from 1 to / ],
    [ TICKR_LOG_LEVEL               => 'loud',  qr/one of error, warn, info, debug/ ],
    [ TICKR_DRAIN_DELAY             => '3601',  qr/seconds, up to three decimals/ ],
    [ TICKR_DRAIN_TIMEOUT           => '-1',    qr/seconds, up to three decimals/ ],
);
for my $case (@bad) {
    my ($variable, $value, $pattern, $is_bare) = @$case;
    my ($status, $output) = check($variable => $value);
    my $shown = length $value > 40 ? substr($value, 0, 40) . '...' : $value;
    is $status, 78, "$variable=$shown exits 78";
    my $quoted = $is_bare ? $value : '"' . substr($value, 0, 200) . (length $value > 200 ? '...' : '') . '"';
    like $output, qr/^\Q$variable=$quoted\E is not allowed: it must be /m, '... with its value';
    like $output, $pattern, '... and what is allowed';
}

{
    my @together = qw(TICKR_MAX_NODES TICKR_DATABASE_PORT TICKR_LISTEN TICKR_LOG_LEVEL);
    my ($status, $output) = check(TICKR_NODE_NUMBER => undef, map { $_ => 'x' } @together);
    is scalar(() = $output =~ /is not (?:allowed|set)/g), 5, 'all that is bad is said in one run';
    my ($escaped_status, $escaped) = check(TICKR_LOG_LEVEL => "a\nb\e[1m\"");
    like $escaped, qr/TICKR_LOG_LEVEL="a\\x0ab\\x1b\[1m\\""/, 'what came from outside is escaped';
}

# --- unknown names ---------------------------------------------------------------------------

for my $case (
    [ TICKR_MAX_NODE          => 'TICKR_MAX_NODES' ],
    [ TICKR_DATABASE_USER          => 'TICKR_DATABASE_USERNAME' ],
    [ TICKR_HTTP_AUTH_PASWORD      => 'TICKR_HTTP_AUTH_PASSWORD' ],
    [ TICKR_LISTENS                => 'TICKR_LISTEN' ],
    )
{
    my ($unknown, $nearest) = @$case;
    my ($status, $output) = check($unknown => 'secret-value');
    is $status, 0, "$unknown is no reason not to start";
    like $output, qr/\Q$unknown\E.*did you mean \Q$nearest\E\?/, '... but a warning that names the nearest';
    unlike $output, qr/secret-value/, '... and not its value, which may be a password';
}

# --- what Kubernetes makes of services whose names begin with tickr -----------------------------

{
    my %links = (
        TICKR_DATABASE_PORT          => 'tcp://10.96.0.12:3306',
        TICKR_DATABASE_SERVICE_HOST  => '10.96.0.12',
        TICKR_DATABASE_PORT_3306_TCP => 'tcp://10.96.0.12:3306',
        TICKR_PORT                   => 'tcp://10.96.0.13:8080',
        TICKR_PORT_8080_TCP_ADDR     => '10.96.0.13',
    );
    my ($status, $output) = check(%links);
    is $status, 0, 'variables of a service do not stop the start';
    is scalar(() = $output =~ /Kubernetes/g), 1, '... one line says what they are';
    like $output, qr/\b$_\b/, "... and names $_" for sort keys %links;
    like $output, qr/enableServiceLinks: false/, '... and says what to do';
    unlike $output, qr/did you mean/, '... and nothing else';
    ($status, $output) = check(TICKR_DATABASE_HOST => 'tcp://10.96.0.12:3306');
    is $status, 78, 'an address of that form where somebody has set it is a mistake';
}

# --- files of settings ---------------------------------------------------------------------

# The value of one variable as it comes out of a file.
sub value_in_file {
    my ($content) = @_;
    my ($status, $output)
        = run([ 'check-config', '--env-file', spew('env', $content) ], TICKR_BATCH_FORMAT => undef);
    return $output =~ /^TICKR_BATCH_FORMAT=(".*") is not allowed/m ? $1 : "$status: $output";
}

{
    my $good = spew('good.env', <<'FILE');
# A comment
; another

TICKR_MAX_NODES=10
  TICKR_NODE_NUMBER="3"
TICKR_STARTING_OFFSET='326'
OTHER_VARIABLE=is not ours
TICKR_LOG_LEVEL=in\
fo
FILE
    my @required = (TICKR_MAX_NODES => undef, TICKR_NODE_NUMBER => undef, TICKR_STARTING_OFFSET => undef);
    my ($status, $output) = run([ 'check-config', '--env-file', $good ], @required);
    is $status, 0, 'settings can come from a file' or diag $output;
    ($status, $output) = run([ 'check-config', "--env-file=$good" ], @required, TICKR_NODE_NUMBER => 10);
    is $status, 78, 'the environment wins';
    ($status, $output)
        = run([ 'check-config', '--env-file', spew('bad.env', "TICKR_LOG_LEVEL=loud\n") ],
        TICKR_LOG_LEVEL => 'warn');
    is $status, 0, 'also over a bad value';
    ($status, $output) = run([ 'check-config', '--env-file', spew('typo.env', "TICKR_LISTNE=x\n") ]);
    like $output, qr/TICKR_LISTNE.*did you mean TICKR_LISTEN\?/, 'an unknown name in a file is a warning too';
}
for my $case (
    [ 'TICKR_BATCH_FORMAT="a b"',               '"a b"',     'double quotes' ],
    [ q(TICKR_BATCH_FORMAT='a "b'),             '"a \\"b"',  'single quotes' ],
    [ 'TICKR_BATCH_FORMAT="a \\"b"',            '"a \\"b"',  'an escaped quote' ],
    [ 'TICKR_BATCH_FORMAT="a\\nb"',             '"a\\\\nb"', 'a backslash that escapes nothing' ],
    [ "TICKR_BATCH_FORMAT=a b  \t",             '"a b"',     'blanks at the end are dropped' ],
    [ 'TICKR_BATCH_FORMAT="a "',                '"a "',      'but not within quotes' ],
    [ "TICKR_BATCH_FORMAT=a\\\nb",              '"ab"',      'a line is continued' ],
    [ "TICKR_BATCH_FORMAT=\"a\\\nb\"",          '"ab"',      'within quotes too' ],
    [ 'TICKR_BATCH_FORMAT=a # b',               '"a # b"',   'a comment begins a line' ],
    [ "TICKR_BATCH_FORMAT=a=b\r\n",             '"a=b"',     'an equals sign, and a CR LF' ],
    [ "TICKR_BATCH_FORMAT=a\nTICKR_BATCH_FORMAT=b\n", '"b"', 'the last one wins' ],
    [ "# c\\\nTICKR_BATCH_FORMAT=a",            '"a"',       'a comment is not continued' ],
    [ "TICKR_BATCH_FORMAT = a\n",               '"a"',       'blanks around the equals sign' ],
    [ "A=1\rTICKR_BATCH_FORMAT=a\rB=1\r",       '"a"',       'lines that end in CR' ],
    )
{
    my ($content, $value, $name) = @$case;
    is value_in_file($content), $value, "in a file: $name";
}
for my $case (
    [ "\n\nno equals sign\n",                  qr/line 3 is not NAME=value/ ],
    [ "export TICKR_MAX_NODES=10\n",           qr/line 1 begins with export.*remove that word/ ],
    [ "\xef\xbb\xbfTICKR_MAX_NODES=10\n",     qr/line 1 begins with a byte order mark/ ],
    [ "[Service]\nTICKR_MAX_NODES=10\n",      qr/line 1 is a section of a unit file/ ],
    [ "TICKR_DATABASE_PASSWORD=hushhush\\\r\nA=1\r\n", qr/line 1: a backslash before a carriage return/ ],
    [ "=x\n",                                  qr/line 1 is not NAME=value/ ],
    [ "1X=x\n",                                qr/line 1 is not NAME=value/ ],
    [ "A=1\nTICKR_DATABASE_PASSWORD=\"hushhush\n", qr/line 2: a quote is not closed/ ],
    [ "A=1\0\n",                               qr/NUL byte/ ],
    [ 'A=' . 'x' x 70_000,                     qr/cannot be read/ ],
    )
{
    my ($content, $pattern) = @$case;
    my $path = spew('bad.env', $content);
    my ($status, $output) = run([ 'check-config', '--env-file', $path ]);
    is $status, 78, 'a bad file exits 78';
    like $output, qr/^--env-file \Q$path\E: .*$pattern/m, '... and says where';
    unlike $output, qr/hushhush/, '... but shows nothing of it';
}
my @not_given = map { $_ => undef } qw(TICKR_MAX_NODES TICKR_NODE_NUMBER TICKR_STARTING_OFFSET);
{
    my $path = spew('bad.env', "TICKR_LOG_LEVEL=loud\nexport TICKR_MAX_NODES=10\nno equals sign\n");
    my ($status, $output) = run([ 'check-config', '--env-file', $path ], @not_given);
    like $output, qr/line 2 begins with export.*line 3 is not NAME=value/, 'all bad lines of a file are said';
    like $output, qr/^TICKR_LOG_LEVEL="loud"/m, '... and a bad value beside them';
    unlike $output, qr/is not set/, '... but not that a variable is not set, which may stand there';
}
{
    my $path = spew('hidden.env', "# with a path C:\\\nTICKR_DATABASE_PASSWORD=hushhush\n");
    my ($status, $output) = run([ 'check-config', '--env-file', $path ]);
    is $status, 0, 'a comment that ends in a backslash is read';
    like $output, qr/^--env-file \Q$path\E: line 1 is a comment that ends in a backslash: systemd before version 254/m,
        '... but a warning says that an older systemd reads it otherwise';
    unlike $output, qr/hushhush/, '... and shows nothing of the next line';
}
for my $path (scratch() . '/none', scratch()) {
    my ($status, $output) = run([ 'check-config', '--env-file', $path ], @not_given);
    unlike $output, qr/is not set/, 'what a file that cannot be read may hold is not missed';
    is $status, 78, 'a file that cannot be read exits 78';
    like $output, qr/^--env-file \Q$path\E: cannot be read: \w/m, '... and says why';
}

# --- passwords --------------------------------------------------------------------------------

my $database = Tickr::Database->new(tcp => 1);
my $password = 'hushhush-9';
$database->sql(<<"SQL");
CREATE USER 'keeper'\@'localhost' IDENTIFIED BY '$password';
CREATE USER 'keeper'\@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO 'keeper'\@'localhost';
GRANT ALL ON *.* TO 'keeper'\@'127.0.0.1';
SQL
my %login = (TICKR_DATABASE_USERNAME => 'keeper', TICKR_DATABASE_PASSWORD => $password);

{
    my %secrets = (TICKR_DATABASE_PASSWORD => $password, TICKR_HTTP_AUTH_PASSWORD => 'hushhush-web');
    my ($status, $output) = check(%secrets, TICKR_LOG_LEVEL => 'loud', TICKR_DATABASE_PASSWORD_FILE => '/none');
    is $status, 78, 'settings with passwords and mistakes are refused';
    unlike $output, qr/hushhush/, 'without showing the passwords';

    my $server = Tickr::Server->fresh(
        database => $database,
        env      => { %login, TICKR_HTTP_AUTH_PASSWORD => 'hushhush-web', TICKR_LOG_LEVEL => 'debug' });
    $server->get('/tickets/create');
    $server->get('/status', headers => ['Authorization: Basic ' . 'eDpodXNoaHVzaC13ZWI=']);
    $server->get('/tickets/create', headers => ['Authorization: Basic ' . 'eDpodXNoaHVzaC13ZWJY']);
    is $server->stop, 0, 'a server with passwords runs';
    unlike $server->log, qr/hushhush/, 'and its log at the debug level does not show them';
    like $server->log, qr/level=debug msg="a request was refused" code=401/,
        '... though it is at the debug level';

    ($status, $output) = Tickr::Server->run(
        database => $database, env => { %login, TICKR_DATABASE_PASSWORD => 'hushhush-wrong' });
    is $status, 78, 'a wrong database password is refused';
    unlike $output, qr/hushhush/, 'and not shown';
}

{
    for my $case (
        [ 'ab' x 32,          0,  'a key of 64 hexadecimal digits' ],
        [ 'AB' x 32 . "\r\n", 0,  '... with a line end' ],
        [ 'ab' x 31,          78, 'a shorter one' ],
        [ 'ab' x 33,          78, 'a longer one' ],
        [ 'zz' x 32,          78, 'other letters' ],
        [ '',                 78, 'an empty file' ],
        [ "\0" x 64,          78, 'binary bytes' ],
        )
    {
        my ($key, $expected, $what) = @$case;
        my $file = spew('key', $key);
        my ($status, $output) = check(TICKR_SCRAMBLE_KEY_FILE => $file);
        is $status, $expected, "TICKR_SCRAMBLE_KEY_FILE: $what";
        like $output, qr/TICKR_SCRAMBLE_KEY_FILE=\Q$file\E must hold 64 hexadecimal digits/, '... is refused by name' if $expected;
        unlike $output, qr/(?:ab){8}|(?:zz){8}/, '... and never shown';
    }
    my ($status, $output) = check(TICKR_SCRAMBLE_KEY_FILE => '/none');
    is $status, 78, 'a file that is missing is a mistake';
    like $output, qr{TICKR_SCRAMBLE_KEY_FILE=/none cannot be read: No such file}, '... with the reason';
}

{
    my $file = spew('password', "$password\n");
    my %env = (TICKR_DATABASE_USERNAME => 'keeper', TICKR_DATABASE_PASSWORD_FILE => $file);
    my $server = Tickr::Server->new(database => $database, env => \%env);
    is $server->get('/status')->{status}, 200, 'the database password can come from a file';
    $server->stop;

    my ($status, $output) = check(%env, %login);
    is $status, 78, 'both a password and its file are refused';
    like $output, qr/TICKR_DATABASE_PASSWORD and TICKR_DATABASE_PASSWORD_FILE are both set/, 'by name';
    for my $variable (qw(TICKR_DATABASE_PASSWORD_FILE TICKR_HTTP_AUTH_PASSWORD_FILE)) {
        for my $content ('', "\n", "hushhush\nhushhush\n", "hush\0hush") {
            ($status, $output) = check($variable => spew('bad-password', $content));
            is $status, 78, "$variable without one line in it is refused";
            like $output, qr/\Q$variable\E=\S+ must hold the password on one line/, '... by name';
            unlike $output, qr/hush/, '... and not shown';
        }
        ($status, $output) = check($variable => scratch() . '/none');
        is $status, 78, "$variable that is not there is refused";
        like $output, qr/^\Q$variable\E=\S+none cannot be read: No such file/m, '... with the reason';
    }
}

# --- TLS files ------------------------------------------------------------------------------

{
    my $there = spew('there.pem', 'x');
    for my $what (qw(CA CERT KEY)) {
        my ($status, $output) = check("TICKR_DATABASE_SSL_$what" => '/none.pem');
        is $status, 78, "TICKR_DATABASE_SSL_$what that cannot be read is refused";
        like $output, qr{^TICKR_DATABASE_SSL_$what=/none.pem cannot be read: No such file}m, '... by name';
    }
    for my $what (qw(CERT KEY)) {
        my ($status, $output) = check("TICKR_DATABASE_SSL_$what" => $there);
        is $status, 78, "TICKR_DATABASE_SSL_$what alone is refused";
        like $output, qr/go together/, '... and the other asked for';
    }
    my ($status, $output) = Tickr::Server->run(
        database => $database, env => { %login, TICKR_DATABASE_SSL_CA => $there });
    is $status, 78, 'a file that holds no certificate is refused at the start';
}

# --- where the database is ---------------------------------------------------------------

for my $env (
    { TICKR_DATABASE_HOST => '127.0.0.1:' . $database->port },
    { TICKR_DATABASE_HOST => '127.0.0.1', TICKR_DATABASE_PORT => $database->port },
    { TICKR_DATABASE_HOST => 'localhost', TICKR_DATABASE_PORT => $database->port },
    { TICKR_DATABASE_HOST => '127.0.0.1:' . $database->port, TICKR_DATABASE_PORT => 1 },
    )
{
    my $server = Tickr::Server->new(env => { %login, %$env });
    is $server->get('/status')->{status}, 200,
        'the database by ' . join ' and ', map {"$_=$env->{$_}"} sort keys %$env;
    $server->stop;
}

# --- where to listen -------------------------------------------------------------------------

sub server {
    my ($listen, %given) = @_;
    return Tickr::Server->new(
        database => $database, %given, env => { %login, TICKR_LISTEN => $listen });
}

sub refused {
    my ($listen) = @_;
    return Tickr::Server->run(database => $database, env => { %login, TICKR_LISTEN => $listen });
}

{
    my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die $!;
    my $address = '127.0.0.1:' . $holder->sockport;
    my ($status, $output) = refused($address);
    is $status, 71, 'a port in use exits 71';
    like $output, qr/msg="cannot listen" reason="cannot listen on \Q$address\E: Address already in use"/,
        'and says which';

    my $server = server('127.0.0.1:0');
    ($status, $output) = refused('127.0.0.1:' . $server->port);
    is $status, 71, 'a second server does not share the first one\'s port';
    is $server->get('/livez')->{status}, 200, 'which goes on';
    is $server->stop, 0, 'and stops cleanly';
}

SKIP: {
    skip 'there is no IPv6 loopback here', 7
        unless IO::Socket::IP->new(LocalHost => '::1', Listen => 1, Type => SOCK_STREAM);
    my $server = server('[::1]:0');
    my ($port) = ($server->addresses)[0] =~ /^\[::1\]:(\d+)$/;
    my $socket = IO::Socket::IP->new(PeerHost => '::1', PeerPort => $port, Type => SOCK_STREAM) or die $!;
    my $client = bless { socket => $socket, buffer => '', timeout => 10 }, 'Tickr::Client';
    is $client->get('/livez')->{status}, 200, 'it listens on [::1]';
    is $server->stop, 0, 'and stops cleanly';

    my $free = IO::Socket::IP->new(LocalHost => '::', Listen => 1, Type => SOCK_STREAM, V6Only => 1) or die $!;
    $port = $free->sockport;
    close $free;
    $server = server("[::]:$port");
    ok !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port), '[::] is IPv6 without IPv4';
    is $server->stop, 0, 'and stops cleanly';
    $server = server("[::]:$port,0.0.0.0:$port");
    for my $host ('::1', '127.0.0.1') {
        $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_STREAM) or die $!;
        $client = bless { socket => $socket, buffer => '', timeout => 10 }, 'Tickr::Client';
        is $client->get('/livez')->{status}, 200, "[::] and 0.0.0.0 have the same port: $host";
    }
    is $server->stop, 0, 'and stops cleanly';
}

{
    my $path = scratch() . '/web';
    my $server = server("unix:$path");
    is $server->get('/tickets/create')->{status}, 200, 'it listens on a Unix socket';
    my ($status, $output) = refused("unix:$path");
    is $status, 71, 'a socket that another server has is refused';
    like $output, qr/unix:\Q$path\E: Address already in use/, 'and named';
    is $server->get('/livez')->{status}, 200, 'the other server goes on';
    is $server->stop, 0, 'and stops cleanly';
    ok !-e $path, 'the socket is removed at the end';

    my $stale = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
    close $stale;
    ok -S $path, 'a socket that a dead server left behind';
    $server = server("unix:$path");
    is $server->get('/livez')->{status}, 200, '... is replaced';
    $server->stop;

    my $file = spew('file', 'not a socket');
    ($status, $output) = refused("unix:$file");
    is $status, 71, 'a file that is no socket is refused';
    is slurp($file), 'not a socket', 'and left alone';
    ($status, $output) = refused('unix:' . scratch() . '/none/web');
    is $status, 71, 'a folder that is not there is refused';
    like $output, qr/No such file or directory/, 'with the reason';
}

{
    my $path   = scratch() . '/web2';
    my $server = server("127.0.0.1:0,unix:$path,127.0.0.1:0");
    my ($one, $two, $three) = $server->addresses;
    is $two, "unix:$path", 'it listens on several addresses';
    my @clients = map { Tickr::Client->new(%$_) } { unix => $path },
        map { { port => /:(\d+)$/ } } $one, $three;
    is $_->get('/tickets/create')->{status}, 200, '... and answers on each' for @clients;
    $_->close for @clients;
    is $server->stop, 0, 'and stops cleanly';

    my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die $!;
    my ($status) = refused("unix:$path,127.0.0.1:" . $holder->sockport);
    is $status, 71, 'one address that cannot be had stops the start';
    ok !-e $path, 'and the socket of another is removed';
}

{    # more is wanted of the system than it gives
    my %statuses;
    for my $most (6 .. 16) {
        my $server = Tickr::Server->new(
            database => $database, wait => 0,
            through  => [ 'sh', '-c', "ulimit -n $most; exec \"\$0\" \"\$@\"" ],
        );
        wait_for('tickrd to serve or to end', 20, sub {
            !$server->process->is_running || $server->log =~ /msg="tickrd serves"/;
        });
        $statuses{ $server->process->is_running ? $server->stop : $server->process->wait_exit }++;
    }
    my @others = grep { $_ ne '0' && $_ ne '71' } keys %statuses;
    is_deeply \@others, [], 'too few descriptors exit 71, at whichever of them it is';
    ok $statuses{71}, '... and so few were tried';
}

done_testing;
