#!/usr/bin/perl
# The client of ZooKeeper, against a real server: nodes, transactions, watches, passwords, and a server that dies or hangs.
use strict;
use warnings;
use Test::More;
use Tickr::Dialogue;
use Tickr::Process qw(wait_for slurp);
use Tickr::Server;
use Tickr::ZooKeeper;
use Time::HiRes qw(time);

my $program = Tickr::Server::program('t/remote/zookeeper_client');
plan skip_all => 'ZooKeeper is not built in' if !-x $program;
if (my $missing = Tickr::ZooKeeper->missing) { plan skip_all => $missing }

my $zookeeper = Tickr::ZooKeeper->new;

# A client whose session ends SESSION_MS after the server heard of it last.
sub client {
    my ($session_ms, @digest) = @_;
    my $client = Tickr::Dialogue->new(command => [ $program, $session_ms, $zookeeper->endpoints, @digest ]);
    $client->ask('within 30000');
    like $client->ask('open'), qr/^ok/, 'a session is opened';
    $client->ask('within 10000');
    return $client;
}

sub ask_until {
    my ($client, $command, $like) = @_;
    my $answer;
    wait_for("an answer to $command", 60, sub { $answer = $client->ask($command); return $answer =~ $like });
    return $answer;
}

sub nodes {
    my $client = client(20_000);
    like $client->ask('folder /one/two'), qr/^ok/, 'folders are made';
    like $client->ask('folder /one/two'), qr/^ok/, '... and found';
    like $client->ask('run create /one/two/a x 0 ephemeral /one/two/b y 0'), qr/^operation 0 .*\noperation 0 .*\nok 0/,
        'two nodes are made in one step';
    my $node = $client->ask('get /one/two/a');
    like $node, qr/^node x version 0 zxid [1-9]\d* time \d{13} owner none\nok/, 'a node is read';
    like $client->ask('get /one/two/b'), qr/^node y .* owner self$/m, '... and an ephemeral one';
    is join(' ', sort $client->ask('children /one/two') =~ /^child (\w)$/mg), 'a b', 'their names are read';
    like $client->ask('run set /one/two/a z 0'), qr/^operation 0 version 1\nok/, 'a node with the right version is set';
    like $client->ask('run set /one/two/b q 0 set /one/two/a q 0'), qr/^operation 0 .*\noperation -103 .*\nrefused -103/,
        '... with another version nothing is';
    like $client->ask('get /one/two/b'), qr/^node y version 0 /, '... in the whole transaction';
    like $client->ask('get /none'), qr/^refused -101 /, 'a node that is not there';
    like $client->ask('run create /one/two/a x 0'), qr/refused -110 /, 'a node that is there already';
    like $client->ask('run check /one/two/a x 1 delete /one/two/b x 0'), qr/^ok/m, 'a check and a deletion';
    $client->ask('run ephemeral /one/two/c x 0');
    is $client->end, 0, 'the client ends';
    is $zookeeper->get('/one/two/c'), undef, '... and its ephemeral node with it';
    return;
}

sub watches {
    my $client = client(20_000);
    $client->ask('folder /w');
    $client->ask('get /w/a watch');
    $zookeeper->put('/w/a', '1');
    like $client->ask('wait'), qr/^waited less, connected/, 'a watch of a node that was not there';
    like $client->ask('get /w/a watch'), qr/^node 1 /, '... which is there now';
    $zookeeper->put('/w/a', '2');
    like $client->ask('wait'), qr/^waited less/, 'a watch of a node';
    $client->ask('children /w watch');
    $zookeeper->put('/w/b', '2');
    like $client->ask('wait'), qr/^waited less/, 'a watch of the names';
    $client->ask('within 100');
    like $client->ask('wait'), qr/^waited long/, 'without a change a wait ends in time';
    return;
}

sub passwords {
    my $client = client(20_000, 'tickr:word');
    $client->ask('folder /p');
    like $client->ask('run create /p/a x 0'), qr/^ok/m, 'a node is made with a password';
    my $other = client(20_000, 'tickr:wrong');
    like $other->ask('get /p/a'), qr/^refused -102 /, '... and refused to others';
    like $client->ask('get /p/a'), qr/^node x /, '... but not to its owner';
    return;
}

sub faults {
    my $client = client(4000);
    $client->ask('folder /f');
    $client->ask('run ephemeral /f/mine x 0');
    $zookeeper->pause;
    my @threads = glob '/proc/' . $zookeeper->pid . '/task/*/status';
    wait_for('all threads to stop', 30, sub { !grep { -e && slurp($_) !~ /^State:\s+T/m } @threads });
    $client->ask('within 500');
    my $began = time;
    like $client->ask('run create /f/a x 0'), qr/^unknown .*no answer/m, 'stopped: it may have happened';
    cmp_ok time - $began, '<', 8, '... and the deadline holds';
    ask_until($client, 'get /f/a', qr/^away/);
    like $client->ask('run create /f/b x 0'), qr/^away .*not connected/m, '... until the connection is given up';
    $zookeeper->resume;
    $client->ask('within 10000');
    like ask_until($client, 'get /f', qr/^node|^expired/), qr/./, '... and it goes on, or the session is over';

    $client = client(20_000);
    $client->ask('run ephemeral /f/kept x 0');
    $zookeeper->kill;
    like ask_until($client, 'get /f/kept', qr/^away/), qr/./, 'killed: it is away';
    $zookeeper->start;
    like ask_until($client, 'get /f/kept', qr/^node/), qr/owner self/, '... and the session goes on after a start';

    $client = client(1000);
    $client->ask('run ephemeral /f/short x 0');
    kill 'STOP', $client->pid;
    wait_for('the session to end', 60, sub { !defined $zookeeper->get('/f/short') });
    kill 'CONT', $client->pid;
    like ask_until($client, 'get /f', qr/^expired/), qr/session with ZooKeeper is over|session expired/, 'a session that is over says so';
    like $client->ask('wait'), qr/expired/, '... at once';
    like ask_until($client, 'open', qr/^ok/), qr/^ok/, '... and another one is opened';
    is $client->end, 0, 'the client ends';
    $zookeeper->kill;
    my $alone = Tickr::Dialogue->new(command => [ $program, 4000, $zookeeper->endpoints ]);
    $alone->ask('within 300');
    like $alone->ask('open'), qr/^away .*cannot open a session/, 'without a server no session opens';
    is $alone->end, 0, '... and the client ends';
    return;
}

nodes();
watches();
passwords();
faults();
done_testing;
