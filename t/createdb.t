#!/usr/bin/perl
# createdb makes the parts of a database that are missing. Neither createdb nor the server accepts others.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

my $database = Tickr::Database->new;
my $pinned   = 'TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=326';

sub run {
    my ($arguments, %env) = @_;
    return Tickr::Server->run(database => $database, arguments => $arguments, env => \%env);
}

sub createdb { return run(['createdb'], @_) }

# Drop the database. Then run SQL, if any, in an empty one.
sub begin_again {
    my ($sql) = @_;
    $database->sql('DROP DATABASE IF EXISTS tickr');
    return unless defined $sql;
    $database->sql('CREATE DATABASE tickr');
    $database->sql($sql, 'tickr') if $sql;
    return;
}

# Return all definitions and rows, to compare them.
sub everything {
    my $tables = $database->sql('SHOW TABLES', 'tickr');
    return join "\n", $tables,
        map { $database->sql("SHOW CREATE TABLE $_; SELECT * FROM $_", 'tickr') } split /\n/, $tables;
}

sub first_ticket_is {
    my ($body, $name) = @_;
    my $server = Tickr::Server->new(database => $database);
    is $server->get('/tickets/create')->{body}, $body, $name;
    is $server->stop, 0, '... and the server stops cleanly';
    return;
}

# The server, and createdb unless SERVE_ONLY, must refuse the database with all of PATTERNS.
sub is_refused {
    my ($name, $patterns, %given) = @_;
    my $before = everything();
    my @commands = $given{serve_only} ? [] : ([], ['createdb'], [ 'createdb', '--if-not-exists' ]);
    for my $arguments (@commands) {
        my ($status, $output) = run($arguments, %{ $given{env} // {} });
        is $status, @$arguments ? 1 : 78, "$name: tickrd @$arguments is refused";
        like $output, $_, '... with the reason' for @$patterns;
    }
    is everything(), $before, '... and the database is unchanged';
    return;
}

# Do as the refusal of a table without its row says.
sub is_fixed_by {
    my ($sql) = @_;
    $database->sql($sql, 'tickr');
    my ($status) = run([ 'advance', '--past', 1000, '--yes' ]);
    is $status, 0, '... with a row of id 1 tickrd advance succeeds';
    first_ticket_is('[1009]', '... and the next ticket is above the last one');
    return;
}

# --- from nothing ------------------------------------------------------------------------------

{
    begin_again();
    my ($status, $output) = createdb();
    is $status, 0, 'createdb exits 0';
    like $output, qr/^database tickr: created$/m,         '... and prints that it made the database';
    like $output, qr/^table `tickets`: created/m,         '... and the table';
    like $output, qr/^settings: pinned \(\Q$pinned\E\)$/m, '... and the pinned settings';
    like $database->sql('SHOW CREATE TABLE tickets', 'tickr'),
        qr/`id` bigint\(20\) unsigned NOT NULL AUTO_INCREMENT,\\n  PRIMARY KEY \(`id`\)\\n\) ENGINE=InnoDB/,
        'the table is plain AUTO_INCREMENT on InnoDB';
    is $database->sql('SELECT id FROM tickets', 'tickr'), '1', 'with its first row';
    is $database->sql('SELECT max_nodes, node_number, starting_offset FROM tickr_settings', 'tickr'),
        "10\t3\t326", 'the settings are pinned';

    my $before = everything();
    ($status, $output) = createdb();
    is $status, 1, 'a second createdb exits 1';
    like $output, qr/^database tickr: found$/m,           '... and prints that it found the database';
    like $output, qr/^table `tickets`: found \(append layout, InnoDB\)$/m, '... and the table';
    like $output, qr/^settings: found/m,                  '... and the settings';
    ($status, $output) = run([ 'createdb', '--if-not-exists' ]);
    is $status, 0, 'with --if-not-exists it exits 0';
    like $output, qr/found/, '... and prints the same';
    is everything(), $before, '... and neither changes anything';

    for my $case (
        [ { TICKR_MAX_NODES       => 20 },  'TICKR_MAX_NODES=20 TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=326' ],
        [ { TICKR_NODE_NUMBER     => 4 },   'TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=4 TICKR_STARTING_OFFSET=326' ],
        [ { TICKR_STARTING_OFFSET => 327 }, 'TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=327' ],
        )
    {
        my ($env, $ours) = @$case;
        is_refused("another @{[keys %$env]}", [ qr/\Q$pinned\E/, qr/\Q$ours\E/ ], env => $env);
    }
    first_ticket_is('[329]', 'the first ticket is right');

    begin_again('');
    ($status, $output) = createdb();
    is $status, 0, 'createdb fills an empty database';
    first_ticket_is('[329]', '... and the server issues tickets');

    begin_again();
    ($status) = run([ 'createdb', '--if-not-exists' ], TICKR_DATABASE_NAME => 'ticket-s');
    is $status, 0, 'a database may have an odd name';
    my $server = Tickr::Server->new(database => $database, env => { TICKR_DATABASE_NAME => 'ticket-s' });
    is $server->get('/tickets/create')->{body}, '[329]', '... and the server issues tickets';
    $server->stop;
    $database->sql('DROP DATABASE `ticket-s`');
}

# --- the counter layout -----------------------------------------------------------------------------

my $counter_table = qr/`id` bigint\(20\) unsigned NOT NULL,\\n  `stub` char\(1\)[^,]* NOT NULL,\\n  PRIMARY KEY \(`stub`\)\\n\) ENGINE=InnoDB/;

