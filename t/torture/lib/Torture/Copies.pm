package Torture::Copies;

# The faults that replace a database by an older copy of itself, and the operator who makes servers trust it again. A part
# of Torture::Faults.

use strict;
use warnings;
use Exporter 'import';
use List::Util qw(max);
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Time::HiRes qw(sleep);
use Torture::Cluster;
use Torture::Sequences;

our @EXPORT_OK = qw(newest now_us pick);

my $count     = 0;
my $refuses   = 'a database that went back in time is refused';
my $sequences = 'the sequences of a database that went back in time are refused';
my $again     = 'after tickrd advance --sequences each server serves them again';

sub now_us { return Torture::Cluster::now_us() }

# The element of LIST at the SHARE of its length.
sub pick { my ($share, @list) = @_; return $list[ int($share * @list) ] }

sub newest {
    my ($entry) = @_;
    my $database = $entry->{database};
    return $database->sql('SELECT MAX(id) FROM tickets', $database->name eq 'mysql' ? 'tickr' : ());
}

# Wait until each of SERVERS has issued tickets, and some were of this database. A server may have another one.
sub wait_for_use {
    my ($self, $entry, @servers) = @_;
    my $first = newest($entry);
    wait_for('tickets of the database', 15, sub { newest($entry) > $first + 20 });
    for my $server (map { $_->{server} } @servers) {
        my $before = $server->metric('tickr_tickets_issued_total');
        wait_for('tickets', 10, sub { $server->metric('tickr_tickets_issued_total') > $before });
    }
    Torture::Sequences::wait_for_use($entry, @servers) if $self->{cluster}{has_sequences};
    return;
}

# True if SERVER reports that it refuses the database, or has ended because of that. Its other databases may serve.
sub is_refused {
    my ($server) = @_;
    return 1 if !$server->process->is_running;
    my $answer = eval { $server->get('/status') } or return 0;
    return 1 if $answer->{status} == 503 && $answer->{body} =~ /gone back|below/;
    return 1 if $answer->{body} =~ /"state":"refused"/;
    # It may still issue tickets reserved ahead.
    return eval { $server->get('/metrics')->{body} =~ /^tickr_database_refused(?:\{(?![^}]*pool=)[^}]*\})? 1$/m };
}

# A killed server does not know whether the tickets between its last certain one and its bound were issued. It may
# skip them all by itself. Return true if all servers do that, or find the counter past their bound, and serve.
# Return false if one refuses until an operator acts.
sub has_passed {
    my ($entry) = @_;
    my @servers = map { $_->{server} } @{ $entry->{servers} };
    wait_for('each server to decide', 6, sub { !grep { !is_refused($_) && !is_serving_all($_) } @servers });
    return !grep { is_refused($_) } @servers;
}

sub is_serving_all {
    my ($server) = @_;
    my $answer = eval { $server->get('/status') } or return 0;
    return $answer->{status} == 200 && $answer->{body} !~ /"state":"(?!up")/;
}

# Wait until each of SERVERS refuses the database, or serves because another one has moved the counter past all its
# tickets. At least one must refuse. Return those that do.
sub wait_for_refusal {
    my ($self, $entry, $kind, @servers) = @_;
    # A server that holds tickets issues them until it has reached the database again.
    eval { wait_for('a refusal', 6, sub { scalar grep { is_refused($_->{server}) } @servers }) };
    my @undecided = grep {
        my $server = $_->{server};
        !eval { wait_for('the refusal', 6, sub { is_refused($server) || is_serving_all($server) }) }
    } @servers;
    my @refusing = grep { is_refused($_->{server}) } @servers;
    $self->judge($refuses, map {"server $_->{number} has not refused node $entry->{node} after $kind"}
            @undecided ? @undecided : @refusing ? () : @servers);
    return @refusing;
}

# Move the counter past LAST, as an operator does.
sub advance {
    my ($self, $entry, $last) = @_;
    my $ticket = ($last - 2) * $self->{cluster}->max_nodes + $entry->{node} + $self->{cluster}->starting_offset;
    my ($status, $output) = Tickr::Server->run(
        arguments => [ 'advance', '--past', $ticket, '--yes' ],
        env       => { $self->{cluster}->environment($entry) },
    );
    my $is_past = $status == 1 && $output =~ /is past ticket/;
    $self->judge($refuses, $status == 0 || $is_past ? () : "tickrd advance ended with $status: $output");
    return;
}

# Kill the database, copy it to COPY, start it, and wait until each of SERVERS, which are all that run, has issued
# tickets.
sub copy_database {
    my ($self, $entry, $copy, @servers) = @_;
    my $database = $entry->{database};
    my $began    = now_us();
    if ($self->{cluster}{is_file}) { $database->sql(".backup '$copy'") }
    else {
        $database->kill;
        system('cp', '-a', "$database->{folder}/data", $copy) == 0 or die 'cp failed';
        $database->start;
    }
    $self->note('copy-database', $began, now_us(), \@servers, $entry->{node});
    $_->{server}->wait_until_ready for @servers;
    $self->{copied} = $self->clock_of($entry);
    $self->jump($servers[0]) if $self->{jumps} && $self->{cluster}{has_sequences};
    $self->wait_for_use($entry, @servers);
    return;
}

