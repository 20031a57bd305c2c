#!/usr/bin/perl
# The scenarios of "Not noticed" in docs/trust.md: a ticket is issued twice although all servers work correctly. Each subtest
# shows that only the described tickets repeat, and that the advice prevents it.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);
use Tickr::Vendor;
use Time::HiRes qw(time);

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

my $folders = 0;

sub state_folder {
    my $folder = scratch() . '/state' . ++$folders;
    mkdir $folder or die "$folder: $!";
    return $folder;
}

# A server on DATABASE, with a state folder if FOLDER is set.
sub start {
    my ($database, $state, %env) = @_;
    return Tickr::Server->new(
        database => $database,
        env      => { Tickr::Server->patient, TICKR_STATE_DIR => $state, %env });
}

# Request COUNT tickets in order.
sub take {
    my ($server, $count) = @_;
    my $client = $server->client;
    return map { @{ $client->json($client->get('/tickets/create')) } } 1 .. $count;
}

# The tickets of LATER that are also in EARLIER.
sub repeated {
    my ($earlier, $later) = @_;
    my %seen = map { $_ => 1 } @$earlier;
    return grep { $seen{$_} } @$later;
}

# Move the counter, as an operator does before a copy serves.
sub advance_past {
    my ($database, $ticket, $state) = @_;
    my ($status, $output) = Tickr::Server->run(
        database  => $database,
        env       => { TICKR_STATE_DIR => $state },
        arguments => [ 'advance', '--past', $ticket, '--yes' ]);
    is $status, 0, 'tickrd advance moves the counter' or diag $output;
    return;
}

# A server issues tickets. The database is copied, with the server's state folder if AND_STATE. The server issues more
# tickets and ends, and the copy replaces the database. Return the tickets before and after the copy.
sub past_and_copy {
    my ($database, $state, $and_state) = @_;
    $database->drop;
    Tickr::Server->createdb(database => $database);
    my $server = start($database, $state);
    my @before = take($server, 10);
    is $server->stop, 0, 'a server stops' if $and_state;
    system('cp', '-a', $state, "$state.copy") if $and_state;
    $server = start($database, $state) if $and_state;
    $database->keep_copy;
    $server->wait_until_ready;
    my @after = take($server, 10);
    is $server->stop, 0, 'the last server stops';
    $database->restore_copy;
    return (\@before, \@after);
}

# Test that a server repeats all tickets that were issued after the copy, and no older ones.
sub gives_again {
    my ($what, $server, $before, $after) = @_;
    my @now = take($server, 20);
    is_deeply [ repeated($before, \@now) ], [], "$what: no ticket from before the copy repeats";
    is_deeply [ repeated($after, \@now) ], $after, "$what: all tickets from after the copy repeat";
    is_deeply [ repeated([ @now[ 10 .. 19 ] ], [ @$before, @$after ]) ], [], "$what: ... and then new tickets are issued";
    is $server->stop, 0, "$what: the server stops cleanly";
    return;
}

# --- 1. an older copy replaces the database while no tickrd runs -----------------------------------

subtest '1a: no state folder' => sub {
    on_each_store(sub {
        my ($database) = @_;
        my ($before, $after) = past_and_copy($database);
        gives_again('no state folder', start($database), $before, $after);
        ($before, $after) = past_and_copy($database);
        advance_past($database, $after->[-1]);
        my $server = start($database);
        is_deeply [ repeated($after, [ take($server, 20) ]) ], [], 'after tickrd advance no ticket repeats';
        $server->stop;
    });
};

subtest '1b: the state folder was put back too' => sub {
    on_each_store(sub {
        my ($database) = @_;
        my $state = state_folder();
        my ($before, $after) = past_and_copy($database, $state, 1);
        gives_again('a copy of the state folder', start($database, "$state.copy"), $before, $after);
    });
};

subtest '1c: the state file was removed' => sub {
    on_each_store(sub {
        my ($database) = @_;
        my $state = state_folder();
        my ($before, $after) = past_and_copy($database, $state);
        unlink glob "$state/*.state" or die "unlink: $!";
        gives_again('no state file', start($database, $state), $before, $after);
    });
};

