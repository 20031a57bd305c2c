package Tickr::ZooKeeper;

# A private ZooKeeper of a test, on a port of 127.0.0.1. Its sessions may be as short as 400 ms.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Tickr::Process qw(wait_for scratch free_port slurp spew missing_program);
use Tickr::ZooKeeperClient;

my $count = 0;
my @jars  = map {"/usr/share/java/$_.jar"} qw(zookeeper zookeeper-jute netty-buffer netty-common netty-handler
    netty-transport netty-transport-native-epoll snappy-java metrics-core commons-cli commons-io slf4j-api slf4j-simple);

sub missing {
    return missing_program('java') || (grep { !-e } @jars)[0] && 'libzookeeper-java or libslf4j-java is not installed';
}

# One that does not run yet. It takes the arguments of new().
sub prepare {
    my ($class, %given) = @_;
    my $self = bless { folder => scratch() . '/zookeeper' . ++$count, settings => $given{settings} // {}, port => free_port() },
        $class;
    mkdir $_ or die "$_: $!" for $self->{folder}, "$self->{folder}/data", "$self->{folder}/conf";
    return $self;
}

# settings: a hash of more lines for zoo.cfg
sub new {
    my ($class, %given) = @_;
    my $self = $class->prepare(%given);
    # Another program may take a free port before ZooKeeper does. Then use another port.
    for my $attempt (1 .. 5) {
        $self->{port} = free_port();
        return $self if eval { $self->start; 1 };
        die $@ if $attempt == 5 || $@ !~ /Address already in use/;
    }
}

sub write_settings {
    my ($self) = @_;
    my %settings = (
        tickTime                  => 200,
        dataDir                   => "$self->{folder}/data",
        clientPort                => $self->{port},
        clientPortAddress         => '127.0.0.1',
        'admin.enableServer'      => 'false',
        '4lw.commands.whitelist'  => '*',
        maxClientCnxns            => 0,
        minSessionTimeout         => 400,
        maxSessionTimeout         => 60_000,
        forceSync                 => 'no',
        %{ $self->{settings} },
    );
    my $file = "$self->{folder}/conf/zoo.cfg";
    open my $out, '>', $file or die "$file: $!";
    print $out map {"$_=$settings{$_}\n"} sort keys %settings;
    close $out or die "$file: $!";
    return $file;
}

sub launch {
    my ($self) = @_;
    my $file = $self->write_settings;
    $self->{process} = Tickr::Process->new(
        command => [
            'java', '-Dzookeeper.jmx.log4j.disable=true', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
            '-cp', join(':', "$self->{folder}/conf", @jars),
            'org.apache.zookeeper.server.quorum.QuorumPeerMain', $file,
        ],
        log_file => "$self->{folder}/log",
    );
    return;
}

# Start it, and wait until it serves. It says imok before it serves, so ask for its mode.
sub start {
    my ($self) = @_;
    $self->launch;
    return $self->wait_until_serving;
}

sub wait_until_serving {
    my ($self) = @_;
    wait_for('ZooKeeper to start', 90, sub {
        die "ZooKeeper ended:\n" . substr $self->log, -4000 unless $self->{process}->is_running;
        return $self->say('srvr') =~ /^Mode:/m;
    });
    return;
}

# Its answer to a WORD of four letters; '' if there is none.
sub say {
    my ($self, $word) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) or return '';
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, $word;
    my $text = '';
    while (IO::Select->new($socket)->can_read(5)) {
        last unless sysread $socket, $text, 65536, length $text;
    }
    return $text;
}

sub signal { my ($self, $name) = @_; return $self->{process}->signal($name) }
sub pause  { $_[0]->signal('STOP') }
sub resume { $_[0]->signal('CONT') }
sub kill   { $_[0]{process}->kill_hard }

sub stop {
    my ($self) = @_;
    $self->signal('TERM');
    $self->{process}->wait_exit(30);
    return;
}

# Keep a copy of all data. restore_copy() replaces the data by it, as from a backup. Both restart ZooKeeper.
sub keep_copy {
    my ($self) = @_;
    $self->kill;
    system('cp', '-a', "$self->{folder}/data", "$self->{folder}/copy") == 0 or die 'cp failed';
    $self->start;
    return;
}

sub restore_copy {
    my ($self) = @_;
    my $folder = $self->{folder};
    $self->kill;
    system("rm -rf '$folder/data' && cp -a '$folder/copy' '$folder/data'") == 0 or die 'cp failed';
    $self->start;
    return;
}

sub port { $_[0]{port} }
sub pid  { $_[0]{process}->pid }
sub log  { slurp("$_[0]{folder}/log") }

sub endpoints { return "127.0.0.1:$_[0]{port}" }

# A new session with it. It takes the arguments of Tickr::ZooKeeperClient.
sub client {
    my ($self, %given) = @_;
    return Tickr::ZooKeeperClient->new(port => $self->{port}, %given);
}

# Run CODE with a new session, and return its value.
sub with_client {
    my ($self, $code) = @_;
    my $client = $self->client;
    my $value  = $code->($client);
    $client->close;
    return $value;
}

# Of one session each: see Tickr::ZooKeeperClient.
sub get    { my ($self, $path) = @_; return $self->with_client(sub { $_[0]->get($path) }) }
sub all    { my ($self, $path) = @_; return $self->with_client(sub { scalar $_[0]->all($path) }) }
sub put    { my ($self, $path, $value) = @_; return $self->with_client(sub { $_[0]->put($path, $value) }) }
sub delete { my ($self, $path) = @_; return $self->with_client(sub { $_[0]->delete($path) }) }

# The settings with which a tickrd uses it as its coordinator.
sub environment {
    my ($self) = @_;
    return (TICKR_COORDINATOR => 'zookeeper', TICKR_COORDINATOR_ENDPOINTS => $self->endpoints);
}

1;