{
    begin_again();
    my ($status, $output) = run([ 'createdb', '--layout', 'counter' ]);
    is $status, 0, 'createdb --layout counter exits 0' or diag $output;
    like $output, qr/^table `tickets`: created \(counter layout\)$/m, 'it names the layout';
    like $output, qr/^settings: pinned \(\Q$pinned\E\)$/m, '... and the pinned settings';
    like $database->sql('SHOW CREATE TABLE tickets', 'tickr'), $counter_table,
        'the table has one number a stub, on InnoDB';
    is $database->sql('SELECT id, stub FROM tickets', 'tickr'), "1\ta", 'and one row';
    first_ticket_is('[329]', '... with the same first ticket as in the append layout');
    is $database->sql('SELECT id, stub FROM tickets', 'tickr'), "2\ta", 'and there is still one row';

    my $before = everything();
    for my $case (
        [ [], 1 ],
        [ ['--if-not-exists'], 0 ],
        [ [ '--layout', 'counter' ], 1 ],
        [ [ '--layout', 'counter', '--if-not-exists' ], 0 ],
        )
    {
        my ($arguments, $expected) = @$case;
        ($status, $output) = run([ 'createdb', @$arguments ]);
        is $status, $expected, "createdb again, with '@$arguments', exits $expected";
        like $output, qr/^table `tickets`: found \(counter layout, InnoDB\)$/m, '... and finds the table';
        unlike $output, qr/asked for/, '... in the wanted layout';
    }
    is everything(), $before, '... and none of them changes anything';
}

for my $case ([ 'append', 'counter' ], [ 'counter', 'append' ]) {
    my ($there, $wanted) = @$case;
    begin_again();
    run([ 'createdb', '--layout', $there ]);
    my $before = everything();
    for my $more ([ [], 1 ], [ ['--if-not-exists'], 0 ]) {
        my ($arguments, $expected) = @$more;
        my ($status, $output) = run([ 'createdb', '--layout', $wanted, @$arguments ]);
        is $status, $expected, "--layout $wanted @$arguments on a table in the $there layout exits $expected";
        like $output, qr/^table `tickets`: found \($there layout, InnoDB\)$/m, '... says what is there';
        like $output, qr/^the $wanted layout was requested, but createdb alters no table/m,
            '... and that it stays';
    }
    is everything(), $before, '... and changes nothing';
}

