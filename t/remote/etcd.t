#!/usr/bin/perl
# The client of etcd, against real servers: transactions, leases, watches, passwords, TLS, and servers that die or hang.
use strict;
use warnings;
use Test::More;
use Tickr::Dialogue;
use Tickr::Etcd;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Time::HiRes qw(time);

my $program = Tickr::Server::program('t/remote/etcd_client');
plan skip_all => 'etcd is not built in' if !-x $program;
if (my $missing = Tickr::Etcd->missing) { plan skip_all => $missing }

# A client whose attempts may take ATTEMPT_MS; the endpoints in the order of NUMBERS.
sub client {
    my ($etcd, $attempt_ms, $numbers, %env) = @_;
    my $certificates = $etcd->certificates;
    return Tickr::Dialogue->new(
        command => [ $program, $attempt_ms, map { $etcd->endpoints($_) } @$numbers ],
        env     => {
            $certificates && !$env{CA_FILE}
            ? (
                CA_FILE   => $certificates->authority,
                CERT_FILE => $certificates->certificate('client'),
                KEY_FILE  => $certificates->key('client')
                )
            : (),
            %env
        },
    );
}

# Ask again while there is no clear answer: under load etcd may be slow.
sub ask_until {
    my ($client, $command, $like) = @_;
    my $answer;
    wait_for("an answer to $command", 60, sub { $answer = $client->ask($command); return $answer =~ $like });
    return $answer;
}

sub transactions {
    my ($etcd) = @_;
    my $client = client($etcd, 20_000, [0]);
    $client->ask('within 20000');
    my $made = $client->ask('cas /a 0 one');
    like $made, qr/^won\nok cluster \d{5,20} revision 2 date \d{10}000 code 0 $/m, 'a key is made';
    my ($date) = $made =~ /date (\d+)/;
    cmp_ok abs($date / 1000 - time), '<', 30, '... and the clock of etcd is read';
    is $client->ask('cas /a 0 two') =~ s/ok cluster.*//sr, "lost\npair /a=one mod 2 create 2 version 1 lease 0\n",
        'a lost comparison shows the key';
    like $client->ask('cas /a 2 two'), qr/^won\nok cluster \d+ revision 3 /, 'a comparison that holds wins';
    $etcd->put('/b', 'x');
    is $client->ask('get /') =~ s/ok cluster.*//sr,
        "pair /a=two mod 3 create 2 version 2 lease 0\npair /b=x mod 4 create 4 version 1 lease 0\n", 'keys are read';
    like $client->ask('cas /a 99 x 12345'), qr/^lost/, 'a lease that is not needed is not looked for';
    like $client->ask('cas /a 3 x 12345'), qr/^refused .* code 5 etcd at \S+ answered 404: .*lease not found/,
        'a lease that does not exist is refused';
    is $etcd->get('/a'), 'two', '... and nothing happened';
    return;
}

sub leases {
    my ($etcd) = @_;
    my $client = client($etcd, 20_000, [0]);
    $client->ask('within 20000');
    my ($lease) = $client->ask('grant 5') =~ /^lease ([1-9]\d*) 5\nok/ or return fail 'a lease is granted';
    like $client->ask("cas /leased 0 v $lease"), qr/^won/, 'a key is put under a lease';
    like $client->ask('get /leased'), qr/^pair \/leased=v .* lease $lease$/m, '... and has it';
    like $client->ask("keep $lease"), qr/^ttl 5\nok cluster \d/, 'the lease is kept alive';
    like $client->ask("left $lease"), qr/^left [1-5]\nok/, '... and its time is read';
    like $client->ask("revoke $lease"), qr/^ok $/m, 'it is revoked';
    like $client->ask("revoke $lease"), qr/^ok $/m, '... and again';
    like $client->ask("keep $lease"), qr/^ttl 0\nok/, 'a lease that is gone has no time left';
    like $client->ask("left $lease"), qr/^gone 0\nok/, '... and says so';
    is $etcd->get('/leased'), undef, 'its key is gone';
    return;
}

sub watches {
    my ($etcd) = @_;
    my $client = client($etcd, 20_000, [0]);
    $client->ask('within 20000');
    $client->ask('watch /w/');
    like $client->ask('events ready'), qr/^watching next [1-9]/, 'a watch from now on says when it begins';
    $etcd->put('/w/a', '1');
    like $client->ask('events'), qr{^put /w/a=1 mod (\d+) create \1 version 1 lease 0\nwatching next }, 'a put arrives';
    $etcd->put('/other', '1');
    $etcd->delete('/w/a');
    my $deleted = $client->ask('events');
    like $deleted, qr{^delete /w/a= mod \d+}, 'a deletion arrives';
    my ($mod, $next) = $deleted =~ /mod (\d+).*next (\d+)/s;
    is $next, $mod + 1, '... and the watch would go on after it';
    $etcd->put('/w/b', '2');
    $etcd->put('/w/c', '3');
    $client->ask("watch /w/ $next");
    my $events = '';
    wait_for('the events', 60, sub { $events .= $client->ask('events'); return $events =~ m{/w/c=3} });
    like $events, qr{^put /w/b=2 .*^put /w/c=3 }ms, 'another one from there misses nothing';
    like $client->ask('get /w/'), qr{^pair /w/b=2}, 'requests are answered while a watch is open';
    $etcd->compact;
    $client->ask("watch /w/ $next");
    like $client->ask('events'), qr/^compacted .*etcd has compacted/, 'a compacted revision is said';
    return;
}

