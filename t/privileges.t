#!/usr/bin/perl
# The least privileges of sql/privileges.sql suffice for each user.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(slurp wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

my $database = Tickr::Database->new;
my $text     = slurp(($ENV{SRCDIR} // '.') . '/sql/privileges.sql');
my @words    = map {s/\s+/ /gr} $text =~ /^\s*(?:-- +)?((?:CREATE USER|GRANT)\b[^;]*);/mg;
my ($create_user) = grep {/^CREATE USER 'tickr_admin'/} @words;
my ($serve_user)  = grep {/^CREATE USER 'tickr'@/} @words;
my ($create_grant) = grep {/^GRANT .* TO 'tickr_admin'/} @words;
my ($tickets_grant, $counter_grant) = grep {/ ON tickr\.tickets TO 'tickr'@/} @words;
my ($identity_grant) = grep {/ ON tickr\.tickr_identity TO 'tickr'@/} @words;
my ($sequences_grant) = grep {/ ON tickr\.tickr_sequences TO 'tickr'@/} @words;
my ($settings_grant) = grep {/ ON tickr\.tickr_settings TO 'tickr'@/} @words;

ok $_, 'sql/privileges.sql has: ' . ($_ // '(missing)')
    for $create_user, $serve_user, $create_grant, $tickets_grant, $settings_grant, $identity_grant, $counter_grant,
    $sequences_grant;
is scalar @words, 8, '... and no other statement';

my ($create_password) = $create_user =~ /IDENTIFIED BY '(.*)'/;
my ($serve_password)  = $serve_user =~ /IDENTIFIED BY '(.*)'/;
my %create = (TICKR_DATABASE_USERNAME => 'tickr_admin', TICKR_DATABASE_PASSWORD => $create_password);
my %serve  = (
    Tickr::Server::patient(),
    TICKR_DATABASE_USERNAME => 'tickr',
    TICKR_DATABASE_PASSWORD => $serve_password,
);

sub createdb {
    my (%env) = @_;
    return Tickr::Server->run(database => $database, arguments => ['createdb'], env => \%env);
}

# The server must not start, and its output must match all PATTERNS.
sub is_refused {
    my ($name, $patterns, %env) = @_;
    my ($status, $output) = Tickr::Server->run(database => $database, env => \%env);
    is $status, 78, "$name is refused at the start";
    like $output, $_, '... with the reason and the remedy' for @$patterns;
    unlike $output, qr/\Q$serve_password\E|not-the-one/, '... without a password';
    return;
}

# --- createdb ------------------------------------------------------------------------------------

{
    $database->sql($create_user);
    my ($status, $output) = createdb(%create);
    is $status, 1, 'createdb without rights fails';
    like $output, qr/rights/, '... with the remedy';
    is $database->sql("SHOW DATABASES LIKE 'tickr'"), '', '... having made nothing';

    $database->sql($create_grant);
    ($status, $output) = createdb(%create);
    is $status, 0, 'createdb with the listed rights succeeds' or diag $output;
    ($status, $output) = createdb(%create);
    is $status, 1, 'a second createdb finds everything';
    like $output, qr/^settings: found/m, '... and reads the settings';
    ($status, $output) = createdb(%create, TICKR_DATABASE_PASSWORD => 'not-the-one');
    is $status, 1, 'createdb with a wrong password fails';
    like $output, qr/TICKR_DATABASE_PASSWORD/, '... and names the setting to check';
    unlike $output, qr/not-the-one/, '... without the password';
}

# --- refusals ---------------------------------------------------------------------------------------

{
    $database->sql($serve_user);
    is_refused('a user without rights', [ qr/Access denied/, qr/rights .*\(GRANT\)/ ], %serve);
    is_refused('a wrong password', [ qr/Access denied/, qr/TICKR_DATABASE_PASSWORD/ ],
        %serve, TICKR_DATABASE_PASSWORD => 'not-the-one');
    is_refused('an unknown user', [ qr/Access denied/, qr/TICKR_DATABASE_USERNAME/ ],
        %serve, TICKR_DATABASE_USERNAME => 'nobody');
    $database->sql($tickets_grant);
    is_refused('a user that may not see the settings', [ qr/tickr_settings/, qr/grant SELECT|rights .*\(GRANT\)/ ], %serve);
    $database->sql('REVOKE ALL ON tickr.tickets FROM \'tickr\'@\'localhost\'');
    $database->sql($settings_grant);
    is_refused('a user that may not see the tickets', [ qr/tickets/, qr/grant SELECT/ ], %serve);
}

# --- named sequences ---------------------------------------------------------------------------------

# Run the checks of the seam as the serving user.
sub checks_of_sequences {
    my ($user, @groups) = @_;
    my $process = Tickr::Process->new(
        name    => 'contract',
        command => [ Tickr::Server::program('t/sequences/contract'), 'mysql', @groups ],
        env     => { TICKR_DATABASE_NAME => 'tickr', $database->environment, %$user },
    );
    return ($process->wait_exit(60), $process->log);
}

{
    my ($status, $output) = checks_of_sequences(\%serve, 'moves');
    isnt $status, 0, 'without a right on their table named sequences are refused';
    like $output, qr/no table `tickr_sequences` \(or its user may not see it\).*sql\/privileges\.sql/, '... with the remedy';
    $database->sql($sequences_grant);
    ($status, $output) = checks_of_sequences(\%serve, 'moves', 'policies');
    is $status, 0, 'with the listed right they are moved, declared and retired' or diag $output;
}

# --- serving --------------------------------------------------------------------------------------

# Serve tickets, batches and status, without a warning in the log.
sub serves {
    my ($name) = @_;
    my $server = Tickr::Server->new(database => $database, env => \%serve);
    my $client = $server->client;
    is $client->get('/tickets/create')->{status},       200, "$name: a ticket is issued";
    is $client->get('/tickets/create/20')->{status},    200, "$name: a batch is issued";
    is $client->get('/status')->{status},               200, "$name: /status is 200";
    return $server;
}

sub ends_without_complaint {
    my ($name, $server) = @_;
    is $server->stop, 0, "$name: the server stops cleanly";
    unlike $server->log, qr/level=error|denied|could not be pruned/, "$name: no statement was denied";
    return;
}

{
    $database->sql($tickets_grant);
    my $server = serves('append without the identity');
    ends_without_complaint('append without the identity', $server);
    $database->sql($identity_grant);
    $server = serves('append');
    $server->get('/tickets/create/10000') for 1 .. 2;
    ok wait_for('the table to be pruned', 20, sub {
        $database->sql('SELECT COUNT(*) FROM tickets', 'tickr') <= 1100;
    }), 'append: the table is pruned';
    ends_without_complaint('append', $server);
}

{
    $database->sql(q(REVOKE DELETE ON tickr.tickets FROM 'tickr'@'localhost'));
    my $server  = serves('append without DELETE');
    my $deletes = sub { ($database->sql(q(SHOW GLOBAL STATUS LIKE 'Com_delete')) =~ /(\d+)$/)[0] };
    my $before  = $deletes->();
    $server->get('/tickets/create/10000');
    wait_for('some attempts to prune', 20, sub { $deletes->() >= $before + 4 });
    my $said = () = $server->log =~ /"old rows could not be pruned"/g;
    is $said, 1, 'the log warns once about a table that cannot be pruned';
    is $server->metric('tickr_database_reconnects_total'), 0, '... and no session is lost';
    $database->sql(q(GRANT DELETE ON tickr.tickets TO 'tickr'@'localhost'));
    ok wait_for('the table to be pruned', 20, sub {
        $database->sql('SELECT COUNT(*) FROM tickets', 'tickr') <= 1100;
    }), '... and the table is pruned after the right is granted';
    $database->sql(
        q(CREATE TRIGGER no_pruning BEFORE DELETE ON tickets FOR EACH ROW )
            . q(SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not "now", please'), 'tickr');
    $server->get('/tickets/create/10000');
    ok $server->wait_for_log(qr/could not be pruned" reason="not \\"now\\", please \(error 1644\)" database=/),
        'any message of the database is one field of the line';
    is $server->stop, 0, 'the server stops cleanly';
}

{
    $database->drop;
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        arguments => [ 'createdb', '--layout', 'counter', '--continue-after', '559' ],
        env       => \%create,
    );
    is $status, 0, 'createdb --layout counter needs no more rights' or diag $output;
    $database->sql(q(REVOKE ALL ON tickr.tickets FROM 'tickr'@'localhost'));
    $database->sql($counter_grant);
    my $server = serves('counter made by createdb');
    is $server->get('/status')->{body}, '{"last_ticket":769}', 'counter made by createdb: 21 tickets were issued';
    ends_without_complaint('counter made by createdb', $server);
}

my %old = (
    stub => "CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, "
        . "stub CHAR(1) NOT NULL DEFAULT '' UNIQUE) ENGINE=%s",
    counter => 'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL, '
        . 'stub CHAR(1) NOT NULL PRIMARY KEY) ENGINE=%s',
);
for my $layout (sort keys %old) {
    $database->sql(q(REVOKE ALL ON tickr.tickets FROM 'tickr'@'localhost'));
    $database->sql($layout eq 'counter' ? $counter_grant : $tickets_grant);
    for my $engine (qw(MyISAM InnoDB)) {
        $database->sql(sprintf("DROP TABLE tickets; $old{$layout}; INSERT INTO tickets VALUES (41, 'a')",
            $engine), 'tickr');
        my $server = serves("$layout on $engine");
        ends_without_complaint("$layout on $engine", $server);
    }
}

done_testing;
