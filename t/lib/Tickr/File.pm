package Tickr::File;

# A database in an SQLite file, with the interface of Tickr::Database, for tests that accept both.

use strict;
use warnings;
use IO::Handle ();
use Tickr::Process qw(scratch wait_for missing_program);
use Tickr::Server;

my $count = 0;

# The reason why tickrd cannot serve from a file here, or the test cannot read it meanwhile; or ''.
sub missing {
    return missing_program('sqlite3') if missing_program('sqlite3');
    my ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_DATABASE_ADAPTER => 'sqlite' },
    );
    return $output =~ /was built without/ ? 'tickrd was built without SQLite' : '';
}

# folder: of the file, which is made if missing; by default one in the scratch folder.
sub new {
    my ($class, %given) = @_;
    my $folder = $given{folder} // scratch() . '/file' . ++$count;
    -d $folder or mkdir $folder or die "$folder: $!";
    return bless { folder => $folder, path => "$folder/tickr.db" }, $class;
}

sub name   {'sqlite'}
sub path   { $_[0]{path} }
sub label  { $_[0]{path} }
sub folder { $_[0]{folder} }

sub environment {
    my ($self) = @_;
    return (TICKR_DATABASE_ADAPTER => 'sqlite', TICKR_DATABASE_NAME => $self->path);
}

# A file has one layout.
sub layout {'file'}

# The argument of tickrd that creates it.
sub createdb {'createdb'}

# Remove the file.
sub drop {
    my ($self) = @_;
    unlink map { $self->path . $_ } '', '-wal', '-shm', '-owner';
    return;
}

# Remove its disk: the file and all files of its folder.
sub kill {
    my ($self) = @_;
    rename $self->folder, $self->folder . '.away' or die "rename: $!";
    return;
}

sub launch {
    my ($self) = @_;
    rename $self->folder . '.away', $self->folder or die "rename: $!";
    return;
}

sub start   { $_[0]->launch }
sub answers { -e $_[0]->path }

# In a file one statement always reserves any count.
sub lay_out_for_large_batches { }

# Accept no connection until let_in(), from before a tickrd starts.
sub shut_out { $_[0]->lock('PRAGMA locking_mode = EXCLUSIVE;') }
sub let_in   { $_[0]->unlock }

# Lock the file against all writers until unlock(). PRAGMA: another kind of lock.
sub lock {
    my ($self, $pragma) = @_;
    my $locked = scratch() . '/locked';
    open $self->{lock}, '|-', 'sqlite3', '-bail', '-cmd', '.timeout 10000', $self->path
        or die "sqlite3: $!";
    $self->{lock}->autoflush(1);
    print { $self->{lock} } ".output /dev/null\n", $pragma // '', "BEGIN IMMEDIATE;\n.shell touch $locked\n";
    wait_for('the lock', 15, sub { -e $locked });
    unlink $locked;
    return;
}

sub unlock {
    my ($self) = @_;
    print { $self->{lock} } "ROLLBACK;\n.quit\n";
    close delete $self->{lock} or die 'sqlite3 failed';
    return;
}

# Keep a copy of all data. restore_copy() replaces the data by it, as from a backup.
sub keep_copy {
    my ($self) = @_;
    $self->sql('.backup ' . scratch() . '/copy.db');
    return;
}

sub restore_copy {
    my ($self) = @_;
    $self->sql('.restore ' . scratch() . '/copy.db');
    return;
}

# Move the counter to BASE.
sub advance {
    my ($self, $base) = @_;
    $self->sql("UPDATE tickets SET id = max(id, $base); UPDATE tickr_identity
        SET advances = max(advances + 1, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000)");
    return;
}

# Run SQL, or a dot command of the program, and return its output.
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
