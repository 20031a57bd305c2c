package Tickr::Client;

# One plain HTTP connection. A test sees all bytes that are sent and received.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Time::HiRes qw(time);

sub new {
    my ($class, %given) = @_;
    my $socket
        = $given{unix}
        ? IO::Socket::UNIX->new(Peer => $given{unix})
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $given{port});
    die "cannot connect: $!\n" unless $socket;
    return bless { socket => $socket, buffer => '', timeout => $given{timeout} // 30 }, $class;
}

sub socket { $_[0]{socket} }
sub close  { close $_[0]{socket} }

sub send {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $sent = syswrite $self->{socket}, $bytes;
        return 0 unless $sent;
        substr $bytes, 0, $sent, '';
    }
    return 1;
}

# Read more bytes into the buffer. Return false at the end of the connection. Die at the time-out.
sub fill {
    my ($self) = @_;
    IO::Select->new($self->{socket})->can_read($self->{timeout})
        or die "no answer within $self->{timeout} s\n";
    my $got = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
    return $got;
}

# Return all bytes up to the end of the connection.
sub read_all {
    my ($self) = @_;
    1 while $self->fill;
    return delete $self->{buffer};
}

sub at_end {
    my ($self) = @_;
    return !length($self->{buffer}) && !$self->fill;
}

# Return one response, or undef if the connection ended before it. IS_HEAD: it has no body.
sub response {
    my ($self, $is_head) = @_;
    while ($self->{buffer} !~ /\r\n\r\n/) {
        next if $self->fill;
        return undef if $self->{buffer} eq '';
        die "the connection ended within a response: $self->{buffer}\n";
    }
    $self->{buffer} =~ s/^(.*?)\r\n\r\n//s;
    my ($line, @fields) = split /\r\n/, $1;
    my ($version, $status) = $line =~ m{^HTTP/(\d\.\d) (\d+)} or die "not a status line: $line\n";
    my %headers = map { /^([^:]+):\s*(.*)$/ ? (lc $1, $2) : () } @fields;
    my $length  = $is_head || $status == 204 || $status == 100 ? 0 : $headers{'content-length'} // 0;
    while (length $self->{buffer} < $length) {
        $self->fill or die "the connection ended within a body\n";
    }
    my $body = substr $self->{buffer}, 0, $length, '';
    return {
        status  => $status + 0,
        version => $version,
        headers => \%headers,
        body    => $body,
    };
}

# Send BYTES, and return all bytes until the server closes, or undef if it does not.
sub last_words {
    my ($self, $bytes) = @_;
    $self->send($bytes);
    return eval { $self->read_all };
}

# Send a request and return the response. headers: a list of lines; body: sent with its length.
sub request {
    my ($self, $method, $path, %given) = @_;
    my @lines = ("$method $path HTTP/1.1", 'Host: t', @{ $given{headers} // [] });
    push @lines, 'Content-Length: ' . length $given{body} if defined $given{body};
    $self->send(join("\r\n", @lines, '', $given{body} // ''));
    my $response = $self->response($method eq 'HEAD') or die "the connection was closed\n";
    return $response;
}

sub get {
    my ($self, $path, %given) = @_;
    return $self->request('GET', $path, %given);
}

sub json { JSON::PP::decode_json($_[1]{body}) }

1;
