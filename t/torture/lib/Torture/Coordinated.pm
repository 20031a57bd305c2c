package Torture::Coordinated;

# Servers of Snowflake ids, two in each of two datacenters. Each datacenter has a coordinator of its own, and only as many
# worker ids as servers. So a server that starts always takes a worker id that another one has used a moment ago.
#
#   coordinators   a list of { number, coordinator, servers }

use strict;
use warnings;
use Tickr::Coordinators;
use Tickr::Process qw(scratch);
use Torture::Cluster;

our @ISA = ('Torture::Cluster');

my $datacenter_bits = 9;    # which leaves 1 bit for the worker: two of them in each datacenter

sub new {
    my ($class, $configuration) = @_;
    my $self = bless { %$configuration, databases => [], coordinators => [], servers => [], stops => [] }, $class;
    my $kind = "Tickr::$self->{coordinator}";
    push @{ $self->{coordinators} }, { number => $_, coordinator => $kind->new, servers => [] } for 0, 1;
    $self->add_server for 1 .. $self->{server_count};
    return $self;
}

sub coordinators { @{ $_[0]{coordinators} } }

sub possible {
    my ($self, @kinds) = @_;
    return grep { $_->{name} ne 'step-clock' || defined Tickr::Coordinators::clock_library() } @kinds;
}

sub plan_server {
    my ($self) = @_;
    my $entry = $self->SUPER::plan_server;
    my $coordinator = $self->{coordinators}[ $entry->{number} % 2 ];
    $entry->{clock}     = "$entry->{state}.clock";
    $entry->{is_steady} = 0;
    push @{ $coordinator->{servers} }, $entry;
    my $library = Tickr::Coordinators::clock_library();
    step_clock($entry, 0);
    $entry->{env} = {
        %{ Tickr::Coordinators::lease_settings($coordinator->{coordinator}) },
        TICKR_HTTP_THREADS              => undef,
        TICKR_SNOWFLAKE_DATACENTER_BITS => $datacenter_bits,
        TICKR_SNOWFLAKE_DATACENTER      => $coordinator->{number},
        TICKR_COORDINATOR_GRACE         => 0,
        TICKR_STATE_DIR                 => $entry->{state},
        TICKR_LISTEN                    => "127.0.0.1:$entry->{port}",
        $library ? Tickr::Coordinators::clock_in_file($entry->{clock}) : (),
    };
    return $entry;
}

# Move the clock of a server to OFFSET seconds from that of this machine.
sub step_clock {
    my ($entry, $offset) = @_;
    open my $file, '>', "$entry->{clock}.new" or die "$entry->{clock}: $!";
    printf {$file} "%+.3f\n", $offset;
    close $file or die "$entry->{clock}: $!";
    rename "$entry->{clock}.new", $entry->{clock} or die "$entry->{clock}: $!";
    $entry->{offset} = $offset;
    return;
}

1;
