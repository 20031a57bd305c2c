package Bench::Results;

# The results: for each contender and number of connections the numbers of all rounds.

use strict;
use warnings;

sub new { return bless { numbers => {}, skipped => {} }, shift }

# MEASURED: the result of Bench::Load::measure.
sub add {
    my ($self, $name, $round, $measured) = @_;
    if ($measured->{skip}) {
        $self->{skipped}{$name} = $measured->{skip};
        return;
    }
    $self->{numbers}{$name}{$_}[$round] = $measured->{$_} for keys %$measured;
    return;
}

sub skipped    { %{ $_[0]{skipped} } }
sub was_measured { exists $_[0]{numbers}{ $_[1] } }

# The numbers of connections with which a contender was measured, in order.
sub connections_of {
    my ($self, $name) = @_;
    return sort { $a <=> $b } keys %{ $self->{numbers}{$name} // {} };
}

# One number of one round, or undef.
sub of_round {
    my ($self, $round, $name, $connections, $number) = @_;
    my $rounds = ($self->{numbers}{$name} // {})->{$connections} // return;
    return $rounds->[$round] ? $rounds->[$round]{$number} : undef;
}

# That number of every round that has it.
sub of_rounds {
    my ($self, $name, $connections, $number) = @_;
    my $rounds = $self->{numbers}{$name}{$connections} // [];
    return grep { defined } map { $_->{$number} } grep { defined } @$rounds;
}

sub median_of {
    my ($self, @which) = @_;
    return median($self->of_rounds(@which));
}

sub median {
    my @sorted = sort { $a <=> $b } @_ or return;
    return ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
}

1;
