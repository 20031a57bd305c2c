package Torture::Cluster;

# The databases, the proxies in front of them and the servers of one configuration.
#
#   databases   a list of { number, node, database, proxy, servers }
#   servers     a list of { number, port, env, server, databases, is_steady }: a steady one is
#               never ended, so that its memory can be watched

use strict;
use warnings;
use Tickr::Database;
use Tickr::File;
use Tickr::Process qw(wait_for scratch free_port);
use Tickr::Proxy;
use Tickr::Server;

our ($max_nodes, $starting_offset) = (10, 326);
my $count = 0;

sub new {
    my ($class, $configuration) = @_;
    my $self = bless { %$configuration, databases => [], servers => [], stops => [] }, $class;
    $self->add_database for 1 .. $configuration->{databases};
    $self->add_servers;
    return $self;
}

sub databases { @{ $_[0]{databases} } }
sub servers   { @{ $_[0]{servers} } }

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
    my $database = $entry->{database} = Tickr::Database->new(
        tcp => 1, options => ['--skip-ssl'], layout => $self->{layout});
    $database->sql("CREATE USER tickr\@'127.0.0.1' IDENTIFIED BY 'secret';"
            . "GRANT ALL ON tickr.* TO tickr\@'127.0.0.1'");
    $entry->{proxy} = Tickr::Proxy->new($database->port);
    return;
}

# The settings of a server on these databases.
sub environment {
    my ($self, @databases) = @_;
    return (
        TICKR_MAX_NODES       => $max_nodes,
        TICKR_STARTING_OFFSET => $starting_offset,
        TICKR_NODE_NUMBER     => join(',', map { $_->{node} } @databases),
        TICKR_HTTP_THREADS    => undef,
        $self->{is_file}
        ? $databases[0]{database}->environment
        : ( TICKR_DATABASE_HOST     => join(',', map { $_->{proxy}->address } @databases),
            TICKR_DATABASE_USERNAME => 'tickr',
            TICKR_DATABASE_PASSWORD => 'secret',
            # Below the 2 s within which service must be back: a server that is just starting
            # accepts a connection before it answers.
            TICKR_DATABASE_CONNECT_TIMEOUT => 1,
            TICKR_DATABASE_QUERY_TIMEOUT   => 1,
        ),
        %{ $self->{env} // {} },
    );
}

# --- servers -------------------------------------------------------------------------------------

sub add_server {
    my ($self, @databases) = @_;
    my $number = scalar $self->servers;
    my $entry  = {
        number    => $number,
        port      => free_port(),
        databases => \@databases,
        is_steady => $number > 0 && $self->{server_count} > 1,
        state     => scratch() . '/state' . ++$count,
    };
    mkdir $entry->{state} or die "$entry->{state}: $!";
    $entry->{env} = {
        $self->environment(@databases),
        TICKR_LISTEN    => "127.0.0.1:$entry->{port}",
        TICKR_STATE_DIR => $entry->{state},
    };
    push @{ $_->{servers} }, $entry for @databases;
    push @{ $self->{servers} }, $entry;
    start_server($entry);
    $entry->{server}->wait_until_ready;
    $entry->{idle_descriptors} = settled_descriptors($entry->{server});
    return;
}

sub add_servers {
    my ($self) = @_;
    for my $database ($self->databases) {
        Tickr::Server->createdb(database => $database->{database}, env => { $self->environment($database) });
    }
    $self->add_server($self->databases) for 1 .. $self->{server_count};
    return;
}

# Start it, or start it again; when it was started, in microseconds.
sub start_server {
    my ($entry, %given) = @_;
    my $began = now_us();
    $entry->{server} = Tickr::Server->new(env => $entry->{env}, wait => 0);
    $entry->{server}{port} = $entry->{port};
    $entry->{samples} = [];
    $entry->{began}   = $began;
    $entry->{server}->wait_until_serving unless $given{may_refuse};
    return $began;
}

# Stop it as a service manager would; its exit status is remembered.
sub stop_server {
    my ($self, $entry) = @_;
    my $status = eval { $entry->{server}->stop(20) } // 'it did not end';
    push @{ $self->{stops} }, $status;
    $entry->{server}->process->kill_hard;
    return;
}

# Those that the configuration lets a fault end, and all.
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

# In a quiet moment between two faults: age of the process in seconds, memory.
sub sample {
    my ($self) = @_;
    for my $entry ($self->servers) {
        push @{ $entry->{samples} },
            [ (now_us() - $entry->{began}) / 1e6, resident_kib($entry->{server}) ];
    }
    return;
}

1;
