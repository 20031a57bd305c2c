package Tickr::ZooKeeperClient;

# A session with ZooKeeper that reads and changes nodes. It speaks the protocol itself, because zkCli.sh starts a Java
# machine for each command. It does not ping, so its session ends after the time-out if it is idle.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

use constant {
    CREATE       => 1,
    DELETE       => 2,
    GET_DATA     => 4,
    SET_DATA     => 5,
    GET_CHILDREN => 8,
    ADD_AUTH     => 100,
    CLOSE        => -11,
};
use constant { NO_NODE => -101, NODE_EXISTS => -110, AUTH_NUMBER => -4 };

# port: on 127.0.0.1; timeout: of the session, in ms; auth: name and password, joined by a colon.
sub new {
    my ($class, %given) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $given{port}) or die "cannot connect: $!\n";
    my $self   = bless { socket => $socket, number => 0 }, $class;
    # Protocol 0, no transaction seen, the time-out, session 0 with an empty password, not read-only.
    $self->write(pack('N q> N q> N/a C', 0, 0, $given{timeout} // 30_000, 0, "\0" x 16, 0));
    my (undef, undef, $id) = unpack 'N N q>', $self->read;
    $self->{session} = $id;
    $self->call(ADD_AUTH, pack('N N/a N/a', 0, 'digest', $given{auth}), AUTH_NUMBER) if $given{auth};
    return $self;
}

sub session { $_[0]{session} }

sub write {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $packet = pack 'N/a', $bytes;
    my $sent   = syswrite $self->{socket}, $packet;
    die "ZooKeeper closed the connection\n" unless defined $sent && $sent == length $packet;
    return;
}

sub read_bytes {
    my ($self, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        IO::Select->new($self->{socket})->can_read(30) or die "no answer of ZooKeeper within 30 s\n";
        sysread $self->{socket}, $bytes, $length - length $bytes, length $bytes
            or die "ZooKeeper closed the connection\n";
    }
    return $bytes;
}

sub read {
    my ($self) = @_;
    return $self->read_bytes(unpack 'N', $self->read_bytes(4));
}

# Return (error, the answer's body). NUMBER identifies the call; by default the next one.
sub try {
    my ($self, $type, $body, $number) = @_;
    $number //= ++$self->{number};
    $self->write(pack('N N', $number & 0xffffffff, $type & 0xffffffff) . $body);
    while (1) {
        my ($answered, undef, $error, $rest) = unpack 'l> q> l> a*', $self->read;
        return ($error, $rest) if $answered == $number;
    }
}

sub call {
    my ($self, $type, $body, $number) = @_;
    my ($error, $rest) = $self->try($type, $body, $number);
    die "ZooKeeper answers with error $error\n" if $error;
    return $rest;
}

# The value of the node PATH; undef if there is none.
sub get {
    my ($self, $path) = @_;
    my ($error, $rest) = $self->try(GET_DATA, pack('N/a C', $path, 0));
    return undef if $error == NO_NODE;
    die "get $path: error $error\n" if $error;
    my ($length) = unpack 'l>', $rest;
    return $length < 0 ? '' : substr $rest, 4, $length;
}

# The names of the nodes below PATH, sorted. None if there is no such node.
sub children {
    my ($self, $path) = @_;
    my ($error, $rest) = $self->try(GET_CHILDREN, pack('N/a C', $path, 0));
    return () if $error == NO_NODE;
    die "children of $path: error $error\n" if $error;
    return sort(unpack 'N/(N/a)', $rest);
}

# A hash of all nodes below PATH and their values.
sub all {
    my ($self, $path) = @_;
    my %found;
    for my $child (map {"$path/$_"} $self->children($path)) {
        my $value = $self->get($child);
        %found = (%found, $self->all($child), defined $value ? ($child => $value) : ());
    }
    return wantarray ? %found : \%found;
}

# Create the node with that VALUE. ephemeral: it ends with this session. Anybody may use it.
sub create {
    my ($self, $path, $value, %given) = @_;
    my $anybody = pack 'N N N/a N/a', 1, 31, 'world', 'anyone';
    return $self->call(CREATE, pack('N/a N/a a* N', $path, $value, $anybody, $given{ephemeral} ? 1 : 0));
}

# Give PATH that VALUE. Create it, and the nodes above it, if they do not exist.
sub put {
    my ($self, $path, $value) = @_;
    my ($error) = $self->try(SET_DATA, pack('N/a N/a N', $path, $value, 0xffffffff));
    return if $error == 0;
    die "put $path: error $error\n" if $error != NO_NODE;
    my $above = '';
    for my $part ($path =~ m{/([^/]+)(?=/)}g) {
        $above .= "/$part";
        eval { $self->create($above, ''); 1 } or $@ =~ /error @{[NODE_EXISTS]}\b/ or die $@;
    }
    $self->create($path, $value);
    return;
}

sub delete {
    my ($self, $path) = @_;
    return $self->call(DELETE, pack('N/a N', $path, 0xffffffff));
}

# End the session: its ephemeral nodes go.
sub close {
    my ($self) = @_;
    eval { $self->call(CLOSE, '') };
    close $self->{socket};
    return;
}

1;
