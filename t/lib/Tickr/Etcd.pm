package Tickr::Etcd;

# A private etcd of a test: one node or several, on ports of 127.0.0.1. Nodes are numbered from 0.

use strict;
use warnings;
use File::Path ();
use JSON::PP   ();
use MIME::Base64 qw(decode_base64);
use POSIX ();
use Tickr::Certificates;
use Tickr::Process qw(wait_for scratch free_port slurp missing_program);

my $count = 0;

sub missing { return missing_program('etcd', 'etcdctl') }

# nodes: how many, by default 1; options: a list for each etcd; tls: 1: clients use TLS and must have a certificate.
sub new {
    my ($class, %given) = @_;
    my $self = bless {
        options => $given{options} // [],
        folder  => scratch() . '/etcd' . ++$count,
    }, $class;
    mkdir $self->{folder} or die "$self->{folder}: $!";
    $self->make_certificates if $given{tls};
    # Another program may take a free port before etcd does. Then use other ports.
    for my $attempt (1 .. 5) {
        $self->{nodes} = [ map { $self->make_node($_) } 0 .. ($given{nodes} // 1) - 1 ];
        $self->launch($_) for $self->numbers;
        return $self if eval { $self->wait_until_ready; 1 };
        die $@ if $attempt == 5 || $@ !~ /address already in use/;
        $self->kill;
        File::Path::remove_tree(map { $_->{data} } @{ $self->{nodes} });
    }
}

sub numbers { return 0 .. $#{ $_[0]{nodes} } }

sub make_certificates {
    my ($self) = @_;
    $self->{certificates} = Tickr::Certificates->new;
    $self->{certificates}->issue($_) for qw(server client);
    return;
}

sub certificates { $_[0]{certificates} }
sub scheme       { $_[0]{certificates} ? 'https' : 'http' }

sub make_node {
    my ($self, $number) = @_;
    return {
        name => "n$number",
        data => "$self->{folder}/n$number",
        log  => "$self->{folder}/n$number.log",
        port => free_port(),
        peer => free_port(),
    };
}

# The nodes' addresses among themselves, in the form of --initial-cluster.
sub cluster {
    my ($self) = @_;
    return join ',', map {"$_->{name}=http://127.0.0.1:$_->{peer}"} @{ $self->{nodes} };
}

sub tls_options {
    my ($self) = @_;
    my $certificates = $self->{certificates} or return;
    return ('--cert-file', $certificates->certificate('server'), '--key-file', $certificates->key('server'),
        '--trusted-ca-file', $certificates->authority, '--client-cert-auth');
}

# Start node NUMBER, and do not wait.
sub launch {
    my ($self, $number) = @_;
    my $node   = $self->{nodes}[$number];
    my $client = $self->scheme . "://127.0.0.1:$node->{port}";
    my $peer   = "http://127.0.0.1:$node->{peer}";
    $node->{process} = Tickr::Process->new(
        command => [
            'etcd', '--name', $node->{name}, '--data-dir', $node->{data},
            '--listen-client-urls', $client, '--advertise-client-urls', $client,
            '--listen-peer-urls', $peer, '--initial-advertise-peer-urls', $peer,
            '--initial-cluster', $self->cluster, '--logger', 'zap', '--log-outputs', 'stderr',
            $self->tls_options, @{ $self->{options} },
        ],
        env      => { map { $_ => undef } grep {/^ETCD/} keys %ENV },
        log_file => $node->{log},
    );
    return;
}

# Wait until every node answers a read that needs the majority.
sub wait_until_ready {
    my ($self) = @_;
    for my $number ($self->numbers) {
        $self->wait_for_node($number);
    }
    return;
}

sub wait_for_node {
    my ($self, $number) = @_;
    my $node = $self->{nodes}[$number];
    wait_for("etcd $node->{name} to start", 90, sub {
        die "etcd ended:\n" . substr slurp($node->{log}), -4000 unless $node->{process}->is_running;
        my ($status) = $self->try_at([$number], 'endpoint', 'health');
        return $status == 0;
    });
    return;
}

# Start the nodes of these NUMBERS, by default all that do not run, and wait for them.
sub start {
    my ($self, @numbers) = @_;
    @numbers = grep { !$self->{nodes}[$_]{process}->is_running } $self->numbers unless @numbers;
    $self->launch($_) for @numbers;
    $self->wait_for_node($_) for @numbers;
    return;
}

# A signal to the nodes of these NUMBERS, by default all.
sub signal {
    my ($self, $name, @numbers) = @_;
    @numbers = $self->numbers unless @numbers;
    $self->{nodes}[$_]{process}->signal($name) for @numbers;
    return;
}

# End them without a chance to clean up, and wait until they have ended.
sub kill {
    my ($self, @numbers) = @_;
    @numbers = $self->numbers unless @numbers;
    $self->{nodes}[$_]{process}->kill_hard for @numbers;
    return;
}

# End them in order.
sub stop {
    my ($self, @numbers) = @_;
    @numbers = $self->numbers unless @numbers;
    $self->signal('TERM', @numbers);
    $self->{nodes}[$_]{process}->wait_exit(30) for @numbers;
    return;
}

# Stop them as if they hung, and let them go on.
sub pause  { my ($self, @numbers) = @_; return $self->signal('STOP', @numbers) }
sub resume { my ($self, @numbers) = @_; return $self->signal('CONT', @numbers) }

sub port { $_[0]{nodes}[ $_[1] // 0 ]{port} }
sub pid  { $_[0]{nodes}[ $_[1] // 0 ]{process}->pid }
sub log  { slurp($_[0]{nodes}[ $_[1] // 0 ]{log}) }

# The addresses of the nodes of these NUMBERS, by default all, joined by commas.
sub endpoints {
    my ($self, @numbers) = @_;
    @numbers = $self->numbers unless @numbers;
    return join ',', map { $self->scheme . '://127.0.0.1:' . $self->port($_) } @numbers;
}

# Run etcdctl at the nodes of NUMBERS (an array). Return (wait status, its output).
sub try_at {
    my ($self, $numbers, @arguments) = @_;
    my $out  = "$self->{folder}/etcdctl.out";
    my @user = $self->{user} ? ('--user', $self->{user}) : ();
    my @tls;
    if (my $certificates = $self->{certificates}) {
        @tls = ('--cacert', $certificates->authority, '--cert', $certificates->certificate('client'),
            '--key', $certificates->key('client'));
    }
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        delete $ENV{$_} for grep {/^ETCDCTL/} keys %ENV;
        $ENV{ETCDCTL_API} = 3;
        open STDOUT, '>',  $out     or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        exec 'etcdctl', '--endpoints', $self->endpoints(@$numbers), @user, @tls, @arguments or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($?, slurp($out));
}

# Run etcdctl, and return its output. Die if it fails.
sub ctl {
    my ($self, @arguments) = @_;
    my ($status, $text) = $self->try_at([ grep { $self->{nodes}[$_]{process}->is_running } $self->numbers ], @arguments);
    die "etcdctl @arguments:\n$text" if $status;
    return $text;
}

sub put    { my ($self, $key, $value) = @_; return $self->ctl('put', '--', $key, $value) }
sub delete { my ($self, $key) = @_; return $self->ctl('del', $key) }

# The value of KEY; undef if there is none.
sub get {
    my ($self, $key) = @_;
    return $self->all($key, exact => 1)->{$key};
}

# A hash of the keys that begin with PREFIX, and their values.
sub all {
    my ($self, $prefix, %given) = @_;
    my $text = $self->ctl('get', '-w', 'json', $prefix, $given{exact} ? () : '--prefix');
    my $read = JSON::PP::decode_json($text);
    return { map { decode_base64($_->{key}) => decode_base64($_->{value} // '') } @{ $read->{kvs} // [] } };
}

sub revision {
    my ($self) = @_;
    return JSON::PP::decode_json($self->ctl('get', '-w', 'json', 'none'))->{header}{revision};
}

# Forget all revisions before the newest.
sub compact {
    my ($self) = @_;
    return $self->ctl('compact', $self->revision);
}

# The number of the node that leads; undef while there is none.
sub leader {
    my ($self) = @_;
    for my $number ($self->numbers) {
        next unless $self->{nodes}[$number]{process}->is_running;
        my ($status, $text) = $self->try_at([$number], 'endpoint', 'status', '-w', 'json');
        next if $status;
        my ($answer) = @{ JSON::PP->new->decode($text) };
        return $number if $answer->{Status}{header}{member_id} == ($answer->{Status}{leader} // 0);
    }
    return undef;
}

# The same, when a node leads that is not OTHER.
sub wait_for_leader {
    my ($self, $other) = @_;
    my $leader;
    wait_for('a leader', 60, sub {
        $leader = $self->leader;
        return defined $leader && $leader != ($other // -1);
    });
    return $leader;
}

# Ask for a name and a password from now on. USER may use the keys that begin with PREFIX. etcdctl runs as root.
sub enable_auth {
    my ($self, $user, $password, $prefix) = @_;
    $self->ctl(qw(user add root:secret));
    $self->ctl(qw(role add root));
    $self->ctl(qw(user grant-role root root));
    $self->ctl('user', 'add', "$user:$password");
    $self->ctl('role', 'add', $user);
    $self->ctl('role', 'grant-permission', $user, 'readwrite', '--prefix', $prefix);
    $self->ctl('user', 'grant-role', $user, $user);
    $self->ctl(qw(auth enable));
    $self->{user} = 'root:secret';
    return;
}

# Keep a copy of all data. restore_copy() replaces the data of all nodes by it, as from a backup.
sub keep_copy {
    my ($self) = @_;
    my ($status, $text) = $self->try_at([0], 'snapshot', 'save', "$self->{folder}/copy");
    die "etcdctl snapshot save:\n$text" if $status;
    return;
}

sub restore_copy {
    my ($self) = @_;
    $self->kill;
    for my $number ($self->numbers) {
        my $node = $self->{nodes}[$number];
        File::Path::remove_tree($node->{data});
        my ($status, $text) = $self->try_at([$number], 'snapshot', 'restore', "$self->{folder}/copy",
            '--name', $node->{name}, '--data-dir', $node->{data}, '--initial-cluster', $self->cluster,
            '--initial-advertise-peer-urls', "http://127.0.0.1:$node->{peer}");
        die "etcdctl snapshot restore:\n$text" if $status;
    }
    $self->start;
    return;
}

# The settings with which a tickrd uses it as its coordinator.
sub environment {
    my ($self) = @_;
    my $certificates = $self->{certificates};
    return (
        TICKR_COORDINATOR           => 'etcd',
        TICKR_COORDINATOR_ENDPOINTS => $self->endpoints,
        $certificates
        ? (
            TICKR_COORDINATOR_SSL_CA   => $certificates->authority,
            TICKR_COORDINATOR_SSL_CERT => $certificates->certificate('client'),
            TICKR_COORDINATOR_SSL_KEY  => $certificates->key('client'),
            )
        : (),
    );
}

1;
