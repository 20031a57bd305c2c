package Torture::Faults;

# The faults of databases and servers. A fault ends before the next one begins. Only armed cuts and traffic may
# continue meanwhile. Each fault is recorded for the checker, with the time at which its cause ended: see faults.h.

use strict;
use warnings;
use Tickr::Process qw(wait_for scratch spew slurp);
use Tickr::Server;
use Time::HiRes qw(sleep);
use Torture::Backends;
use Torture::Cluster;
use Torture::Copies qw(newest now_us pick);
use Torture::Sequences;

# Copies: the faults that replace a database by an older copy. Backends: those of stores and coordinators.
our @ISA = ('Torture::Copies', 'Torture::Backends');

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
my $is_open = 'while idle clients use up the descriptors open connections are served';
my $jumps   = 'after tickrd sequence advance each id is above the given one';
my $few     = 'kill -9 of an idle server loses at most 16 numbers of a sequence';
my $unready = 'while a disk stalls readiness ends within 2 s, and /status and /livez answer';
sub promises { return sort keys %{ $_[0]{broken} } }
sub broken   { return @{ $_[0]{broken}{ $_[1] } } }

# Note that PROMISE was checked. It was broken if there is EVIDENCE.
sub judge {
    my ($self, $promise, @evidence) = @_;
    push @{ $self->{broken}{$promise} //= [] }, @evidence;
    return;
}

sub note {
    my ($self, $kind, $began, $ended, $servers, $node, $target) = @_;
    my $mask = 0;
    $mask |= 1 << $_->{number} for @$servers;
    printf {$self->{file}} "%d %d %s %d %s\n", $began, $ended, $kind, $mask, $node // '-';
    $self->{counts}{$kind}++ unless $kind =~ /^refuse/;
    $self->{on_event}->(sprintf '%s %s %.3f s', $kind,
        $target // (defined $node ? "of node $node" : 'of server ' . join(',', map { $_->{number} } @$servers)),
        ($ended - $began) / 1e6);
    return;
}

my %do = (
    'kill-database'    => \&kill_database,
    'stop-database'    => \&stop_database,
    'replace-database' => sub { my ($self, $fault) = @_; $self->replace_database($fault, 0) },
    'restore-all'      => sub { my ($self, $fault) = @_; $self->replace_database($fault, 1) },
    'restore-unseen'   => \&Torture::Copies::restore_unseen,
    'restore-busy'     => \&Torture::Copies::restore_busy,
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
    'kill-store'       => \&Torture::Backends::kill_store,
    'stop-store'       => \&Torture::Backends::stop_store,
    'replace-store'    => \&Torture::Backends::replace_store,
    'kill-coordinator' => \&Torture::Backends::kill_coordinator,
    'stop-coordinator' => \&Torture::Backends::stop_coordinator,
    'pause-server'     => \&stop_server,
    'step-clock'       => \&Torture::Backends::step_clock,
);

sub inject {
    my ($self, $fault) = @_;
    my $has_proxy = $self->{cluster}->has_proxies;
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
    my $lost = ($next - $last) / $self->{cluster}->max_nodes - 1;
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
    # A pause may be longer than the lease of a worker id and its bound.
    $entry->{server}->signal('STOP');
    sleep 0.1 + ($fault->{kind} eq 'pause-server' ? 7 : 1.5) * $fault->{length};
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