subtest '1d: the log of a file was deleted after its server was killed' => sub {
    plan skip_all => Tickr::File->missing if Tickr::File->missing;
    for my $state (undef, state_folder()) {
        my $file = Tickr::File->new;
        Tickr::Server->createdb(database => $file);
        my $server = start($file, $state);
        my @given  = take($server, 10);
        $server->process->kill_hard;
        unlink map { $file->path . $_ } '-wal', '-shm';
        $server = start($file, $state);
        my @now = map { $_->{status} == 200 ? $_->{body} =~ /(\d+)/ : () }
            map { $server->get('/tickets/create') } 1 .. 10;
        is_deeply [ repeated(\@given, \@now) ], $state ? [] : \@given,
            $state ? 'with a state folder no ticket repeats' : 'without one all tickets of the log repeat';
        $server->stop;
    }
};

# --- 2. no server knows any more ----------------------------------------------------------------------

# Two servers with a state folder each.
#
#   1. A is stopped, so that it does not learn the later tickets of B.   2. B issues tickets.
#   3. B is killed and its folder is lost.   4. The database loses the tickets of B.
#
# Return the servers and the tickets of both.
sub lost_with_its_server {
    my ($database) = @_;
    $database->drop;
    Tickr::Server->createdb(database => $database);
    my @state = (state_folder(), state_folder());
    my @servers = map { start($database, $_) } @state;
    my @known = map { take($_, 10) } @servers;
    my $last = $known[-1];
    for my $server (@servers) {
        wait_for('both to learn the last ticket', 5, sub { $server->metric('tickr_last_ticket') >= $last });
    }
    my $base = $database->sql('SELECT id FROM tickets', 'tickr');
    $servers[0]->signal('STOP');
    my @unknown = take($servers[1], 50);
    $servers[1]->process->kill_hard;
    system('rm', '-rf', $state[1]);
    return ($servers[0], $state[0], $base, \@known, \@unknown);
}

subtest '2a: the server of the last tickets is lost with its state folder, and the database has lost them' => sub {
    my $database = Tickr::Database->new(layout => 'counter');
    my ($server, $state, $base, $known, $unknown) = lost_with_its_server($database);
    $database->turn_back($base);
    $server->signal('CONT');
    $server->wait_until_ready;
    my @now = take($server, 60);
    is_deeply [ repeated($known, \@now) ], [], 'a ticket that a living server has seen does not repeat';
    is_deeply [ repeated($unknown, \@now) ], $unknown, 'a ticket that it has not seen repeats';
    is $server->stop, 0, 'the server stops';

    ($server, $state, $base, $known, $unknown) = lost_with_its_server($database);
    $database->turn_back($base - 1);
    $server->signal('CONT');
    $server->wait_until_ready;
    is_deeply [ repeated($known, [ take($server, 60) ]) ], [], 'if the database has lost more, the server skips the tickets that it has seen';
    $server->process->kill_hard;
};

subtest '2b: the same, and the other server is killed, too' => sub {
    my $database = Tickr::Database->new(layout => 'counter');
    my ($server, $state, $base, $known, $unknown) = lost_with_its_server($database);
    $server->process->kill_hard;
    $database->turn_back($base);
    $server = start($database, $state);
    my @now = take($server, 60);
    is_deeply [ repeated([ @$known, @$unknown ], \@now) ], [],
        'no ticket repeats, because fewer were lost than the bound of the other state file was ahead';
    is $server->stop, 0, 'the server stops';
};

# --- 3. several masters: tickets of another server -----------------------------------------------------

subtest '3: a master has lost tickets that only another server knew' => sub {
    my @masters = map {
        Tickr::Database->new(options => [ '--auto-increment-increment=2', "--auto-increment-offset=$_" ])
    } 1, 2;
    Tickr::Server->createdb(database => $_) for @masters;
    my @servers = map { start($_, state_folder()) } @masters;
    my @given   = map { [ take($_, 10) ] } @servers;
    is_deeply [ repeated(@given) ], [], 'two masters allocate different tickets';
    is $servers[1]->stop, 0, 'the server of the second one stops';
    $masters[1]->turn_back(1);
    # The first server loses its master, and finds the other one at the address.
    my $socket = $masters[0]->socket;
    $masters[0]->kill;
    unlink $socket;
    symlink $masters[1]->socket, $socket or die "symlink: $!";
    $servers[0]->wait_until_ready(20);
    my @now = take($servers[0], 20);
    is_deeply [ repeated($given[0], \@now) ], [], 'it repeats no ticket of its own';
    is_deeply [ repeated($given[1], \@now) ], $given[1], 'it repeats the tickets of the other server';
    is $servers[0]->stop, 0, 'the server stops';
};

