#!/usr/bin/perl
# The three layouts of the tickets table, on each engine. An old Tickr continues, and each batch is one progression. No
# ticket comes twice when the table changes. The append table stays small.
use strict;
use warnings;
use IO::Select;
use Test::More;
use Tickr::Database;
use Tickr::Process qw(spew wait_for);
use Tickr::Server;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

my $plain   = Tickr::Database->new;
my $stepped = Tickr::Database->new(
    options => [qw(--auto-increment-increment=2 --auto-increment-offset=2)]);

my $id      = 'id BIGINT UNSIGNED NOT NULL';
my $stub    = "$id AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE";
my $counter = "$id, stub CHAR(1) NOT NULL UNIQUE PRIMARY KEY";
my %layouts = (
    'append'            => "CREATE TABLE tickets ($id AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB",
    'stub on MyISAM'    => "CREATE TABLE tickets ($stub) ENGINE=MyISAM",
    'stub on InnoDB'    => "CREATE TABLE tickets ($stub) ENGINE=InnoDB",
    'counter on MyISAM' => "CREATE TABLE tickets ($counter) ENGINE=MyISAM",
    'counter on InnoDB' => "CREATE TABLE tickets ($counter) ENGINE=InnoDB",
);

# The test must pass on a busy machine.
my %settings = (
    TICKR_BATCH_FORMAT           => 'group',
    TICKR_DATABASE_POOL_TIMEOUT  => 5,
    TICKR_DATABASE_QUERY_TIMEOUT => 20,
);

# The row of a counter at 41.
sub row_41 { return $_[0] eq 'append' ? '(41)' : q{(41, 'a')} }

# A table as Tickr left it, with settings, and a server on it.
sub old_tickr {
    my ($database, $layout) = @_;
    $database->sql('DROP DATABASE IF EXISTS tickr; CREATE DATABASE tickr');
    $database->sql("$layouts{$layout}; INSERT INTO tickets VALUES " . row_41($layout), 'tickr');
    Tickr::Server->createdb(database => $database);
    return Tickr::Server->new(database => $database, env => \%settings);
}

sub newest_row { return $_[0]->sql('SELECT MAX(id) FROM tickets', 'tickr') }

# The list of the tickets of a group.
sub expand {
    my ($group) = @_;
    return map { $group->{first} + $_ * $group->{increment} } 0 .. $group->{count} - 1;
}

my %seen;    # ticket => the check that got it, in one layout

sub are_new {
    my ($name, @tickets) = @_;
    my @repeated = grep { $seen{$_}++ } @tickets;
    is_deeply \@repeated, [], "$name: no ticket repeats";
    return;
}

