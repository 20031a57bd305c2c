package Tickr::Balancer;

# Runs HAProxy with one of the files of contrib/haproxy. It replaces only addresses and paths.

use strict;
use warnings;
use IO::Socket::UNIX;
use Tickr::Client;
use Tickr::Process qw(wait_for scratch free_port slurp spew missing_program);

my $count = 0;

sub missing { return missing_program('haproxy') }

# file: below contrib/haproxy; servers: [name, port] of each server. If the file has fewer, the others are added.
sub new {
    my ($class, %given) = @_;
    my $number = ++$count;
    my $self   = bless {
        %given,
        port   => free_port(),
        socket => scratch() . "/h$number",
        name   => "haproxy$number",
    }, $class;
    $self->{config} = spew("haproxy$number.cfg", $self->put_in);
    $self->start;
    return $self;
}

# HAProxy in front of DATABASES, which it calls db1, db2.. Returns when all are up.
sub of_databases {
    my ($class, @databases) = @_;
    my @names = map {"db$_"} 1 .. @databases;
    my $self  = $class->new(
        file    => 'haproxy.cfg',
        servers => [ map { [ $names[$_], $databases[$_]->port ] } 0 .. $#databases ],
    );
    $self->wait_until('UP', @names);
    return $self;
}

sub replace_once {
    my ($text, $what, $with) = @_;
    my $found = $$text =~ s/$what/$with/g;
    die "$what is there not once, but " . ($found || 0) . " times\n" if $found != 1;
    return;
}

sub put_in {
    my ($self) = @_;
    my $text  = slurp(($ENV{SRCDIR} // '.') . "/contrib/haproxy/$self->{file}");
    my ($new, $old) = (scalar @{ $self->{servers} }, scalar(() = $text =~ /^\tserver /mg));
    replace_once(\$text, qr/^\tbind \S+$/m, "\tbind 127.0.0.1:$self->{port}");
    replace_once(\$text, qr/^\tstats socket \S+/m, "\tstats socket $self->{socket}");
    die "$self->{file} has $old servers, not $new\n" if $old > $new;
    for my $server (@{ $self->{servers} }[ 0 .. $old - 1 ]) {
        my ($name, $port) = @$server;
        replace_once(\$text, qr/^\tserver \Q$name\E \S+$/m, "\tserver $name 127.0.0.1:$port");
    }
    my $more = join '', map {"\tserver $_->[0] 127.0.0.1:$_->[1]\n"} @{ $self->{servers} }[ $old .. $new - 1 ];
    $text =~ s/^(.*\n\tserver [^\n]*\n)/$1$more/s;
    return $text;
}

sub start {
    my ($self) = @_;
    my $check = qx(haproxy -c -f '$self->{config}' 2>&1);
    die "haproxy -c: $check" if $?;
    $self->{process} = Tickr::Process->new(
        name    => $self->{name},
        command => [ 'haproxy', '-db', '-f', $self->{config} ],
    );
    wait_for('haproxy to start', 10, sub {
        die "haproxy ended:\n" . $self->log unless $self->{process}->is_running;
        eval { $self->ask('show info') };
    });
    return;
}

sub log  { $_[0]{process}->log }
sub port { $_[0]{port} }

# Send a command to its stats socket, and return the answer.
sub ask {
    my ($self, $command) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => $self->{socket}) or die "$self->{socket}: $!\n";
    print {$socket} "$command\n";
    $socket->flush;
    local $/;
    return scalar <$socket>;
}

# name => its row of statistics.
sub rows {
    my ($self) = @_;
    my ($head, @lines) = split /\n/, $self->ask('show stat');
    my @fields = split /,/, $head =~ s/^# //r;
    my %rows;
    for my $line (@lines) {
        my %row;
        @row{@fields} = split /,/, $line;
        $rows{ $row{svname} } = \%row;
    }
    return \%rows;
}

sub state_of    { $_[0]->rows->{ $_[1] }{status} }
sub sessions_of { $_[0]->rows->{ $_[1] }{scur} }

# Wait until the checks give SERVER the STATE "UP" or "DOWN".
sub wait_until {
    my ($self, $state, @servers) = @_;
    for my $server (@servers) {
        wait_for("$server to be $state", 30, sub { $self->state_of($server) =~ /^$state/ });
    }
    return;
}

# The settings with which a tickrd connects to it, as to a database.
sub environment { return (TICKR_DATABASE_HOST => "127.0.0.1:$_[0]{port}") }

# A new connection to it, as to a tickrd, for Tickr::Load.
sub client {
    my ($self, %given) = @_;
    return Tickr::Client->new(port => $self->{port}, %given);
}

sub get {
    my ($self, $path) = @_;
    return $self->client->get($path);
}

sub stop {
    my ($self) = @_;
    $self->{process}->kill_hard;
    return;
}

1;
