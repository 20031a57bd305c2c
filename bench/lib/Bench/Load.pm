package Bench::Load;

# Puts load on servers and measures them. The result is a hash:
#
#	rate          requests answered with 2xx or 3xx, a second; of raw: commits a second
#	tickets       tickets a second
#	bytes         bytes of answers a second
#	p50, p99      of the latency, microseconds
#	processor_us  processor time of the server for a request, microseconds
#	behind_us     the same of its database
#	client_us     the same of wrk
#	refused       requests answered with another status
#	failed        connections that failed or timed out
#	resident_kib  of idle: resident memory of the server after the load
#	name_bytes    resident memory of the server for a name that it knows, if it knows many
#	known_bytes, held_bytes   of names: resident memory for a name, and for one of which numbers are held

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(sleep time);
use Tickr::Client;
use Tickr::Coordinators;
use Tickr::Etcd;
use Tickr::Http2;
use Tickr::Load;
use Tickr::Process qw(wait_for slurp spew);
use Bench::Servers;

my $load_of_idle = 64;    # busy connections while others are idle

# Run a program and return its output.
sub output_of {
    my (@command) = @_;
    open my $out, '-|', @command or die "$command[0]: $!\n";
    my @lines = <$out>;
    close $out or die "failed: @command\n@lines";
    return join '', @lines;
}

# --- processes ------------------------------------------------------------------------------------

