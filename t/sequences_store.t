#!/usr/bin/perl
# The stores of named sequences keep the promises of their seam: t/sequences/contract runs the same checks over each.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Process qw(slurp wait_for);
use Tickr::Server;
use Tickr::Vendor;

my $runs     = 0;
our $user    = 'root';
my $contract = Tickr::Server::program('t/sequences/contract');
my %space    = (TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3, TICKR_STARTING_OFFSET => 326);

sub createdb {
    my ($database, @arguments) = @_;
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        arguments => [ 'createdb', @arguments ],
        env       => \%space,
    );
    return ($status, $output);
}

sub start_contract {
    my ($database, @groups) = @_;
    return Tickr::Process->new(
        name    => 'contract' . ++$runs,
        command => [ $contract, $database->name, @groups ],
        env     => {
            TICKR_DATABASE_NAME     => 'tickr',
            TICKR_DATABASE_USERNAME => $user,
            TICKR_DATABASE_PORT     => $user eq 'root' ? undef : $database->port,
            $database->environment,
            $user eq 'root' ? () : (TICKR_DATABASE_HOST => '127.0.0.1'),
        },
    );
}

# Run the checks of GROUPS over DATABASE, and report each one.
sub contract_holds {
    my ($database, @groups) = @_;
    my $process = start_contract($database, @groups);
    my $status  = $process->wait_exit(120);
    for my $line (split /\n/, $process->log) {
        ok $1 eq 'ok', $database->name . ": $2" if $line =~ /^(ok|not ok) \d+ - (.*)/;
        diag $line if $line =~ /^#/;
    }
    is $status, 0, $database->name . ': all of them hold';
    return;
}

# The result of one statement: "move 0 NUMBER", or "open" or "move" with another result and the reason.
sub try_one {
    my ($database) = @_;
    my $process = start_contract($database, 'try');
    $process->wait_exit(60);
    return $process->log;
}

# --- createdb ----------------------------------------------------------------------------------------

sub everything_else {
    my ($database) = @_;
    return $database->sql('.dump tickets') . $database->sql('.dump tickr_settings') . $database->sql('.dump tickr_identity')
        if $database->name eq 'sqlite';
    return join "\n", map { $database->sql("SHOW CREATE TABLE $_; SELECT * FROM $_", 'tickr') }
        qw(tickets tickr_settings tickr_identity);
}

sub sql { my ($database, $sql) = @_; return $database->sql($sql, 'tickr') }

sub createdb_keeps_its_promises {
    my ($database) = @_;
    my $name = $database->name;
    my ($status, $output) = createdb($database);
    is $status, 0, "$name: createdb makes a new database";
    like $output, qr/^table `tickr_sequences`: created$/m, '... with the table of named sequences';
    ($status, $output) = createdb($database, '--sequences');
    is $status, 1, "$name: createdb --sequences finds the table";
    like $output, qr/^table `tickr_sequences`: found$/m, '... and prints that';

    sql($database, 'DROP TABLE tickr_sequences');
    my $before = everything_else($database);
    like try_one($database), qr/^open 5 .*no table `tickr_sequences`.*createdb --sequences/,
        "$name: a database without the table is refused";
    ($status, $output) = createdb($database);
    is $status, 1, "$name: a plain createdb adds no table to a database that is there";
    like $output, qr/^table `tickr_sequences`: none.*createdb --sequences$/m, '... and names the command that does';
    ($status, $output) = createdb($database, '--sequences');
    is $status, 0, "$name: createdb --sequences adds the table";
    is everything_else($database), $before, '... and touches nothing else';
    is try_one($database), "move 0 1 \n", '... and sequences begin at 1';
    ($status, $output) = createdb($database, '--sequences', '--if-not-exists');
    is $status, 0, "$name: a second one finds it";
    is try_one($database), "move 0 2 \n", '... and changes nothing';

    sql($database, 'DELETE FROM tickr_sequences');
    ($status, $output) = createdb($database, '--sequences');
    is $status, 1, "$name: a table without the clock is not filled again";
    like $output, qr/no row of the clock: restore the/, '... with the reason';
    like try_one($database), qr/^open 5 .*no row of the clock/, '... and no session opens';
    sql($database, 'DROP TABLE tickr_sequences');
    ($status) = createdb($database, '--sequences');
    is $status, 0, '... until the table is removed and made again';
    return;
}