{
    begin_again();
    my ($status, $output) = run([ 'createdb', '--layout', 'counter', '--continue-after', 559 ]);
    is $status, 0, '--layout counter with --continue-after succeeds' or diag $output;
    is $database->sql('SELECT id, stub FROM tickets', 'tickr'), "25\ta", 'the row stands at the ticket';
    first_ticket_is('[569]', '... and the first ticket is the one after it');
    ($status, $output) = run([ 'createdb', '--if-not-exists', '--continue-after', 1559 ]);
    is $status, 1, 'a counter that is there is not moved';
    like $output, qr/its counter is at 26; to continue after that ticket it must be at 125/,
        '... but it says where it stands';
    like $output, qr/createdb moves no counter: run tickrd advance --past 1559, then/, '... and what moves it';
}

{    # by hand
    begin_again('');
    my $sql = Tickr::Process::slurp(($ENV{SRCDIR} // '.') . '/sql/tickets_counter.sql');
    $database->sql($sql, 'tickr');
    is $database->sql('SELECT id, stub FROM tickets', 'tickr'), "1\ta", 'sql/tickets_counter.sql by hand begins at 1';
    $database->sql("DROP TABLE tickets; SET \@newest = 41; $sql", 'tickr');
    is $database->sql('SELECT id, stub FROM tickets', 'tickr'), "41\ta", '... or where it is told';
}

{    # several masters would each issue the same tickets
    begin_again();
    $database->sql('SET GLOBAL auto_increment_increment = 2');
    my ($status, $output) = run([ 'createdb', '--layout', 'counter' ]);
    is $status, 1, 'where auto_increment_increment is 2 --layout counter is refused';
    like $output, qr/^auto_increment_increment is 2 .*each would issue the same tickets/m, '... with the reason';
    like $output, qr/Use --layout append; or, .* set auto_increment_increment to 1/, '... and what to do';
    is $database->sql(q(SHOW DATABASES LIKE 'tickr')), '', '... and no database is left behind';
    $database->sql('CREATE DATABASE tickr');
    ($status) = run([ 'createdb', '--layout', 'counter' ]);
    is $status, 1, '... also if the database exists';
    is $database->sql('SHOW TABLES', 'tickr'), '', '... and no table is made';
    ($status) = run([ 'createdb', '--layout', 'append' ]);
    is $status, 0, '... while it makes --layout append';
    $database->sql('SET GLOBAL auto_increment_increment = 1');
    first_ticket_is('[329]', '... and the server issues tickets');
}

for my $case (
    [ [ 'createdb', '--layout', 'stub' ], qr/--layout takes append or counter, not stub$/m ],
    [ [ 'createdb', '--layout=' ],        qr/--layout takes append or counter, not $/m ],
    [ [ 'createdb', '--layout', 'append', '--layout', 'Counter' ], qr/append or counter, not Counter$/m ],
    [ [ '--layout', 'counter' ],          qr/--layout goes with createdb only/ ],
    )
{
    my ($arguments, $why) = @$case;
    my ($status, $output) = run($arguments);
    is $status, 64, "tickrd @$arguments is refused";
    like $output, $why, '... and says why';
}

# --- an existing Tickr ----------------------------------------------------------------------------

my $june = 'CREATE TABLE tickets (`id` bigint unsigned NOT NULL auto_increment, '
    . "`stub` char(1) NOT NULL default '', PRIMARY KEY (id), UNIQUE KEY stub (stub)) ENGINE=%s";
my $july = 'CREATE TABLE tickets (`id` bigint(20) UNSIGNED NOT NULL, '
    . '`stub` char(1) NOT NULL UNIQUE PRIMARY KEY) ENGINE=%s';
my @old = (
    [ stub    => 'MyISAM', $june ],
    [ stub    => 'InnoDB', $june ],
    [ counter => 'MyISAM', $july ],
    [ counter => 'InnoDB', $july ],
);
for my $case (@old) {
    my ($layout, $engine, $sql) = @$case;
    begin_again(sprintf("$sql; INSERT INTO tickets VALUES (41, 'a')", $engine));
    is_refused("a $layout table without settings", [qr/run tickrd createdb/], serve_only => 1);
    my $before = $database->sql('SHOW CREATE TABLE tickets; SELECT * FROM tickets', 'tickr');
    my ($status, $output) = createdb();
    is $status, 0, "createdb on a $layout table ($engine) exits 0";
    like $output, qr/^table `tickets`: found \($layout layout, $engine\)$/m, '... recognises it';
    like $output, qr/^settings: pinned/m, '... pins the settings';
    is $database->sql('SHOW CREATE TABLE tickets; SELECT * FROM tickets', 'tickr'), $before,
        '... and leaves the table as it was';
    first_ticket_is('[729]', '... the very next ticket is issued');
    ($status) = createdb();
    is $status, 1, '... and a second createdb finds everything';
}

# --- databases that are refused--------------------------------------------------------------------

{
    begin_again();
    my ($status, $output) = run([]);
    is $status, 78, 'a missing database is refused';
    like $output, qr/tickr/, '... by its name';
    like $output, qr/createdb/, '... with the remedy';

    begin_again('');
    is_refused('no table', [ qr/database tickr has no table `tickets`/, qr/run tickrd createdb/ ],
        serve_only => 1);

    begin_again();
    createdb();
    $database->sql('DROP TABLE tickr_settings', 'tickr');
    is_refused('no settings', [ qr/no pinned settings/, qr/run tickrd createdb/ ], serve_only => 1);
    ($status) = createdb();
    is $status, 0, '... createdb pins them again';
    $database->sql('DELETE FROM tickr_settings', 'tickr');
    is_refused('an empty table of settings', [ qr/no pinned settings/, qr/run tickrd createdb/ ],
        serve_only => 1);
    ($status) = createdb();
    is $status, 0, '... createdb fills it';
    first_ticket_is('[329]', '... and the server issues tickets');

    $database->sql('DROP TABLE tickets', 'tickr');
    my ($serve_status, $serve_output) = run([]);
    is $serve_status, 78, 'settings whose table is gone are refused';
    like $serve_output, qr/no table `tickets`/, '... and the reason says so';
    for my $arguments (['createdb'], [ 'createdb', '--if-not-exists' ]) {
        ($status, $output) = run($arguments);
        is $status, 1, "... tickrd @$arguments makes no new one";
        like $output, qr/lost.*issue its tickets again.*Restore the table/s, '... and says why, and what to do';
        like $output, qr/createdb --continue-after the last ticket/, '... also where it cannot be restored';
    }
    is $database->sql('SHOW TABLES', 'tickr'), "tickr_identity\ntickr_sequences\ntickr_settings",
        '... nothing was made';
}

# A killed createdb leaves no row or the right one. The next createdb does not begin at 1.
for my $layout (qw(append counter)) {
    begin_again();
    my ($status, $output) = run([ 'createdb', '--layout', $layout, '--continue-after', 559 ]);
    is $status, 0, "$layout: createdb continues after a ticket" or diag $output;
    is $database->sql('SELECT id FROM tickets', 'tickr'), 25, "$layout: its row is the only one there ever was";
    $database->sql('DROP TABLE tickr_settings, tickr_identity', 'tickr');
    ($status, $output) = createdb();
    is $status, 0, "$layout: after a kill after the row the next createdb continues" or diag $output;
    first_ticket_is('[569]', "$layout: ... from there");
    $database->sql('DROP TABLE tickr_settings; DELETE FROM tickets', 'tickr');
    ($status, $output) = createdb();
    is $status, 1, "$layout: killed before the row, the next createdb is refused";
    like $output, qr/If an interrupted createdb left the table, DROP TABLE tickets and run createdb again/,
        "$layout: ... and says what to do";
    ($status) = run([]);
    is $status, 78, "$layout: ... as is the server";
}

# The identity is random, and made once, also in a database of an older tickrd.
{
    my $identity = sub { $database->sql('SELECT identity FROM tickr_identity', 'tickr') };
    my %seen;
    for (1 .. 3) {
        begin_again();
        my ($status, $output) = createdb();
        like $output, qr/^identity: made$/m, 'createdb prints that it made an identity';
        like $identity->(), qr/^[0-9a-f]{32}$/, '... of 128 bits';
        $seen{ $identity->() }++;
    }
    is scalar keys %seen, 3, 'each database has its own';
    my $before = $identity->();
    my ($status, $output) = createdb();
    is $status, 1, 'createdb again finds everything';
    like $output, qr/^identity: found$/m, '... the identity too';
    is $identity->(), $before, '... and keeps it';
    $database->sql('DROP TABLE tickr_identity', 'tickr');
    first_ticket_is('[329]', 'a database without an identity is served from');
    ($status, $output) = createdb();
    is $status, 0, 'createdb makes the identity there';
    like $identity->(), qr/^[0-9a-f]{32}$/, '... of 128 bits';
    $database->sql('SET GLOBAL read_only = 1; ');
    $database->sql('DROP TABLE tickr_identity', 'tickr');
    ($status, $output) = run([ 'createdb', '--if-not-exists' ]);
    is $status, 0, 'on a replica createdb succeeds without an identity';
    like $output, qr/^identity: none, and this server is read-only/m, '... with the reason';
    $database->sql('SET GLOBAL read_only = 0');
}

{
    begin_again();
    createdb();
    $database->sql('DELETE FROM tickets', 'tickr');
    is_refused('an empty append table', [ qr/append layout.*no row/, qr/insert a row with id 1 and/ ]);
    is_fixed_by("INSERT INTO tickets (id) VALUES (1)");
    for my $case (@old) {
        my ($layout, $engine, $sql) = @$case;
        begin_again(sprintf($sql, $engine));
        $database->sql(settings_sql(), 'tickr');
        is_refused("an empty $layout table ($engine)",
            [ qr/$layout layout.*no row with stub 'a'/, qr/insert a row with stub 'a' and id 1 and/ ]);
        $database->sql("INSERT INTO tickets VALUES (41, 'b')", 'tickr');
        is_refused("a $layout table ($engine) with another row only", [qr/no row with stub 'a'/]);
        $database->sql("DELETE FROM tickets", 'tickr');
        is_fixed_by("INSERT INTO tickets (id, stub) VALUES (1, 'a')");
    }
}

# Return the statements that pin the settings by hand.
sub settings_sql {
    my $path = ($ENV{SRCDIR} // '.') . '/sql/settings.sql';
    return "SET \@max_nodes = 10, \@node_number = 3, \@starting_offset = 326; "
        . Tickr::Process::slurp($path);
}

{
    my %wrong = (
        'an INT id' => [
            'CREATE TABLE tickets (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY)', qr/id int/ ],
        'one more column' => [
            'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, note INT)',
            qr/note int/ ],
        'an id without AUTO_INCREMENT' => [
            'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL PRIMARY KEY)', qr/id bigint\(20\) unsigned/ ],
        'a stub that is not unique' => [
            'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, stub CHAR(1))',
            qr/stub char\(1\)/ ],
        'no id' => [ 'CREATE TABLE tickets (stub CHAR(1) PRIMARY KEY)', qr/stub char\(1\)/ ],
        'a view' => [
            'CREATE TABLE t (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY);'
                . 'CREATE VIEW tickets AS SELECT * FROM t', qr/view/i ],
    );
    for my $name (sort keys %wrong) {
        my ($sql, $found) = @{ $wrong{$name} };
        begin_again("$sql; " . settings_sql());
        is_refused($name, [ $found, qr/three layouts in docs\/architecture\.md/, qr/restore it, or use another database/ ]);
    }
}

done_testing;
