package Tickr::Process;

# A program that a test starts: its output goes to a file, and it never outlives the test.

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use IO::Handle ();
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(wait_for scratch free_port slurp spew missing_program);

my %running;    # pid => 1
my $scratch;

# Where servers are, and not every user looks.
$ENV{PATH} .= ':/usr/local/sbin:/usr/sbin:/sbin';

# What to say of the first of PROGRAMS that is not here; '' when all are.
sub missing_program {
    my (@programs) = @_;
    for my $program (@programs) {
        return "$program is not installed" unless grep { -x "$_/$program" } split /:/, $ENV{PATH};
    }
    return '';
}

# A folder of this test's own, short enough for the paths of Unix sockets, gone at the end.
sub scratch {
    $scratch //= File::Temp->newdir('tickr-test-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    return "$scratch";
}

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar <$in> // '';
}

# Write TEXT into a new file of the scratch folder, and give its path.
sub spew {
    my ($name, $text) = @_;
    my $path = scratch() . "/$name";
    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    return $path;
}

# Ask CONDITION again and again until it is true, and return what it said; die after SECONDS.
sub wait_for {
    my ($what, $seconds, $condition) = @_;
    my $deadline = time + $seconds;
    while (1) {
        my $answer = $condition->();
        return $answer if $answer;
        die "waited $seconds s in vain: $what\n" if time > $deadline;
        sleep 0.01;
    }
}

# A TCP port that the kernel had free a moment ago, for programs that cannot take port 0.
sub free_port {
    require IO::Socket::INET;
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";
    return $socket->sockport;
}

# In a child: it ends here, and takes nothing of the test's with it.
sub run_code {
    my ($code) = @_;
    STDOUT->autoflush(1);
    my $is_good = eval { $code->(); 1 };
    print STDERR $@ unless $is_good;
    close STDOUT;
    POSIX::_exit($is_good ? 0 : 1);
}

# Start COMMAND (a list), or the Perl CODE, with ENV (a hash; undef removes) and its output in a file.
sub new {
    my ($class, %given) = @_;
    my $self = bless {%given}, $class;
    $self->{log_file} //= scratch() . '/' . ($given{name} // 'process') . '.log';
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        %running = ();
        for my $name (keys %{ $given{env} // {} }) {
            if   (defined $given{env}{$name}) { $ENV{$name} = $given{env}{$name} }
            else                              { delete $ENV{$name} }
        }
        open STDIN,  '<',  '/dev/null'         or POSIX::_exit(127);
        open STDOUT, '>>', $self->{log_file}   or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT            or POSIX::_exit(127);
        $given{before}->() if $given{before};
        run_code($given{code}) if $given{code};
        exec { $given{command}[0] } @{ $given{command} } or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $running{$pid} = 1;
    return $self;
}

sub pid { $_[0]{pid} }
sub log { slurp($_[0]{log_file}) }

sub signal {
    my ($self, $name) = @_;
    return kill $name, $self->{pid};
}

# Whether it runs; once it does not, {status} is its wait status.
sub is_running {
    my ($self) = @_;
    return 0 if defined $self->{status};
    return 1 if waitpid($self->{pid}, POSIX::WNOHANG()) == 0;
    $self->{status} = $?;
    delete $running{ $self->{pid} };
    return 0;
}

# Wait for its end; its exit status, or "signal N".
sub wait_exit {
    my ($self, $seconds) = @_;
    my $name = $self->{command} ? $self->{command}[0] : 'a child';
    wait_for("the end of $name", $seconds // 10, sub { !$self->is_running });
    return $self->{status} & 127 ? 'signal ' . ($self->{status} & 127) : $self->{status} >> 8;
}

sub kill_hard {
    my ($self) = @_;
    return unless $self->is_running;
    $self->signal('KILL');
    $self->wait_exit(10);
    return;
}

END {
    my $status = $?;
    for my $pid (keys %running) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    $? = $status;
}

1;
