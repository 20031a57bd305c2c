package Tickr::Vendor;

# The server program of the tests: MariaDB, or the MySQL of Oracle that TICKR_TEST_SERVER names. Everything
# that differs between the two is in this file.
#
# TICKR_TEST_SERVER: mysql57 is the program that `scripts/install-deps mysql57` unpacks. A path is a mysqld or
# a mariadbd. If the variable is not set, the tests run on the mariadbd of the system.

use strict;
use warnings;
use Tickr::Process qw(missing_program slurp);

my ($program, $version);

sub wanted { return $ENV{TICKR_TEST_SERVER} || 'mariadb' }

sub program {
    return $program if $program;
    my %known = (
        mariadb => 'mariadbd',
        mysql57 => ($ENV{SRCDIR} // '.') . '/build/mysql57/server/mysqld',
    );
    return $program = $known{ wanted() } // wanted();
}

# What the program says of itself, as "5.7.29 for Linux"; '' if it does not run.
sub version {
    return $version if defined $version;
    my $text = qx('@{[ program() ]}' --no-defaults --version 2>&1);
    return $version = $? == 0 && $text =~ /Ver (\S.*)/ ? $1 : '';
}

sub is_mariadb { return wanted() eq 'mariadb' || version() =~ /MariaDB/ }

# As 5.7 or 10.11.
sub release { return version() =~ /^(\d+\.\d+)/ ? $1 : 0 }

# The reason why no database can run here; '' if one can.
sub missing {
    return missing_program(qw(mariadbd mariadb-install-db mariadb)) if wanted() eq 'mariadb';
    return missing_program('mariadb') if missing_program('mariadb');
    return program() . ' is not there (TICKR_TEST_SERVER=' . wanted() . '; see scripts/install-deps mysql57)'
        if !-x program();
    return version() ? '' : program() . ' does not run here';
}

# The folder in which all tests of one build keep a data folder to copy.
sub template_name { return 'database-template' . (wanted() eq 'mariadb' ? '' : '-' . version() =~ s/ .*//r) }

# Neither program runs as root unless it is told to.
sub as_root { return $> == 0 ? ('--user=root') : () }

# The options that find the files of a mysqld that is not installed: they lie beside it.
sub place {
    return () if is_mariadb();
    my ($folder) = program() =~ m{^(.*)/};
    return () if !-d "$folder/share/mysql";
    return ("--basedir=$folder", "--lc-messages-dir=$folder/share/mysql");
}

# Make the first data folder at PATH, and write to LOG; true if it was made.
sub install {
    my ($path, $log) = @_;
    my @command
        = is_mariadb()
        ? qw(mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db)
        : (program(), qw(--no-defaults --initialize-insecure --explicit-defaults-for-timestamp
            --secure-file-priv=), place());
    my $line = join ' ', map {"'$_'"} @command, '--innodb-log-file-size=4M', as_root(), "--datadir=$path";
    return 0 if system("$line >'$log' 2>&1") != 0;
    # The name of the server: with a copy of it no server would replicate from another.
    unlink "$path/auto.cnf";
    return 1;
}

# The command that starts a server, without its places. A path of mariadbd is looked for in PATH.
sub command {
    return (
        program(), '--no-defaults', as_root(), place(),
        qw(--innodb-buffer-pool-size=8M --innodb-log-file-size=4M --performance-schema=OFF
            --skip-name-resolve --character-set-server=utf8mb4),
        # MySQL wants a number for its binary log, and a reason not to write files elsewhere.
        is_mariadb() ? () : qw(--server-id=1 --explicit-defaults-for-timestamp --secure-file-priv=),
    );
}

# Options of the one or the other alone.
sub only_mariadb { return is_mariadb() ? @_ : () }
sub only_mysql   { return is_mariadb() ? () : @_ }

# Whether a server that restarts goes on from the highest row of a table, and has forgotten its counter.
sub forgets_counter { return !is_mariadb() && release() < 8 }

# The statement that makes a server follow the one on PORT, from its first change on.
sub replicate_sql {
    my ($port) = @_;
    my $master = "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=$port,"
        . " MASTER_USER='replica', MASTER_PASSWORD='secret', MASTER_CONNECT_RETRY=1";
    # MySQL begins at the first file of the other's binary log if it is told of none.
    return $master . (is_mariadb() ? ', MASTER_USE_GTID=slave_pos' : '') . '; START SLAVE';
}

1;
