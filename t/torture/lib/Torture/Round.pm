package Torture::Round;

# Runs one configuration under load and faults for a while, and collects the results.

use strict;
use warnings;
use Tickr::Process qw(wait_for scratch);
use Time::HiRes qw(sleep time);
use Torture::Cluster;
use Torture::Coordinated;
use Torture::Faults;
use Torture::Plan;
use Torture::Sequences;

my $clients     = 16;    # over all servers, unless the configuration has another number
my $warm_up     = 3;     # seconds until the memory of a process is settled
my $least_life  = 5;     # seconds after that for which it is measured at least
my $most_growth = 12;    # MiB, under the same load, unless the configuration has another number

# configuration, seed, seconds; turn: see Plan.pm; on_event: called with a line about each event
sub new {
    my ($class, %given) = @_;
    my $folder = scratch() . "/records-$given{configuration}{name}";
    mkdir $folder or die "$folder: $!";
    return bless { %given, folder => $folder, results => [], numbers => {} }, $class;
}

sub folder  { $_[0]{folder} }
sub results { @{ $_[0]{results} } }       # [ is_good, promise, evidence ]
sub numbers { %{ $_[0]{numbers} } }
sub faults  { $_[0]{faults}->counts }

sub say_whether {
    my ($self, $is_good, $promise, @evidence) = @_;
    push @{ $self->{results} }, [ $is_good, $promise, join '', map {"# $_\n"} @evidence ];
    return;
}

