package Tickr::Vendor;

# The server program of the tests: MariaDB, or the MySQL of Oracle that TICKR_TEST_SERVER names. This file has all
# differences between the two.
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

# The version of the program, such as "5.7.29 for Linux"; '' if it does not run.
sub version {
    return $version if defined $version;
    my $text = qx('@{[ program() ]}' --no-defaults --version 2>&1);
    return $version = $? == 0 && $text =~ /Ver (\S.*)/ ? $1 : '';
}

sub is_mariadb { return wanted() eq 'mariadb' || version() =~ /MariaDB/ }

# The first two numbers of the version, such as 5.7 or 10.11.
sub release { return version() =~ /^(\d+\.\d+)/ ? $1 : 0 }

# The reason why no database can run here; '' if one can.
sub missing {
    return missing_program(qw(mariadbd mariadb-install-db mariadb)) if wanted() eq 'mariadb';
    return missing_program('mariadb') if missing_program('mariadb');
    return program() . ' is missing (TICKR_TEST_SERVER=' . wanted() . '; run scripts/install-deps mysql57)'
        if !-x program();
    return version() ? '' : program() . ' does not run here';
}

# The name of the folder with the template, the data folder that all tests of one build copy.
sub template_name { return 'database-template' . (wanted() eq 'mariadb' ? '' : '-' . version() =~ s/ .*//r) }

# Both programs run as root only with this option.
sub as_root { return $> == 0 ? ('--user=root') : () }

# Options for a mysqld that is not installed, whose files are next to it.
sub place {
    return () if is_mariadb();
    my ($folder) = program() =~ m{^(.*)/};
    return () if !-d "$folder/share/mysql";
    return ("--basedir=$folder", "--lc-messages-dir=$folder/share/mysql");
}

# Make the first data folder at PATH, with its output in LOG. Return true if that succeeded.
sub install {
    my ($path, $log) = @_;
    my @command
        = is_mariadb()
        ? qw(mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db)
        : (program(), qw(--no-defaults --initialize-insecure --explicit-defaults-for-timestamp
            --secure-file-priv=), place());
    my $line = join ' ', map {"'$_'"} @command, '--innodb-log-file-size=4M', as_root(), "--datadir=$path";
    return 0 if system("$line >'$log' 2>&1") != 0;
    # The unique name of the server. Two servers with copies of it cannot replicate each other.
    unlink "$path/auto.cnf";
    return 1;
}

# The command that starts a server, without its folders.
sub command {
    return (
        program(), '--no-defaults', as_root(), place(),
        qw(--innodb-buffer-pool-size=8M --innodb-log-file-size=4M --performance-schema=OFF
            --skip-name-resolve --character-set-server=utf8mb4),
        # MySQL needs a number for its binary log, and an explicit setting for its files.
        is_mariadb() ? () : qw(--server-id=1 --explicit-defaults-for-timestamp --secure-file-priv=),
    );
}

# Options that only one of the two has.
sub only_mariadb { return is_mariadb() ? @_ : () }
sub only_mysql   { return is_mariadb() ? () : @_ }

# True if a server forgets its counter in a restart, and continues after the highest row.
sub forgets_counter { return !is_mariadb() && release() < 8 }

# Settings of a session that would break statements which rely on the defaults.
sub hostile_settings {
    return (
        'autocommit = 0',           "completion_type = 'RELEASE'",
        'foreign_key_checks = 0',   'max_join_size = 1',
        only_mysql('max_execution_time = 1'),
        'sql_auto_is_null = 1',
        'sql_big_selects = 0',      "sql_mode = 'ORACLE,NO_AUTO_VALUE_ON_ZERO,ANSI_QUOTES'",
        'sql_safe_updates = 1',     'sql_select_limit = 0',
        'tx_read_only = 1',         'unique_checks = 0',
        "tx_isolation = 'READ-UNCOMMITTED'",
        'wait_timeout = 1',         "character_set_results = 'utf16'",
        only_mariadb('max_statement_time = 0.000001'),    # the last one: it would end those after it
    );
}

# The statement that makes a server replicate the one on PORT, from its first change on.
sub replicate_sql {
    my ($port) = @_;
    my $master = "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=$port,"
        . " MASTER_USER='replica', MASTER_PASSWORD='secret', MASTER_CONNECT_RETRY=1";
    # Without a file name MySQL begins at the first file of the other's binary log.
    return $master . (is_mariadb() ? ', MASTER_USE_GTID=slave_pos' : '') . '; START SLAVE';
}

1;
