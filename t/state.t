#!/usr/bin/perl
# The state folder. A database that went back in time while tickrd was down is refused at the next start. After any end of
# the server no ticket repeats, the gap is small, and no operator is needed.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(scratch slurp wait_for);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);

my $count = 0;

# A new folder, and its settings.
sub with_state {
    my $folder = scratch() . '/state' . ++$count;
    mkdir $folder or die "$folder: $!";
    return (TICKR_STATE_DIR => $folder, Tickr::Server->patient);
}

sub given_and_ahead {
    my (%env) = @_;
    return slurp("$env{TICKR_STATE_DIR}/node-3.state") =~ /^class 0 given (\d+) ahead (\d+)$/m;
}

# Set the counter to BASE, as in a restored copy.
sub go_back {
    my ($database, $base) = @_;
    $database->sql(
        $database->name eq 'mysql'
        ? "TRUNCATE tickets; INSERT INTO tickets VALUES ($base)"
        : "UPDATE tickets SET id = $base",
        $database->name eq 'mysql' ? 'tickr' : ());
    return;
}

sub is_refused_at_start {
    my ($database, $env, $why, $name) = @_;
    my ($status, $output) = Tickr::Server->run(database => $database, env => $env);
    is $status, 78, "$name: the start is refused";
    like $output, $why, "$name: ... with the reason";
    return;
}

on_each_store(sub {
    my ($database) = @_;
    my $on = $database->name;

    {    # clean ends
        my %env    = with_state();
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        $server->client->get('/tickets/create/40');
        is_deeply [ given_and_ahead(%env) ], [ 41, 1041 ], "$on: the file's bound is above the issued tickets";
        is $server->stop, 0, "$on: the server stops cleanly";
        is_deeply [ given_and_ahead(%env) ], [ 41, 41 ], "$on: after a clean end the file is exact";
        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{body}, '[729]', "$on: a clean end leaves no gap";
        is $server->stop, 0, "$on: the server stops cleanly";

        # An older copy is restored while the server is down.
        go_back($database, 30);
        $server = Tickr::Server->new(database => $database, env => \%env);
        my @statuses = map { $server->get($_)->{status} } '/tickets/create', '/tickets/create/100', '/status';
        is_deeply \@statuses, [ 503, 503, 503 ], "$on: no ticket is issued from an older copy";
        like $server->get('/status')->{body},
            qr/gone back in time: its counter was at \d+, but 42 was issued\. .*tickrd advance --past 729\b/,
            "$on: /status has the reason, both numbers and the remedy";
        ok $server->wait_for_log(qr/level=error msg="the database is refused" reason="the database has gone back/),
            "$on: ... and so has the log";
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 1 });
        is $server->metric('tickr_database_up'), 0, "$on: ... and two metrics show it";
        is $server->stop, 0, "$on: the server stops cleanly";
        is +(given_and_ahead(%env))[0], 42, "$on: a server that issues no ticket keeps the last one";

        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{status}, 503, "$on: a restart changes nothing";
        $database->advance(42);
        $server->wait_until_ready;
        my ($first) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
        my $moved_to = Tickr::Server::base_of($first);
        cmp_ok $moved_to, '>', 42, "$on: the server serves after the counter was moved";
        cmp_ok $moved_to, '<', 10_000, "$on: ... and no further than the tickets that may have been issued";
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 0 });
        pass "$on: ... and the metric ends";
        $server->process->kill_hard;

        # After a kill the server skips all tickets that it may have issued, also if the copy is a little older.
        my ($given, $ahead) = given_and_ahead(%env);
        my $between = $moved_to + 500;
        cmp_ok $given, '<', $between, "$on: the copy is above the certainly issued tickets";
        cmp_ok $ahead, '>', $between, "$on: ... and below the bound";
        go_back($database, $between);
        $server = Tickr::Server->new(database => $database, env => \%env);
        $server->wait_until_ready;
        my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
        cmp_ok Tickr::Server::base_of($ticket), '>', $ahead, "$on: such a counter is moved past the bound";
        ok $server->wait_for_log(
            qr/level=info msg="counter moved past possibly issued tickets" from=\d+ to=$ahead gap=\d+ /m),
            "$on: ... with a line that says how far";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # killed under load, several times
        my %env = with_state();
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        my (@clients, @gaps);
        my $kills = $ENV{TICKR_TEST_KILLS} // 8;
        for my $round (1 .. $kills) {
            my $load = Tickr::Load->start($server,
                clients => 4,
                path    => '/tickets/create' . ($round % 2 ? '/7' : '/500'));
            $load->wait_for_answers(20 + 10 * ($round % 5));
            $server->process->kill_hard;
            push @clients, $load->finish;
            my ($given, $ahead) = given_and_ahead(%env);
            my ($highest) = sort { $b <=> $a } map { @{ $_->{tickets} } } map {@$_} @clients;
            cmp_ok $ahead, '>=', Tickr::Server::base_of($highest), "$on, kill $round: the file's bound is not below the issued tickets";
            push @gaps, $ahead - $given;
            $server = Tickr::Server->new(database => $database, env => \%env);
            $server->wait_until_ready;
            unlike $server->log, qr/has gone back/, "$on, kill $round: the database is not refused";
        }
        is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$on: killed $kills times, no ticket twice";
        is_deeply [ grep { $_ > 1_000_000 } @gaps ], [], "$on: the gaps are small" or diag "@gaps";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # a file that cannot be written
        my %env    = (with_state(), TICKR_DATABASE_POOL_TIMEOUT => 1);
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        my $client = $server->client;
        is $client->get('/tickets/create')->{status}, 200, "$on: a ticket is issued";
        my $in_the_way = "$env{TICKR_STATE_DIR}/node-3.new";
        mkdir $in_the_way or die "$in_the_way: $!";
        my @last = grep { $_->{status} != 200 } map { $client->get('/tickets/create/1001') } 1 .. 3;
        is scalar @last, 3, "$on: while the file cannot be written no ticket above its bound is issued";
        like $last[-1]{body}, qr/node-3\.state cannot be written: Is a directory/, "$on: ... with the reason";
        wait_for('/status to be 503', 5, sub { $client->get('/status')->{status} == 503 });
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 1 });
        pass "$on: ... and a metric shows it";
        rmdir $in_the_way or die "$in_the_way: $!";
        $server->wait_until_ready;
        is $client->get('/tickets/create')->{status}, 200, "$on: when the file can be written the server continues by itself";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # a running server makes removed files again
        my %env    = with_state();
        my $folder = $env{TICKR_STATE_DIR};
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        $server->get('/tickets/create');
        my %removals = (
            'the state file' => sub { unlink "$folder/node-3.state" },
            'its lock'       => sub { unlink "$folder/node-3.lock" },
            'the folder'     => sub { system('rm', '-rf', $folder) == 0 },
        );
        for my $what (sort keys %removals) {
            $removals{$what}->() or die "$what: $!";
            wait_for("$what again", 5, sub { -e "$folder/node-3.state" && -e "$folder/node-3.lock" });
            is $server->get('/tickets/create')->{status}, 200, "$on: $what is made again";
        }
        my ($given) = given_and_ahead(%env);
        cmp_ok $given, '>=', 2, "$on: ... with the issued tickets";
        my $lines = () = $server->log =~ /level=warn msg="the state file was removed; making it again"/g;
        is $lines, 3, "$on: ... and a line in the log each time";
        is $server->stop, 0, "$on: the server stops cleanly";
        is_deeply [ given_and_ahead(%env) ], [ 5, 5 ], "$on: ... and the file is exact after the stop";
    }

    {    # state folders with which a server does not start
        my %env    = with_state();
        my $path   = "$env{TICKR_STATE_DIR}/node-3.state";
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        $server->get('/tickets/create');
        if ($on eq 'mysql') {
            is_refused_at_start($database, \%env,
                qr/another tickrd keeps the state of node 3 in \S+: give each server a folder of its own/,
                "$on: a folder that another server uses");
        }
        is $server->stop, 0, "$on: the server stops cleanly";
        my $good = slurp($path);
        for my $case (
            [ 'a torn file', substr($good, 0, 40), qr/it is torn or damaged.*move the counter past it with tickrd advance, remove the file/ ],
            [ 'an empty file',   '', qr/not a state file of tickrd, or it is damaged/ ],
            [ 'a changed file',  $good =~ s/given \d/given 9/r, qr/it is torn or damaged/ ],
            [ 'a newer file',    $good =~ s/state \d/state 4/r, qr/it is of version 4, and this tickrd knows 3/ ],
            )
        {
            my ($name, $content, $why) = @$case;
            open my $out, '>', $path or die "$path: $!";
            print $out $content;
            close $out or die "$path: $!";
            is_refused_at_start($database, \%env, $why, "$on: $name");
        }
        unlink $path;
        is_refused_at_start($database, { %env, TICKR_STATE_DIR => '/nonexistent' },
            qr{state folder /nonexistent cannot be used: No such file or directory \(TICKR_STATE_DIR\)},
            "$on: a missing folder");
        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{status}, 200, "$on: without a file the server begins a new one";
        is $server->stop, 0, "$on: the server stops cleanly";
    }
});

