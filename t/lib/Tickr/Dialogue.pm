package Tickr::Dialogue;

# A test program that reads a command a line and answers with lines, of which the last one is a dot.

use strict;
use warnings;
use IPC::Open2;

sub new {
    my ($class, %given) = @_;
    my $self = bless {}, $class;
    local @ENV{ keys %{ $given{env} // {} } } = values %{ $given{env} // {} };
    $self->{pid} = open2($self->{out}, $self->{in}, @{ $given{command} });
    return $self;
}

# The lines of the answer to COMMAND, as one text.
sub ask {
    my ($self, $command) = @_;
    my $text = '';
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{in} } "$command\n";
    $self->{in}->flush;
    while (defined(my $line = readline $self->{out})) {
        return $text if $line eq ".\n";
        $text .= $line;
    }
    die "the program ended after: $command\n$text";
}

sub pid { $_[0]{pid} }

# Close its input, and return its exit status.
sub end {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return 0;
    close $self->{in};
    waitpid $pid, 0;
    return $?;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    $self->end;
    return;
}

1;