# The place for another copy of the database.
sub place_of_copy { return "$_[0]{database}{folder}/copy" . ++$count }

# Kill the database, and start COPY in its place. If it is a file, no server may run.
sub put_copy {
    my ($self, $entry, $copy) = @_;
    my $database = $entry->{database};
    if ($self->{cluster}{is_file}) {
        unlink map { $database->path . $_ } '', '-wal', '-shm';
        rename $copy, $database->path or die "rename: $!";
        return;
    }
    $database->kill;
    system("rm -rf '$database->{folder}/data' && mv '$copy' '$database->{folder}/data'") == 0 or die 'mv failed';
    $database->start;
    return;
}

# Wait until servers refuse the database, and note them: they may issue no ticket of it until an operator moves the
# counter past NEWEST, its number before.
sub refuse_and_advance {
    my ($self, $entry, $kind, $newest, @servers) = @_;
    my @refusing = $self->wait_for_refusal($entry, $kind, @servers);
    my $began    = now_us();
    sleep 0.3;
    $self->note('refuse', $began, now_us(), \@refusing, $entry->{node}) if @refusing;
    # Fewer were reserved since then, or ahead.
    $self->advance($entry, $newest + 10_000_000);
    return;
}

# An older copy replaces the database while server A does not see it: A is stopped (SIGSTOP), down, or started later
# with an empty state folder. Server B works on and notices the copy.
#
#   1. A stops.   2. B issues tickets.   3. The database is copied.   4. B issues more tickets.
#   5. The copy replaces the database: it is newer than all that A knows, and older than the tickets of B.
#   6. A second later A runs again. It must not issue the tickets of step 4.
sub restore_unseen {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my $way   = pick($fault->{length}, qw(stopped down new));
    my ($blind) = grep { $way eq 'stopped' || !$_->{is_steady} } @{ $entry->{servers} };
    my @others = grep { $_ != $blind } @{ $entry->{servers} };
    my $copy   = place_of_copy($entry);

    my $began = now_us();
    $way eq 'stopped' ? $blind->{server}->signal('STOP') : $blind->{server}->process->kill_hard;
    unlink glob "$blind->{state}/*" if $way eq 'new';
    $self->wait_for_use($entry, @others);
    $self->copy_database($entry, $copy, @others);
    my ($newest, $clock) = (newest($entry), $self->clock_of($entry));
    $self->rest('one key') if $fault->{rests};
    $self->put_copy($entry, $copy);
    my @refusing_sequences = $self->wait_for_sequences($entry, "$fault->{kind} ($way)", 1, $clock, @others);
    my @refusing = $self->wait_for_refusal($entry, "$fault->{kind} ($way)", @others);
    sleep 1;    # a server needs up to a second to tell the others

    if ($way eq 'stopped') { $blind->{server}->signal('CONT') }
    else                   { Torture::Cluster::start_server($blind, may_refuse => 1) }
    my $back = now_us();
    sleep 0.7;
    $self->note('refuse', $back, now_us(), \@refusing, $entry->{node}) if @refusing;
    $self->advance($entry, $newest + 10_000_000);
    Torture::Cluster::start_server($blind) if !$blind->{server}->process->is_running;
    $self->advance_sequences($entry, \@refusing_sequences, $blind, @others);
    $self->end_rest;
    $self->note('kill-server', $began, now_us(), [$blind]) if $way ne 'stopped';
    $self->note($fault->{kind}, $began, now_us(), [ $blind, @others ], $entry->{node});
    $self->{on_event}->("server $blind->{number} was $way");
    return;
}

# An older copy replaces the database. AND_RESTART: the servers are killed meanwhile, and recognise the copy only by
# their state files.
sub replace_database {
    my ($self, $fault, $and_restart) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my @servers = @{ $entry->{servers} };
    my $copy    = place_of_copy($entry);

    $self->copy_database($entry, $copy, @servers);
    sleep $fault->{length};

    my ($newest, $clock) = (newest($entry), $self->clock_of($entry));
    my $began = now_us();
    $self->rest('one key') if $fault->{rests};
    if ($and_restart) { $_->{server}->process->kill_hard for @servers }
    $self->put_copy($entry, $copy);
    $self->start_on_copy($entry, $fault->{kind}, $newest, $clock, $and_restart);
    $self->end_rest;
    my $ended = now_us();
    $self->note('kill-server', $began, $ended, \@servers) if $and_restart;
    $self->note($fault->{kind}, $began, $ended, \@servers, $entry->{node});
    return;
}

# The clock of the sequences of the database, or 0.
sub clock_of {
    my ($self, $entry) = @_;
    return $self->{cluster}{has_sequences} ? Torture::Sequences::clock_of($entry) : 0;
}

