#!/usr/bin/perl
# The pool of named sequences: it notices an older copy on each kind of database, and tickets are served meanwhile.
use strict;
use warnings;
use Test::More;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(scratch slurp wait_for);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);

my $folders = 0;

sub settings {
    my (%env) = @_;
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return (TICKR_SEQUENCES => 'any', TICKR_STATE_DIR => $folder, %env);
}

sub state_of {
    my ($env) = @_;
    my ($count, $ahead) = slurp("$env->{TICKR_STATE_DIR}/sequences-3.state")
        =~ /^instance [0-9a-f]{32} count (\d+) ahead (\d+)$/m;
    return ($count, $ahead);
}

sub wait_for_pool {
    my ($server, $metric, $why) = @_;
    wait_for($why, 20, sub { $server->metric("tickr_database_$metric\{pool=\"sequences\"}") == 1 });
    return;
}

sub advance {
    my ($database, $env, @arguments) = @_;
    return Tickr::Server->run(database => $database, arguments => [ 'advance', @arguments ], env => $env);
}

sub sql {
    my ($database, $sql) = @_;
    return $database->sql($sql, $database->name eq 'mysql' ? 'tickr' : ());
}

# --- the command line ---------------------------------------------------------------------------

for my $case (
    [ [ 'advance', '--sequences', '--past', '1' ], qr/--past or --sequences, not both/ ],
    [ [ 'advance', '--past', '1', '--by', '1' ], qr/--by goes with advance --sequences only/ ],
    [ [ 'advance', '--sequences', '--by', '0' ], qr/--by takes a whole number from 1/ ],
    [ ['--sequences'], qr/--sequences goes with createdb and advance only/ ],
    )
{
    my ($arguments, $why) = @$case;
    my ($status, $output) = Tickr::Server->run(arguments => $arguments);
    is $status, 64, "tickrd @$arguments is a wrong command line";
    like $output, $why, '... with the reason';
}

{
    my ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_DATABASE_ADAPTER => 'mysql', TICKR_SEQUENCES => 'declared' });
    is $status, 78, 'named sequences without TICKR_STATE_DIR are refused';
    like $output, qr/TICKR_SEQUENCES needs TICKR_STATE_DIR/, '... with the reason';
}

# --- on each kind of database -------------------------------------------------------------------

