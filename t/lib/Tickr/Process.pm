package Tickr::Process;

# A program that a test starts. Its output goes to a file, and it ends with the test.

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

# The folders of servers, which PATH of some users lacks.
$ENV{PATH} .= ':/usr/local/sbin:/usr/sbin:/sbin';

# A message about the first of PROGRAMS that is not installed; '' if all are.
sub missing_program {
    my (@programs) = @_;
    for my $program (@programs) {
        return "$program is not installed" unless grep { -x "$_/$program" } split /:/, $ENV{PATH};
    }
    return '';
}

# The scratch folder of this test, which is removed at the end. Its path is short enough for Unix sockets.
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

# Write TEXT to a new file in the scratch folder, and return its path.
sub spew {
    my ($name, $text) = @_;
    my $path = scratch() . "/$name";
    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    return $path;
}

# Call CONDITION until it returns true, and return that value. Die after SECONDS.
sub wait_for {
    my ($what, $seconds, $condition) = @_;
    my $deadline = time + $seconds;
    while (1) {
        my $answer = $condition->();
        return $answer if $answer;
        die "did not happen within $seconds s: $what\n" if time > $deadline;
        sleep 0.01;
    }
}

# A TCP port that was free a moment ago, for programs that cannot listen on port 0.
sub free_port {
    require IO::Socket::INET;
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";
    return $socket->sockport;
}

# Run CODE in a child process and end it here, without the END blocks of the test.
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

# True if it runs. After its end, {status} is its wait status.
sub is_running {
    my ($self) = @_;
    return 0 if defined $self->{status};
    return 1 if waitpid($self->{pid}, POSIX::WNOHANG()) == 0;
    $self->{status} = $?;
    delete $running{ $self->{pid} };
    return 0;
}

# Wait for its end, and return its exit status, or "signal N".
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
