package Torture::Cluster;

# The databases, their proxies and the servers of one configuration.
#
#   databases   a list of { number, node, database, second, proxy, servers }: second is another database
#               server, a replica of the first one or a master that joins it
#   has_sequences   the clients ask for ids of named sequences too
#   stores      those of the servers, see Stores.pm; undef: none
#   servers     a list of { number, port, env, state, server, databases, proxy, is_steady }: no fault ends a steady
#               server, so that its memory can be measured

use strict;
use warnings;
use Tickr::Database;
use Tickr::File;
use Tickr::Grpc;
use Tickr::Process qw(wait_for scratch free_port spew);
use Tickr::Proxy;
use Tickr::Server;
use Torture::Sequences;
use Torture::Stores;

our $most_descriptors = 256;    # of a server, few enough for idle clients to use them up
my $count = 0;

sub new {
    my ($class, $configuration) = @_;
    my $self = bless { %$configuration, databases => [], servers => [], stops => [] }, $class;
    $self->{has_sequences} = ($self->{second} // '') ne 'master';    # which several masters cannot serve together
    $self->add_database for 1 .. $configuration->{databases};
    $self->{stores} = Torture::Stores->new($self) if $self->{has_stores};
    $self->add_servers;
    return $self;
}

sub databases { @{ $_[0]{databases} } }
sub servers   { @{ $_[0]{servers} } }

sub max_nodes       { return $_[0]{max_nodes} // ($_[0]{coordinator} ? 1 : 10) }
sub starting_offset { return $_[0]{coordinator} ? 0 : 326 }

# Whether the databases have proxies, whose connections can be cut.
sub has_proxies { return !$_[0]{is_file} && $_[0]->databases > 0 }

# Those of KINDS of faults that this machine can inject.
sub possible { my ($self, @kinds) = @_; return @kinds }

# How many descriptors more than at first a server may have. SQLite keeps that of a connection that a command closed, for
# its next connection. The libraries of stores and coordinators keep connections too.
sub kept_descriptors {
    my ($self) = @_;
    return $self->{stores} || $self->{coordinators} ? 8 : $self->{is_file} ? 1 : 0;
}

# The argument of the clients about stores, see client.c.
sub store_list {
    my ($self) = @_;
    return $self->{coordinator} ? 'snowflakes' : $self->{stores} ? $self->{stores}->list : '-';
}

# The paths that are 200 when the server ENTRY serves.
sub ready_paths {
    my ($self, $entry) = @_;
    return ('/status', $self->{has_sequences} ? '/readyz?sequences' : (),
        map {"/readyz?store=$_->{name}"} $self->{stores} ? $self->{stores}->of_server($entry->{number}) : ());
}

sub is_ready {
    my ($self, $entry) = @_;
    return eval { !grep { $entry->{server}->get($_, timeout => 5)->{status} != 200 } $self->ready_paths($entry) };
}

# --- databases -----------------------------------------------------------------------------------

sub add_database {
    my ($self) = @_;
    my $number = scalar $self->databases;
    my $entry  = { number => $number, node => $number };
    push @{ $self->{databases} }, $entry;
    if ($self->{is_file}) {
        $entry->{database} = Tickr::File->new;
        return;
    }
    $entry->{database} = $self->new_database;
    $entry->{second} = $self->new_database if $self->{second};
    follow(@$entry{qw(second database)}) if ($self->{second} // '') eq 'replica';
    $entry->{proxy} = Tickr::Proxy->new($entry->{database}->port);
    return;
}

sub new_database {
    my ($self) = @_;
    # The machine does not crash, and a replica that waits for the disk is late.
    my @log = ($self->{second} // '') eq 'replica'
        ? ('--log-bin=binlog', '--server-id=' . ++$count, '--innodb-flush-log-at-trx-commit=2') : ();
    my $database = Tickr::Database->new(tcp => 1, options => [ '--skip-ssl', @log ], layout => $self->{layout});
    my $rights = $self->{is_super} ? '*.*' : 'tickr.*';
    $database->sql("SET sql_log_bin = 0; CREATE USER tickr\@'127.0.0.1' IDENTIFIED BY 'secret';"
            . "GRANT ALL ON $rights TO tickr\@'127.0.0.1';"
            . "CREATE USER replica\@'127.0.0.1' IDENTIFIED BY 'secret';"
            . "GRANT REPLICATION SLAVE ON *.* TO replica\@'127.0.0.1'");
    return $database;
}

# Make REPLICA follow MASTER from its present state on. The counters of MASTER overwrite those of REPLICA.
sub follow {
    my ($replica, $master) = @_;
    my $has_table = $master->sql("SHOW DATABASES LIKE 'tickr'") ne '';
    my ($place, $newest, @sequences) = split /\n/, $master->sql('FLUSH TABLES WITH READ LOCK; SHOW MASTER STATUS;'
            . ($has_table ? ' SELECT id FROM tickr.tickets; ' . Torture::Sequences::dump_sql($master) : ''));
    my ($file, $position) = split /\t/, $place;
    my $load = spew('follow' . ++$count . '.sql', join ";\n", 'DELETE FROM tickr.tickr_sequences', @sequences, '');
    $replica->sql('SET sql_log_bin = 0; SET GLOBAL read_only = 1; STOP SLAVE; RESET SLAVE ALL;'
            . ($has_table ? " UPDATE tickr.tickets SET id = $newest;\nsource $load\n" : '')
            . " CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=" . $master->port
            . ", MASTER_USER='replica', MASTER_PASSWORD='secret', MASTER_CONNECT_RETRY=1,"
            . " MASTER_LOG_FILE='$file', MASTER_LOG_POS=$position; START SLAVE");
    return;
}

# The settings of a server on these databases.
sub environment {
    my ($self, @databases) = @_;
    return (
        TICKR_MAX_NODES       => $self->max_nodes,
        TICKR_STARTING_OFFSET => $self->starting_offset,
        TICKR_NODE_NUMBER     => join(',', map { $_->{node} } @databases),
        TICKR_HTTP_THREADS    => undef,
        $self->{is_file}
        ? $databases[0]{database}->environment
        : ( TICKR_DATABASE_HOST     => join(',', map { $_->{proxy}->address } @databases),
            TICKR_DATABASE_USERNAME => 'tickr',
            TICKR_DATABASE_PASSWORD => 'secret',
            # Less than the 2 s within which a server must issue tickets again. A database that is just
            # starting accepts a connection before it answers.
            TICKR_DATABASE_CONNECT_TIMEOUT => 1,
            TICKR_DATABASE_QUERY_TIMEOUT   => 1,
        ),
        %{ $self->{env} // {} },
    );
}

# --- servers -------------------------------------------------------------------------------------

# A server that does not run yet, with an empty state folder.
sub plan_server {
    my ($self, @databases) = @_;
    my $number = scalar $self->servers;
    my $entry  = {
        number    => $number,
        port      => free_port(),
        databases => \@databases,
        most_descriptors => $self->{stores} ? 2 * $most_descriptors : $most_descriptors,
        is_steady => $number > 0 && $self->{server_count} > 1,
        state     => scratch() . '/state' . ++$count,
    };
    mkdir $entry->{state} or die "$entry->{state}: $!";
    $entry->{stall} = "$entry->{state}.stall";    # while this file exists the disk stalls
    $entry->{full}  = "$entry->{state}.full";     # while this file exists the disk is full
    $entry->{env} = {
        $self->environment(@databases),
        TICKR_LISTEN    => "127.0.0.1:$entry->{port}",
        TICKR_STATE_DIR => $entry->{state},
        TICKR_SEQUENCES => $self->{has_sequences} ? 'any' : 'none',
        LD_PRELOAD      => "$ENV{BUILDDIR}/t/torture/stall.so",
        $self->{is_file} ? (TICKR_CONTROL_SOCKET => "$entry->{state}.control") : (),
        TORTURE_STALL   => $entry->{stall},
        TORTURE_FULL    => $entry->{full},
        $self->{stores}
        ? (TICKR_SEQUENCERS_FILE => $self->{stores}->write_file($number),
            Torture::Stores::snowflake_settings($number), grpc_settings($entry))
        : (),
    };
    return $entry;
}

# A part of the load is over gRPC, if tickrd and this machine have it.
sub grpc_settings {
    my ($entry) = @_;
    return if Tickr::Grpc::missing();
    $entry->{grpc} = '127.0.0.1:' . free_port();
    return (TICKR_GRPC_LISTEN => $entry->{grpc});
}

sub add_server {
    my ($self, @databases) = @_;
    my $entry = $self->plan_server(@databases);
    if (($self->{second} // '') eq 'master') {    # its master may differ from the others'
        $entry->{proxy} = Tickr::Proxy->new($databases[0]{database}->port);
        $entry->{env}{TICKR_DATABASE_HOST} = $entry->{proxy}->address;
    }
    push @{ $_->{servers} }, $entry for @databases;
    push @{ $self->{servers} }, $entry;
    start_server($entry);
    wait_for('a server that is ready', 30, sub { $self->is_ready($entry) });
    $entry->{idle_descriptors} = settled_descriptors($entry->{server});
    return;
}

sub add_servers {
    my ($self) = @_;
    for my $database ($self->databases) {
        my %env = $self->environment($database);
        Tickr::Server->createdb(database => $database->{database}, env => \%env);
        next if ($self->{second} // '') ne 'master';
        $env{TICKR_DATABASE_HOST} = '127.0.0.1:' . $database->{second}->port;
        Tickr::Server->createdb(database => $database->{second}, env => \%env);
    }
    Torture::Sequences::declare($self->plan_server($self->databases)->{env}) if $self->{has_sequences};
    $self->add_server($self->databases) for 1 .. $self->{server_count};
    return;
}

# Start or restart a server. Return the time of the start in microseconds.
sub start_server {
    my ($entry, %given) = @_;
    my $began = now_us();
    $entry->{server} = Tickr::Server->new(env => $entry->{env}, wait => 0,
        through => [ 'sh', '-c', "ulimit -n $entry->{most_descriptors}; exec \"\$@\"", 'sh' ]);
    $entry->{server}{port} = $entry->{port};
    $entry->{samples} = [];
    $entry->{began}   = $began;
    $entry->{server}->wait_until_serving unless $given{may_refuse};
    return $began;
}

# Stop a server as a service manager does, and note its exit status.
sub stop_server {
    my ($self, $entry) = @_;
    my $status = eval { $entry->{server}->stop(20) } // 'it did not end';
    push @{ $self->{stops} }, $status;
    $entry->{server}->process->kill_hard;
    return;
}

# The servers that a fault may end.
sub mortal_servers { return grep { !$_->{is_steady} } $_[0]->servers }

# --- watching -------------------------------------------------------------------------------------

sub now_us { return int(1e6 * Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC())) }

sub settled_descriptors {
    my ($server) = @_;
    my ($last, $since) = (-1, 0);
    return wait_for('the descriptors to settle', 20, sub {
        my $now = $server->descriptors;
        ($last, $since) = ($now, Time::HiRes::time()) if $now != $last;
        return Time::HiRes::time() - $since > 0.3 && $now;
    });
}

sub resident_kib {
    my ($server) = @_;
    return Tickr::Process::slurp('/proc/' . $server->pid . '/status') =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# Note the age in seconds and the memory of each server, in a quiet moment between two faults.
sub sample {
    my ($self) = @_;
    for my $entry ($self->servers) {
        push @{ $entry->{samples} },
            [ (now_us() - $entry->{began}) / 1e6, resident_kib($entry->{server}) ];
    }
    return;
}

1;
