package Tickr::Contract;

# The program t/sequences/contract, which runs the checks of a store of named sequences, or a load on it.

use strict;
use warnings;
use Test::More;
use Tickr::Process qw(wait_for);
use Tickr::Server;

my $runs = 0;

# store: its name; env: the variables that name the server
sub new {
    my ($class, %given) = @_;
    return bless {%given}, $class;
}

sub start {
    my ($self, @arguments) = @_;
    return Tickr::Process->new(
        name    => 'remote-contract' . ++$runs,
        command => [ Tickr::Server::program('t/sequences/contract'), $self->{store}, @arguments ],
        env     => $self->{env},
    );
}

# Run the checks of all groups, and report each one.
sub holds {
    my ($self, @groups) = @_;
    my $process = $self->start(@groups);
    my $status  = $process->wait_exit(300);
    for my $line (split /\n/, $process->log) {
        ok $1 eq 'ok', "$self->{store}: $2" if $line =~ /^(ok|not ok) \d+ - (.*)/;
        diag $line if $line =~ /^#/;
    }
    is $status, 0, "$self->{store}: all of them hold";
    return;
}

# The result of one statement on the sequence "try": "move 0 NUMBER", or another result and the reason.
sub try_one {
    my ($self) = @_;
    my $process = $self->start('try');
    $process->wait_exit(60);
    return $process->log;
}

# The ranges that a load has printed: [name, first, last, clock].
sub ranges_of { return map { [split] } grep {/^load\S+ \d+ \d+ \d+$/} split /\n/, $_[0] }

sub wait_for_ranges {
    my ($load, $more) = @_;
    my $before = ranges_of($load->log);
    return wait_for("$more more ranges", 120, sub { ranges_of($load->log) >= $before + $more });
}

sub end_load {
    my ($load) = @_;
    $load->signal('TERM');
    is $load->wait_exit(120), 0, 'the load ends';
    return ranges_of($load->log);
}

# Check the ranges of all loads on one store.
sub are_lawful {
    my ($what, @ranges) = @_;
    my (%last, @wrong);
    for my $range (sort { $a->[3] <=> $b->[3] } @ranges) {
        my ($name, $first, $newest, $clock) = @$range;
        my $before = $last{$name};
        push @wrong, "@$range" if $before && ($first <= $before->[0] || $newest - $before->[0] > $clock - $before->[1]);
        $last{$name} = [ $newest, $clock ];
    }
    is_deeply \@wrong, [], "$what: of " . @ranges . ' ranges none meets another, and none is faster than the clock';
    return;
}

1;
