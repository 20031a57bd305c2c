#!/usr/bin/perl
# Two databases that count apart behind HAProxy with the file that is shipped: tickets are unique,
# either may die, hang and come back, and one that has gone back in time gives nothing.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Database;
use Tickr::Load;
use Tickr::Masters qw(layouts);
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Vendor;
use Time::HiRes qw(time);

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();
plan skip_all => Tickr::Balancer::missing() if Tickr::Balancer::missing();

my %user = (TICKR_DATABASE_USERNAME => 'tickr', TICKR_DATABASE_PASSWORD => 'secret');
# How long a request may wait: longer than the checks of the balancer need to find a hung database.
my %patient = (%user, TICKR_DATABASE_POOL_TIMEOUT => 10);

my $masters  = Tickr::Masters->new;
my $balancer = $masters->balancer;
my ($odd, $even) = $masters->databases;

sub start_server {
    my (%env) = @_;
    my $server = Tickr::Server->new(database => $balancer, env => { %patient, %env });
    $server->wait_until_ready;
    return $server;
}

sub is_sound {
    my ($what, @clients) = @_;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$what: no ticket twice";
    is_deeply Tickr::Load::statuses(@clients),
        { 200 => scalar map {@$_} @clients }, "$what: every request has its tickets";
    my @odd;
    for my $answer (map {@$_} @clients) {
        my @tickets = @{ $answer->{tickets} };
        push @odd, $answer->{body}
            if grep { $tickets[$_] != $tickets[0] + 20 * $_ } 1 .. $#tickets;
    }
    is_deeply \@odd, [], "$what: each batch is one progression of increment 2 x MAX_NODES";
    return;
}

# End each in turn under load: nobody has an error, and the one that comes back is used again. MyISAM is
# told to stop: it promises nothing for a kill, and now and then its index is corrupt afterwards.
sub end_each {
    my ($what, $masters, $balancer, $server) = @_;
    my $load = Tickr::Load->start($server, clients => 8, path => '/tickets/create/3');
    $masters->wait_for_both($what, $server);
    my $number = 0;
    for my $database ($masters->databases) {
        my $name = 'db' . ++$number;
        $what =~ /MyISAM/ ? $database->stop : $database->kill;
        $load->wait_for_answers(100);
        pass "$what: without $name tickets come";
        $database->start;
        $balancer->wait_until('UP', $name);
        $masters->wait_for_both("$what, $name is back", $server);
    }
    is_sound($what, $load->finish);
    return;
}

for my $layout (layouts()) {
    $masters->make_tables($layout);
    my $server = start_server();
    end_each($layout, $masters, $balancer, $server);
    my $group = $server->client->json($server->get('/tickets/create/10?format=group'));
    is $group->{increment}, 20, "$layout: a group says its increment";
    is $server->stop, 0, "$layout: the server stops cleanly";
}

# --- what is known of two masters ------------------------------------------------------------------

sub sessions_on_both {
    my ($balancer) = @_;
    return wait_for('sessions on both', 60, sub {
        $balancer->sessions_of('db1') > 0 && $balancer->sessions_of('db2') > 0;
    });
}

{    # their counters stand far from each other
    $masters->make_tables('append');
    $odd->sql('INSERT INTO tickets VALUES (100001)', 'tickr');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 4);
    my $last   = 0;
    my $falls  = 0;
    my $until  = time + 3;
    wait_for('three seconds of /status', 10, sub {
        my $answer = $server->get('/status');
        my ($now) = $answer->{body} =~ /"last_ticket":(\d+)/;
        $falls++ if $answer->{status} != 200 || $now < $last;
        $last = $now;
        return time > $until;
    });
    is $falls, 0, 'far apart: /status is 200 and its last ticket never falls';
    $masters->wait_for_both('far apart', $server);
    is_sound('far apart', $load->finish);
    unlike $server->log, qr/gone back/, 'far apart: a master that is behind the other is no alarm';
    my @said = grep { /level=(warn|error)/ && !(Tickr::Vendor::forgets_counter() && /forgets its counter/) }
        split /\n/, $server->log;
    is_deeply \@said, [], 'far apart: there is nothing in the log';
    is $server->metric('tickr_database_reconnects_total'), 0, 'far apart: no session is counted as lost';

    # Old rows go from both tables, though one session looks after them.
    my $client = $server->client;
    my $rows   = 0;
    wait_for('both tables to have many rows', 60, sub {
        $client->get('/tickets/create/5000?format=group');
        my @rows = $masters->rows;
        return $rows[0] > 1200 && $rows[1] > 1200;
    });
    wait_for('both tables to be small', 60, sub {
        my @rows = $masters->rows;
        return $rows[0] <= 1100 && $rows[1] <= 1100;
    });
    pass 'both tables are pruned';
    $server->stop;
}