# --- the end of a counter --------------------------------------------------------------------------

sub ends_are_no_duplicates {
    my ($database) = @_;
    my $name = $database->name;
    my $most = '4611686018427387903';    # 2^62 - 1
    try_one($database);
    sql($database, "UPDATE tickr_sequences SET newest = $most WHERE name = X'747279'");
    is try_one($database), "move 0 4611686018427387904 \n", "$name: a sequence beyond its end shows a number above most";
    my $clock = sql($database, "SELECT newest FROM tickr_sequences WHERE name = X'FF636C6F636B'");
    sql($database, "UPDATE tickr_sequences SET newest = 9223372036854775807 WHERE name = X'FF636C6F636B'");
    like try_one($database), qr/^move 6 .*clock of the table `tickr_sequences` is at its end/,
        "$name: a clock at its end is exhausted";
    sql($database, "UPDATE tickr_sequences SET newest = $clock WHERE name = X'FF636C6F636B'");
    is try_one($database), "move 0 4611686018427387905 \n", '... and that statement moved nothing';
    sql($database, "UPDATE tickr_sequences SET newest = -5 WHERE name = X'747279'");
    like try_one($database), qr/^move 5 .*(never writes|lower than)/, "$name: a negative number is refused";
    sql($database, "UPDATE tickr_sequences SET raised = NULL WHERE name = X'FF636C6F636B'");
    like try_one($database), qr/^open 5 .*no row of the clock/, "$name: a clock without its raises is refused";
    sql($database, 'DROP TABLE tickr_sequences');
    createdb($database, '--sequences');
    return;
}

# --- hostile settings --------------------------------------------------------------------------------

