package Tickr::File;

# A database in a file of SQLite's: for tests that take either, what Tickr::Database is for a server.

use strict;
use warnings;
use Tickr::Process qw(scratch);
use Tickr::Server;

my $count = 0;

# What is missing to serve from a file here, and to look into it meanwhile; '' when nothing is.
sub missing {
    return 'sqlite3 is not installed' unless grep { -x "$_/sqlite3" } split /:/, $ENV{PATH};
    my ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_DATABASE_ADAPTER => 'sqlite' },
    );
    return $output =~ /was built without/ ? 'tickrd was built without SQLite' : '';
}

# folder: where it lies, which is made; by default one in the test's own.
sub new {
    my ($class, %given) = @_;
    my $folder = $given{folder} // scratch() . '/file' . ++$count;
    -d $folder or mkdir $folder or die "$folder: $!";
    return bless { folder => $folder, path => "$folder/tickr.db" }, $class;
}

sub name   {'sqlite'}
sub path   { $_[0]{path} }
sub folder { $_[0]{folder} }

sub environment {
    my ($self) = @_;
    return (TICKR_DATABASE_ADAPTER => 'sqlite', TICKR_DATABASE_NAME => $self->path);
}

# As if it had never been.
sub drop {
    my ($self) = @_;
    unlink map { $self->path . $_ } '', '-wal', '-shm';
    return;
}

# Move the counter to BASE.
sub advance {
    my ($self, $base) = @_;
    $self->sql("UPDATE tickets SET id = $base");
    return;
}

# Run SQL, or a command of the program's that begins with a dot; what it printed.
sub sql {
    my ($self, $sql) = @_;
    open my $out, '-|', 'sqlite3', '-bail', '-cmd', '.timeout 10000', $self->path, $sql
        or die "sqlite3: $!";
    my $text = do { local $/; <$out> } // '';
    close $out or die "SQL failed: $sql\n$text";
    chomp $text;
    return $text;
}

1;
