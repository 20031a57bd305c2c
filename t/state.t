#!/usr/bin/perl
# The state folder: a database that went back while tickrd was down is refused at the next start,
# and however the server ends nothing repeats, the gap is small, and nobody is woken for it.
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

# A new folder, and the settings for it.
sub with_state {
    my $folder = scratch() . '/state' . ++$count;
    mkdir $folder or die "$folder: $!";
    return (TICKR_STATE_DIR => $folder, Tickr::Server->patient);
}

sub given_and_ahead {
    my (%env) = @_;
    return slurp("$env{TICKR_STATE_DIR}/node-3.state") =~ /^class 0 given (\d+) ahead (\d+)$/m;
}

# Set the counter to BASE, as a restored copy would.
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
    like $output, $why, "$name: and says why";
    return;
}

on_each_store(sub {
    my ($database) = @_;
    my $on = $database->name;

    {    # clean ends
        my %env    = with_state();
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        $server->client->get('/tickets/create/40');
        is_deeply [ given_and_ahead(%env) ], [ 41, 1041 ], "$on: the file is ahead of what was given";
        is $server->stop, 0, "$on: the server stops cleanly";
        is_deeply [ given_and_ahead(%env) ], [ 41, 41 ], "$on: then the file is exact";
        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{body}, '[729]', "$on: a clean end leaves no gap";
        is $server->stop, 0, "$on: the server stops cleanly";

        # An older copy is restored meanwhile.
        go_back($database, 30);
        $server = Tickr::Server->new(database => $database, env => \%env);
        my @statuses = map { $server->get($_)->{status} } '/tickets/create', '/tickets/create/100', '/status';
        is_deeply \@statuses, [ 503, 503, 503 ], "$on: an older copy gives nothing";
        like $server->get('/status')->{body},
            qr/gone back in time: its counter was at \d+, but 42 was issued\. .*tickrd advance --past 729\b/,
            "$on: /status says why, both numbers and what to do";
        ok $server->wait_for_log(qr/level=error msg="the database is refused" reason="the database has gone back/),
            "$on: the log says it";
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 1 });
        is $server->metric('tickr_database_up'), 0, "$on: two metrics say it";
        is $server->stop, 0, "$on: the server stops cleanly";
        is +(given_and_ahead(%env))[0], 42, "$on: a server that gave nothing forgets nothing";

        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{status}, 503, "$on: starting again changes nothing";
        $database->advance(42);
        $server->wait_until_ready;
        my ($first) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
        my $moved_to = Tickr::Server::base_of($first);
        cmp_ok $moved_to, '>', 42, "$on: a counter that was moved is served from";
        cmp_ok $moved_to, '<', 10_000, "$on: and no further than tickets may have been issued";
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 0 });
        pass "$on: and the metric ends";
        $server->process->kill_hard;

        # Killed: what it may have given is left behind, also when the copy is a little older.
        my ($given, $ahead) = given_and_ahead(%env);
        my $between = $moved_to + 500;
        cmp_ok $given, '<', $between, "$on: a copy is ahead of what was given for certain";
        cmp_ok $ahead, '>', $between, "$on: and behind what may have been given";
        go_back($database, $between);
        $server = Tickr::Server->new(database => $database, env => \%env);
        $server->wait_until_ready;
        my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
        cmp_ok Tickr::Server::base_of($ticket), '>', $ahead, "$on: a copy of which nobody can tell is moved on";
        ok $server->wait_for_log(
            qr/level=info msg="counter moved past possibly issued tickets" from=\d+ to=$ahead gap=\d+ /m),
            "$on: with a line that says how far";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # killed under load, again and again
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
            cmp_ok $ahead, '>=', Tickr::Server::base_of($highest), "$on, kill $round: the file is not below what was answered";
            push @gaps, $ahead - $given;
            $server = Tickr::Server->new(database => $database, env => \%env);
            $server->wait_until_ready;
            unlike $server->log, qr/has gone back/, "$on, kill $round: it is not refused";
        }
        is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$on: killed $kills times, no ticket twice";
        is_deeply [ grep { $_ > 1_000_000 } @gaps ], [], "$on: the gaps are bounded" or diag "@gaps";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # a file that cannot be written
        my %env    = (with_state(), TICKR_DATABASE_POOL_TIMEOUT => 1);
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        my $client = $server->client;
        is $client->get('/tickets/create')->{status}, 200, "$on: a ticket";
        my $in_the_way = "$env{TICKR_STATE_DIR}/node-3.new";
        mkdir $in_the_way or die "$in_the_way: $!";
        my @last = grep { $_->{status} != 200 } map { $client->get('/tickets/create/1001') } 1 .. 3;
        is scalar @last, 3, "$on: while the file cannot be written what is above its bound is not given";
        like $last[-1]{body}, qr/node-3\.state cannot be written: Is a directory/, "$on: and it says why";
        wait_for('/status to be 503', 5, sub { $client->get('/status')->{status} == 503 });
        wait_for('the metric', 5, sub { $server->metric('tickr_database_refused') == 1 });
        pass "$on: a metric says it";
        rmdir $in_the_way or die "$in_the_way: $!";
        $server->wait_until_ready;
        is $client->get('/tickets/create')->{status}, 200, "$on: when it can be written it goes on by itself";
        is $server->stop, 0, "$on: the server stops cleanly";
    }

    {    # what is removed under a running server is made again
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
        cmp_ok $given, '>=', 2, "$on: with what was issued";
        my $lines = () = $server->log =~ /level=warn msg="the state file was removed; making it again"/g;
        is $lines, 3, "$on: and a line in the log each time";
        is $server->stop, 0, "$on: the server stops cleanly";
        is_deeply [ given_and_ahead(%env) ], [ 5, 5 ], "$on: and brings the file to its end";
    }

    {    # what a server does not start with
        my %env    = with_state();
        my $path   = "$env{TICKR_STATE_DIR}/node-3.state";
        my $server = Tickr::Server->fresh(database => $database, env => \%env);
        $server->get('/tickets/create');
        if ($on eq 'mysql') {
            is_refused_at_start($database, \%env,
                qr/another tickrd keeps the state of node 3 in \S+: give each server a folder of its own/,
                "$on: a folder that another server has");
        }
        is $server->stop, 0, "$on: the server stops cleanly";
        my $good = slurp($path);
        for my $case (
            [ 'a torn file', substr($good, 0, 40), qr/it is torn or damaged.*move the counter past it with tickrd advance, remove the file/ ],
            [ 'an empty file',   '', qr/no state file of tickrd, or it is damaged/ ],
            [ 'a changed file',  $good =~ s/given \d/given 9/r, qr/it is torn or damaged/ ],
            [ 'a newer file',    $good =~ s/state \d/state 3/r, qr/its version is 3, and this tickrd knows 2/ ],
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
            "$on: a folder that is not there");
        $server = Tickr::Server->new(database => $database, env => \%env);
        is $server->get('/tickets/create')->{status}, 200, "$on: without a file it begins anew";
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
        'step 2: killed, it goes on behind the bound, in its own row';
    $server->process->kill_hard;

    go_back($database, 2000);
    $server = Tickr::Server->new(database => $database, env => \%env);
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'step 2: an older copy gives nothing';
    like $answer->{body}, qr/its counter was at 200[02], but 208[02] was issued/, 'step 2: and it says why';
    my ($past) = $answer->{body} =~ /--past (\d+)/;
    is((Tickr::Server->run(database => $database, arguments => [ 'advance', '--past', $past, '--yes' ]))[0],
        0, 'step 2: the counter is moved');
    $server->wait_until_ready;
    my $base = Tickr::Server::base_of($server->client->json($server->get('/tickets/create'))->[0]);
    cmp_ok $base, '>', 2082, 'step 2: then it serves again by itself';
    is $base % 2, 0, 'step 2: in its own row';
    is $server->stop, 0, 'step 2: the server stops cleanly';
}

done_testing;
