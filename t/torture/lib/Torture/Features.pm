package Torture::Features;

# What the tickrd that was built can do, found by asking it.

use strict;
use warnings;
use Tickr::Database;
use Tickr::File;
use Tickr::Server;

my %variable = map { /^(\w+)\t/ ? ($1 => 1) : () } qx{'@{[Tickr::Server::program()]}' --variables};
my $help = qx{'@{[Tickr::Server::program()]}' --help};

sub accepts {
    my (%env) = @_;
    my ($status) = Tickr::Server->run(arguments => ['check-config'], env => \%env);
    return $status == 0;
}

my %ask = (
    mariadb => sub { !Tickr::Database::missing() },
    sqlite  => sub { !Tickr::File::missing() },
    ahead   => sub { $variable{TICKR_RESERVE_AHEAD} },
    several => sub {
        accepts(TICKR_DATABASE_HOST => '127.0.0.1:1,127.0.0.1:2', TICKR_NODE_NUMBER => '0,1');
    },
    advance => sub { $help =~ /\badvance\b/ },
);

my %words = (
    mariadb => 'MariaDB is not installed',
    sqlite  => 'there is no SQLite',
    ahead   => 'this tickrd cannot reserve ahead (TICKR_RESERVE_AHEAD)',
    several => 'this tickrd serves from one database (TICKR_DATABASE_HOST)',
    advance => 'this tickrd has no command advance: the counter is moved with SQL',
);

my %known;

sub has {
    my ($name) = @_;
    return $known{$name} //= $ask{$name}->() ? 1 : 0;
}

# What is missing, for people.
sub missing { return map { $words{$_} } grep { !has($_) } sort keys %ask }

1;