# The processor time of all threads of these processes, in seconds.
sub processor_seconds {
    my $ticks = 0;
    for my $pid (@_) {
        my @fields = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;
        $ticks += $fields[11] + $fields[12] if @fields;
    }
    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# The processor time of all children that have ended, in seconds.
sub processor_seconds_of_children {
    my (undef, undef, $user, $system) = times;
    return $user + $system;
}

sub resident_kib {
    my ($pid) = @_;
    return slurp("/proc/$pid/status") =~ /^VmRSS:\s+([0-9]+)/m ? $1 : undef;
}

# A database may still work after the load of a contender, which must not slow down the next one. Wait until our
# servers use less than a tenth of a processor, for 3 s at most.
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

# The script of wrk and its arguments, for the URL of a contender. bench/numbers.lua explains them.
sub script_of {
    my ($contender, $server, @turn) = @_;
    my ($url, @keys) = ("http://127.0.0.1:$server->{port}");
    my ($prefix, $suffix) = split /KEY/, $contender->{path};
    if (defined $suffix) { @keys = ('--', $prefix, $suffix, $contender->{used}, $server->{known} / $contender->{used}, @turn) }
    else                 { $url .= $contender->{path} }
    return ('-s', "$ENV{SRCDIR}/bench/numbers.lua", $url, @keys);
}

# Run wrk on the SERVER of a contender.
sub wrk {
    my ($contender, $server, $connections) = @_;
    my @processes = ($server->{pids}, $server->{behind} // []);
    my @before    = map { processor_seconds(@$_) } @processes;
    my $client    = processor_seconds_of_children();
    my $text = output_of('wrk', '-d1', "-c$connections", $connections == 1 ? '-t1' : '-t2',
        script_of($contender, $server));
    my @used = map { processor_seconds(@{ $processes[$_] }) - $before[$_] } 0, 1;
    $client = processor_seconds_of_children() - $client;
    my ($requests, $refused, $failed, $bytes, $us, $p50, $p99)
        = $text =~ /^numbers (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "cannot parse the output of wrk:\n$text";
    my $answered = $requests - $refused;
    return {
        refused => $refused, failed => $failed, rate => 0, tickets => 0, bytes => $bytes / $us * 1e6,
        $answered
        ? ( rate         => $answered / $us * 1e6,
            tickets      => $answered * $contender->{tickets} / $us * 1e6,
            p50          => $p50,
            p99          => $p99,
            client_us    => $client / $answered * 1e6,
            processor_us => $used[0] / $answered * 1e6,
            behind_us    => @{ $processes[1] } ? $used[1] / $answered * 1e6 : undef )
        : () };
}

# How many names SERVER knows.
sub known_names {
    my ($server) = @_;
    sleep 0.2;    # until the metrics are brought up to date
    my $page = Tickr::Client->new(port => $server->{port})->request('GET', '/metrics')->{body};
    return $page =~ /^tickr_sequences_known (\d+)$/m ? $1 : die "no tickr_sequences_known\n";
}

# Let SERVER make all names that it is to know, by their first use. The later turns begin somewhere else, and find the
# names that the earlier ones did not reach.
sub make_names {
    my ($server) = @_;
    my $all  = { path => '/sequences/KEY/create', used => $server->{known} };
    my $most = time + 300;
    my $known = known_names($server);
    my $before = resident_kib($server->{pids}[0]);
    for (my $from = 0; $known < $server->{known}; $from = int rand $server->{known}) {
        die "only $known of $server->{known} sequences were made within 300 s\n" if time > $most;
        output_of('wrk', '-d10', '-c256', '-t2', script_of($all, $server, $from));
        $known = known_names($server);
    }
    $server->{name_bytes} = (resident_kib($server->{pids}[0]) - $before) * 1024 / $known;
    return;
}

# Send one request, to check the contender's answer.
sub try_out {
    my ($contender, $server) = @_;
    my $path   = $contender->{path} =~ s/KEY/customer-000000/r;
    my $answer = Tickr::Client->new(port => $server->{port})->request('GET', $path);
    die "$contender->{name} answers $answer->{status}: " . substr($answer->{body}, 0, 200) . "\n"
        if $answer->{status} != 200;
    return if $contender->{group} ne 'single' || $contender->{path} =~ /INCR/;
    die "$contender->{name} answers $answer->{body}, whose length differs from the constant's\n"
        if length $answer->{body} != length($server->{constant} // $Bench::Servers::constant);
    return;
}

# Each of these functions measures a contender on COUNTS connections and returns a hash: count => numbers. For a
# contender that is not available it returns { skip => reason }.

sub measure_http {
    my ($contender, @counts) = @_;
    my $server = Bench::Servers::get($contender->{server});
    return { skip => $server->{skip} } if $server->{skip};
    make_names($server) if $contender->{used} && $server->{known} && !$server->{has_names}++;
    try_out($contender, $server);
    wait_until_quiet();
    wrk($contender, $server, $counts[0]) if $contender->{is_warmed};
    my %measured = map { ($_ => wrk($contender, $server, $_)) } @counts;
    $measured{ $counts[0] }{name_bytes} = $server->{name_bytes} if ($server->{known} // 0) > 10_000;
    $server->{settle}->() if $server->{settle};
    return \%measured;
}

# Memory of names, in a process that has nothing else. Its exit status is not of interest, because we print the bytes.
sub measure_names {
    my $text = qx{'$ENV{BUILDDIR}/bench/sequences' 0.1};
    my ($known, $held) = $text =~ /: (\d+) resident bytes a name known \(at most \d+\), (\d+) with/
        or die "cannot parse the output of bench/sequences:\n$text";
    return { 1 => { known_bytes => $known, held_bytes => $held } };
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

# In a child process: open COUNT connections, use each once, and keep them open.
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
        die "cannot open the connections:\n" . $holder->log unless $holder->is_running;
        $holder->log =~ /^open$/m;
    });
    return $holder;
}

# Use a new server, because a process keeps memory that it used once.
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

# --- gRPC -------------------------------------------------------------------------------------------

my $streams  = 16;    # of each connection
my $next_id = '/spec.proto.runtime.v1.Runtime/GetNextId';

# Run h2load on the SERVER of a contender. Each order has a sequence of its own.
sub h2load {
    my ($contender, $server, $connections) = @_;
    my $name    = $contender->{order};
    my $options = $name eq 'strong' ? "\x1a\x02\x08\x01" : '';
    my $request = spew("request-$name", Tickr::Http2::message("\x0a\x05tickr\x12" . chr(length $name) . $name . $options));
    my $before  = processor_seconds(@{ $server->{pids} });
    my $text    = output_of('h2load', '-D1', "-c$connections", "-m$streams", '-t2', '-d', $request,
        '-H', 'content-type: application/grpc', '-H', 'te: trailers', "http://$server->{grpc}$next_id");
    my $used = processor_seconds(@{ $server->{pids} }) - $before;
    my ($answered, $failed) = $text =~ /^requests:.* (\d+) succeeded, (\d+) failed/m
        or die "cannot parse the output of h2load:\n$text";
    return { failed => $failed, refused => 0, rate => $answered, tickets => $answered * $contender->{tickets},
        $answered ? (processor_us => $used / $answered * 1e6) : () };
}

sub measure_grpc {
    my ($contender, @counts) = @_;
    my $server = Bench::Servers::get($contender->{server});
    return { skip => $server->{skip} } if $server->{skip};
    wait_until_quiet();
    h2load($contender, $server, $counts[0]) if $contender->{is_warmed};
    return { map { ($_ => h2load($contender, $server, $_)) } @counts };
}

# In a child process: open COUNT connections, use each once, and keep them open.
sub hold_grpc_connections {
    my ($address, $count) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    my @clients = map { Tickr::Http2->new($address) } 1 .. $count;
    for my $client (@clients) {
        $client->call(1, $next_id, "\x0a\x05tickr\x12\x04idle");
        $client->wait_for_frame('DATA');
    }
    print "open\n";
    sleep 1000;
    return;
}

# Use a new server, because a process keeps memory that it used once.
sub measure_grpc_idle {
    my ($contender, $count) = @_;
    my $server = Bench::Servers::tickrd_on_grpc('grpc_idle');
    my $holder = Tickr::Process->new(
        name => 'holder' . ++$holders, code => sub { hold_grpc_connections($server->{grpc}, $count) });
    wait_for("$count connections to open", 30, sub {
        die "cannot open the connections:\n" . $holder->log unless $holder->is_running;
        $holder->log =~ /^open$/m;
    });
    my $resident_kib = resident_kib($server->{pids}[0]);
    $holder->kill_hard;
    $server->{process}->stop;
    return { $count => { resident_kib => $resident_kib, refused => 0, failed => 0 } };
}

# --- the coordinator of worker ids ----------------------------------------------------------------

# The longest time without an answer, in ms, while the leader of three etcd nodes is killed.
sub measure_leader {
    my ($contender, @counts) = @_;
    return { skip => Tickr::Etcd->missing } if Tickr::Etcd->missing;
    my $etcd   = Tickr::Etcd->new(nodes => 3);
    my $server = Tickr::Coordinators::lease_server($etcd);
    $server->wait_until_ready(60);
    my %measured;
    for my $count (@counts) {
        my $load = Tickr::Load->start($server, clients => $count, path => $contender->{path}, pause => 0.001);
        $load->wait_for_answers(500);
        my $leader = $etcd->wait_for_leader;
        $etcd->kill($leader);
        $load->wait_for_answers(3000);
        $etcd->start($leader);
        my @clients = $load->finish;
        my $wrong = grep { $_->{status} ne '200' } map {@$_} @clients;
        $measured{$count} = { gap_ms => 1000 * Tickr::Load::longest_gap(@clients), refused => $wrong };
    }
    $server->stop;
    $etcd->kill;
    return \%measured;
}

my %measure = (
    leader    => \&measure_leader,
    single    => \&measure_http,
    batch     => \&measure_http,
    sequences => \&measure_http,
    grpc      => \&measure_grpc,
    'grpc-idle' => \&measure_grpc_idle,
    names     => \&measure_names,
    raw       => \&measure_raw,
    idle      => \&measure_idle,
);

sub measure {
    my ($contender, @counts) = @_;
    return $measure{ $contender->{group} }->($contender, @counts);
}

1;
