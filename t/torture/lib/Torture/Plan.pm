package Torture::Plan;

# The plan of faults: their order, targets, times and lengths. It follows from the seed and the name of the
# configuration. Each kind that applies occurs once, in random order, before any repeats. All configurations
# have the same order, and each begins at another place, so that even a short run tries every kind.

use strict;
use warnings;

# kind, its share of all faults, the feature of a configuration that it needs
our @kinds = (
    { name => 'kill-database',    weight => 3, needs => 'database' },
    { name => 'stop-database',    weight => 2, needs => 'database' },
    { name => 'replace-database', weight => 1, needs => 'database' },
    { name => 'restore-all',      weight => 1, needs => 'copy' },
    { name => 'restore-busy',     weight => 1, needs => 'sequences' },
    { name => 'kill-idle',        weight => 1, needs => 'sequences' },
    { name => 'jump-sequence',    weight => 1, needs => 'sequences' },
    { name => 'restore-unseen',   weight => 1, needs => 'another server' },
    { name => 'fail-over',        weight => 6, needs => 'replica' },
    { name => 'add-master',       weight => 6, needs => 'master' },
    { name => 'cut',              weight => 6, needs => 'database' },
    { name => 'traffic',          weight => 2, needs => 'traffic' },
    { name => 'kill-server',      weight => 3, needs => 'server' },
    { name => 'stop-server',      weight => 2, needs => 'server' },
    { name => 'drain-server',     weight => 2, needs => 'server' },
    { name => 'use-up-descriptors', weight => 1, needs => 'server' },
    { name => 'stall-disk',       weight => 1, needs => 'server' },
    { name => 'fill-disk',        weight => 1, needs => 'server' },
    { name => 'kill-store',       weight => 4, needs => 'stores' },
    { name => 'stop-store',       weight => 3, needs => 'stores' },
    { name => 'replace-store',    weight => 2, needs => 'stores' },
    { name => 'kill-coordinator', weight => 2, needs => 'coordinator' },
    { name => 'stop-coordinator', weight => 2, needs => 'coordinator' },
    { name => 'pause-server',     weight => 3, needs => 'coordinator' },
    { name => 'step-clock',       weight => 3, needs => 'coordinator' },
);

# The kinds that apply to CONFIGURATION and are WANTED (name => 1).
sub kinds_of {
    my ($configuration, %wanted) = @_;
    my $second = $configuration->{second} // '';
    my $has_database = !$configuration->{is_file} && !$configuration->{coordinator};
    my %has = (
        server           => 1,
        traffic          => !$second,
        copy             => !$second,
        sequences        => !$second,
        database         => $has_database,
        'another server' => $has_database && $configuration->{server_count} > 1,
        stores           => $configuration->{has_stores},
        coordinator      => $configuration->{coordinator},
        $second          => 1,
    );
    my %tried = map { $_ => 1 } @{ $configuration->{faults} // [ map { $_->{name} } @kinds ] };
    return grep { $has{ $_->{needs} } && $tried{ $_->{name} } && $wanted{ $_->{name} } } @kinds;
}

# kinds: of kinds_of(); turn: the begin of the order, from 0 to below 1
sub new {
    my ($class, %given) = @_;
    my $self = bless { kinds => $given{kinds} }, $class;
    my %applies = map { $_->{name} => 1 } @{ $given{kinds} };
    $self->begin($given{seed});
    my @order = $self->shuffled(@kinds);
    push @order, splice @order, 0, int(($given{turn} // 0) * @order);
    # The kinds that few configurations have are first, or a short run would miss them.
    @order = ((grep { $_->{needs} =~ /^(?:replica|master|another server)$/ } @order),
        (grep { $_->{needs} !~ /^(?:replica|master|another server)$/ } @order));
    $self->{first} = [ grep { $applies{ $_->{name} } } @order ];

    my $state = $given{seed};
    $state = ($state * 31 + ord) % 2147483647 for split //, $given{name};
    $self->begin($state);
    return $self;
}

sub begin {
    my ($self, $state) = @_;
    $self->{state} = $state || 1;
    $self->draw for 1 .. 10;
    return;
}

# A number from 0 to below 1. Perl's own generator is left to other code.
sub draw {
    my ($self) = @_;
    $self->{state} = $self->{state} * 48271 % 2147483647;
    return $self->{state} / 2147483647;
}

sub between { my ($self, $least, $most) = @_; return $least + ($most - $least) * $self->draw }
sub below   { my ($self, $count) = @_; return int($count * $self->draw) }

sub shuffled {
    my ($self, @list) = @_;
    my @shuffled;
    push @shuffled, splice @list, $self->below(scalar @list), 1 while @list;
    return @shuffled;
}

sub weighted {
    my ($self) = @_;
    my $total = 0;
    $total += $_->{weight} for @{ $self->{kinds} };
    my $dice = $self->draw * $total;
    for my $kind (@{ $self->{kinds} }) {
        $dice -= $kind->{weight};
        return $kind if $dice < 0;
    }
    return $self->{kinds}[-1];
}

# The next fault. It draws every number that any kind may need, so that the later faults do not depend on
# its kind. Shares are from 0 to below 1.
sub next_fault {
    my ($self) = @_;
    my $kind = shift @{ $self->{first} } // $self->weighted;
    return {
        kind      => $kind->{name},
        target    => $self->draw,
        length    => $self->draw,
        pause     => $self->between(0.2, 1.2),
        direction => $self->below(2) ? 'to-database' : 'from-database',
        bytes     => int(10**$self->between(0, 4)) - 1,
        how       => $self->below(2) ? 'reset' : 'end',
        cuts_all  => $self->draw < 0.15,
        also_cuts => $self->draw < 0.3,
        rests     => $self->draw < 0.6,
        jumps     => $self->draw < 0.4,
    };
}

1;
