package Tickr::Grpc;

# A client of gRPC, python3-grpcio, for tests. See t/grpc/client.py.

use strict;
use warnings;
use IPC::Open2 ();
use JSON::PP ();
use Tickr::Process qw(scratch);

my $json = JSON::PP->new->utf8->canonical;
my $source = ($ENV{SRCDIR} // '.');
my $descriptors;

# Why this machine cannot run these tests; undef: it can.
sub missing {
    my $program = ($ENV{BUILDDIR} // '.') . '/tickrd';
    return 'tickrd is built without gRPC' if qx{TICKR_GRPC_LISTEN=127.0.0.1:0 $program check-config 2>&1} =~ /built without gRPC/;
    return 'python3-grpcio is not installed'
        if system('PYTHONPATH= /usr/bin/python3 -c "import grpc, google.protobuf" 2>/dev/null');
    return 'protoc is not installed' if system('protoc --version >/dev/null 2>&1');
    return;
}

# The address on which SERVER serves gRPC, by its number.
sub address {
    my ($server, $number) = @_;
    my @addresses = $server->log =~ /msg="listening for gRPC" address=(\S+)/g;
    return $addresses[ $number // 0 ];
}

sub make_descriptors {
    return $descriptors if $descriptors;
    $descriptors = scratch() . '/descriptors';
    system('protoc', "--proto_path=$source/proto", "--descriptor_set_out=$descriptors", glob "$source/proto/*.proto") == 0
        or die 'protoc failed';
    return $descriptors;
}

# A client of ADDRESS. ca: trust its certificates, and use TLS.
sub new {
    my ($class, $address, %given) = @_;
    local $ENV{PYTHONPATH} = '';
    local $ENV{GRPC_VERBOSITY} = 'NONE';
    local $ENV{no_proxy} = '*';
    my $self = bless {}, $class;
    $self->{pid} = IPC::Open2::open2($self->{from}, $self->{to}, '/usr/bin/python3', "$source/t/grpc/client.py",
        make_descriptors(), $address, $given{ca} // ());
    return $self;
}

sub do {
    my ($self, $name, %given) = @_;
    local $SIG{ALRM} = sub { die "no answer to $name\n" };
    alarm 120;
    print { $self->{to} } $json->encode({ do => $name, %given }), "\n";
    $self->{to}->flush;
    my $line = readline $self->{from};
    alarm 0;
    die "the client ended at $name\n" unless defined $line;
    return $json->decode($line);
}

# One call of METHOD, such as tickr.v1.Tickets/Create, with REQUEST as a hash. Return code, message, response.
sub call {
    my ($self, $method, $request, %given) = @_;
    return $self->do('call', method => "/$method", request => $request // {}, %given);
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    close $self->{to} if $self->{to};
    waitpid $self->{pid}, 0 if $self->{pid};
    return;
}

1;
