package Tickr::Stores;

# All kinds of databases that tickrd serves from, for tests that run on any of them.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Tickr::Database;
use Tickr::File;

our @EXPORT_OK = qw(on_each_store the_store);

# A fresh database of the kind that TICKR_TEST_STORE names, by default mysql. If it cannot run here, skip the whole
# test.
sub the_store {
    my %kinds = (
        mysql   => ['Tickr::Database'],
        counter => [ 'Tickr::Database', layout => 'counter' ],
        stub    => [ 'Tickr::Database', layout => 'stub' ],
        'stub-innodb' => [ 'Tickr::Database', layout => 'stub', engine => 'InnoDB' ],
        sqlite  => ['Tickr::File'],
    );
    my $kind = $kinds{ $ENV{TICKR_TEST_STORE} // 'mysql' } or die 'TICKR_TEST_STORE?';
    my ($class, @given) = @$kind;
    plan skip_all => $class->missing if $class->missing;
    return $class->new(@given);
}

# Run TEST with a fresh database of each kind. Skip a kind that cannot run here.
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