# Start the servers if they were killed, and act as an operator until they serve from the older copy.
sub start_on_copy {
    my ($self, $entry, $kind, $newest, $clock, $were_killed) = @_;
    my @servers = @{ $entry->{servers} };
    my @refusing;
    if ($were_killed) {
        Torture::Cluster::start_server($_, may_refuse => 1) for @servers;
    }
    else {
        @refusing = $self->wait_for_sequences($entry, $kind, 1, $clock, @servers);
    }
    if (!$were_killed || !has_passed($entry)) {
        $self->refuse_and_advance($entry, $kind, $newest, @servers);
    }
    for my $server (@servers) {
        Torture::Cluster::start_server($server) if !$server->{server}->process->is_running;
    }
    @refusing = $self->wait_for_sequences($entry, $kind, 0, $clock, @servers) if $were_killed;
    $self->advance_sequences($entry, \@refusing, @servers);
    return;
}

# Wait until each of SERVERS refuses the sequences of the database, or serves them: it was killed and could skip all
# that it may have issued, or it has seen nothing of the time after the copy. If MUST_REFUSE, and the clock had moved since
# copy_database() before CLOCK, one has to refuse at least.
sub wait_for_sequences {
    my ($self, $entry, $kind, $must_refuse, $clock, @servers) = @_;
    return if !$self->{cluster}{has_sequences};
    my $node = $entry->{node};
    $must_refuse &&= $clock > $self->{copied};
    my $is_refused = sub { Torture::Sequences::is_refused($_[0]{server}, $node) };
    eval { wait_for('a refusal', 6, sub { scalar grep { $is_refused->($_) } @servers }) } if $must_refuse;
    my @undecided = grep {
        my $entry = $_;
        !eval { wait_for('a decision', 6, sub {
            $is_refused->($entry) || Torture::Sequences::is_serving($entry->{server}, $node) }) };
    } @servers;
    my @refusing = grep { $is_refused->($_) } @servers;
    $self->{refused_since} = now_us();
    $self->judge($sequences, map {"server $_->{number} has not refused the sequences of node $node after $kind"}
            @undecided ? @undecided : @refusing || !$must_refuse ? () : @servers);
    return @refusing;
}

# Act as an operator on the host of the first server that REFUSES, and wait until all of SERVERS serve.
sub advance_sequences {
    my ($self, $entry, $refuse, @servers) = @_;
    return if !$self->{cluster}{has_sequences};
    if (@$refuse) {    # since the end of wait_for_sequences()
        sleep 0.3;
        $self->note('refuse-sequences', $self->{refused_since}, now_us(), $refuse, $entry->{node});
        my ($status, $output) = Tickr::Server->run(
            arguments => [ 'advance', '--sequences', '--yes' ],
            env       => {
                $self->{cluster}->environment($entry),
                TICKR_SEQUENCES => 'any', TICKR_STATE_DIR => $refuse->[0]{state} },
        );
        $self->judge($again, $status == 0 ? () : "tickrd advance --sequences ended with $status: $output");
    }
    for my $server (@servers) {
        my $is_back = eval { wait_for('the sequences', 10, sub {
            Torture::Sequences::is_serving($server->{server}, $entry->{node}) }) };
        $self->judge($again, $is_back ? () : "server $server->{number} does not serve them");
    }
    return;
}

# An older copy replaces the database while all servers are killed. Before they start, a server without a memory serves
# one new sequence. Every other time it does so until the clock of the sequences is past all bounds of the others' state
# files; else until it is where it was. Sequences that rest meanwhile, and those that were made after the copy, may not
# repeat their ids.
sub restore_busy {
    my ($self, $fault) = @_;
    my $entry   = pick($fault->{target}, $self->{cluster}->databases);
    my @servers = @{ $entry->{servers} };
    my $copy    = place_of_copy($entry);
    $self->copy_database($entry, $copy, @servers);
    sleep $fault->{length};

    my $began = now_us();
    $self->rest('one key');
    $_->{server}->process->kill_hard for @servers;
    my ($newest, $past) = (newest($entry), $self->clock_of($entry));
    $past = max($past, map { Torture::Sequences::bound_of($_, $entry) } @servers) if $fault->{how} eq 'reset';
    $self->put_copy($entry, $copy);
    my $stranger = $self->{cluster}->plan_server($entry);
    Torture::Cluster::start_server($stranger);
    Torture::Sequences::use_one_key($self->{folder}, $stranger->{number}, $stranger->{server}, $entry, $past + 1000);
    $stranger->{server}->process->kill_hard;
    $self->start_on_copy($entry, $fault->{kind}, $newest, $past, 1);
    $self->end_rest;
    my $ended = now_us();
    $self->note('kill-server', $began, $ended, \@servers);
    $self->note($fault->{kind}, $began, $ended, \@servers, $entry->{node});
    return;
}

1;
