package Tickr::ZooKeeperCluster;

# Private ZooKeepers of a test that serve together. They are numbered from 0.

use strict;
use warnings;
use Tickr::Process qw(free_port wait_for);
use Tickr::ZooKeeper;

sub new {
    my ($class, $count) = @_;
    my %servers = map { ("server.$_" => join ':', '127.0.0.1', free_port(), free_port()) } 1 .. $count;
    my %settings = (initLimit => 50, syncLimit => 10, %servers);
    my $self = bless { nodes => [ map { Tickr::ZooKeeper->prepare(settings => \%settings) } 1 .. $count ] }, $class;
    for my $number (1 .. $count) {
        my $file = $self->{nodes}[ $number - 1 ]{folder} . '/data/myid';
        open my $out, '>', $file or die "$file: $!";
        print $out "$number\n";
        close $out or die "$file: $!";
    }
    return $self->start;
}

# The nodes of NUMBERS, by default all.
sub nodes {
    my ($self, @numbers) = @_;
    return @numbers ? @{ $self->{nodes} }[@numbers] : @{ $self->{nodes} };
}

sub start {
    my ($self, @numbers) = @_;
    $_->launch for $self->nodes(@numbers);
    $_->wait_until_serving for $self->nodes(@numbers);
    return $self;
}

sub kill   { my ($self, @numbers) = @_; $_->kill for $self->nodes(@numbers);   return }
sub pause  { my ($self, @numbers) = @_; $_->pause for $self->nodes(@numbers);  return }
sub resume { my ($self, @numbers) = @_; $_->resume for $self->nodes(@numbers); return }

# The number of the node that leads.
sub wait_for_leader {
    my ($self) = @_;
    my @leaders;
    wait_for('a leader', 60, sub {
        @leaders = grep { $self->{nodes}[$_]->say('srvr') =~ /^Mode: leader/m } 0 .. $#{ $self->{nodes} };
        return @leaders == 1;
    });
    return $leaders[0];
}

# Keep a copy of all data. restore_copy() replaces the data by it, as from a backup. Both restart all nodes.
sub keep_copy {
    my ($self) = @_;
    $self->kill;
    system('cp', '-a', "$_->{folder}/data", "$_->{folder}/copy") == 0 or die 'cp failed' for $self->nodes;
    return $self->start;
}

sub restore_copy {
    my ($self) = @_;
    $self->kill;
    for my $folder (map { $_->{folder} } $self->nodes) {
        system("rm -rf '$folder/data' && cp -a '$folder/copy' '$folder/data'") == 0 or die 'cp failed';
    }
    return $self->start;
}

sub endpoints {
    my ($self) = @_;
    return join ',', map { $_->endpoints } $self->nodes;
}

1;
