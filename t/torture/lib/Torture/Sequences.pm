package Torture::Sequences;

# The named sequences of the torture, key-1, key-2, ..: the state of their pools, and ids for the torture itself, which
# the checker compares with those of the clients.

use strict;
use warnings;
use Tickr::Process qw(wait_for slurp);
use Tickr::Server;

our $at_first = 20;       # keys of the clients, which make more of them
my $last_key  = 9_000;    # above those of the clients
my $largest   = 100_000;  # TICKR_MAX_BATCH
my $clock     = "HEX(name) LIKE 'FF636C6F636B%'";

sub new_key { return ++$last_key }

# Make the sequences that an operator declares, with the settings ENV of a server.
sub declare {
    my ($env) = @_;
    for my $arguments ([ 'key-1', '--order', 'strong' ], [ 'key-2', '--order', 'weak', '--start', 1000 ]) {
        my ($status, $output) = Tickr::Server->run(arguments => [ 'sequence', 'create', @$arguments ], env => $env);
        die "tickrd sequence create @$arguments: $output" if $status;
    }
    return;
}

# --- the state of a database's named sequences ---------------------------------------------------------

sub sql {
    my ($entry, $sql) = @_;
    return $entry->{database}->sql($sql, $entry->{database}->name eq 'mysql' ? 'tickr' : ());
}

# The clock of a database, which is above the numbers of all its sequences.
sub clock_of { return sql($_[0], "SELECT newest FROM tickr_sequences WHERE $clock") }

# A query for the INSERT statements that make the rows of the table again.
sub dump_sql {
    my ($database) = @_;
    my @columns = split /\n/, $database->sql("SELECT COLUMN_NAME FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = 'tickr' AND TABLE_NAME = 'tickr_sequences' ORDER BY ORDINAL_POSITION");
    my $values = join ", ', ', ", map { $_ eq 'name' ? "'0x', HEX(name)" : "QUOTE($_)" } @columns;
    return "SELECT CONCAT('INSERT INTO tickr.tickr_sequences VALUES (', $values, ')') FROM tickr.tickr_sequences";
}

# A metric of the pool of node NODE; '': the server does not answer.
sub pool_metric {
    my ($server, $name, $node) = @_;
    my $body = eval { $server->get('/metrics', timeout => 5)->{body} } // '';
    return $body =~ /^tickr_database_$name\{[^}]*node="$node"[^}]*pool="sequences"[^}]*\} (\d+)$/m ? $1 : '';
}

sub is_refused { my ($server, $node) = @_; return pool_metric($server, 'refused', $node) eq '1' }

sub is_serving {
    my ($server, $node) = @_;
    return pool_metric($server, 'up', $node) eq '1' && pool_metric($server, 'refused', $node) eq '0';
}

# Wait until SERVERS have issued ids, and the clock of a database with strong sequences has moved. That of another one may
# rest for long, because servers hold numbers of its weak sequences.
sub wait_for_use {
    my ($entry, @servers) = @_;
    my $first = clock_of($entry);
    wait_for('ids of sequences of the database', 15, sub { clock_of($entry) > $first + 20 }) if $entry->{number} == 0;
    for my $server (map { $_->{server} } @servers) {
        my $before = $server->metric('tickr_sequence_ids_issued_total');
        wait_for('ids of sequences', 10, sub { $server->metric('tickr_sequence_ids_issued_total') > $before + 100 });
    }
    return;
}

sub state_of { my ($server, $entry) = @_; return slurp("$server->{state}/sequences-$entry->{node}.state") }

# The bound of the clock in the state file of SERVER.
sub bound_of { return state_of(@_) =~ /^class 0 given \d+ ahead (\d+)$/m ? $1 : 0 }

# Return true if SERVER is idle: the bound of its state file is near the clock, and its row of the database has the clock.
sub is_settled {
    my ($server, $entry) = @_;
    my ($id) = state_of($server, $entry) =~ /^instance ([0-9a-f]{32}) /m or return 0;
    my $now = clock_of($entry);
    return bound_of($server, $entry) <= $now + 16
        && sql($entry, "SELECT seen FROM tickr_sequences WHERE HEX(name) LIKE 'FF%' AND " . name_has($entry, $id)) eq $now;
}

# The row of an instance has its id as text at the end of its name.
sub name_has {
    my ($entry, $id) = @_;
    my $hex = uc unpack 'H*', $id;
    return "HEX(name) LIKE '%$hex'";
}

# --- ids of the torture itself --------------------------------------------------------------------------

# Ask SERVER for COUNT strong ids of a key, of STORE (see Stores.pm) or the server's own, and record them in FOLDER as of
# server NUMBER. Return the last id, or undef.
sub ask {
    my ($folder, $number, $server, $key, $count, $store) = @_;
    my $query  = 'format=group&order=strong' . ($store ? "&store=$store->{name}" : '');
    my $asked  = Torture::Cluster::now_us();
    my $answer = eval { $server->get("/sequences/key-$key/create/$count?$query", timeout => 10) };
    my $took = Torture::Cluster::now_us() - $asked;
    my ($first, $increment) = ($answer // { body => '' })->{body} =~ /^\{"first":(\d+),"increment":(\d+),"count":$count\}$/
        or return undef;
    open my $file, '>>:raw', "$folder/operator-$number" or die "$folder: $!";
    # Of a 200, strong, on a connection of its own: see record.h.
    print {$file} pack 'Q< Q< L< L< L< L< S< C C x4', $first, $asked, $took, $count, $increment, ($store ? 10_000 * $store->{number} : 0) + $key, 200, $number,
        (1 | 8) << 4;
    close $file or die "$folder: $!";
    return $first + $increment * ($count - 1);
}

# Move a key of the clients forward by a large number, with the settings of the server ENTRY. Return the reason why that
# failed, or nothing.
sub jump {
    my ($folder, $entry, $key) = @_;
    my ($server, $number) = @$entry{qw(server number)};
    my $last = ask($folder, $number, $server, $key, 1) // return "no id of key-$key before the jump";
    my $past = $last + 1_000_000;
    my ($status, $output) = Tickr::Server->run(
        arguments => [ 'sequence', 'advance', "key-$key", '--past', $past, '--yes' ],
        env       => { %{ $entry->{env} }, LD_PRELOAD => undef },
    );
    return "tickrd sequence advance ended with $status: $output" if $status;
    my $next = ask($folder, $number, $server, $key, 1) // return "no id of key-$key after the jump";
    return $next > $past ? () : "key-$key issued $next after it was advanced past $past";
}

# Use a new key on SERVER until the clock of the database is past CLOCK.
sub use_one_key {
    my ($folder, $number, $server, $entry, $past) = @_;
    my $key = new_key();
    wait_for('the clock to pass', 60, sub {
        ask($folder, $number, $server, $key, $largest) // die "no ids: " . $server->log;
        return clock_of($entry) > $past;
    });
    return $key;
}

1;
