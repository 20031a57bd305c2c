#!/usr/bin/perl
# An older copy of the database under several servers: no id of a sequence comes twice, and strong ids rise.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;

my $database = Tickr::Database->new;
my $folders  = 0;
my (%seen, %highest, $repeats, $falls);

sub settings {
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return {
        TICKR_MAX_NODES             => 1,
        TICKR_NODE_NUMBER           => 0,
        TICKR_STARTING_OFFSET       => 1,
        TICKR_SEQUENCES             => 'any',
        TICKR_STATE_DIR             => $folder,
        TICKR_DATABASE_POOL_TIMEOUT => 2,
    };
}

sub server {
    my ($settings) = @_;
    my $server = Tickr::Server->new(database => $database, env => $settings // settings());
    wait_for('the sequences', 20, sub { metric($server, 'up') || metric($server, 'refused') });
    return $server;
}

sub metric {
    my ($server, $name) = @_;
    return $server->metric("tickr_database_$name\{pool=\"sequences\"}") == 1;
}

sub command {
    my ($settings, @arguments) = @_;
    my ($status, $output) = Tickr::Server->run(database => $database, env => $settings, arguments => \@arguments);
    is $status, 0, "tickrd @arguments" or diag $output;
    return;
}

# Ask for COUNT ids and note them. Strong ids must be above all that were asked before.
sub ask {
    my ($server, $name, $count, $order) = @_;
    my $answer = $server->get("/sequences/$name/create/$count" . ($order ? "?order=$order" : ''));
    return $answer->{status} unless $answer->{status} == 200;
    for my $id (@{ Tickr::Client->json($answer) }) {
        $repeats++ if $seen{$name}{$id}++;
        $falls++ if !$order && $id <= ($highest{$name} // 0);
        $highest{$name} = $id if $id > ($highest{$name} // 0);
    }
    return 200;
}

sub ask_all {
    my ($servers, $names) = @_;
    my %statuses;
    for my $server (@$servers) {
        $statuses{ ask($server, $_, 300) }++ for @$names;
    }
    return join ' ', sort keys %statuses;
}

# Keep a copy in which the row of each server knows the clock, so that all that follows is missing in it.
sub keep_copy {
    wait_for('each server to write its row', 20, sub {
        $database->sql("SELECT (SELECT MIN(seen) FROM tickr_sequences WHERE HEX(name) LIKE 'FF696E7374%')"
                . " = (SELECT newest FROM tickr_sequences WHERE HEX(name) LIKE 'FF636C6F636B%')", 'tickr') eq '1';
    });
    $database->sql('DROP TABLE IF EXISTS copy; CREATE TABLE copy LIKE tickr_sequences;'
            . 'INSERT INTO copy SELECT * FROM tickr_sequences', 'tickr');
    return;
}

sub restore_copy {
    $database->sql('START TRANSACTION; DELETE FROM tickr_sequences;'
            . 'INSERT INTO tickr_sequences SELECT * FROM copy; COMMIT', 'tickr');
    return;
}

sub fresh {
    $database->drop;
    Tickr::Server->createdb(database => $database, env => settings());
    %seen = %highest = ();
    $repeats = $falls = 0;
    return;
}

sub is_lawful {
    my ($what) = @_;
    is $repeats, 0, "$what: no id comes twice";
    is $falls,   0, "$what: strong ids rise over all servers";
    return;
}

# --- each way that the servers may be when the copy is restored -----------------------------------

for my $way ('up', 'stopped', 'killed') {
    fresh();
    my @settings = (settings(), settings());
    my @servers  = map { server($_) } @settings;
    ask($_, 'old', 100) for @servers;
    keep_copy();
    ask($_, 'old',  200) for @servers;
    ask($_, 'late', 300) for @servers;
    if ($way ne 'up') {
        $_->signal($way eq 'killed' ? 'KILL' : 'TERM') for @servers;
        $_->process->wait_exit(20) for @servers;
    }
    restore_copy();
    my $stranger = server();    # it has no memory, and carries the clock of the copy beyond all that was issued
    is ask($stranger, 'other', 5000), 200, "$way: a server without a memory carries the copy on";
    @servers = map { server($_) } @settings if $way ne 'up';
    # A server that was killed does not know its last statements for certain. If the copy may have all that it knows, the
    # server raises all sequences as far as may be missing, and serves.
    my $expected = $way eq 'killed' ? qr/^(200|503|200 503)$/ : qr/^503$/;
    like ask_all(\@servers, [ 'late', 'old', 'new' ]), $expected, "$way: those that know more refuse each sequence";
    command($settings[0], 'advance', '--sequences', '--yes');
    wait_for('the end of the refusal', 20, sub { metric($_, 'up') }) for @servers;
    is ask_all([ @servers, $stranger ], [ 'late', 'old', 'new' ]), 200, "$way: after an advance all servers serve";
    is_lawful($way);
    $_->stop for @servers, $stranger;
}

# --- policies -------------------------------------------------------------------------------------

# A change after the restore differs from the one that the copy does not have.
{
    fresh();
    my $settings = settings();
    command($settings, 'sequence', 'create', 'orders');
    my @servers = (server($settings), server());
    ask($_, 'orders', 1) for @servers;
    keep_copy();
    command($settings, 'sequence', 'create', 'orders', '--order', 'weak');
    ask($servers[0], 'orders', 50, 'weak') for 1 .. 20;
    my $revision = $database->sql(q{SELECT revision FROM tickr_sequences WHERE name = 'orders'}, 'tickr');
    restore_copy();
    wait_for('the refusal', 10, sub { metric($servers[0], 'refused') });
    wait_for('another second', 5, sub { $database->sql('SELECT UNIX_TIMESTAMP()') > $revision });
    command($settings, 'advance', '--sequences', '--yes');
    wait_for('the end of the refusal', 20, sub { metric($_, 'up') }) for @servers;
    command($settings, 'sequence', 'create', 'orders', '--width', '53');
    for (1 .. 20) {
        ask($_, 'orders', 20) for @servers;
    }
    is_lawful('a strong sequence that was weak before the restore');
    $_->stop for @servers;
}

done_testing;
