package Tickr::Stores;

# Every kind of database that tickrd serves from, for tests that do not care which it is.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Tickr::Database;
use Tickr::File;

our @EXPORT_OK = qw(on_each_store);

# Run TEST with a fresh database of each kind; one that cannot be had here is skipped.
sub on_each_store {
    my ($test) = @_;
    for my $class (qw(Tickr::Database Tickr::File)) {
    SKIP: {
            skip $class->missing, 1 if $class->missing;
            note 'on ' . $class->name;
            $test->($class->new);
        }
    }
    return;
}

1;
