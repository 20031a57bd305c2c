#!/usr/bin/perl
# A database whose settings allow it to repeat a ticket, for example after a crash. Each setting has a warning with the
# remedy. With TICKR_REQUIRE_DURABLE=1 tickrd refuses the database, and serves again by itself when it is safe.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;
use Tickr::Vendor;

my %require = (TICKR_REQUIRE_DURABLE => 1);

for my $bad ('', 'yes', '2') {
    my ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { TICKR_REQUIRE_DURABLE => $bad, TICKR_DATABASE_NAME => 'x' });
    is $status, $bad eq '' ? 0 : 78, "TICKR_REQUIRE_DURABLE='$bad'";
    like $output, qr/TICKR_REQUIRE_DURABLE="$bad" is not allowed: it must be one of 0, 1/, '... names the values'
        if $bad ne '';
}

SKIP: {
    skip(Tickr::Database->missing, 1) if Tickr::Database->missing;
    my $forgets  = Tickr::Vendor::forgets_counter();
    my $database = Tickr::Database->new(options => ['--log-bin=binlog'], layout => $forgets ? 'counter' : undef);
    # A database whose settings only a restart changes.
    for my $case (
        [ '--innodb-flush-method=nosync' => qr/innodb_flush_method is nosync: a crash of the machine may issue a ticket twice; set it to fsync or O_DIRECT/ ],
        [ '--innodb-flush-method=littlesync' => qr/innodb_flush_method is littlesync: / ],
        [ '--innodb-flush-method=O_DIRECT_NO_FSYNC' => undef ],
        [ '--skip-innodb-doublewrite' => qr/innodb_doublewrite is OFF: a crash of the database may leave a page half-written, and with it the counter; set it to ON/ ],
        )
    {
        my ($option, $why) = @$case;
        my $other = Tickr::Database->new(options => [$option], layout => $forgets ? 'counter' : undef);
        Tickr::Server->createdb(database => $other);
        my $server = Tickr::Server->new(database => $other, env => $why ? {} : \%require);
        is $server->get('/tickets/create')->{status}, 200, "$option: the server serves";
        ok $server->wait_for_log(qr/level=warn msg="$why/), "$option: ... with a warning" if $why;
        is $server->stop, 0, "$option: it stops cleanly";
        next unless $why;
        my ($status, $output) = Tickr::Server->run(database => $other, env => \%require);
        is $status, 78, "$option: TICKR_REQUIRE_DURABLE refuses it";
        like $output, qr/refused by TICKR_REQUIRE_DURABLE: .*$why/, "$option: ... with the reason";
    }
    my $flush    = 'SET GLOBAL innodb_flush_log_at_trx_commit';
    my $binlog   = 'SET GLOBAL sync_binlog';
    $database->sql("$flush = 1; $binlog = 1");

    # A name, the statement that makes it unsafe, the words of the warning, the statement that makes it safe.
    my @cases = (
        [   'innodb_flush_log_at_trx_commit', "$flush = 2",
            qr/innodb_flush_log_at_trx_commit is 2: a crash of the database may issue a ticket twice; set it to 1/,
            "$flush = 1"
        ],
        [   'sync_binlog', "$binlog = 0",
            qr/sync_binlog is 0: after a crash of the database a replica may miss tickets that were issued; set it to 1/,
            "$binlog = 1"
        ],
        map { [
            "the engine $_", "ALTER TABLE tickr.tickets ENGINE=$_",
            qr/the table `tickets` uses the engine $_: a crash of the database may issue a ticket twice; .*ENGINE=InnoDB/,
            'ALTER TABLE tickr.tickets ENGINE=InnoDB'
        ] } 'MyISAM', Tickr::Vendor::only_mariadb('Aria'), 'MEMORY',
    );

    my $server = Tickr::Server->fresh(database => $database, env => \%require);
    is $server->get('/tickets/create')->{status}, 200, 'with safe settings a strict server serves';
    is $server->stop, 0, 'it stops cleanly';
    for my $case (@cases) {
        my ($name, $break, $why, $fix) = @$case;
        $database->sql($break);
        $server = Tickr::Server->new(database => $database);
        is $server->get('/tickets/create')->{status}, 200, "$name: without the variable it serves";
        ok $server->wait_for_log(qr/level=warn msg="$why/), "$name: ... with a warning";
        is $server->stop, 0, "$name: it stops cleanly";
        my ($status, $output) = Tickr::Server->run(database => $database, env => \%require);
        is $status, 78, "$name: with the variable it does not start";
        like $output, qr/reason="refused by TICKR_REQUIRE_DURABLE: $why/, "$name: and says why, and the fix";
        $database->sql($fix);
    }

    # The counter layout, where several masters may count.
    my $several = qr/auto_increment_increment is 2: the table `tickets` has the counter layout, .*several masters would each issue the same tickets; .*set it to 1, or make a new database in the append layout/;
    $database->drop;
    Tickr::Server->createdb(database => $database, arguments => [ '--layout', 'counter' ]);
    $server = Tickr::Server->new(database => $database, env => \%require);
    is $server->get('/tickets/create')->{status}, 200, 'counter: where increments are 1 a strict server serves';
    is $server->stop, 0, 'counter: it stops cleanly';
    $database->sql('SET GLOBAL auto_increment_increment = 2');
    $server = Tickr::Server->new(database => $database);
    is $server->get('/tickets/create/3')->{body}, '[339,349,359]', 'counter, increment 2: without the variable it serves';
    ok $server->wait_for_log(qr/level=warn msg="$several/), 'counter, increment 2: ... with a warning';
    is $server->stop, 0, 'counter, increment 2: it stops cleanly';
    my ($strict, $words) = Tickr::Server->run(database => $database, env => \%require);
    is $strict, 78, 'counter, increment 2: with the variable it does not start';
    like $words, qr/reason="refused by TICKR_REQUIRE_DURABLE: $several/, 'counter, increment 2: ... with the reason and the fix';
    $database->drop;
    Tickr::Server->createdb(database => $database, arguments => [ '--layout', 'append' ]);
    if ($forgets) {
        my $why = qr/forgets its counter when it restarts and continues from the highest row: .* upgrade/;
        my ($status, $output) = Tickr::Server->run(database => $database, env => \%require);
        is $status, 78, 'append, a server that forgets its counter: a strict server does not start';
        like $output, qr/reason="refused by TICKR_REQUIRE_DURABLE: .*$why/, '... with the reason and the fix';
        $server = Tickr::Server->new(database => $database);
        ok $server->wait_for_log(qr/level=warn msg=".*$why/), '... and without the variable it warns';
    } else {
        $server = Tickr::Server->new(database => $database, env => \%require);
        is $server->get('/tickets/create')->{status}, 200, 'append, increment 2: a strict server serves';
        unlike $server->log, qr/auto_increment_increment/, 'append, increment 2: ... without a warning';
    }
    is $server->stop, 0, 'append, increment 2: it stops cleanly';
    $database->sql('SET GLOBAL auto_increment_increment = 1');
    $database->drop;
    Tickr::Server->createdb(database => $database);

    # While the server runs, it checks the settings at the next reconnect.
    $server = Tickr::Server->new(database => $database, env => \%require);
    is $server->get('/tickets/create')->{status}, 200, 'the server serves';
    $database->stop;
    push @{ $database->{options} }, '--innodb-flush-log-at-trx-commit=0';
    $database->start;
    $database->sql("$binlog = 1");
    wait_for('the refusal', 10,
        sub { $server->get('/status')->{body} =~ /refused by TICKR_REQUIRE_DURABLE: innodb_flush_log/ });
    is $server->get('/tickets/create')->{status}, 503, 'a database that returns with unsafe settings is refused';
    is $server->metric('tickr_database_refused'), 1, '... and the metric says so';
    $database->sql("$flush = 1");
    $server->wait_until_ready;
    is $server->get('/tickets/create')->{status}, 200, 'with safe settings it serves again by itself';
    is $server->stop, 0, 'it stops cleanly';
}

SKIP: {
    skip(Tickr::File->missing, 3) if Tickr::File->missing;
    my $file = Tickr::File->new;
    my $is_memory = `stat -f -c %T ${\ $file->folder}` =~ /tmpfs|ramfs/;
    Tickr::Server->createdb(database => $file);
    skip 'the folder of the tests is in memory', 3 if $is_memory;
    my $server = Tickr::Server->new(database => $file, env => \%require);
    is $server->get('/tickets/create')->{status}, 200, 'a SQLite file on a disk is safe';
    unlike $server->log, qr/synchronous/, 'without a warning';
    is $server->stop, 0, 'it stops cleanly';
}

done_testing;
