package Tickr::Http2;

# A client of HTTP/2 that sends any frames, also those that no library would send.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

our %type = (DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9);
my %name = reverse %type;

use constant { END_STREAM => 1, END_HEADERS => 4, NO_ERROR => 0, REFUSED_STREAM => 7, CANCEL => 8, ENHANCE_YOUR_CALM => 11 };

# Connect to ADDRESS. settings: pairs of numbers to send.
sub new {
    my ($class, $address, %given) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => $address) or die "$address: $!";
    my $self = bless { socket => $socket, input => '' }, $class;
    $self->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->frame('SETTINGS', 0, 0, pack '(nN)*', %{ $given{settings} // {} });
    return $self;
}

# Send bytes, as far as the server takes them. Return whether it took all.
sub send {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        return 0 unless $n;
        substr($bytes, 0, $n) = '';
    }
    return 1;
}

sub bytes_of {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type{$type} // $type, $flags, $stream) . $payload;
}

sub frame {
    my ($self, @frame) = @_;
    return $self->send(bytes_of(@frame));
}

# Fields of a head, without compression. Names and values have at most 16,000 bytes.
sub fields {
    my $block = '';
    while (my ($name, $value) = splice @_, 0, 2) {
        $block .= "\0" . join '', map { my $len = length; ($len < 127 ? chr $len : long_length($len)) . $_ } $name, $value;
    }
    return $block;
}

sub long_length {
    my ($rest, $bytes) = ($_[0] - 127, "\x7f");
    for (; $rest >= 128; $rest >>= 7) { $bytes .= chr($rest & 127 | 128) }
    return $bytes . chr $rest;
}

sub head {
    my ($path, @more) = @_;
    return fields(':method' => 'POST', ':scheme' => 'http', ':path' => $path, ':authority' => 'x',
        'content-type' => 'application/grpc', te => 'trailers', @more);
}

sub message { return "\0" . pack('N', length $_[0]) . $_[0] }

# A whole call: its head and its message.
sub call {
    my ($self, $stream, $path, $message) = @_;
    return $self->send(bytes_of('HEADERS', END_HEADERS, $stream, head($path))
            . bytes_of('DATA', END_STREAM, $stream, message($message // '')));
}

# The next frame as a hash: type, flags, stream, payload, and the code of RST_STREAM and GOAWAY. undef: the connection
# has closed. It dies after SECONDS.
sub next {
    my ($self, $seconds) = @_;
    my $deadline = time + ($seconds // 20);
    while (1) {
        if (length $self->{input} >= 9) {
            my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $self->{input};
            my $len = $high << 16 | $low;
            if (length $self->{input} >= 9 + $len) {
                my $payload = substr $self->{input}, 9, $len;
                substr($self->{input}, 0, 9 + $len) = '';
                my $frame = { type => $name{$type} // $type, flags => $flags, stream => $stream, payload => $payload };
                $frame->{code} = unpack 'N', $payload if $frame->{type} eq 'RST_STREAM';
                $frame->{code} = unpack 'x4N', $payload if $frame->{type} eq 'GOAWAY';
                return $frame;
            }
        }
        my $left = $deadline - time;
        die "no frame\n" if $left <= 0 || !IO::Select->new($self->{socket})->can_read($left);
        return undef unless sysread $self->{socket}, $self->{input}, 65536, length $self->{input};
    }
}

# Read frames until one of TYPE; undef: the connection has closed before.
sub wait_for_frame {
    my ($self, $type, $seconds) = @_;
    while (my $frame = $self->next($seconds)) {
        return $frame if $frame->{type} eq $type;
    }
    return undef;
}

1;