# The settings of init_connect reach users without SUPER only.
sub settings_do_not_matter {
    my ($database) = @_;
    $database->sql(q{CREATE USER plain@'127.0.0.1'; GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1'});
    $database->sql('SET GLOBAL init_connect = "' . join('', map {"SET SESSION $_;"} Tickr::Vendor::hostile_settings()) . '"');
    local $user = 'plain';
    contract_holds($database, qw(moves policies copies threads));
    $database->sql('SET GLOBAL init_connect = ""');
    return;
}

# --- a load ------------------------------------------------------------------------------------------

sub ranges_of { return map { [split] } grep { /^load\S+ \d+ \d+ \d+$/ } split /\n/, $_[0] }

# Check the ranges of all loads on one database: [name, first, last, clock].
sub are_lawful {
    my ($what, @ranges) = @_;
    my (%last, @wrong);
    for my $range (sort { $a->[3] <=> $b->[3] } @ranges) {
        my ($name, $first, $newest, $clock) = @$range;
        my $before = $last{$name};
        push @wrong, "@$range" if $before && ($first <= $before->[0] || $newest - $before->[0] > $clock - $before->[1]);
        $last{$name} = [ $newest, $clock ];
    }
    is_deeply \@wrong, [], "$what: of " . @ranges . ' ranges none meets another, and none is faster than the clock';
    return;
}

sub wait_for_ranges {
    my ($load, $more) = @_;
    my $before = ranges_of($load->log);
    return wait_for("$more more ranges", 60, sub { ranges_of($load->log) >= $before + $more });
}

sub end_load {
    my ($load) = @_;
    $load->signal('TERM');
    is $load->wait_exit(60), 0, 'the load ends';
    return ranges_of($load->log);
}

sub crashes_repeat_nothing {
    my ($database) = @_;
    my $load = start_contract($database, 'load');
    wait_for_ranges($load, 500);
    for (1 .. 2) {
        $database->kill;
        $database->start;
        wait_for_ranges($load, 500);
    }
    are_lawful('after kill -9 of the database', end_load($load));
    return;
}

sub killed_programs_repeat_nothing {
    my ($database) = @_;
    my @ranges;
    for (1 .. 3) {
        my $load = start_contract($database, 'load');
        wait_for_ranges($load, 300);
        $load->kill_hard;
        push @ranges, ranges_of($load->log);
    }
    are_lawful($database->name . ', after kill -9 of the program', @ranges);
    return;
}

# --- a server that changes ---------------------------------------------------------------------------

sub refusals {
    my ($database) = @_;
    for my $case (
        [ 'an engine that forgets', 'ALTER TABLE tickr_sequences ENGINE=MyISAM', qr/^open 5 .*must use InnoDB/,
            'ALTER TABLE tickr_sequences ENGINE=InnoDB' ],
        [ 'a trigger', 'CREATE TRIGGER lower BEFORE UPDATE ON tickr_sequences FOR EACH ROW SET NEW.newest = 1',
            qr/^open 5 .*trigger.*drop it/, 'DROP TRIGGER lower' ],
        [ 'another column', 'ALTER TABLE tickr_sequences ADD other INT', qr/^open 5 .*shape/,
            'ALTER TABLE tickr_sequences DROP other' ],
        [ 'a second unique key', 'ALTER TABLE tickr_sequences ADD UNIQUE more (newest, name)', qr/^open 5 .*shape/,
            'ALTER TABLE tickr_sequences DROP INDEX more' ],
        [ 'several masters', 'SET GLOBAL auto_increment_increment = 2', qr/^open 5 .*several masters count side by side/,
            'SET GLOBAL auto_increment_increment = 1' ],
        [ 'a read-only server', 'SET GLOBAL read_only = 1', qr/^open 2 .*read_only/, 'SET GLOBAL read_only = 0' ],
        )
    {
        my ($name, $break, $words, $repair) = @$case;
        sql($database, $break);
        like try_one($database), $words, "$name is refused";
        sql($database, $repair);
        like try_one($database), qr/^move 0 /, '... until it is repaired';
    }
    return;
}

# The same under open sessions: no statement after the change brings numbers.
sub changes_under_sessions {
    my ($database) = @_;
    my @ranges;
    for my $case (
        [ 'a demoted server', 'SET GLOBAL read_only = 1', 2, 'SET GLOBAL read_only = 0' ],
        [ 'a second master',  'SET GLOBAL auto_increment_increment = 2', 5, 'SET GLOBAL auto_increment_increment = 1' ],
        [ 'another engine',   'ALTER TABLE tickr_sequences ENGINE=MyISAM', 3, 'ALTER TABLE tickr_sequences ENGINE=InnoDB' ],
        )
    {
        my ($name, $break, $result, $repair) = @$case;
        my $load = start_contract($database, 'load');
        wait_for_ranges($load, 100);
        sql($database, $break);
        wait_for("$name to be seen", 20, sub { (() = $load->log =~ /^# $result /mg) >= 3 });
        my $clock = sql($database, q(SELECT newest FROM tickr_sequences WHERE name = X'FF636C6F636B'));
        is sql($database, q(SELECT newest FROM tickr_sequences WHERE name = X'FF636C6F636B')), $clock,
            "$name: every session sees it, and none moves the clock";
        sql($database, $repair);
        wait_for_ranges($load, 100);
        push @ranges, end_load($load);
    }
    are_lawful('after all changes', @ranges);
    return;
}

# --- the run -----------------------------------------------------------------------------------------

my @databases = map { $_->missing ? () : $_->new(tcp => 1) } qw(Tickr::Database Tickr::File);
plan skip_all => 'no database can run here' if !@databases;

for my $database (@databases) {
    createdb_keeps_its_promises($database);
    ends_are_no_duplicates($database);
    contract_holds($database);
    killed_programs_repeat_nothing($database);
    next if $database->name eq 'sqlite';
    sql($database, 'DROP TABLE tickr_sequences');
    createdb($database, '--sequences');
    settings_do_not_matter($database);
    refusals($database);
    changes_under_sessions($database);
    crashes_repeat_nothing($database);
}

done_testing;
