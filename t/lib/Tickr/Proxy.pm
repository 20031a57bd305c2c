package Tickr::Proxy;

# A proxy in front of a database, which cuts connections on order: see t/torture/proxy.c.

use strict;
use warnings;
use POSIX ();
use Tickr::Process qw(wait_for scratch);

my $count = 0;

# port: of the database, on 127.0.0.1
sub new {
    my ($class, $port) = @_;
    my $name = 'proxy' . ++$count;
    my $self = bless { orders => scratch() . "/$name.orders" }, $class;
    POSIX::mkfifo($self->{orders}, 0600) or die "mkfifo: $!";
    $self->{process} = Tickr::Process->new(
        name    => $name,
        command => [ "$ENV{BUILDDIR}/t/torture/proxy", $port, $self->{orders} ],
    );
    $self->{port} = wait_for('the proxy', 10, sub { $self->{process}->log =~ /port=(\d+)/ && $1 });
    return $self;
}

sub address { return "127.0.0.1:$_[0]{port}" }

sub cuts { my ($self) = @_; return scalar(() = $self->{process}->log =~ /^cut/mg) }

sub order {
    my ($self, $order) = @_;
    open my $orders, '>', $self->{orders} or die "$self->{orders}: $!";
    syswrite $orders, "$order\n";
    close $orders;
    return;
}

# Connect new connections to another PORT of 127.0.0.1 from now on. Open connections stay.
sub move {
    my ($self, $port) = @_;
    my $count = () = $self->{process}->log =~ /^moved/mg;
    $self->order("move $port all");
    return wait_for('the address to move', 5, sub { (() = $self->{process}->log =~ /^moved/mg) > $count });
}

# where: to-database, from-database or all; bytes: that pass before the cut; how: reset, end or hang. Wait up to 2 s for
# the cut. Return false if no bytes were sent meanwhile.
sub cut {
    my ($self, $where, $bytes, $how) = @_;
    my $before = $self->cuts;
    $self->order("$where $bytes $how");
    return eval { wait_for('a cut', 2, sub { $self->cuts > $before }) };
}

1;
