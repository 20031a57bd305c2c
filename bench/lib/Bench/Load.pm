package Bench::Load;

# Puts load on servers and measures. What is measured is a hash:
#
#   rate          requests answered with 2xx or 3xx, a second; of raw: commits
#   tickets       tickets a second
#   bytes         bytes of answers a second
#   p50, p99      of the latency, microseconds
#   processor_us  processor time of the server for a request, microseconds
#   behind_us     the same of the database behind it
#   refused       how many requests were answered with another status
#   failed        how many connections failed or timed out
#   resident_kib  of idle: resident memory of the server after the load

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(sleep time);
use Tickr::Client;
use Tickr::Process qw(wait_for slurp);
use Bench::Servers;

my $load_of_idle = 64;    # connections that are busy beside idle ones

# Run a program and return what it printed.
sub output_of {
    my (@command) = @_;
    open my $out, '-|', @command or die "$command[0]: $!\n";
    my @lines = <$out>;
    close $out or die "failed: @command\n@lines";
    return join '', @lines;
}

# --- processes ------------------------------------------------------------------------------------

# Seconds of processor time of all threads of these processes.
sub processor_seconds {
    my $ticks = 0;
    for my $pid (@_) {
        my @fields = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;
        $ticks += $fields[11] + $fields[12] if @fields;
    }
    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub resident_kib {
    my ($pid) = @_;
    return slurp("/proc/$pid/status") =~ /^VmRSS:\s+([0-9]+)/m ? $1 : undef;
}

# What a database still has to do after the load of one contender must not slow the next one
# down: wait until our servers use less than a tenth of a processor, but not for ever.
sub wait_until_quiet {
    my $deadline = time + 3;
    while (time < $deadline) {
        my $before = processor_seconds(Bench::Servers::all_pids());
        sleep 0.1;
        return if processor_seconds(Bench::Servers::all_pids()) - $before <= 0.01;
    }
    return;
}

# --- load -----------------------------------------------------------------------------------------

# wrk on the SERVER of a contender.
sub wrk {
    my ($contender, $server, $connections) = @_;
    my @processes = ($server->{pids}, $server->{behind} // []);
    my @before    = map { processor_seconds(@$_) } @processes;
    my $text = output_of('wrk', '-d1', "-c$connections", $connections == 1 ? '-t1' : '-t2',
        '-s', "$ENV{SRCDIR}/bench/numbers.lua", "http://127.0.0.1:$server->{port}$contender->{path}");
    my @used = map { processor_seconds(@{ $processes[$_] }) - $before[$_] } 0, 1;
    my ($requests, $refused, $failed, $bytes, $us, $p50, $p99)
        = $text =~ /^numbers (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "wrk said:\n$text";
    my $answered = $requests - $refused;
    return {
        refused => $refused, failed => $failed, rate => 0, tickets => 0, bytes => $bytes / $us * 1e6,
        $answered
        ? ( rate         => $answered / $us * 1e6,
            tickets      => $answered * $contender->{tickets} / $us * 1e6,
            p50          => $p50,
            p99          => $p99,
            processor_us => $used[0] / $answered * 1e6,
            behind_us    => @{ $processes[1] } ? $used[1] / $answered * 1e6 : undef )
        : () };
}

# One request, to see that the contender answers what it should.
sub try_out {
    my ($contender, $server) = @_;
    my $answer = Tickr::Client->new(port => $server->{port})->request('GET', $contender->{path});
    die "$contender->{name} answers $answer->{status}: " . substr($answer->{body}, 0, 200) . "\n"
        if $answer->{status} != 200;
    return if $contender->{group} ne 'single' || $contender->{path} =~ /INCR/;
    die "$contender->{name} answers $answer->{body}, which is not as long as the constant\n"
        if length $answer->{body} != length $Bench::Servers::constant;
    return;
}

# Each of these measures a contender on COUNTS connections, and gives a hash: count => numbers.
# A contender that cannot be had gives { skip => why }.

sub measure_http {
    my ($contender, @counts) = @_;
    my $server = Bench::Servers::get($contender->{server});
    return { skip => $server->{skip} } if $server->{skip};
    try_out($contender, $server);
    wait_until_quiet();
    my %measured = map { ($_ => wrk($contender, $server, $_)) } @counts;
    $server->{settle}->() if $server->{settle};
    return \%measured;
}

sub measure_raw {
    my ($contender, @counts) = @_;
    my $database = Bench::Servers::database();
    $database->sql('CREATE DATABASE IF NOT EXISTS raw');
    wait_until_quiet();
    my %measured;
    for my $count (@counts) {
        my ($rate, $p50, $p99) = split ' ', output_of("$ENV{BUILDDIR}/bench/raw_insert",
            $database->socket, 'raw', $count, 1);
        $measured{$count}
            = { rate => $rate, tickets => $rate, p50 => $p50, p99 => $p99, refused => 0, failed => 0 };
    }
    return \%measured;
}

# --- idle connections -----------------------------------------------------------------------------

# In a child: open COUNT connections, use each once, and hold them.
sub hold_connections {
    my ($port, $count) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    my @clients = map { Tickr::Client->new(port => $port) } 1 .. $count;
    $_->send("GET /livez HTTP/1.1\r\nHost: idle\r\n\r\n") for @clients;
    $_->response for @clients;
    print "open\n";
    sleep 1000;
    return;
}

my $holders = 0;

sub open_connections {
    my ($port, $count) = @_;
    my $holder = Tickr::Process->new(
        name => 'holder' . ++$holders, code => sub { hold_connections($port, $count) });
    wait_for("$count connections to open", 30, sub {
        die "connections cannot be opened:\n" . $holder->log unless $holder->is_running;
        $holder->log =~ /^open$/m;
    });
    return $holder;
}

# On a server of its own, since memory that was used once stays with a process.
sub measure_idle {
    my ($contender, @counts) = @_;
    return { skip => 'the limit of open files, ulimit -Hn, is too low' }
        if POSIX::sysconf(POSIX::_SC_OPEN_MAX()) < $counts[-1] + 1000;
    my $server = Bench::Servers::tickrd_on_counter('idle');
    my ($open, @holders, %measured) = (0);
    wait_until_quiet();
    for my $count (@counts) {
        push @holders, open_connections($server->{port}, $count - $open) if $count > $open;
        $open = $count;
        $measured{$count} = wrk($contender, $server, $load_of_idle);
        $measured{$count}{resident_kib} = resident_kib($server->{pids}[0]);
    }
    $_->kill_hard for @holders;
    $server->{process}->stop;
    return \%measured;
}

my %measure = (
    single => \&measure_http,
    batch  => \&measure_http,
    raw    => \&measure_raw,
    idle   => \&measure_idle,
);

sub measure {
    my ($contender, @counts) = @_;
    return $measure{ $contender->{group} }->($contender, @counts);
}

1;