# Request one batch, and test that its last ticket is the table's newest row: then its step is right too. A server that
# lost sessions reserves a number for itself, as a check, which may be in between.
sub batch_is_real {
    my ($name, $database, $client, $count) = @_;
    my ($group, $end, $newest);
    for (1 .. 3) {
        my $response = $client->get("/tickets/create/$count");
        $group = $response->{status} == 200 ? $client->json($response) : { count => 0 };
        my @tickets = expand($group);
        is scalar @tickets, $count, "$name: a batch of $count" or diag $response->{body};
        are_new($name, @tickets);
        ($end, $newest) = (Tickr::Server::base_of($tickets[-1] // 0), newest_row($database));
        last if $end == $newest;
    }
    is $end, $newest, "$name: its end is the newest row";
    return $group;
}

# Open CLIENTS connections, each of which requests PATHS in order, all at the same time.
sub crowd {
    my ($server, $clients, @paths) = @_;
    my (@tickets, %todo);
    my $select = IO::Select->new;
    my $ask    = sub {
        my ($client) = @_;
        my $path = shift @{ $todo{$client} } or return $select->remove($client->socket);
        $client->send("GET $path HTTP/1.1\r\nHost: t\r\n\r\n");
    };
    my %of;
    for (1 .. $clients) {
        my $client = $server->client;
        $of{ $client->socket } = $client;
        $todo{$client} = [@paths];
        $select->add($client->socket);
        $ask->($client);
    }
    while ($select->count) {
        my @ready = $select->can_read(20) or die "no answers\n";
        for my $client (map { $of{$_} } @ready) {
            my $response = $client->response;
            die "$response->{status}: $response->{body}\n" if $response->{status} != 200;
            my $json = $client->json($response);
            push @tickets, ref $json eq 'HASH' ? expand($json) : @$json;
            $ask->($client);
        }
    }
    return @tickets;
}

sub kill_sessions {
    my ($database) = @_;
    my $ids = $database->sql(q{SELECT id FROM information_schema.processlist WHERE db = 'tickr'});
    for my $session (split /\n/, $ids) {
        eval { $database->sql("KILL $session") };    # it may have ended already
    }
    return;
}

# --- each layout --------------------------------------------------------------------------------

for my $layout (sort keys %layouts) {
    %seen = ();
    my $server = old_tickr($plain, $layout);
    my $client = $server->client;
    is $client->get('/status')->{body}, '{"last_ticket":719}', "$layout: the last ticket is the old server's";
    is $client->get('/tickets/create')->{body}, '[729]', "$layout: base 42 is next after 41";
    is $client->get('/tickets/create/20')->{body}, '{"first":739,"increment":10,"count":20}',
        "$layout: a batch continues after it";
    is $client->get('/tickets/create')->{body}, '[939]', "$layout: ... and a single ticket after the batch";
    is $client->get('/tickets/create/3?format=array')->{body}, '[949,959,969]', "$layout: ... and an array";
    is $client->get('/status')->{body}, '{"last_ticket":969}', "$layout: /status has the last ticket";
    is newest_row($plain), Tickr::Server::base_of(969), "$layout: ... and the table its base";
    are_new($layout, map { 719 + 10 * $_ } 1 .. 25);
    batch_is_real($layout, $plain, $client, $_) for 2, 100;

    my @paths   = map { ('/tickets/create', "/tickets/create/$_") } 1 .. 5;
    my @tickets = crowd($server, 20, @paths);
    is scalar @tickets, 20 * 20, "$layout: 20 clients together get all their tickets";
    are_new("$layout, 20 clients", @tickets);
    batch_is_real("$layout, afterwards", $plain, $client, 5);

    # The step changes under the server. Open sessions keep the old one, new sessions get the new one.
    for my $step (3, 7, 1) {
        $plain->sql("SET GLOBAL auto_increment_increment = $step");
        batch_is_real("$layout, step $step for new sessions", $plain, $client, 4);
        kill_sessions($plain);
        my $group = batch_is_real("$layout, step $step", $plain, $client, 4);
        is $group->{increment}, $layout =~ /^counter/ ? 10 : 10 * $step,
            "$layout, step $step: the group has this step";
        are_new("$layout, step $step, 20 clients", crowd($server, 20, '/tickets/create', '/tickets/create/3'));
    }

    # The table is emptied.
    my ($last) = sort { $b <=> $a } keys %seen;
    $plain->sql('DELETE FROM tickets', 'tickr');
    ok $server->wait_for_log(qr/level=(error|warn) msg="[^"]*" reason="[^"]*(is empty|has no row|is gone)/, 5),
        "$layout: an emptied table is noticed";
    for (1 .. 3) {
        my $response = $client->get('/tickets/create');
        my @given = $response->{status} == 200 ? @{ $client->json($response) } : ();
        ok $response->{status} == 503 || $given[0] > $last,
            "$layout: ... and only new tickets are issued, or none" or diag $response->{body};
        are_new("$layout, emptied", @given);
    }
    $plain->sql('REPLACE INTO tickets VALUES ' . (row_41($layout) =~ s/41/Tickr::Server::base_of($last) + 1000/er), 'tickr');
    $server->wait_until_ready;
    batch_is_real("$layout, with a row again", $plain, $client, 3);
    is $server->stop, 0, "$layout: the server stops cleanly";

    # A server whose step is not 1 from the start.
    %seen   = ();
    $server = old_tickr($stepped, $layout);
    $client = $server->client;
    my $increment = $layout =~ /^counter/ ? 10 : 20;
    is $client->get('/tickets/create')->{body}, '[729]', "$layout, step 2: base 42 is next after 41";
    is $client->get('/tickets/create/3')->{body},
        '{"first":' . (729 + $increment) . ",\"increment\":$increment,\"count\":3}",
        "$layout, step 2: a group has the real increment";
    my $array = $client->json($client->get('/tickets/create/3?format=array'));
    is_deeply $array, [ map { 729 + $increment * $_ } 4 .. 6 ], "$layout, step 2: ... and an array too";
    are_new("$layout, step 2", crowd($server, 20, @paths));
    batch_is_real("$layout, step 2", $stepped, $client, 10);
    is $server->stop, 0, "$layout, step 2: the server stops cleanly";
}

# --- together with another program---------------------------------------------------------------------

# Two sessions repeat the statement of the first Tickr, as fast as they can. Each batch still succeeds.
{
    %seen = ();
    my $server = old_tickr($plain, 'stub on InnoDB');
    my $statements = spew('replaces.sql', qq{REPLACE INTO tickets (stub) VALUES ('a');\n} x 1_000_000);
    my @others = map {
        Tickr::Process->new(name => "other$_", command => [
            'mariadb', '--no-defaults', '-f', '-uroot', '-S', $plain->socket, 'tickr', '-e', "source $statements" ]);
    } 1, 2;
    my $before = newest_row($plain);
    wait_for('the other program', 10, sub { newest_row($plain) > $before + 20 });
    my $client = $server->client;
    for my $count ((5, 20, 50) x 3, 250) {
        my $answer = $client->get("/tickets/create/$count");
        is $answer->{status}, 200, "stub on InnoDB, with another program: a batch of $count" or diag $answer->{body};
        are_new('with another program', expand($client->json($answer))) if $answer->{status} == 200;
    }
    ok $server->wait_for_log(qr/level=warn msg="the table `tickets` has the stub layout on InnoDB: another program that counts in it, such as the old Tickr, may issue the same tickets; stop it before tickrd serves"/),
        'the start warns about it';
    $_->kill_hard for @others;
    is $server->stop, 0, 'the server stops cleanly';
}

# --- pruning ---------------------------------------------------------------------------------------

{
    my $server = Tickr::Server->fresh(database => $plain, env => \%settings);
    my $client = $server->client;
    my $last;
    $last = $client->json($client->get('/tickets/create/10000')) for 1 .. 10;
    my $rows = sub { $plain->sql('SELECT COUNT(*) FROM tickets', 'tickr') };
    wait_for('the table to be small', 20, sub { $rows->() <= 1100 });
    pass 'the append table is pruned while it serves';
    is newest_row($plain), Tickr::Server::base_of((expand($last))[-1]), '... except the newest row';
    is $server->metric('tickr_pruned_rows_total'), 100_001 - $rows->(), 'pruned rows are counted';
    my $next = Tickr::Server::base_of($client->json($client->get('/tickets/create'))->[0]);
    is $next, 100_002, 'the next ticket continues';

    for my $how (qw(stop kill)) {
        $plain->$how;
        $plain->start;
        $server->wait_until_ready;
        my $again = Tickr::Server::base_of($client->json($client->get('/tickets/create'))->[0]);
        cmp_ok $again, '>', $next, "a database that restarts ($how) after pruning continues";
        $next = $again;
    }
    is $server->stop, 0, 'the server stops cleanly';

    $server = Tickr::Server->new(database => $plain);
    my ($ticket) = @{ $server->client->json($server->get('/tickets/create')) };
    cmp_ok Tickr::Server::base_of($ticket), '>', $next, '... so does a server that restarts';
    cmp_ok $rows->(), '<=', 1100, '... and the table stays small';
    $server->stop;
}

# --- another program moves the counter during an insert -----------------------------------------------

{    # a trigger sets the number to an existing one
    my $server = Tickr::Server->fresh(database => $plain, env => \%settings);
    is $server->get('/tickets/create')->{status}, 200, 'a ticket is issued';
    $plain->sql('CREATE TABLE taken (is_taken INT); INSERT INTO taken VALUES (1);'
            . 'CREATE TRIGGER taken BEFORE INSERT ON tickets FOR EACH ROW '
            . 'SET NEW.id = IF((SELECT is_taken FROM taken), 1, NEW.id)', 'tickr');
    my $client = $server->client;
    $client->send("GET /tickets/create HTTP/1.1\r\nHost: t\r\n\r\n");
    wait_for('a statement to be repeated', 10, sub { $server->metric('tickr_database_retries_total') > 0 });
    $plain->sql('UPDATE taken SET is_taken = 0', 'tickr');
    is $client->response->{status}, 200, 'a taken number is not a failure: the server reserves the next one';
    is $server->metric('tickr_database_up'), 1, '... and the database is not down';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
