#!/usr/bin/perl
# tickrd advance moves a counter only forward, after it has printed its plan, on every layout, while servers run.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(missing_program scratch wait_for);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);

sub advance {
    my ($database, $arguments, %env) = @_;
    return Tickr::Server->run(
        database  => $database,
        arguments => [ 'advance', @$arguments ],
        env       => \%env);
}

# The number of the last advance, as the database has noted it.
sub advances {
    my ($database) = @_;
    return $database->sql('SELECT advances FROM tickr_identity', $database->name eq 'mysql' ? 'tickr' : ());
}

sub next_ticket {
    my ($server) = @_;
    my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    return $ticket;
}

# --- the command line ---------------------------------------------------------------------------

for my $case (
    [ ['advance'], qr/advance needs --past TICKET/ ],
    [ [ 'advance', '--past', 'x' ], qr/--past takes a ticket or an id, a whole number/ ],
    [ [ 'advance', '--past', '-1' ], qr/--past takes a ticket or an id, a whole number/ ],
    [ [ 'advance', '--past', '9223372036854775808' ], qr/--past takes a ticket or an id, a whole number/ ],
    [ [ 'createdb', '--past', '1' ], qr/--past goes with advance and sequence advance only/ ],
    [ ['--yes'], qr/--yes goes with advance and sequence advance and sequence retire/ ],
    [ [ 'advance', '--past', '1', '--continue-after', '1' ], qr/--continue-after goes with createdb only/ ],
    )
{
    my ($arguments, $why) = @$case;
    my ($status, $output) = Tickr::Server->run(arguments => $arguments);
    is $status, 64, "tickrd @$arguments is a wrong command line";
    like $output, $why, '... with the reason';
}

# --- on each kind of database -------------------------------------------------------------------

