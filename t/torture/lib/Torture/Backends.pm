package Torture::Backends;

# The faults of stores and coordinators, and of the clocks of servers. A part of Torture::Faults.

use strict;
use warnings;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Time::HiRes qw(sleep);
use Torture::Coordinated;
use Torture::Copies qw(now_us pick);
use Torture::Sequences;

my $refuses = 'each server refuses a store that went back in time';
my $again   = 'after tickrd advance --sequences --store each server serves the store again';

# Run CODE with the backend of some store.
sub break_store {
    my ($self, $fault, $code) = @_;
    my $store = pick($fault->{target}, $self->{cluster}{stores}->mortal);
    my $began = now_us();
    $code->($store->{backend});
    $self->note($fault->{kind}, $began, now_us(), [ $self->{cluster}->servers ], $store->{number}, "of $store->{name}");
    return;
}

sub kill_store {
    my ($self, $fault) = @_;
    $self->break_store($fault, sub { $_[0]->kill; sleep 1.2 * $fault->{length}; $_[0]->start });
    return;
}

sub stop_store {
    my ($self, $fault) = @_;
    $self->break_store($fault, sub { $_[0]->pause; sleep 0.1 + 7 * $fault->{length}; $_[0]->resume });
    return;
}

# An older copy replaces the data of a store. Servers must refuse it, until an operator acts.
#
#   1. The data are copied.   2. Each server issues strong ids.   3. The copy replaces the data.   4. Each server refuses them.
#   5. tickrd advance --sequences --store NAME.   6. All servers serve.
sub replace_store {
    my ($self, $fault) = @_;
    my $store   = pick($fault->{target}, $self->{cluster}{stores}->mortal);
    my @servers = $self->{cluster}->servers;
    my $began   = now_us();
    system('rm', '-rf', "$store->{backend}{folder}/copy");    # of an earlier fault
    $store->{backend}->keep_copy;
    $self->use_store($store, $_) for @servers;
    $store->{backend}->restore_copy;
    # Each of them lacks statements of its own. A server that refuses the store after an advance needs another one.
    my @serving = @servers;
    eval { wait_for('the refusals', 15, sub { !(@serving = grep { !is_refused($store, $_) } @serving) }) };
    $self->judge($refuses, map {"server $_->{number} has not refused $store->{name}"} @serving);
    $self->advance_store($store, $servers[0]);
    for my $server (@servers) {
        my $is_back = eval { wait_for('the store', 20, sub { is_serving($store, $server) }) };
        $self->judge($again, $is_back ? () : "server $server->{number} does not serve $store->{name}");
    }
    $self->note($fault->{kind}, $began, now_us(), \@servers, $store->{number}, "of $store->{name}");
    return;
}

# Wait until SERVER issues strong ids of STORE, and record them.
sub use_store {
    my ($self, $store, $server) = @_;
    my $key = Torture::Sequences::new_key();
    wait_for('ids of the store', 30, sub {
        Torture::Sequences::ask($self->{folder}, $server->{number}, $server->{server}, $key, 100, $store) });
    return;
}

# Act as an operator on the host of SERVER.
sub advance_store {
    my ($self, $store, $server) = @_;
    my ($status, $output) = Tickr::Server->run(
        arguments => [ 'advance', '--sequences', '--store', $store->{name}, '--yes' ],
        env       => { %{ $server->{env} }, LD_PRELOAD => undef },
    );
    $self->judge($again, $status == 0 ? () : "tickrd advance --sequences --store $store->{name} ended with $status: $output");
    return;
}

sub metric {
    my ($store, $server, $name) = @_;
    my $body = eval { $server->{server}->get('/metrics', timeout => 5)->{body} } // '';
    return $body =~ /^tickr_database_$name\{database="$store->{name}",[^}]*pool="store"[^}]*\} (\d+)$/m ? $1 : '';
}

sub is_refused { my (@of) = @_; return metric(@of, 'refused') eq '1' }
sub is_serving { my (@of) = @_; return metric(@of, 'up') eq '1' && metric(@of, 'refused') eq '0' }

# Run CODE with the coordinator of some datacenter.
sub break_coordinator {
    my ($self, $fault, $code) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->coordinators);
    my $began = now_us();
    $code->($entry->{coordinator});
    $self->note($fault->{kind}, $began, now_us(), $entry->{servers}, undef, "of datacenter $entry->{number}");
    return;
}

sub kill_coordinator {
    my ($self, $fault) = @_;
    $self->break_coordinator($fault, sub { $_[0]->kill; sleep 4 * $fault->{length}; $_[0]->start });
    return;
}

sub stop_coordinator {
    my ($self, $fault) = @_;
    $self->break_coordinator($fault, sub { $_[0]->pause; sleep 7 * $fault->{length}; $_[0]->resume });
    return;
}

# The clock stays where it is until the next step.
sub step_clock {
    my ($self, $fault) = @_;
    my $entry = pick($fault->{target}, $self->{cluster}->servers);
    my $began = now_us();
    Torture::Coordinated::step_clock($entry, (-3, -1, -0.05, 0, 0.05, 1, 3)[ 7 * $fault->{length} ]);
    sleep 1.5;    # the library reads the file once a second
    $self->note($fault->{kind}, $began, now_us(), [$entry]);
    return;
}

1;
