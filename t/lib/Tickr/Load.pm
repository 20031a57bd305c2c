package Tickr::Load;

# Clients that request tickets as fast as they can, each in its own process, and record every answer. Tests check the
# records after the clients have ended.

use strict;
use warnings;
use IO::Handle;
use Test::More;
use Tickr::Client;
use Tickr::Process qw(scratch slurp wait_for);
use Time::HiRes qw(time sleep);

my $count = 0;

# clients: their number; path: of the requests; pause: seconds between two requests of a client.
sub start {
    my ($class, $server, %given) = @_;
    my $self = bless {
        server => $server,
        path   => $given{path} // '/tickets/create',
        pause  => $given{pause} // 0,
        folder => scratch() . '/load' . ++$count,
    }, $class;
    mkdir $self->{folder} or die "$self->{folder}: $!";
    $self->{processes} = [
        map {
            my $number = $_;
            Tickr::Process->new(name => "load$count-$number", code => sub { $self->run_client($number) });
        } 1 .. $given{clients}
    ];
    return $self;
}

# Write a line for each answer: the times of request and answer, the status (or "closed", "refused"), the body.
sub run_client {
    my ($self, $number) = @_;
    open my $out, '>', "$self->{folder}/$number" or die "$self->{folder}/$number: $!";
    $out->autoflush(1);    # answers() counts what is in the file
    my $client;
    until (-e "$self->{folder}/stop") {
        my $asked  = time;
        my $answer = eval {
            $client //= $self->{server}->client;
            $client->get($self->{path});
        };
        my $status = $answer ? $answer->{status} : $client ? 'closed' : 'refused';
        my $body = ($answer ? $answer->{body} : "") =~ tr{\n}{ }r;
        printf {$out} "%.6f %.6f %s %s\n", $asked, time, $status, $body;
        undef $client
            if !$answer || lc($answer->{headers}{connection} // '') eq 'close';
        sleep $self->{pause} if $self->{pause};
        sleep 0.01 if !$answer;    # no server listens: do not spin
    }
    close $out;
    return;
}

# The number of answers so far, over all clients.
sub answers {
    my ($self) = @_;
    my $lines = 0;
    $lines += () = slurp($_) =~ /\n/g for glob "$self->{folder}/[0-9]*";
    return $lines;
}

# A patient server (Tickr::Server) may need 20 s for one answer when the disk stalls, and the same again.
sub wait_for_answers {
    my ($self, $more) = @_;
    my $before = $self->answers;
    return if eval {
        wait_for("$more more answers", 60, sub { $self->answers >= $before + $more });
        1;
    };
    my $why = $@;
    diag $self->{server}->log, map { (split /\n/, slurp($_))[-1] // 'no answer', "\n" } glob "$self->{folder}/[0-9]*";
    die $why;
}

# End the clients and return their records: a list of clients, each a list of answers.
sub finish {
    my ($self) = @_;
    open my $stop, '>', "$self->{folder}/stop" or die "$self->{folder}/stop: $!";
    for my $process (@{ $self->{processes} }) {
        die "a client failed:\n" . $process->log if $process->wait_exit(60) ne '0';
    }
    my @clients;
    for my $file (glob "$self->{folder}/[0-9]*") {
        my @answers;
        for my $line (split /\n/, slurp($file)) {
            my ($asked, $came, $status, $body) = split / /, $line, 4;
            push @answers,
                {
                asked   => $asked,
                came    => $came,
                status  => $status,
                body    => $body,
                tickets => $status eq '200' ? [ $body =~ /(\d+)/g ] : [],
                };
        }
        push @clients, \@answers;
    }
    return @clients;
}

# CLIENTS are the result of finish(). Return the number of answers with each status.
sub statuses {
    my (@clients) = @_;
    my %statuses;
    $statuses{ $_->{status} }++ for map {@$_} @clients;
    return \%statuses;
}

sub duplicates {
    my (@clients) = @_;
    my %seen;
    return grep { $seen{$_}++ } map { @{ $_->{tickets} } } map {@$_} @clients;
}

# Check that no ticket occurs twice, and that the tickets of each client rise. WHAT begins the names of the checks.
sub is_sound {
    my ($what, @clients) = @_;
    is_deeply [ duplicates(@clients) ], [], "$what: no ticket twice";
    is_deeply [ unordered(@clients) ],  [], "$what: each client's tickets rise";
    return;
}

# Return the tickets that are not above the ticket before them on their client.
sub unordered {
    my (@clients) = @_;
    my @unordered;
    for my $answers (@clients) {
        my $last = 0;
        for my $ticket (map { @{ $_->{tickets} } } @$answers) {
            push @unordered, "$ticket after $last" if $ticket <= $last;
            $last = $ticket;
        }
    }
    return @unordered;
}

# Over all clients together, return the answers to requests that began after another answer had arrived, and whose
# tickets are not higher.
sub overtaken {
    my (@clients) = @_;
    my @answers = grep { @{ $_->{tickets} } } map {@$_} @clients;
    my @asked   = sort { $a->{asked} <=> $b->{asked} } @answers;
    my @came    = sort { $a->{came} <=> $b->{came} } @answers;
    my $highest = 0;
    my @overtaken;
    for my $answer (@asked) {
        while (@came && $came[0]{came} < $answer->{asked}) {
            my $last = (shift @came)->{tickets}[-1];
            $highest = $last if $last > $highest;
        }
        push @overtaken, "$answer->{tickets}[0] after $highest"
            if $answer->{tickets}[0] <= $highest;
    }
    return @overtaken;
}

# The longest time between two answers 200, over all clients together.
sub longest_gap {
    my (@clients) = @_;
    my @times = sort { $a <=> $b } map { $_->{came} } grep { $_->{status} eq '200' } map {@$_} @clients;
    my $longest = 0;
    for my $i (1 .. $#times) {
        my $gap = $times[$i] - $times[ $i - 1 ];
        $longest = $gap if $gap > $longest;
    }
    return $longest;
}

1;