sub passwords {
    my ($etcd) = @_;
    $etcd->enable_auth('tickr', 'word', '/p/');
    my $client = client($etcd, 20_000, [0], ETCD_USER => 'tickr', ETCD_PASSWORD => 'word');
    $client->ask('within 20000');
    like $client->ask('cas /p/a 0 one'), qr/^won/, 'with a password a key is written';
    like $client->ask('cas /q 0 one'), qr/^refused .* code 7 .*permission denied/, '... and others are refused';
    $client->ask('watch /p/');
    like $client->ask('events ready'), qr/^watching/, '... and watched';
    $etcd->kill;
    $etcd->start;
    like ask_until($client, 'get /p/', qr/^pair/), qr{^pair /p/a=one}, 'a token that a restart forgot is renewed';
    my $wrong = client($etcd, 20_000, [0], ETCD_USER => 'tickr', ETCD_PASSWORD => 'wrong');
    $wrong->ask('within 20000');
    my $refusal = ask_until($wrong, 'get /p/', qr/^refused/);
    like $refusal, qr/ code 3 .*invalid user ID or password/, 'a wrong password is refused';
    unlike $refusal, qr/wrong/, '... and not shown';
    my $none = client($etcd, 20_000, [0]);
    like ask_until($none, 'cas /p/a 0 one', qr/^refused/), qr/ code 3 .*user name is empty/, 'and so is none';
    return;
}

sub tls {
    my $etcd   = Tickr::Etcd->new(tls => 1);
    my $client = client($etcd, 20_000, [0]);
    $client->ask('within 20000');
    like $client->ask('cas /a 0 one'), qr/^won/, 'TLS with a certificate of the client';
    my $other = Tickr::Certificates->new;
    my $wrong = client($etcd, 20_000, [0], CA_FILE => $other->authority);
    $wrong->ask('within 20000');
    like $wrong->ask('get /a'), qr/^away .*cannot reach https:.*certificate/, 'a server of another authority is refused';
    my $bare = client($etcd, 20_000, [0], CA_FILE => $etcd->certificates->authority);
    $bare->ask('within 20000');
    unlike $bare->ask('get /a'), qr/^ok|^pair/, 'a client without a certificate is refused';
    return;
}

sub one_that_dies {
    my ($etcd) = @_;
    my $client = client($etcd, 300, [0]);
    $etcd->pause;
    my $began = time;
    like $client->ask('cas /d 0 one'), qr/^unknown .*no answer from/, 'stopped: it may have happened';
    cmp_ok time - $began, '<', 2.5, '... after one attempt, and not the whole time';
    $etcd->resume;
    like ask_until($client, 'get /d', qr/^ok|^pair/), qr/./, '... and goes on';
    $etcd->kill;
    like $client->ask('cas /d 0 one'), qr/^(away|unknown) /, 'killed: it cannot be reached';
    like $client->ask('cas /d 0 one'), qr/^away .*cannot reach/, '... and then nothing happened';
    $etcd->start;
    like ask_until($client, 'cas /e 0 one', qr/^won|^lost/), qr/^won|^lost/, '... and goes on';
    is $client->end, 0, 'the client ends';
    return;
}

sub three_nodes {
    my $etcd   = Tickr::Etcd->new(nodes => 3);
    my $leader = $etcd->wait_for_leader;
    my @others = grep { $_ != $leader } $etcd->numbers;
    my $client = client($etcd, 1000, [ $leader, @others ]);
    $client->ask('within 5000');
    like ask_until($client, 'cas /a 0 one', qr/^won|^lost/), qr/^won|^lost/, 'three nodes: a key is made';
    $client->ask('watch /w/');
    like ask_until($client, 'events ready', qr/^watching next [1-9]/), qr/^watching/, '... and a watch is open';
    $etcd->kill($leader);
    like ask_until($client, 'get /a', qr/^pair/), qr{^pair /a=one}, 'the leader dies: another node answers';
    my $ended = ask_until($client, 'events', qr/^ended/);
    my ($next) = $ended =~ /next (\d+)/;
    $etcd->wait_for_leader($leader);
    wait_for('a write', 60, sub { eval { $etcd->put('/w/a', '1'); 1 } });
    $client->ask("watch /w/ $next");
    like ask_until($client, 'events', qr{^put /w/a}), qr{^put /w/a=1}, '... and another watch misses nothing';

    $etcd->pause($others[0]);
    my $began = time;
    $client->ask('within 3000');
    like $client->ask('cas /b 0 one'), qr/^(unknown|away) /, 'without a quorum it may have happened';
    cmp_ok time - $began, '<', 20, '... and the deadline holds';
    $etcd->resume($others[0]);
    like ask_until($client, 'cas /c 0 one', qr/^won|^lost/), qr/^won|^lost/, '... and goes on with a quorum';
    return;
}

my $etcd = Tickr::Etcd->new;
transactions($etcd);
leases($etcd);
watches($etcd);
one_that_dies($etcd);
passwords($etcd);
$etcd->kill;
tls();
three_nodes();
done_testing;