sub start_clients {
    my ($self) = @_;
    my @ports = map { $_->{port} } $self->{cluster}->servers;
    $self->{client} = Tickr::Process->new(
        name    => "client-$self->{configuration}{name}",
        command => [ "$ENV{BUILDDIR}/t/torture/client", $self->{folder}, $self->{seed},
                     int(($self->{configuration}{clients} // $clients) / @ports), $self->{cluster}{has_sequences} ? $Torture::Sequences::at_first : 0,
                     $self->{cluster}->store_list, @ports ],
    );
    $self->{faults}{client} = $self->{client};
    $self->start_grpc_client($_) for grep { $_->{grpc} } $self->{cluster}->servers;
    return;
}

sub start_grpc_client {
    my ($self, $entry) = @_;
    push @{ $self->{grpc_clients} }, Tickr::Process->new(
        name    => "client-$self->{configuration}{name}-grpc$entry->{number}",
        # While each call fails the library sees only at these times that it is connected.
        env     => { PYTHONPATH => '', GRPC_VERBOSITY => 'NONE', no_proxy => '*',
                     GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS => 50 },
        command => [ '/usr/bin/python3', "$ENV{SRCDIR}/t/torture/grpc_client.py", Tickr::Grpc::make_descriptors(),
                     $entry->{grpc}, $self->{folder}, $entry->{number}, $self->{seed}, $self->{cluster}->store_list ],
    );
    return;
}

sub is_well {
    my ($self) = @_;
    for my $entry ($self->{cluster}->servers) {
        die "server $entry->{number} ended unexpectedly:\n" . $entry->{server}->log
            unless $entry->{server}->process->is_running;
        return 0 unless $self->{cluster}->is_ready($entry);
    }
    return 1;
}

# The status of the servers, and the last lines of all logs, for the search for the cause.
sub state_of_all {
    my ($self) = @_;
    my @lines;
    for my $entry ($self->{cluster}->servers) {
        for my $path ($self->{cluster}->ready_paths($entry)) {
            my $answer = eval { $entry->{server}->get($path, timeout => 5) };
            push @lines, "server $entry->{number}: $path: " . ($answer ? "$answer->{status} $answer->{body}" : $@);
        }
        push @lines, last_lines(12, $entry->{server}->log);
    }
    for my $entry (grep { !$self->{configuration}{is_file} } $self->{cluster}->databases) {
        push @lines, "the database of node $entry->{node}:", last_lines(8, $entry->{database}->log);
    }
    return @lines;
}

sub last_lines {
    my ($count, $text) = @_;
    my @lines = split /\n/, $text;
    return map {"  $_"} @lines > $count ? @lines[ -$count .. -1 ] : @lines;
}

# Inject faults until the time is up. Then wait long enough for the servers to recover.
sub inject_faults {
    my ($self) = @_;
    my $plan = Torture::Plan->new(seed => $self->{seed}, name => $self->{configuration}{name},
        kinds => [ $self->{cluster}->possible(@{ $self->{configuration}{kinds} }) ], turn => $self->{turn});
    my $until = time + $self->{seconds};
    sleep $warm_up;
    $self->{cluster}->sample;
    while (time < $until) {
        my $fault = $plan->next_fault;
        $self->{faults}->inject($fault);
        # The checker judges the time that this takes. Here it must only not run into the next fault.
        # Servers of Snowflake ids must bear a fault while they wait for a worker id.
        eval { wait_for('service', 60, sub { $self->is_well }); 1 } or die "after $fault->{kind}: $@"
            if !$self->{configuration}{coordinator};
        sleep $fault->{pause};
        $self->{cluster}->sample;
    }
    wait_for('service', 60, sub { $self->is_well });
    sleep 2.5;
    $self->{cluster}->sample;
    return;
}

# --- afterwards ------------------------------------------------------------------------------------

sub judge_client {
    my ($self) = @_;
    my @all = ($self->{client}, @{ $self->{grpc_clients} // [] });
    $_->signal('TERM') for @all;
    my @bad = map {
        my $status = eval { $_->wait_exit(40) } // 'it did not end';
        $status eq '0' ? () : ("client: $status", split /\n/, $_->log);
    } @all;
    $self->say_whether(!@bad, 'the clients recorded all answers', @bad);
    return;
}

# The promises that the faults check themselves.
sub judge_faults {
    my ($self) = @_;
    for my $promise ($self->{faults}->promises) {
        my @broken = $self->{faults}->broken($promise);
        $self->say_whether(!@broken, $promise, @broken);
    }
    return;
}

sub judge_descriptors {
    my ($self) = @_;
    my @grown;
    my $kept = $self->{cluster}->kept_descriptors;
    for my $entry ($self->{cluster}->servers) {
        my $server = $entry->{server};
        next if eval {
            wait_for('descriptors', 10, sub { $server->descriptors <= $entry->{idle_descriptors} + $kept });
        };
        push @grown, sprintf 'server %d: %d descriptors without clients, %d at first',
            $entry->{number}, $server->descriptors, $entry->{idle_descriptors};
    }
    $self->say_whether(!@grown, 'without clients a server has no more descriptors than at first', @grown);
    return;
}

# The growth of each process that ran long enough, after its warm-up.
sub judge_memory {
    my ($self) = @_;
    my $most = $self->{configuration}{most_growth} // $most_growth;
    my @grown;
    for my $entry ($self->{cluster}->servers) {
        my @warm = grep { $_->[0] >= $warm_up } @{ $entry->{samples} };
        next if !@warm || $warm[-1][0] - $warm[0][0] < $least_life;
        my ($first, $last) = map { $_->[1] / 1024 } @warm[ 0, -1 ];
        $self->{on_event}->(sprintf 'server %d: %.1f MiB after %.0f s, %.1f MiB after %.0f s',
            $entry->{number}, $first, $warm[0][0], $last, $warm[-1][0]);
        push @grown, sprintf 'server %d: from %.1f MiB to %.1f MiB in %.0f s', $entry->{number}, $first,
            $last, $warm[-1][0] - $warm[0][0]
            if $last - $first > $most;
    }
    $self->say_whether(!@grown, "no server's memory grew by more than $most MiB", @grown);
    return;
}

sub judge_stops {
    my ($self) = @_;
    my $cluster = $self->{cluster};
    $cluster->stop_server($_) for $cluster->servers;
    my @bad = grep { $_ ne '0' } @{ $cluster->{stops} };
    $self->say_whether(!@bad, 'each server that got SIGTERM ended with status 0',
        map {"one ended with $_"} @bad);
    return;
}

sub judge_records {
    my ($self) = @_;
    my $check = Tickr::Process->new(
        name    => "check-$self->{configuration}{name}",
        command => [ "$ENV{BUILDDIR}/t/torture/check", $self->{folder}, $self->{cluster}->max_nodes,
                     $self->{cluster}->starting_offset,
                     $self->{configuration}{is_in_order}    ? 'in-order'    : (),
                     $self->{cluster}->databases > 1        ? 'has-another' : (),
                     $self->{configuration}{coordinator}    ? 'snowflakes'  : (),
                     $self->{configuration}{back_within} ? "back-within=$self->{configuration}{back_within}" : (),
                     $self->{cluster}{has_sequences}        ? 'sequences'   : () ],
    );
    my $status = $check->wait_exit(3600);
    my @evidence;
    for my $line (split /\n/, $check->log) {
        if ($line =~ /^# numbers: (.*)/) { $self->{numbers} = { map { split /=/, $_, 2 } split / /, $1 } }
        elsif ($line =~ /^(not )?ok - (.*)/) {
            $self->say_whether(!$1, $2, splice @evidence);
        }
        else { push @evidence, $line =~ s/^# //r }
    }
    $self->say_whether(0, 'the checker finished', "it ended with $status", @evidence)
        if $status !~ /^[01]$/ || !$self->{numbers}{requests};
    return;
}

sub run {
    my ($self) = @_;
    my $is_good = eval {
        my $class = $self->{configuration}{coordinator} ? 'Torture::Coordinated' : 'Torture::Cluster';
        $self->{cluster} = $class->new($self->{configuration});
        $self->{faults} = Torture::Faults->new(cluster => $self->{cluster}, folder => $self->{folder},
            on_event => $self->{on_event});
        $self->start_clients;
        $self->inject_faults;
        1;
    };
    my @evidence = $is_good ? () : split /\n/, $@;
    push @evidence, $self->state_of_all if !$is_good && $self->{cluster};
    $self->{faults}->end_traffic if $self->{faults};
    $self->say_whether($is_good, 'the torture ran to its end', @evidence);
    return if !$self->{client};
    $self->judge_client;
    if ($is_good) {
        $self->judge_descriptors;
        $self->judge_memory;
        $self->judge_stops;
    }
    $self->judge_faults if $self->{faults};
    $self->judge_records;
    $self->{cluster} = undef;
    return;
}

1;
