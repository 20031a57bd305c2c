#!/usr/bin/perl
# Two databases with counters of their own, with the HAProxy file of contrib. Tickets are unique. Either database may die,
# hang and return. No ticket is issued from one that went back in time.
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
# The time that a request may wait: longer than the balancer needs to find a hung database.
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
        { 200 => scalar map {@$_} @clients }, "$what: each request gets its tickets";
    my @odd;
    for my $answer (map {@$_} @clients) {
        my @tickets = @{ $answer->{tickets} };
        push @odd, $answer->{body}
            if grep { $tickets[$_] != $tickets[0] + 20 * $_ } 1 .. $#tickets;
    }
    is_deeply \@odd, [], "$what: each batch is one progression of increment 2 x MAX_NODES";
    return;
}

# End each database in turn under load. No client gets an error, and a database that returns is used again. The test stops
# MyISAM in order, because a kill sometimes corrupts its index.
sub end_each {
    my ($what, $masters, $balancer, $server) = @_;
    my $load = Tickr::Load->start($server, clients => 8, path => '/tickets/create/3');
    $masters->wait_for_both($what, $server);
    my $number = 0;
    for my $database ($masters->databases) {
        my $name = 'db' . ++$number;
        $what =~ /MyISAM/ ? $database->stop : $database->kill;
        $load->wait_for_answers(100);
        pass "$what: without $name tickets are issued";
        $database->start;
        $balancer->wait_until('UP', $name);
        $masters->wait_for_both("$what, $name has returned", $server);
    }
    is_sound($what, $load->finish);
    return;
}

for my $layout (layouts()) {
    $masters->make_tables($layout);
    my $server = start_server();
    end_each($layout, $masters, $balancer, $server);
    my $group = $server->client->json($server->get('/tickets/create/10?format=group'));
    is $group->{increment}, 20, "$layout: a group has its increment";
    is $server->stop, 0, "$layout: the server stops cleanly";
}

# --- the trust in two masters ----------------------------------------------------------------------

sub sessions_on_both {
    my ($balancer) = @_;
    return wait_for('sessions on both', 60, sub {
        $balancer->sessions_of('db1') > 0 && $balancer->sessions_of('db2') > 0;
    });
}

{    # their counters are far apart
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
    unlike $server->log, qr/gone back/, 'far apart: a master below the other is not an alarm';
    my @said = grep { /level=(warn|error)/ && !(Tickr::Vendor::forgets_counter() && /forgets its counter/) }
        split /\n/, $server->log;
    is_deeply \@said, [], 'far apart: the log has no warnings';
    is $server->metric('tickr_database_reconnects_total'), 0, 'far apart: no session is lost';

    # One session prunes the old rows of both tables.
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

{    # a failover in progress, which the check of the balancer does not notice
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 4);
    $masters->wait_for_both('before read_only', $server);
    $odd->sql('SET GLOBAL read_only = 1');
    my ($before) = $masters->newest;
    $load->wait_for_answers(300);
    is(($masters->newest)[0], $before, 'a read_only master allocates nothing');
    $odd->sql('SET GLOBAL read_only = 0');
    $masters->wait_for_both('no longer read_only', $server);
    is_sound('read_only', $load->finish);
    $_->sql('SET GLOBAL read_only = 1') for $odd, $even;
    my $refused = $server->get('/tickets/create');
    is $refused->{status}, 503, 'while both masters are read_only a request gets 503';
    like $refused->{body}, qr/read-only/, '... with the reason';
    wait_for('the server not to be ready', 5, sub { $server->get('/readyz')->{status} == 503 });
    is $server->get('/status')->{status}, 503, '... and /status is 503, although the masters can be read';
    $_->sql('SET GLOBAL read_only = 0') for $odd, $even;
    $server->wait_until_ready(5);
    is $server->stop, 0, 'read_only: the server stops cleanly';
}

