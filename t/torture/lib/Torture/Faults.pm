package Torture::Faults;

# What is done to databases and servers. Each fault is done to its end before the next one begins, but
# for cuts that are armed and traffic, which may go on meanwhile. Each is written down for the checker,
# see faults.h, with the moment when its cause had ended.

use strict;
use warnings;
use Tickr::Process qw(wait_for scratch spew slurp);
use Tickr::Server;
use Time::HiRes qw(sleep);
use Torture::Cluster;

my $count = 0;

# cluster; folder: of the records; on_event: called with what is noteworthy
sub new {
    my ($class, %given) = @_;
    open my $file, '>', "$given{folder}/faults" or die "$given{folder}/faults: $!";
    $file->autoflush(1);
    return bless { %given, file => $file, counts => {}, broken => [], traffic => [] }, $class;
}

sub counts { return $_[0]{counts} }
sub broken { return @{ $_[0]{broken} } }    # refusals that did not come

sub note {
    my ($self, $kind, $began, $ended, $servers, $node) = @_;
    my $mask = 0;
    $mask |= 1 << $_->{number} for @$servers;
    printf {$self->{file}} "%d %d %s %d %s\n", $began, $ended, $kind, $mask, $node // '-';
    $self->{counts}{$kind}++ unless $kind eq 'refuse';
    $self->{on_event}->(sprintf '%s %s %.3f s', $kind,
        defined $node ? "of node $node" : 'of server ' . join(',', map { $_->{number} } @$servers),
        ($ended - $began) / 1e6);
    return;
}

sub now_us { return Torture::Cluster::now_us() }

# The one of LIST at the SHARE of its length.
sub pick { my ($share, @list) = @_; return $list[ int($share * @list) ] }

my %do = (
    'kill-database'    => \&kill_database,
    'stop-database'    => \&stop_database,
    'replace-database' => sub { my ($self, $fault) = @_; $self->replace_database($fault, 0) },
    'restore-all'      => sub { my ($self, $fault) = @_; $self->replace_database($fault, 1) },
    'cut'              => \&cut,
    'traffic'          => \&traffic,
    'kill-server'      => \&kill_server,
    'stop-server'      => \&stop_server,
    'drain-server'     => \&drain_server,
);

sub inject {
    my ($self, $fault) = @_;
    my $has_proxy = !$self->{cluster}{is_file};
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

sub newest { return $_[0]{database}->sql('SELECT MAX(id) FROM tickr.tickets') }

# Each server has given tickets since now, and some were this database's: a server may have another.
sub wait_for_use {
    my ($entry) = @_;
    my $first = newest($entry);
    wait_for('tickets of the database', 15, sub { newest($entry) > $first + 20 });
    for my $server (map { $_->{server} } @{ $entry->{servers} }) {
        my $before = $server->metric('tickr_tickets_issued_total');
        wait_for('tickets', 10, sub { $server->metric('tickr_tickets_issued_total') > $before });
    }
    return;
}

# It says no, for this reason, or has left for it. With several databases the others go on.
sub is_refused {
    my ($server) = @_;
    return 1 if !$server->process->is_running;
    my $answer = eval { $server->get('/status') } or return 0;
    return 1 if $answer->{status} == 503 && $answer->{body} =~ /gone back|below/;
    return $answer->{body} =~ /"state":"refused"/;
}

# A server that was killed cannot know whether what lies between the last that it knows to be given and
# the last that it may have given was given. It may leave all of that out by itself. Where one does, the
# others have nothing to refuse any more, at the latest when it has come past what they know: then all
# serve, and true is returned. False: all refuse.
sub has_passed {
    my ($entry) = @_;
    my @servers = map { $_->{server} } @{ $entry->{servers} };
    wait_for('each server to decide', 6, sub { !grep { !is_refused($_) && !is_serving_all($_) } @servers });
    return 0 if !grep { !is_refused($_) } @servers;
    return wait_for('all servers to serve', 6, sub { !grep { !is_serving_all($_) } @servers });
}

sub is_serving_all {
    my ($server) = @_;
    my $answer = eval { $server->get('/status') } or return 0;
    return $answer->{status} == 200 && $answer->{body} !~ /"state":"(?!up")/;
}

sub wait_for_refusal {
    my ($self, $entry, $kind) = @_;
    for my $server (@{ $entry->{servers} }) {
        next if eval { wait_for('the refusal', 6, sub { is_refused($server->{server}) }) };
        push @{ $self->{broken} }, "server $server->{number} has not refused node $entry->{node} after $kind";
    }
    return;
}

# Forward, past LAST: as an operator would.
sub advance {
    my ($self, $entry, $last) = @_;
    my $ticket = ($last - 2) * $Torture::Cluster::max_nodes + $entry->{node}
        + $Torture::Cluster::starting_offset;
    my ($status, $output) = Tickr::Server->run(
        arguments => [ 'advance', '--past', $ticket, '--yes' ],
        env       => { $self->{cluster}->environment($entry) },
    );
    push @{ $self->{broken} }, "tickrd advance ended with $status: $output" if $status != 0;
    return;
}

# An older copy of the database takes its place. AND_RESTART: the servers are killed meanwhile, and know
# of it only by what they have written down.
sub replace_database {
    my ($self, $fault, $and_restart) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my ($database, @servers) = ($entry->{database}, @{ $entry->{servers} });
    my ($data, $copy) = map {"$database->{folder}/$_"} 'data', 'copy' . ++$count;

    my $began = now_us();
    $database->kill;
    system('cp', '-a', $data, $copy) == 0 or die 'cp failed';
    $database->start;
    $self->note('copy-database', $began, now_us(), \@servers, $entry->{node});
    $_->{server}->wait_until_ready for @servers;
    wait_for_use($entry);
    sleep $fault->{length};

    my $newest = newest($entry);
    $began = now_us();
    $database->kill;
    my $gone = now_us();
    if ($and_restart) { $_->{server}->process->kill_hard for @servers }
    system("rm -rf '$data' && mv '$copy' '$data'") == 0 or die 'mv failed';
    $database->start;
    if ($and_restart) {
        Torture::Cluster::start_server($_, may_refuse => 1) for @servers;
    }
    if (!$and_restart || !has_passed($entry)) {
        $self->wait_for_refusal($entry, $fault->{kind});
        sleep 0.3;
        $self->note('refuse', $gone, now_us(), [], $entry->{node});
        # What was reserved since then, or is reserved ahead, is less than this.
        $self->advance($entry, $newest + 10_000_000);
    }
    for my $server (@servers) {
        Torture::Cluster::start_server($server) if !$server->{server}->process->is_running;
    }
    my $ended = now_us();
    $self->note('kill-server', $began, $ended, \@servers) if $and_restart;
    $self->note($fault->{kind}, $began, $ended, \@servers, $entry->{node});
    return;
}

# In the next connection that has so many more bytes, or in all at once.
sub cut {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->databases);
    my $began = now_us();
    $entry->{proxy}->cut($fault->{cuts_all} ? 'all' : $fault->{direction}, $fault->{bytes}, $fault->{how});
    $self->note('cut', $began, now_us(), $entry->{servers}, $entry->{node});
    return;
}

# Other tables get rows, in small and large transactions, and are altered and emptied meanwhile.
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

1;