on_each_store(sub {
    my ($database) = @_;
    my $on     = $database->name;
    my $server = Tickr::Server->fresh(database => $database);
    is next_ticket($server), 329, "$on: the first ticket";

    my $plan = <<'END';
the newest ticket of the database:    329
the next ticket now, at least:        339
the next ticket afterwards, at least: 10329
tickets that become a gap:            999
tickets that are left afterwards:     922337203685476548
END
    my ($status, $output) = advance($database, [ '--past', 10_325 ]);
    is $status, 1, "$on: without --yes and without a terminal nothing is done";
    is $output, "${plan}tickrd: there is no terminal to ask at: add --yes; nothing was changed\n",
        "$on: but it says what would be";
    is next_ticket($server), 339, "$on: the counter has not moved";

    ($status, $output) = advance($database, [ '--past', 10_325, '--yes' ]);
    is $status, 0, "$on: with --yes it moves the counter while a server runs" or diag $output;
    like $output, qr/^the newest ticket of the database: +339\n.*a gap: +998\n.*^the counter was moved\n\z/ms,
        "$on: ... and says so";
    is next_ticket($server), 10_329, "$on: ... and the next ticket is above it";

    ($status, $output) = advance($database, [ '--past', 10_319, '--yes' ]);
    is $status, 0, "$on: a ticket that was issued needs no move";
    like $output, qr/^the counter is already past this ticket, so it stays\n/, "$on: and it says so";
    ($status, $output) = advance($database, [ '--past', 10_329, '--yes' ]);
    is $status, 0, "$on: ... also if the ticket is the last one";
    is next_ticket($server), 10_339, "$on: ... and the next ticket follows";
    is $server->stop, 0, "$on: the server stops cleanly";

    # After the repair a server serves again by itself.
    my $state = scratch() . "/state-$on";
    mkdir $state or die "$state: $!";
    my %env = (TICKR_STATE_DIR => $state);
    $server = Tickr::Server->fresh(database => $database, env => \%env);
    $server->get('/tickets/create/100');
    is $server->stop, 0, "$on: the server stops cleanly";
    if ($on eq 'mysql') { $database->sql('TRUNCATE tickets; INSERT INTO tickets VALUES (50)', 'tickr') }
    else                { $database->sql('UPDATE tickets SET id = 50') }
    $server = Tickr::Server->new(database => $database, env => \%env);
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, "$on: an older copy is refused";
    my ($past) = $answer->{body} =~ /tickrd advance --past (\d+)/;
    is $past, 1319, "$on: ... with the command that repairs it";
    ($status, $output) = advance($database, [ '--past', 1000, '--yes' ], %env);
    is $status, 1, "$on: less than the state file has is refused";
    like $output, qr/by the state file, 1319 was issued\. Use --past 1319 or more/, "$on: and it says how far";
    ($status, $output) = advance($database, [ '--past', $past, '--yes' ], %env);
    is $status, 0, "$on: the named command succeeds" or diag $output;
    $server->wait_until_ready;
    cmp_ok next_ticket($server), '>', 1319, "$on: the server serves again by itself, with new tickets";
    my $noted = advances($database);
    cmp_ok abs($noted / 1e6 - time), '<', 60, "$on: the time of the advance is noted, in microseconds";
    is $server->stop, 0, "$on: the server stops cleanly";

    open my $torn, '>', "$state/node-3.state" or die "$state: $!";
    close $torn;
    ($status, $output) = advance($database, [ '--past', 2_000_000_000, '--yes' ], %env);
    is $status, 0, "$on: a damaged state file does not stand in the way";
    cmp_ok advances($database), '>', $noted, "$on: a later advance is noted as a later one";
    my $future = 9e15;
    $database->sql("UPDATE tickr_identity SET advances = $future", $on eq 'mysql' ? 'tickr' : ());
    ($status, $output) = advance($database, [ '--past', 2_000_000_000, '--yes' ], %env);
    is advances($database), $future + 1, "$on: whatever the clock says";
    like $output, qr/ignored a state file: the state file/, "$on: the damaged state file is named";

    # The end of the space.
    ($status, $output) = advance($database, [ '--past', 9223372036854775807, '--yes' ]);
    is $status, 0, "$on: a move to the end of the space succeeds" or diag $output;
    like $output, qr/afterwards, at least: none\n.*afterwards: +0\n/s, "$on: ... with no tickets left";

    $database->sql($on eq 'mysql' ? 'INSERT INTO tickets VALUES (922337203685477600)'
        : 'UPDATE tickets SET id = 922337203685477600', $on eq 'mysql' ? 'tickr' : ());
    ($status, $output) = advance($database, [ '--past', 20_000, '--yes' ]);
    is $status, 1, "$on: a counter past the end is not moved";
    is $output, "tickrd: the space of tickets is exhausted: this node has none left; nothing was changed\n",
        "$on: ... and the message says so";

    # A database without a counter.
    $database->sql('DELETE FROM tickets', $on eq 'mysql' ? 'tickr' : ());
    ($status, $output) = advance($database, [ '--past', 20_000, '--yes' ]);
    is $status, 1, "$on: where nothing is known nothing is done";
    like $output, qr/it is not known which numbers were issued.*nothing was changed/, "$on: and it says so";
    $database->drop;
    ($status, $output) = advance($database, [ '--past', 20_000, '--yes' ]);
    is $status, 1, "$on: a missing database is an error" or diag $output;
});

# --- a terminal ---------------------------------------------------------------------------------

SKIP: {
    skip missing_program('script'), 4 if missing_program('script');
    skip(Tickr::File->missing, 4) if Tickr::File->missing;
    my $file = Tickr::File->new;
    Tickr::Server->createdb(database => $file);
    for my $case ([ 'no', 1, 1 ], [ 'yes', 0, 100 ]) {
        my ($answer, $wanted, $base) = @$case;
        my %env = Tickr::Server::environment($file->environment);
        local @ENV{ keys %env } = values %env;
        delete $ENV{$_} for grep { !defined $env{$_} } keys %env;
        my $program = Tickr::Server::program();
        system("printf '$answer\\n' | script -qec '$program advance --past 1309' /dev/null >/dev/null 2>&1");
        is $? >> 8, $wanted, "the answer $answer at a terminal";
        is $file->sql('SELECT id FROM tickets'), $base, '... has the say';
    }
}

# --- each layout --------------------------------------------------------------------------------

