package Tickr::Database;

# A private database server of a test, on a Unix socket. Its data folder is a copy of a template. Tickr::Vendor
# selects the program.

use strict;
use warnings;
use Fcntl ':flock';
use File::Path ();
use POSIX ();
use Tickr::Process qw(wait_for scratch free_port slurp);
use Tickr::Vendor;

my $count = 0;

# The reason why no database can run here, or ''.
sub missing { return Tickr::Vendor::missing() }

# Return the template, which all tests of one build share. The first test makes it.
sub template {
    my $folder = ($ENV{BUILDDIR} // '.') . '/t/' . Tickr::Vendor::template_name();
    File::Path::make_path($folder);
    open my $lock, '>', "$folder/lock" or die "$folder/lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";
    return "$folder/data" if -e "$folder/ready";
    system("rm -rf '$folder/data'");
    local $ENV{TMPDIR} = $folder;
    Tickr::Vendor::install("$folder/data", "$folder/log")
        or die "cannot make the data folder:\n" . slurp("$folder/log");
    open my $ready, '>', "$folder/ready" or die "$folder/ready: $!";
    return "$folder/data";
}

# options: a list of server options; tcp: also listen on a port of 127.0.0.1; layout: of the table: append or counter,
# by default that of createdb; or stub, which this package makes as an old Tickr did. engine: of a stub table.
sub new {
    my ($class, %given) = @_;
    my $number = ++$count;
    my $self   = bless {
        folder  => scratch() . "/db$number",
        options => $given{options} // [],
        layout  => $given{layout},
        engine  => $given{engine} // 'MyISAM',
    }, $class;
    $self->{port} = free_port() if $given{tcp};
    # A server that starts deletes all temporary tables in its folder. In a shared folder these may be another
    # server's, which then dies during its query.
    for my $folder ($self->{folder}, "$self->{folder}/tmp") {
        mkdir $folder or die "$folder: $!";
    }
    system('cp', '-a', template(), "$self->{folder}/data") == 0 or die 'cp failed';
    $self->start;
    $self->make_stub_table if $self->layout eq 'stub';
    return $self;
}

sub name   {'mysql'}
sub socket { "$_[0]{folder}/s" }
sub label  { $_[0]->socket }    # its name in tickrd
sub port   { $_[0]{port} }

# The settings with which a tickrd connects to it.
sub environment {
    my ($self) = @_;
    return (TICKR_DATABASE_HOST => $self->socket);
}

# The arguments of tickrd that create it.
sub createdb {
    my ($self) = @_;
    return ('createdb', $self->{layout} && $self->{layout} ne 'stub' ? ('--layout', $self->{layout}) : ());
}

# Remove the database. Make a stub table again, because createdb makes none.
sub drop {
    my ($self) = @_;
    $self->sql('DROP DATABASE IF EXISTS tickr');
    $self->make_stub_table if $self->layout eq 'stub';
    return;
}

sub stub_sql {
    my ($self) = @_;
    return 'CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE)'
        . " ENGINE=$self->{engine}; INSERT INTO tickets VALUES (1, 'a')";
}

sub make_stub_table {
    my ($self) = @_;
    $self->sql('CREATE DATABASE tickr; USE tickr; ' . $self->stub_sql);
    return;
}

# The layout of the table that createdb makes.
sub layout { $_[0]{layout} // 'append' }

# Move the counter to BASE, which is ahead of it.
sub advance {
    my ($self, $base) = @_;
    my %sql = (
        append  => "INSERT IGNORE INTO tickets VALUES ($base)",
        stub    => "REPLACE INTO tickets SELECT $base, 'a' FROM tickets WHERE id < $base",
        counter => "UPDATE tickets SET id = $base WHERE id < $base",
    );
    $self->sql($sql{ $self->layout }, 'tickr');
    $self->sql("UPDATE tickr_identity SET advances = GREATEST(advances + 1,
        TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)))", 'tickr') if $self->has_identity;
    return;
}

# True if createdb has given the database an identity. An older createdb did not.
sub has_identity {
    my ($self) = @_;
    return $self->sql(q{SELECT COUNT(*) FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = 'tickr' AND TABLE_NAME = 'tickr_identity'}) > 0;
}

# Move the counter to BASE, forward or back in time.
sub turn_back {
    my ($self, $base) = @_;
    my %sql = (
        append  => "TRUNCATE tickets; INSERT INTO tickets VALUES ($base)",
        counter => "UPDATE tickets SET id = $base",
        stub    => "TRUNCATE tickets; INSERT INTO tickets VALUES ($base, 'a')",
    );
    $self->sql($sql{ $self->layout }, 'tickr');
    return;
}

