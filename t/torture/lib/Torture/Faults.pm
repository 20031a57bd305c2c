package Torture::Faults;

# The faults of databases and servers. A fault ends before the next one begins. Only armed cuts and traffic may
# continue meanwhile. Each fault is recorded for the checker, with the time at which its cause ended: see faults.h.

use strict;
use warnings;
use List::Util qw(max);
use Tickr::Process qw(wait_for scratch spew slurp);
use Tickr::Server;
use Time::HiRes qw(sleep);
use Torture::Cluster;
use Torture::Sequences;

my $count = 0;

# cluster; folder: of the records; client: the process of the clients; on_event: called with a line about each event
sub new {
    my ($class, %given) = @_;
    open my $file, '>', "$given{folder}/faults" or die "$given{folder}/faults: $!";
    $file->autoflush(1);
    return bless { %given, file => $file, counts => {}, broken => {}, traffic => [] }, $class;
}

sub counts { return $_[0]{counts} }

# Promises that a fault checks itself; promises(): those that were checked; broken(): the breaches of one.
my $refuses  = 'a database that went back in time is refused';
my $is_open  = 'while idle clients use up the descriptors open connections are served';
my $sequences = 'the sequences of a database that went back in time are refused';
my $jumps     = 'after tickrd sequence advance each id is above the given one';
my $again     = 'after tickrd advance --sequences each server serves them again';
my $few       = 'kill -9 of an idle server loses at most 16 numbers of a sequence';
my $unready  = 'while a disk stalls readiness ends within 2 s, and /status and /livez answer';
sub promises { return sort keys %{ $_[0]{broken} } }
sub broken   { return @{ $_[0]{broken}{ $_[1] } } }