SKIP: {
    skip(Tickr::Database->missing, 1) if Tickr::Database->missing;
    my $plain   = Tickr::Database->new;
    my $stepped = Tickr::Database->new(
        options => [qw(--auto-increment-increment=4 --auto-increment-offset=3)]);
    my $id      = 'id BIGINT UNSIGNED NOT NULL';
    my %layouts = (
        append => ["$id AUTO_INCREMENT PRIMARY KEY", '41'],
        stub   => [ "$id AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE", q(41, 'a') ],
        counter => [ "$id, stub CHAR(1) NOT NULL PRIMARY KEY", q(41, 'a') ],
    );
    for my $case (map { my $l = $_; map { [ $l, $_ ] } qw(InnoDB MyISAM) } sort keys %layouts) {
        my ($layout, $engine) = @$case;
        for my $database ($plain, $stepped) {
            my $step = $database == $plain || $layout eq 'counter' ? 1 : 4;
            my $name = "$layout on $engine, step $step";
            $database->sql('DROP DATABASE IF EXISTS tickr; CREATE DATABASE tickr');
            $database->sql("CREATE TABLE tickets ($layouts{$layout}[0]) ENGINE=$engine;"
                    . "INSERT INTO tickets VALUES ($layouts{$layout}[1])", 'tickr');
            Tickr::Server->createdb(database => $database);
            my $server = Tickr::Server->new(database => $database, env => { Tickr::Server->patient });
            my $before = next_ticket($server);

            # Under load, so that statements of servers run at the same time.
            my $load = Tickr::Load->start($server, clients => 3, path => '/tickets/create/3', pause => 0.002);
            $load->wait_for_answers(20);
            my ($status, $output) = advance($database, [ '--past', 1_000_319, '--yes' ]);
            is $status, 0, "$name: the counter moves under load" or diag $output;
            $load->wait_for_answers(20);
            my @clients = $load->finish;
            is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$name: no ticket twice";
            my @tickets = sort { $a <=> $b } map { @{ $_->{tickets} } } map {@$_} @clients;
            cmp_ok $tickets[-1], '>', 1_000_319, "$name: the servers continue after it";
            is next_ticket($server) % (10 * $step), $before % (10 * $step), "$name: ... in their own residue class";

            # The newest row, and a restart.
            my $newest = $database->sql('SELECT MAX(id) FROM tickets', 'tickr');
            ($status, $output) = advance($database, [ '--past', 2_000_319, '--yes' ]);
            is $status, 0, "$name: the counter moves again";
            if ($step == 1) {
                $database->kill;
                $database->start;
                $server->wait_until_ready;
                wait_for('the table to be small', 10, sub {
                    $database->sql('SELECT COUNT(*) FROM tickets', 'tickr') <= 1100;
                });
            }
            cmp_ok $database->sql('SELECT MAX(id) FROM tickets', 'tickr'), '>=', 200_001,
                "$name: pruning keeps the newest row";
            my $ticket = next_ticket($server);
            cmp_ok $ticket, '>', 2_000_319, "$name: the next ticket is above it";
            cmp_ok $ticket, '<', 2_000_319 + 400, "$name: and not far" or diag $server->log;
            is $server->stop, 0, "$name: the server stops cleanly";
        }
    }

    # The rights of serving suffice.
    for my $layout (sort keys %layouts) {
        $plain->sql('DROP DATABASE IF EXISTS tickr; CREATE DATABASE tickr');
        $plain->sql("CREATE TABLE tickets ($layouts{$layout}[0]) ENGINE=InnoDB;"
                . "INSERT INTO tickets VALUES ($layouts{$layout}[1])", 'tickr');
        Tickr::Server->createdb(database => $plain);
        my $rights = $layout eq 'counter' ? 'SELECT, UPDATE' : 'SELECT, INSERT, DELETE';
        $plain->sql("DROP USER IF EXISTS 'least'\@'localhost';"
                . "CREATE USER 'least'\@'localhost' IDENTIFIED BY 'secret';"
                . "GRANT $rights ON tickr.tickets TO 'least'\@'localhost';"
                . "GRANT SELECT ON tickr.tickr_settings TO 'least'\@'localhost'");
        my ($status, $output) = advance($plain, [ '--past', 1_000_319, '--yes' ],
            TICKR_DATABASE_USERNAME => 'least', TICKR_DATABASE_PASSWORD => 'secret');
        is $status, 0, "$layout: the rights of serving suffice" or diag $output;
    }
}

done_testing;