# --- 4. two nodes with one number -------------------------------------------------------------------------

subtest '4a: a second database with the same three numbers' => sub {
    my $database = Tickr::Database->new;
    my @names = qw(tickr tickr2);
    my @given;
    for my $name (@names) {
        my %env = (TICKR_DATABASE_NAME => $name);
        Tickr::Server->createdb(database => $database, env => \%env);
        my $server = start($database, state_folder(), %env);
        push @given, [ take($server, 10) ];
        is_deeply [ repeated([ @{ $given[-1] }[ 0 .. 4 ] ], [ @{ $given[-1] }[ 5 .. 9 ] ]) ], [],
            "$name: each server alone issues no ticket twice";
        is $server->stop, 0, "$name: the server stops";
    }
    is_deeply $given[0], $given[1], 'both issue the same tickets';
};

subtest '4b: two masters with the same offset and a server each' => sub {
    my @masters = map { Tickr::Database->new(
        options => [qw(--auto-increment-increment=2 --auto-increment-offset=1)]) } 1, 2;
    Tickr::Server->createdb(database => $_) for @masters;
    my @servers = map { start($_, state_folder()) } @masters;
    my @given   = map { [ take($_, 10) ] } @servers;
    is_deeply $given[0], $given[1], 'both issue the same tickets';
    is $_->stop, 0, 'the server stops' for @servers;
};

# --- 5. before any server notices ----------------------------------------------------------------------------

subtest '5: a new server serves from a copy before another server notices' => sub {
    my $database = Tickr::Database->new(layout => 'counter');
    Tickr::Server->createdb(database => $database);
    my $server = start($database, state_folder());
    my @before = take($server, 10);
    my $base   = $database->sql('SELECT id FROM tickets', 'tickr');
    my @after  = take($server, 50);
    $server->signal('STOP');    # instead of the quarter of a second
    $database->turn_back($base);
    my $new    = start($database, state_folder());
    my @now    = take($new, 20);
    is_deeply [ repeated(\@before, \@now) ], [], 'no ticket from before the copy repeats';
    is_deeply [ repeated(\@after,  \@now) ], [ @after[ 0 .. 19 ] ], 'the tickets after it repeat';
    $server->signal('CONT');
    wait_for('the refusal', 5, sub { $server->get('/tickets/create')->{status} == 503 });
    wait_for('the counter to be moved', 5, sub { $database->sql('SELECT id FROM tickets', 'tickr') >= $base + 50 });
    @now = take($new, 50);
    is_deeply [ repeated(\@after, \@now) ], [], '... until the other server notices';
    is $_->stop, 0, 'the server stops' for $server, $new;
};

# --- 6. tickets held ahead ---------------------------------------------------------------------------------

subtest '6: a server that is cut off holds tickets ahead, and a copy without them is started' => sub {
    my ($database, $copy) = map { Tickr::Database->new(layout => 'counter') } 1, 2;
    Tickr::Server->createdb(database => $_) for $database, $copy;
    my %ahead = (TICKR_RESERVE_AHEAD => 1, TICKR_RESERVE_AHEAD_MIN => 100, TICKR_RESERVE_AHEAD_OUTAGE => 2);
    my $server = start($database, state_folder(), %ahead);
    wait_for('tickets to be held', 10, sub { $server->metric('tickr_tickets_reserved') >= 100 });
    $database->kill;
    my @held = take($server, 20);
    my $other = start($copy, state_folder());
    is_deeply [ repeated(\@held, [ take($other, 20) ]) ], \@held, 'a server on the copy issues the same';
    wait_for('the end of the outage', 10, sub { $server->get('/tickets/create')->{status} == 503 });
    is $server->metric('tickr_tickets_reserved'), 0, '... but no longer than the setting allows';
    $_->stop for $server, $other;
};

# --- 7. two masters at once -----------------------------------------------------------------------------------

