package Tickr::Redis;

# A private Redis of a test, on a Unix socket, which syncs every write to the disk. It may have a port of 127.0.0.1 too.

use strict;
use warnings;
use Tickr::Process qw(free_port missing_program scratch wait_for);

my $count = 0;

sub missing { return missing_program('redis-server', 'redis-cli') }

# options: more options of the server, for the first start; port: whether it has one
sub new {
    my ($class, %given) = @_;
    my $self = bless { name => 'redis' . ++$count, port => $given{port} ? free_port() : 0 }, $class;
    $self->{folder} = scratch() . "/$self->{name}";
    mkdir $self->{folder} or die "$self->{folder}: $!";
    $self->start(@{ $given{options} // [] });
    return $self;
}

sub socket    { "$_[0]{folder}/s" }
sub port      { $_[0]{port} }
sub endpoints { $_[0]->socket }

sub start {
    my ($self, @options) = @_;
    unlink $self->socket;
    $self->{process} = Tickr::Process->new(
        name    => $self->{name},
        command => [
            'redis-server', '--bind', '127.0.0.1', '--port', $self->{port}, '--unixsocket', $self->socket,
            '--dir', $self->{folder},
            '--appendonly', 'yes', '--appendfsync', 'always', '--save', '',
            '--enable-debug-command', 'local', @options ],
    );
    wait_for('Redis', 20, sub {
        die "Redis ended:\n" . $self->{process}->log unless $self->{process}->is_running;
        return -S $self->socket && $self->ask('ping') =~ /PONG|NOAUTH/;
    });
    return;
}

sub kill   { $_[0]{process}->kill_hard }
sub pause  { $_[0]{process}->signal('STOP') }
sub resume { $_[0]{process}->signal('CONT') }

# The answer to COMMAND, as redis-cli prints it.
sub ask {
    my ($self, @command) = @_;
    open my $pipe, '-|', 'redis-cli', '-s', $self->socket, @command or die "redis-cli: $!";
    local $/;
    my $answer = <$pipe> // '';
    close $pipe;
    return $answer =~ s/\n\z//r;
}

# The value of FIELD in the answer to INFO.
sub info {
    my ($self, $field) = @_;
    return $self->ask('info') =~ /^\Q$field\E:([^\r\n]*)/m ? $1 : '';
}

# Keep a copy of all data. restore_copy() replaces the data by it, as from a backup. It restarts Redis.
sub keep_copy {
    my ($self) = @_;
    my $folder = $self->{folder};
    system("rm -rf '$folder/copy' && cp -a '$folder/appendonlydir' '$folder/copy'") == 0 or die 'cp failed';
    return;
}

sub restore_copy {
    my ($self) = @_;
    my $folder = $self->{folder};
    $self->kill;
    system("rm -rf '$folder/appendonlydir' && cp -a '$folder/copy' '$folder/appendonlydir'") == 0 or die 'cp failed';
    $self->start;
    return;
}

1;