on_each_store(sub {
    my ($database) = @_;
    my $on  = $database->name;
    my %env = settings();
    my $server = Tickr::Server->fresh(database => $database, env => \%env);
    wait_for_pool($server, 'up', 'the pool of named sequences');
    my $row = "HEX(name) LIKE 'FF696E7374%'";
    wait_for('the row of the server', 20, sub { sql($database, "SELECT COUNT(*) FROM tickr_sequences WHERE $row") == 1 });
    pass "$on: the server has a row in the database";
    my ($count, $ahead) = state_of(\%env);
    cmp_ok $ahead, '>', $count, "$on: the state file has a bound above its count";
    is $server->stop, 0, "$on: the server stops cleanly";
    ($count, $ahead) = state_of(\%env);
    is $ahead, $count, "$on: ... and then the state file has the exact count";
    is sql($database, "SELECT newest FROM tickr_sequences WHERE $row"), $count, "$on: ... which is that of the row";

    # A restart.
    $server = Tickr::Server->new(database => $database, env => \%env);
    wait_for_pool($server, 'up', 'the pool after a restart');
    unlike $server->log, qr/sequences raised/, "$on: a clean restart raises nothing";
    $server->signal('KILL');
    $server->process->wait_exit(20);
    $server = Tickr::Server->new(database => $database, env => \%env);
    wait_for_pool($server, 'up', 'the pool after a kill');
    like $server->log, qr/msg="sequences raised past possibly issued ids"/, "$on: a restart after a kill raises all sequences";

    # An older copy: the server's row is one statement behind.
    sql($database, "UPDATE tickr_sequences SET newest = newest - 1 WHERE $row");
    wait_for_pool($server, 'refused', 'the older copy to be noticed');
    ok $server->wait_for_log(qr/level=error msg="the database is refused" reason="[^"]*does not have all statements of this server/),
        "$on: an older copy is refused";
    is $server->get('/tickets/create')->{status}, 200, "$on: ... and tickets are issued meanwhile";
    is $server->stop, 0, "$on: the server stops cleanly";
    $server = Tickr::Server->new(database => $database, env => \%env);
    wait_for_pool($server, 'refused', 'the refusal after a restart');
    pass "$on: the refusal outlives a restart";

    my ($status, $output) = advance($database, \%env, '--sequences');
    is $status, 1, "$on: without --yes and without a terminal nothing is done";
    like $output, qr/^the clock of the sequences: +\d+\n.*there is no terminal to ask at/s, "$on: ... and it says why";
    is $server->metric('tickr_database_refused{pool="sequences"}'), 1, "$on: ... and the refusal goes on";
    ($status, $output) = advance($database, \%env, '--sequences', '--yes');
    is $status, 0, "$on: with --yes the command succeeds" or diag $output;
    wait_for_pool($server, 'up', 'the end of the refusal');
    pass "$on: ... and the server serves again";

    my $clock = sql($database, "SELECT newest FROM tickr_sequences WHERE HEX(name) LIKE 'FF636C6F636B%'");
    ($status, $output) = advance($database, \%env, '--sequences', '--by', 1000, '--yes');
    is $status, 0, "$on: the operator may raise the sequences" or diag $output;
    cmp_ok sql($database, "SELECT newest FROM tickr_sequences WHERE HEX(name) LIKE 'FF636C6F636B%'"), '>=', $clock + 1000,
        "$on: ... by a distance of his own";
    is $server->stop, 0, "$on: the server stops cleanly";

    # While the server is away: the command raises them by the state file.
    sql($database, "UPDATE tickr_sequences SET newest = newest - 1 WHERE $row");
    ($status, $output) = advance($database, \%env, '--sequences', '--yes');
    is $status, 0, "$on: the command repairs an older copy without a server" or diag $output;
    $server = Tickr::Server->new(database => $database, env => \%env);
    wait_for_pool($server, 'up', 'the pool after a repair');
    unlike $server->log, qr/is refused|another server has a copy/, "$on: ... and the next start trusts it";
    is $server->stop, 0, "$on: the server stops cleanly";

    # An older copy, on a machine whose clock is an hour behind that of the last advance.
    my $clock_row = "HEX(name) LIKE 'FF636C6F636B%'";
    sql($database, "UPDATE tickr_sequences SET revision = revision + 3600000000 WHERE $clock_row");
    $server = Tickr::Server->new(database => $database, env => \%env);
    wait_for_pool($server, 'up', 'the pool after an advance of the future');
    sql($database, ($on eq 'mysql' ? 'START TRANSACTION' : 'BEGIN IMMEDIATE')
            . "; UPDATE tickr_sequences SET newest = newest - 1 WHERE $row;"
            . " UPDATE tickr_sequences SET revision = revision - 3600000000 WHERE $clock_row; COMMIT");
    wait_for_pool($server, 'refused', 'the older copy on a machine with another clock');
    ($status, $output) = advance($database, \%env, '--sequences', '--yes');
    is $status, 0, "$on: an advance by a clock that was set back succeeds" or diag $output;
    wait_for_pool($server, 'up', 'the end of the refusal by a clock that was set back');
    pass "$on: ... and ends the refusal";
    is $server->stop, 0, "$on: the server stops cleanly";

    # Without the table.
    sql($database, 'DROP TABLE tickr_sequences');
    $server = Tickr::Server->new(database => $database, env => { settings() });
    wait_for_pool($server, 'refused', 'the missing table to be noticed');
    ok $server->wait_for_log(qr/createdb --sequences/), "$on: without the table the log names the command that makes it";
    is $server->get('/tickets/create')->{status}, 200, "$on: ... and tickets are issued";
    is $server->stop, 0, "$on: the server stops cleanly";
});

# --- a command beside a busy server ---------------------------------------------------------------

# A server that refuses tickets writes sequences all the time. The operator's command must get the lock of the file.
SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    my $database = Tickr::File->new;
    my %env      = settings();
    my $server   = Tickr::Server->fresh(database => $database, env => \%env);
    my $clients  = Tickr::Load->start($server, clients => 16, path => '/sequences/busy/create');
    wait_for('ids', 20, sub { $server->metric('tickr_sequence_ids_issued_total') > 1000 });
    my @failed;
    for my $past (map { 1e12 * $_ + 3 } 1 .. 20) {
        my ($status, $output) = advance($database, { %env, TICKR_DATABASE_QUERY_TIMEOUT => 1 }, '--past', $past, '--yes');
        push @failed, $output if $status != 0;
    }
    is_deeply \@failed, [], 'a busy server leaves the lock of the file to each of 20 commands';
    $clients->finish;
    is $server->stop, 0, '... and stops cleanly';
}

done_testing;
