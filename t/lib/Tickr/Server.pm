package Tickr::Server;

# A private tickrd of a test, on a port that the kernel chooses.

use strict;
use warnings;
use POSIX ();
use Tickr::Process qw(wait_for scratch slurp);
use Tickr::Client;

my $count = 0;

sub program {
    my ($name) = @_;
    return $name if defined $name && $name =~ m{^/};
    return ($ENV{BUILDDIR} // '.') . '/' . ($name // 'tickrd');
}

# The settings of the examples in the documents, changed by OVERRIDES. undef removes a setting.
sub environment {
    my (%overrides) = @_;
    my %env = map { $_ => undef } grep {/^TICKR_/} keys %ENV;
    $env{$_} = undef for qw(NOTIFY_SOCKET LISTEN_FDS LISTEN_PID WATCHDOG_USEC JOURNAL_STREAM);
    return (
        %env,
        TICKR_MAX_NODES       => 10,
        TICKR_NODE_NUMBER     => 3,
        TICKR_STARTING_OFFSET => 326,
        TICKR_LISTEN          => '127.0.0.1:0',
        TICKR_HTTP_THREADS    => 2,
        %overrides,
    );
}

# The base of TICKET, with these settings.
sub base_of { return ($_[0] - 329) / 10 + 2 }

# Create a database. It takes the arguments of `run`, and those of createdb in `arguments`. Die if createdb fails.
sub createdb {
    my ($class, %given) = @_;
    my @command = $given{database} ? $given{database}->createdb : 'createdb';
    my ($status, $output) = $class->run(%given, arguments => [ @command, @{ $given{arguments} // [] } ]);
    die "createdb: $output" if $status;
    return;
}

# A server on a database that is removed and created first. It takes the arguments of `new`.
sub fresh {
    my ($class, %given) = @_;
    $given{database}->drop;
    $class->createdb(%given, arguments => undef);
    return $class->new(%given);
}

# Settings for tests that do not test time, so that they pass on a machine whose disk stalls.
sub patient { return (TICKR_DATABASE_POOL_TIMEOUT => 20, TICKR_DATABASE_QUERY_TIMEOUT => 20) }

# Start a server and wait until it serves. database: a Tickr::Database or Tickr::File; env: settings; wait: 0: do not
# wait; program: a name in the build folder or a path; by default tickrd.
sub new {
    my ($class, %given) = @_;
    my %env = environment(
        ($given{database} ? $given{database}->environment : ()),
        %{ $given{env} // {} });
    my $self = bless { name => 'tickrd' . ++$count }, $class;
    $self->{process} = Tickr::Process->new(
        name    => $self->{name},
        command => [ @{ $given{through} // [] }, program($given{program}), @{ $given{arguments} // [] } ],
        env     => \%env,
        before  => $given{before},
    );
    $self->{unix} = $1 if ($env{TICKR_LISTEN} // '') =~ m{^unix:(/.*)$};
    $self->wait_until_serving unless defined $given{wait} && !$given{wait};
    return $self;
}

sub wait_until_serving {
    my ($self) = @_;
    wait_for('tickrd to serve', 20, sub {
        my $log = $self->log;
        die "tickrd ended:\n$log" unless $self->{process}->is_running;
        return $log =~ /msg="tickrd serves"/;
    });
    ($self->{port}) = $self->log =~ /msg="listening" address=[0-9.]+:([0-9]+)/;
    return;
}

# The addresses on which it listens, in the form of TICKR_LISTEN.
sub addresses { $_[0]->log =~ /msg="listening" address=(\S+)/g }

# The number of its open descriptors.
sub descriptors {
    my @open = glob '/proc/' . $_[0]->pid . '/fd/*';
    return scalar @open;
}

# Its resident memory in kilobytes; undef under a sanitizer, which keeps freed memory.
sub memory {
    my ($self) = @_;
    return undef if slurp('/proc/' . $self->pid . '/maps') =~ m{/lib[at]san};
    return slurp('/proc/' . $self->pid . '/status') =~ /^VmRSS:\s+(\d+) kB/m ? $1 : die "no VmRSS\n";
}

# Its processor time in seconds.
sub processor_seconds {
    my @fields = split ' ', slurp('/proc/' . $_[0]->pid . '/stat') =~ s/^.*\) //r;
    return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# Wait up to SECONDS until PATTERN is in the log. Return true if it is.
sub wait_for_log {
    my ($self, $pattern, $seconds) = @_;
    return eval { wait_for("$pattern in the log", $seconds // 10, sub { $self->log =~ $pattern }) };
}

sub port    { $_[0]{port} }
sub pid     { $_[0]{process}->pid }
sub process { $_[0]{process} }
sub log     { $_[0]{process}->log }
sub signal  { $_[0]{process}->signal($_[1]) }

# Send SIGTERM, and return the exit status.
sub stop {
    my ($self, $seconds) = @_;
    $self->signal('TERM');
    return $self->{process}->wait_exit($seconds // 15);
}

# A new connection to it.
sub client {
    my ($self, %given) = @_;
    return Tickr::Client->new(port => $self->{port}, unix => $self->{unix}, %given);
}

# One request on a new connection. timeout: in seconds.
sub get {
    my ($self, $path, %given) = @_;
    return $self->client(timeout => delete $given{timeout})->request('GET', $path, %given);
}

sub request {
    my ($self, $method, $path, %given) = @_;
    return $self->client->request($method, $path, %given);
}

# Wait until /status is 200.
sub wait_until_ready {
    my ($self, $seconds) = @_;
    wait_for('/status to be 200', $seconds // 10,
        sub { eval { $self->get('/status')->{status} == 200 } });
    return;
}

# The metrics as a hash of series => value. With one database the names have no labels of the database.
sub metrics {
    my ($self) = @_;
    my $body    = $self->get('/metrics')->{body};
    my $is_only = 1 == (() = $body =~ /^tickr_database_up\{(?!.*pool=)/mg);
    my %values;
    for my $line (grep { !/^#/ } split /\n/, $body) {
        my ($name, $value) = $line =~ /^(.+) (\S+)$/ or die "not a sample: $line";
        $name =~ s/(?<=[{])database="(?:[^"\\]|\\.)*",node="\d+",?// if $is_only;
        $name =~ s/\{\}$//;
        $values{$name} = $value;
    }
    return \%values;
}

# The value of a metric, by its name and labels as in the page of metrics.
sub metric {
    my ($self, $name) = @_;
    return $self->metrics->{$name};
}

# Run tickrd to its end, for `most_s` seconds at most (20). Return (exit status, output and errors).
sub run {
    my ($class, %given) = @_;
    my $process = Tickr::Process->new(
        name    => 'run' . ++$count,
        command => [ @{ $given{through} // [] }, program($given{program}), @{ $given{arguments} // [] } ],
        env     => {
            environment(
                ($given{database} ? $given{database}->environment : ()),
                %{ $given{env} // {} }),
        },
    );
    my $status = $process->wait_exit($given{most_s} // 20);
    return ($status, $process->log);
}

1;