SKIP: {    # one of several masters: its numbers are compared with its own only
    skip(Tickr::Database->missing, 1) if Tickr::Database->missing;
    my $database = Tickr::Database->new(
        options => [qw(--auto-increment-increment=2 --auto-increment-offset=2)]);
    my %env    = with_state();
    my $server = Tickr::Server->fresh(database => $database, env => \%env);
    $server->get('/tickets/create/40');
    is_deeply [ given_and_ahead(%env) ], [ 80, 2080 ], 'step 2: the bound is ahead in steps of the class';
    $server->process->kill_hard;
    $server = Tickr::Server->new(database => $database, env => \%env);
    is Tickr::Server::base_of($server->client->json($server->get('/tickets/create'))->[0]), 2082,
        'step 2: after a kill the server continues above the bound, in its own residue class';
    $server->process->kill_hard;

    go_back($database, 2000);
    $server = Tickr::Server->new(database => $database, env => \%env);
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'step 2: no ticket is issued from an older copy';
    like $answer->{body}, qr/its counter was at 200[02], but 208[02] was issued/, 'step 2: ... with the reason';
    my ($past) = $answer->{body} =~ /--past (\d+)/;
    is((Tickr::Server->run(database => $database, arguments => [ 'advance', '--past', $past, '--yes' ]))[0],
        0, 'step 2: tickrd advance moves the counter');
    $server->wait_until_ready;
    my $base = Tickr::Server::base_of($server->client->json($server->get('/tickets/create'))->[0]);
    cmp_ok $base, '>', 2082, 'step 2: then it serves again by itself';
    is $base % 2, 0, 'step 2: ... in its own residue class';
    is $server->stop, 0, 'step 2: the server stops cleanly';
}

done_testing;