{    # an older copy replaces one of them
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8, path => '/tickets/create/3');
    $masters->wait_for_both('before', $server);
    $even->keep_copy;
    $balancer->wait_until('UP', 'db2');
    $masters->wait_for_both('between', $server);
    my (undef, $highest) = $masters->newest;
    $load->wait_for_answers(100);    # so that the numbers inserted until then are issued too
    $even->restore_copy;
    $balancer->wait_until('UP', 'db2');
    ok $server->wait_for_log(qr/the database has gone back in time: its counter was at \d+, but (\d+) was issued/, 60),
        'an older copy of a master is noticed';
    my ($floor) = $server->log =~ /the database has gone back in time: its counter was at \d+, but (\d+) was issued/;
    is $floor % 2, 0, '... and the log names a number of that master';
    cmp_ok $floor, '>=', $highest, '... at or above its issued ones';
    my (undef, $stands) = $masters->newest;
    $load->wait_for_answers(1000);
    is +($masters->newest)[1], $stands, 'the copy gets no more statements';
    is $server->get('/readyz')->{status}, 200, '... and the other master serves';

    $even->sql("INSERT INTO tickets VALUES ($floor + 1000)", 'tickr');
    $masters->wait_for_both('counter moved past its issued numbers', $server);
    is_sound('an older copy', $load->finish);
    is $server->stop, 0, 'the server stops cleanly';
}

{    # a counter goes back in time without a lost session
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8);
    $masters->wait_for_both('before TRUNCATE', $server);
    $odd->sql('TRUNCATE TABLE tickets', 'tickr');
    ok $server->wait_for_log(qr/the database has gone back|the table `tickets` is empty/, 60),
        'TRUNCATE is noticed, before or after the next statement on that master';
    $load->wait_for_answers(500);
    is_sound('TRUNCATE', $load->finish);
    is $server->stop, 0, 'the server stops cleanly';
}

{    # a database hangs
    $masters->make_tables('append');
    my $server = start_server();
    my $load   = Tickr::Load->start($server, clients => 8, path => '/tickets/create/2');
    for my $database ($odd, $even) {
        $masters->wait_for_both('before the hang', $server);
        $database->pause;
        my $name = $database == $odd ? 'db1' : 'db2';
        $balancer->wait_until('DOWN', $name);
        $load->wait_for_answers(100);
        pass "without $name, which hangs, tickets are issued";
        $database->resume;
        $balancer->wait_until('UP', $name);
    }
    $masters->wait_for_both('after the hang', $server);
    my @clients = $load->finish;
    is_sound('a hang', @clients);
    my ($slowest) = sort { $b <=> $a } map { $_->{came} - $_->{asked} } map {@$_} @clients;
    cmp_ok $slowest, '<', 4, '... and no request waits longer than the time-outs';
    note "the slowest answer arrived after $slowest s";
    is $server->stop, 0, 'the server stops cleanly';
}

{    # by mistake both have the same offset
    my $twins  = Tickr::Masters->new(same_offset => 1);
    $twins->make_tables('append');
    my $server = Tickr::Server->new(database => $twins->balancer, env => \%patient);
    $server->wait_until_ready;
    my $load = Tickr::Load->start($server, clients => 8);
    ok $server->wait_for_log(qr/the database has gone back/, 60), 'two masters with one offset are noticed';
    $load->wait_for_answers(500);
    my @clients = $load->finish;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], '... and the server issues no ticket twice';
    is $server->stop, 0, 'the server stops cleanly';
    $_->stop for $twins->databases;
}

{    # both are down, and one returns
    my $server = start_server(TICKR_DATABASE_POOL_TIMEOUT => '0.3');
    $_->kill for $odd, $even;
    wait_for('the end of readiness', 10, sub { $server->get('/readyz')->{status} == 503 });
    is $server->get('/tickets/create')->{status}, 503, 'without both masters a request gets 503';
    $odd->start;
    $server->wait_until_ready(20);
    is $server->get('/tickets/create')->{status}, 200, 'with one of them it gets a ticket';
    $even->start;
    $balancer->wait_until('UP', 'db2');
    $server->stop;
}

done_testing;
