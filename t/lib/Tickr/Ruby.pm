package Tickr::Ruby;

# A substitute for the Ruby server, with its routes, arithmetic and statements, on a database of a test. The server
# itself needs a Ruby of 2013.

use strict;
use warnings;
use IO::Handle;
use IO::Socket::INET;
use IPC::Open2;
use Tickr::Client;
use Tickr::Process qw(wait_for);

my $count = 0;

# The tables of the Ruby server: from July 2013 on, and before.
my %tables = (
    counter => "(id BIGINT(20) UNSIGNED NOT NULL, stub CHAR(1) NOT NULL UNIQUE PRIMARY KEY)",
    stub    => "(id BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE DEFAULT '')",
);

# Make its database again, as it did, and pin no settings.
sub createdb {
    my ($class, $database, $layout, $engine) = @_;
    $database->sql('DROP DATABASE IF EXISTS tickr; CREATE DATABASE tickr');
    $database->sql("CREATE TABLE tickets $tables{$layout} ENGINE=$engine AUTO_INCREMENT=1 CHARACTER SET='utf8';"
            . "INSERT INTO tickets (id, stub) VALUES (1, 'a')", 'tickr');
    return;
}

# database: a Tickr::Database; code: 'update', of July 2013 and later, or 'replace', of before; workers: the number of
# requests that it answers at a time.
sub new {
    my ($class, %given) = @_;
    my $self = bless { workers => 3, code => 'update', %given }, $class;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128) or die "no port: $!";
    $self->{port} = $listener->sockport;
    my $number = ++$count;
    $self->{processes} = [
        map { Tickr::Process->new(name => "ruby$number-$_", code => sub { $self->work($listener) }) } 1 .. $self->{workers}
    ];
    return $self;
}

sub port { $_[0]{port} }

sub client {
    my ($self, %given) = @_;
    return Tickr::Client->new(port => $self->{port}, %given);
}

sub stop {
    my ($self) = @_;
    $_->kill_hard for @{ $self->{processes} };
    return;
}

# --- one worker ----------------------------------------------------------------------------------------

sub work {
    my ($self, $listener) = @_;
    # The session ends with the worker, which closes its pipe.
    my $pid = open2(my $out, my $in, 'mariadb', '--no-defaults', '-uroot', '-S', $self->{database}->socket,
        '--batch', '--skip-column-names', '--unbuffered', 'tickr');
    $in->autoflush(1);
    my $ask = sub { print {$in} "$_[0]\n"; my $line = <$out> // die "the session ended\n"; chomp $line; $line };
    while (my $socket = $listener->accept) {
        my $head = '';
        while (defined(my $line = <$socket>)) {
            last if $line =~ /^\r?\n$/;
            $head .= $line;
        }
        my ($path) = $head =~ m{^\w+ ([^ ?]*)} or next;
        my $body = $self->answer($path, $ask);
        my $status = defined $body ? '200 OK' : '404 Not Found';
        $body //= 'not found';
        print {$socket} "HTTP/1.1 $status\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
        close $socket;
    }
    waitpid $pid, 0;
    return;
}

# The same as String#to_i of Ruby.
sub to_i { return $_[0] =~ /^\s*([-+]?\d+)/ ? $1 + 0 : 0 }

sub ticket_of { return ($_[0] - 2) * 10 + 3 + 326 }

sub answer {
    my ($self, $path, $ask) = @_;
    $path =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    $path =~ s{/+}{/}g;
    return '{"last_ticket":' . ticket_of($ask->("SELECT id FROM tickets WHERE stub = 'a';")) . '}' if $path eq '/status';
    return '[' . ticket_of($self->move(1, $ask)) . ']' if $path eq '/tickets/create';
    return undef unless $path =~ m{^/tickets/create/([^/?#]+)$};
    my $size = to_i($1);
    return '[' . join(',', map { ticket_of($self->move(1, $ask)) } 1 .. $size) . ']' if $self->{code} eq 'replace';
    my $first = ticket_of($self->move($size, $ask) - ($size - 1));
    return qq({"first":$first,"increment":10,"count":$size});
}

# Allocate SIZE bases, and return the last one.
sub move {
    my ($self, $size, $ask) = @_;
    return $ask->("REPLACE INTO tickets (stub) VALUES ('a'); SELECT LAST_INSERT_ID();") if $self->{code} eq 'replace';
    return $ask->("UPDATE tickets SET id = \@id := id + $size WHERE stub = 'a'; SELECT \@id;");
}

1;