subtest '7: a master that is cut off continues while its replica is promoted' => sub {
    my ($old, $promoted) = map { Tickr::Database->new(layout => 'counter') } 1, 2;
    Tickr::Server->createdb(database => $_) for $old, $promoted;
    my @servers = map { start($_, state_folder()) } $old, $promoted;
    my @before  = take($servers[0], 10);
    $promoted->turn_back($old->sql('SELECT id FROM tickets', 'tickr'));    # replicated until then
    wait_for('the promoted replica to be read', 5, sub {
        $servers[1]->metric('tickr_last_ticket') == $before[-1];
    });
    my @given = map { [ take($_, 10) ] } @servers;
    is_deeply $given[0], $given[1], 'both issue the same tickets';
    is_deeply [ repeated(\@before, $given[1]) ], [], '... but none from before the promotion';
    is $servers[0]->stop, 0, 'the server of the old master stops';
    $old->sql('SET GLOBAL read_only = 1');
    my $server = start($old, state_folder());
    is $server->get('/tickets/create')->{status}, 503, 'a demoted master issues no ticket';
    is $_->stop, 0, 'the server stops' for $server, $servers[1];
};

# --- 8. the table is changed while servers serve ----------------------------------------------------------------

# The settings of a user who does not see triggers, which root has just made.
sub plain_user {
    my ($database) = @_;
    $database->sql(q{CREATE USER IF NOT EXISTS plain@'127.0.0.1';}
            . q{GRANT SELECT, INSERT, UPDATE, DELETE ON tickr.* TO plain@'127.0.0.1'});
    return (
        TICKR_DATABASE_HOST         => '127.0.0.1:' . $database->port,
        TICKR_DATABASE_USERNAME     => 'plain',
        TICKR_DATABASE_POOL_TIMEOUT => 2,
        TICKR_DATABASE_POOL_SIZE    => 1,
    );
}

subtest '8: an engine that reads the row before it writes it' => sub {
    my ($plugins) = grep { -e "$_/ha_federatedx.so" } qw(/usr/lib/mysql/plugin /usr/lib/x86_64-linux-gnu/mariadb19/plugin);
    plan skip_all => 'the plugin ha_federatedx of mariadb-server is not installed' if !$plugins || !Tickr::Vendor::is_mariadb();
    my $database = Tickr::Database->new(layout => 'counter', tcp => 1,
        options => [ "--plugin-dir=$plugins", '--plugin-load-add=ha_federatedx', '--plugin-maturity=unknown' ]);
    Tickr::Server->createdb(database => $database);
    my %plain   = plain_user($database);
    my @servers = map { Tickr::Server->new(env => { %plain, TICKR_STATE_DIR => state_folder() }) } 1, 2;
    my $shape   = 'id BIGINT UNSIGNED NOT NULL, stub CHAR(1) NOT NULL PRIMARY KEY';
    my $url     = 'mysql://plain@127.0.0.1:' . $database->port . '/tickr/far';
    $database->sql("CREATE TABLE far ($shape); CREATE TABLE near ($shape) ENGINE=FEDERATED CONNECTION='$url'", 'tickr');
    my @loads = map { Tickr::Load->start($_, clients => 4) } @servers;
    $_->wait_for_answers(200) for @loads;
    # LOCK TABLES holds the statements back until both tables hold the same number.
    my $began = time;
    $database->sql('LOCK TABLES tickets WRITE, far WRITE, near WRITE; INSERT INTO far SELECT * FROM tickets;'
            . 'UNLOCK TABLES; RENAME TABLE tickets TO old, near TO tickets', 'tickr');
    my $changed = time;
    for my $server (@servers) {
        ok wait_for('the refusal', 5, sub { $server->get('/tickets/create')->{status} == 503 }), 'a server refuses it';
    }
    my @clients = map { $_->finish } @loads;
    my %times;
    for my $answer (map {@$_} @clients) {
        push @{ $times{$_} }, $answer for @{ $answer->{tickets} };
    }
    my @twice = grep { @{ $times{$_} } > 1 } keys %times;
    note scalar @twice, " tickets were issued twice, within ", $changed - $began, " s";
    is_deeply [ grep { grep { $_->{asked} < $began - 0.5 || $_->{came} > $changed + 0.5 } @{ $times{$_} } } @twice ], [],
        'a ticket that comes twice came around the change, in both cases';
    is_deeply [ grep { $_->{status} == 200 && $_->{asked} > $changed + 0.1 } map {@$_} @clients ], [],
        'no ticket is issued 0.1 s after the change';
    is $_->stop, 0, 'the server stops' for @servers;
};

done_testing;