{    # a failover in progress: the check of the balancer does not see this
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 4);
    $masters->wait_for_both('before read_only', $server);
    $odd->sql('SET GLOBAL read_only = 1');
    my ($before) = $masters->newest;
    $load->wait_for_answers(300);
    is(($masters->newest)[0], $before, 'a master that is read_only gives nothing');
    $odd->sql('SET GLOBAL read_only = 0');
    $masters->wait_for_both('no longer read_only', $server);
    is_sound('read_only', $load->finish);
    $_->sql('SET GLOBAL read_only = 1') for $odd, $even;
    my $refused = $server->get('/tickets/create');
    is $refused->{status}, 503, 'while no master may write a ticket is 503';
    like $refused->{body}, qr/read-only/, 'and says why';
    wait_for('the server not to be ready', 5, sub { $server->get('/readyz')->{status} == 503 });
    is $server->get('/status')->{status}, 503, '/status is 503 too, though they can be read';
    $_->sql('SET GLOBAL read_only = 0') for $odd, $even;
    $server->wait_until_ready(5);
    is $server->stop, 0, 'read_only: the server stops cleanly';
}

{    # one of them is replaced by an older copy of itself
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8, path => '/tickets/create/3');
    $masters->wait_for_both('before', $server);
    $even->keep_copy;
    $balancer->wait_until('UP', 'db2');
    $masters->wait_for_both('between', $server);
    my (undef, $highest) = $masters->newest;
    $load->wait_for_answers(100);    # so that what was inserted until then was given, too
    $even->restore_copy;
    $balancer->wait_until('UP', 'db2');
    ok $server->wait_for_log(qr/the database has gone back in time: its counter was at \d+, but (\d+) was issued/, 60),
        'a master that was replaced by an older copy is noticed';
    my ($floor) = $server->log =~ /the database has gone back in time: its counter was at \d+, but (\d+) was issued/;
    is $floor % 2, 0, 'the log names a number of that master';
    cmp_ok $floor, '>=', $highest, 'which it has given';
    my (undef, $stands) = $masters->newest;
    $load->wait_for_answers(1000);
    is +($masters->newest)[1], $stands, 'it is not even asked any more';
    is $server->get('/readyz')->{status}, 200, 'the other one serves';

    $even->sql("INSERT INTO tickets VALUES ($floor + 1000)", 'tickr');
    $masters->wait_for_both('moved past what it has given', $server);
    is_sound('an older copy', $load->finish);
    is $server->stop, 0, 'the server stops cleanly';
}

{    # it goes back without a session being cut
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8);
    $masters->wait_for_both('before TRUNCATE', $server);
    $odd->sql('TRUNCATE TABLE tickets', 'tickr');
    ok $server->wait_for_log(qr/the database has gone back|the table `tickets` is empty/, 60),
        'TRUNCATE is noticed, before or after the next ticket from there';
    $load->wait_for_answers(500);
    is_sound('TRUNCATE', $load->finish);
    is $server->stop, 0, 'the server stops cleanly';
}

{    # one hangs
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8, path => '/tickets/create/2');
    for my $database ($odd, $even) {
        $masters->wait_for_both('before the hang', $server);
        $database->pause;
        my $name = $database == $odd ? 'db1' : 'db2';
        $balancer->wait_until('DOWN', $name);
        $load->wait_for_answers(100);
        pass "without $name, which hangs, tickets come";
        $database->resume;
        $balancer->wait_until('UP', $name);
    }
    $masters->wait_for_both('after the hang', $server);
    my @clients = $load->finish;
    is_sound('a hang', @clients);
    my ($slowest) = sort { $b <=> $a } map { $_->{came} - $_->{asked} } map {@$_} @clients;
    cmp_ok $slowest, '<', 4, 'and nobody waits longer than the time-outs';
    note "the slowest answer came after $slowest s";
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the mistake: both count by the same numbers
    my $twins  = Tickr::Masters->new(same_offset => 1);
    $twins->make_tables('append');
    my $server = Tickr::Server->new(database => $twins->balancer, env => \%patient);
    $server->wait_until_ready;
    my $load = Tickr::Load->start($server, clients => 8);
    ok $server->wait_for_log(qr/the database has gone back/, 60), 'two masters with one offset are noticed';
    $load->wait_for_answers(500);
    my @clients = $load->finish;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], 'and the server gives no ticket twice';
    is $server->stop, 0, 'the server stops cleanly';
    $_->stop for $twins->databases;
}

{    # both are away, and one comes back
    my $server = start_server(TICKR_DATABASE_POOL_TIMEOUT => '0.3');
    $_->kill for $odd, $even;
    wait_for('the end of readiness', 10, sub { $server->get('/readyz')->{status} == 503 });
    is $server->get('/tickets/create')->{status}, 503, 'without both there is no ticket';
    $odd->start;
    $server->wait_until_ready(20);
    is $server->get('/tickets/create')->{status}, 200, 'with one of them there is';
    $even->start;
    $balancer->wait_until('UP', 'db2');
    $server->stop;
}

done_testing;