# Note that PROMISE was checked. It was broken if there is EVIDENCE.
sub judge {
    my ($self, $promise, @evidence) = @_;
    push @{ $self->{broken}{$promise} //= [] }, @evidence;
    return;
}

sub note {
    my ($self, $kind, $began, $ended, $servers, $node) = @_;
    my $mask = 0;
    $mask |= 1 << $_->{number} for @$servers;
    printf {$self->{file}} "%d %d %s %d %s\n", $began, $ended, $kind, $mask, $node // '-';
    $self->{counts}{$kind}++ unless $kind =~ /^refuse/;
    $self->{on_event}->(sprintf '%s %s %.3f s', $kind,
        defined $node ? "of node $node" : 'of server ' . join(',', map { $_->{number} } @$servers),
        ($ended - $began) / 1e6);
    return;
}

sub now_us { return Torture::Cluster::now_us() }

# The element of LIST at the SHARE of its length.
sub pick { my ($share, @list) = @_; return $list[ int($share * @list) ] }

my %do = (
    'kill-database'    => \&kill_database,
    'stop-database'    => \&stop_database,
    'replace-database' => sub { my ($self, $fault) = @_; $self->replace_database($fault, 0) },
    'restore-all'      => sub { my ($self, $fault) = @_; $self->replace_database($fault, 1) },
    'restore-unseen'   => \&restore_unseen,
    'restore-busy'     => \&restore_busy,
    'kill-idle'        => \&kill_idle,
    'jump-sequence'    => \&jump_sequence,
    'fail-over'        => \&fail_over,
    'add-master'       => \&add_master,
    'cut'              => \&cut,
    'traffic'          => \&traffic,
    'kill-server'      => \&kill_server,
    'stop-server'      => \&stop_server,
    'drain-server'     => \&drain_server,
    'use-up-descriptors' => \&use_up_descriptors,
    'stall-disk'       => \&stall_disk,
    'fill-disk'        => \&fill_disk,
);

sub inject {
    my ($self, $fault) = @_;
    my $has_proxy = !$self->{cluster}{is_file};
    $self->{jumps} = $fault->{jumps};
    $self->cut($fault) if $has_proxy && $fault->{also_cuts} && $fault->{kind} ne 'cut';
    $do{ $fault->{kind} }->($self, $fault);
    return;
}

# --- the database --------------------------------------------------------------------------------

sub kill_database {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my $began = now_us();
    $entry->{database}->kill;
    sleep 1.2 * $fault->{length};
    $entry->{database}->start;
    $self->note($fault->{kind}, $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

sub stop_database {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my $began = now_us();
    $entry->{database}->pause;
    sleep 0.1 + 3.5 * $fault->{length};
    $entry->{database}->resume;
    $self->note($fault->{kind}, $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

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
    my $ticket = ($last - 2) * $Torture::Cluster::max_nodes + $entry->{node}
        + $Torture::Cluster::starting_offset;
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

# --- named sequences -------------------------------------------------------------------------------

# Let the clients ask for 'one key' only, or for 'no key', until end_rest(). They ask for tickets too.
sub rest {
    my ($self, $of) = @_;
    return if !$self->{cluster}{has_sequences};
    $self->{resting} = [ now_us(), $of ];
    $self->{client}->signal($of eq 'no key' ? 'HUP' : 'USR1');
    return;
}

sub end_rest {
    my ($self) = @_;
    my ($began, $of) = @{ delete $self->{resting} // return };
    $self->{client}->signal('USR2');
    $self->note('rest', $began, now_us(), [ $self->{cluster}->servers ]) if $of eq 'no key';
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

# Advance one of the first sequences while all clients use it.
sub jump {
    my ($self, $server, $share) = @_;
    my $key = (1, 3, 4)[ 3 * ($share // 0.5) ];    # the others have weak requests only
    wait_for('sequences', 10, sub { $server->{server}->get('/readyz?sequences')->{status} == 200 });
    $self->judge($jumps, Torture::Sequences::jump($self->{folder}, $server, $key));
    return;
}

sub jump_sequence {
    my ($self, $fault) = @_;
    my $server = pick($fault->{target}, $self->{cluster}->servers);
    my $began  = now_us();
    $self->jump($server, $fault->{length});
    $self->note($fault->{kind}, $began, now_us(), [$server]);
    return;
}

# Kill a server when no sequence was used for a while. A sequence continues after at most 16 lost numbers.
sub kill_idle {
    my ($self, $fault) = @_;
    my $server = pick($fault->{target}, $self->{cluster}->mortal_servers);
    my ($entry) = $self->{cluster}->databases;    # with the lowest node, where strong sequences live
    my $key = $self->{key} //= Torture::Sequences::new_key();
    my @ask = ($self->{folder}, $server->{number});
    $self->rest('no key');
    my $last = Torture::Sequences::ask(@ask, $server->{server}, $key, 1) // return $self->end_rest;
    my $is_settled = eval { wait_for('an idle server', 6, sub { Torture::Sequences::is_settled($server, $entry) }) };
    $self->judge($few, $is_settled ? () : "server $server->{number}: the bound of its state file did not fall");
    my $began = now_us();
    $server->{server}->process->kill_hard;
    my $ended = Torture::Cluster::start_server($server);
    my $next;
    wait_for('an id', 10, sub { $next = Torture::Sequences::ask(@ask, $server->{server}, $key, 1) });
    my $lost = ($next - $last) / $Torture::Cluster::max_nodes - 1;
    $self->judge($few, $lost <= 16 ? () : "server $server->{number}: key-$key continued with $next after $last");
    $self->end_rest;
    $self->note('kill-server', $began, $ended, [$server]);
    $self->note($fault->{kind}, $began, $ended, [$server]);
    return;
}

# --- replicas and masters --------------------------------------------------------------------------

# The master becomes read_only, its complete replica is promoted, and the address moves. One server was down
# meanwhile and finds the new master. The other server is still connected to the old master. In the end the old
# master follows the new one.
sub fail_over {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my ($old, $new) = @$entry{qw(database second)};
    my ($down) = $self->{cluster}->mortal_servers;
    my $began = now_us();
    $down->{server}->process->kill_hard;
    $old->sql('SET GLOBAL read_only = 1');
    my ($newest, $clock) = (newest($entry), Torture::Sequences::clock_of($entry));
    wait_for('the replica to have all', 10, sub {
        newest({ database => $new }) >= $newest && Torture::Sequences::clock_of({ database => $new }) >= $clock });
    $new->sql('STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0');
    $entry->{proxy}->move($new->port);
    @$entry{qw(database second)} = ($new, $old);
    Torture::Cluster::start_server($down);
    $self->note('kill-server', $began, now_us(), [$down]);
    $self->note($fault->{kind}, $began, now_us(), $entry->{servers}, $entry->{node});
    sleep 1 + $fault->{length};
    $old->sql("KILL USER tickr\@'127.0.0.1'");
    Torture::Cluster::follow($old, $new);
    return;
}

# Set the steps for two masters while the servers run. The second master begins above the first, and one server
# moves to it. After a while the second master leaves, and everything is as before.
sub add_master {
    my ($self, $fault) = @_;
    my ($entry) = $self->{cluster}->databases;
    my ($first, $second) = @$entry{qw(database second)};
    my $moves = pick($fault->{target}, $self->{cluster}->servers);
    my $began = now_us();
    set_step($first, 2, 1);
    set_step($second, 2, 2);
    $second->sql('SET GLOBAL read_only = 0');
    # From now on the first master may count by 2 only. Its numbers until the server has moved are below the
    # second master's first one.
    set_beyond($second, newest($entry), 1_000_000);
    $self->move_server($moves, $second);
    $self->note($fault->{kind}, $began, now_us(), $entry->{servers}, $entry->{node});
    sleep 1 + 2 * $fault->{length};

    $began = now_us();
    $second->sql("SET GLOBAL read_only = 1; KILL USER tickr\@'127.0.0.1'");
    set_beyond($first, $second->sql('SELECT MAX(id) FROM tickr.tickets'), 1_000_000);
    set_step($first, 1, 1);
    $self->move_server($moves, $first);
    $self->note('remove-master', $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

# Move the counter of DATABASE beyond BASE by GAP at least.
sub set_beyond {
    my ($database, $base, $gap) = @_;
    $database->sql('INSERT IGNORE INTO tickr.tickets VALUES (' . ($base + $gap) . ')');
    return;
}

sub set_step {
    my ($database, $step, $offset) = @_;
    $database->sql("SET GLOBAL auto_increment_increment = $step; SET GLOBAL auto_increment_offset = $offset");
    return;
}

# Move the address of SERVER to DATABASE, and end its connections.
sub move_server {
    my ($self, $server, $database) = @_;
    $server->{proxy}->move($database->port);
    $server->{proxy}->cut('all', 0, 'reset');
    return;
}

# Cut the connection that carries the byte after so many, or all connections together.
sub cut {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my $began = now_us();
    my ($server) = grep { $_->{proxy} } @{ $entry->{servers} };
    my $proxy = $server ? $server->{proxy} : $entry->{proxy};
    $proxy->cut($fault->{cuts_all} ? 'all' : $fault->{direction}, $fault->{bytes}, $fault->{how});
    $self->note('cut', $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

# Write rows to other tables, in small and large transactions, and alter and empty these tables meanwhile.
my $traffic = <<'END';
CREATE TABLE IF NOT EXISTS tickr.neighbour
    (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, filler VARCHAR(200)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS tickr.neighbour2 LIKE tickr.neighbour;
END

sub mysql_traffic {
    my ($entry, $seconds) = @_;
    my @statements = (
        "INSERT INTO tickr.neighbour (filler) VALUES (REPEAT('x', 200))",
        "INSERT INTO tickr.neighbour (filler) VALUES ('a'), ('b'), ('c')",
        'INSERT INTO tickr.neighbour (filler) SELECT filler FROM tickr.neighbour LIMIT 1000',
        'BEGIN; INSERT INTO tickr.neighbour2 (filler) VALUES (1); ROLLBACK',
        "REPLACE INTO tickr.neighbour2 VALUES (7, 'y')",
        'DELETE FROM tickr.neighbour LIMIT 500',
        'ALTER TABLE tickr.neighbour2 AUTO_INCREMENT = 1000',
        'TRUNCATE tickr.neighbour2',
    );
    my $sql = spew('traffic' . ++$count . '.sql',
        $traffic . join ";\n", (@statements) x int(40 * $seconds), '');
    return Tickr::Process->new(
        name    => "traffic$count",
        command => [ 'mariadb', '--no-defaults', '-uroot', '-S', $entry->{database}->socket, '-e',
                     "source $sql" ],
    );
}

sub file_traffic {
    my ($entry, $seconds) = @_;
    my $sql = spew('traffic' . ++$count . '.sql', join ";\n",
        'CREATE TABLE IF NOT EXISTS neighbour (id INTEGER PRIMARY KEY AUTOINCREMENT, filler TEXT)',
        ("INSERT INTO neighbour (filler) VALUES (hex(randomblob(100)))",
         'DELETE FROM neighbour WHERE id % 3 = 0') x int(40 * $seconds), '');
    return Tickr::Process->new(
        name    => "traffic$count",
        command => [ 'sqlite3', '-cmd', '.timeout 10000', $entry->{database}->path, ".read $sql" ],
    );
}

sub traffic {
    my ($self, $fault) = @_;
    my $entry   = pick($fault->{target}, $self->{cluster}->databases);
    my $began   = now_us();
    my $seconds = 0.5 + 2 * $fault->{length};
    push @{ $self->{traffic} },
        $self->{cluster}{is_file} ? file_traffic($entry, $seconds) : mysql_traffic($entry, $seconds);
    $self->note('traffic', $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

sub end_traffic { $_->kill_hard for @{ $_[0]{traffic} }; return }

# --- the server ----------------------------------------------------------------------------------

sub kill_server {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->mortal_servers);
    my $began = now_us();
    $entry->{server}->process->kill_hard;
    sleep 0.5 * $fault->{length};
    my $ended = Torture::Cluster::start_server($entry);
    $self->note($fault->{kind}, $began, $ended, [$entry]);
    return;
}

sub stop_server {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->servers);
    my $began = now_us();
    $entry->{server}->signal('STOP');
    sleep 0.1 + 1.5 * $fault->{length};
    $entry->{server}->signal('CONT');
    $self->note($fault->{kind}, $began, now_us(), [$entry]);
    return;
}

sub drain_server {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->mortal_servers);
    my $began = now_us();
    $self->{cluster}->stop_server($entry);
    my $ended = Torture::Cluster::start_server($entry);
    $self->note($fault->{kind}, $began, $ended, [$entry]);
    return;
}

# --- the server's machine ---------------------------------------------------------------------------

# Idle clients connect until the server accepts no more of them, and stay for a while. The server must serve a
# connection that was open before. Every other time the sessions to the database are cut too and must open again.
sub use_up_descriptors {
    my ($self, $fault) = @_;
    my $entry  = pick($fault->{target}, $self->{cluster}->servers);
    my $server = $entry->{server};
    my $early  = $server->client(timeout => 5);
    $early->get('/livez');
    my $began = now_us();
    my @idle  = map { idle_client($entry->{port}) } 1 .. 2 * $Torture::Cluster::most_descriptors;
    # A server that keeps a reserve stops earlier.
    eval { wait_for('the descriptors', 1, sub { $server->descriptors >= $Torture::Cluster::most_descriptors - 1 }) };
    my $is_cut = $fault->{how} eq 'reset' && !$self->{cluster}{is_file};
    ($entry->{proxy} // $entry->{databases}[0]{proxy})->cut('all', 0, 'reset') if $is_cut;
    my %statuses;
    my $until = now_us() + 1e6 * (0.5 + $fault->{length});
    while (now_us() < $until) {
        my $answer = eval { $early->get('/tickets/create/10000?format=group') };
        $statuses{ $answer ? "$answer->{status}" : "nothing: $@" }++;
        last if !$answer;
        sleep 0.005;
    }
    my $open = $server->descriptors;
    close $_ for @idle;
    $self->note($fault->{kind}, $began, now_us(), [$entry]);
    my @bad = grep { $_ ne '200' } sort keys %statuses;
    $self->judge($is_open, map {
        sprintf 'server %d, with %d descriptors%s: an open connection got %d times %s', $entry->{number},
            $open, $is_cut ? ' and its sessions cut' : '', $statuses{$_}, $_
    } @bad);
    return;
}

# Connect without waiting, because the server may not accept the connection.
sub idle_client {
    my ($port) = @_;
    require IO::Socket::INET;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Blocking => 0) // ();
}

# Make every fsync of a server wait. Two seconds after its last ticket it must be not ready, and still answer.
sub stall_disk {
    my ($self, $fault) = @_;
    my $entry  = pick($fault->{target}, $self->{cluster}->servers);
    my $server = $entry->{server};
    my $began  = now_us();
    spew_file($entry->{stall});
    my $is_silent = wait_for_silence($server);
    my %answers = map { $_ => eval { $server->get($_, timeout => 2)->{status} } // 'silence' }
        qw(/readyz /status /livez);
    unlink $entry->{stall};
    $self->note($fault->{kind}, $began, now_us(), [$entry]);
    my %right = ('/readyz' => qr/^503$/, '/status' => qr/^503$/, '/livez' => qr/^200$/);
    $self->judge($unready, !$is_silent ? () : map {"server $entry->{number}: $_ was $answers{$_} when its disk stalled"}
            grep { $answers{$_} !~ $right{$_} } sort keys %right);
    return;
}

# Make every fsync of a server fail for a while.
sub fill_disk {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->servers);
    my $began = now_us();
    spew_file($entry->{full});
    sleep 0.3 + 2 * $fault->{length};
    unlink $entry->{full};
    $self->note($fault->{kind}, $began, now_us(), [$entry]);
    return;
}

sub spew_file {
    my ($path) = @_;
    open my $out, '>', $path or die "$path: $!";
    close $out;
    return;
}

# Wait until the server has issued no ticket for two seconds. Return false if it issues tickets all the time, because
# it had no need to write.
sub wait_for_silence {
    my ($server) = @_;
    my ($last, $since, $until) = (-1, now_us(), now_us() + 5e6);
    while (now_us() < $until) {
        my $body = eval { $server->get('/metrics', timeout => 1)->{body} } // '';
        my ($now) = $body =~ /^tickr_tickets_issued_total(?:\{[^}]*\})? (\d+)/m;
        ($last, $since) = ($now, now_us()) if defined $now && $now != $last;
        return 1 if now_us() - $since > 2.1e6;
        sleep 0.05;
    }
    return 0;
}

1;