sub launch {
    my ($self) = @_;
    my @network
        = $self->{port}
        ? ('--bind-address=127.0.0.1', "--port=$self->{port}")
        : ('--skip-networking');
    $self->{process} = Tickr::Process->new(
        command => [
            Tickr::Vendor::command(),
            "--datadir=$self->{folder}/data", "--tmpdir=$self->{folder}/tmp",
            '--socket=' . $self->socket,
            "--pid-file=$self->{folder}/pid",
            @network,
            @{ $self->{options} },
        ],
        log_file => "$self->{folder}/log",
    );
    return;
}

sub start {
    my ($self) = @_;
    $self->launch;
    wait_for('the database to start', 60, sub {
        die "the database died:\n" . $self->log unless $self->{process}->is_running;
        $self->answers;
    });
    return;
}

sub answers {
    my ($self) = @_;
    return system('mariadb --no-defaults -uroot -S ' . $self->socket . " -e 'DO 1' >/dev/null 2>&1")
        == 0;
}

sub log    { $_[0]{process}->log }
sub kill   { $_[0]{process}->kill_hard }
sub resume { $_[0]{process}->signal('CONT') }

# Accept no connection until let_in(), from before a tickrd starts.
sub shut_out { $_[0]->kill }
sub let_in   { $_[0]->launch }

# Stop it as if it hung. Return true when all its threads have stopped.
sub pause {
    my ($self) = @_;
    $self->{process}->signal('STOP');
    my $tasks = '/proc/' . $self->{process}->pid . '/task';
    return wait_for('the database to stop', 10, sub {
        !grep { slurp($_) !~ /\) T / } glob "$tasks/*/stat";
    });
}

# After drop(): make the layout in which one statement reserves any count. createdb must pin it.
sub lay_out_for_large_batches {
    my ($self) = @_;
    $self->sql('CREATE DATABASE tickr');
    $self->sql('CREATE TABLE tickets (id BIGINT UNSIGNED NOT NULL, stub CHAR(1) PRIMARY KEY);'
            . "INSERT INTO tickets VALUES (1, 'a')", 'tickr');
    return;
}

# Lock the tickets table against all writers until unlock().
sub lock {
    my ($self) = @_;
    $self->{lock} = Tickr::Process->new(
        name    => 'lock',
        command => [
            'mariadb', '--no-defaults', '-uroot', '-S', $self->socket, 'tickr', '-e',
            'LOCK TABLES tickets READ; SELECT SLEEP(600)',
        ],
    );
    return wait_for('the lock', 10, sub { $self->sql('SHOW PROCESSLIST') =~ /SLEEP\(600\)/ });
}

sub unlock {
    my ($self) = @_;
    $self->{lock}->kill_hard;
    my ($id) = $self->sql('SHOW PROCESSLIST') =~ /^(\d+).*SLEEP\(600\)/m;
    $self->sql("KILL $id") if $id;
    return;
}

# Keep a copy of all data. restore_copy() replaces the data by it, as from a backup.
sub keep_copy {
    my ($self) = @_;
    $self->stop;
    system('cp', '-a', "$self->{folder}/data", "$self->{folder}/copy") == 0 or die 'cp failed';
    $self->start;
    return;
}

sub restore_copy {
    my ($self) = @_;
    my $folder = $self->{folder};
    $self->stop;
    system("rm -rf '$folder/data' && mv '$folder/copy' '$folder/data'") == 0 or die 'mv failed';
    $self->start;
    return;
}

sub stop {
    my ($self) = @_;
    $self->{process}->signal('TERM');
    $self->{process}->wait_exit(30);
    return;
}

# Run SQL as root, and return rows as tab-separated lines. Die with the client's message if it fails. MariaDB sometimes
# resets a connection before its greeting: then the SQL did not run, so repeat it.
sub sql {
    my ($self, $sql, $database) = @_;
    for my $attempt (1 .. 5) {
        my ($status, $text) = $self->try_sql($sql, $database);
        return $text if $status == 0;
        die "SQL failed: $sql\n$text\n"
            if $attempt == 5 || $text !~ /reading initial communication packet/;
    }
}

# (wait status of the client, its output)
sub try_sql {
    my ($self, $sql, $database) = @_;
    my $out = scratch() . '/sql.out';
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>',  $out          or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT      or POSIX::_exit(127);
        exec 'mariadb', '--no-defaults', '-uroot', '-S', $self->socket, '-N', '-B', '-e', $sql,
            defined $database ? $database : ()
            or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $?;
    my $text   = slurp($out);
    chomp $text;
    return ($status, $text);
}

1;
