#!/usr/bin/perl
# One of several sessions hangs, because a firewall drops its packets.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Load;
use Tickr::Proxy;
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;
my $database = Tickr::Database->new(tcp => 1, options => ['--skip-ssl']);
$database->sql("CREATE USER tickr\@'127.0.0.1' IDENTIFIED BY 'secret';"
        . "GRANT ALL ON tickr.* TO tickr\@'127.0.0.1'");
my $proxy = Tickr::Proxy->new($database->port);

# A time-out so long that the test notices a request that waits for it. Few tickets are held, so that the segment fetches
# all the time.
my $server = Tickr::Server->fresh(
    database => $database,
    env      => {
        TICKR_DATABASE_HOST          => $proxy->address,
        TICKR_DATABASE_USERNAME      => 'tickr',
        TICKR_DATABASE_PASSWORD      => 'secret',
        TICKR_DATABASE_QUERY_TIMEOUT => 20,
        TICKR_DATABASE_POOL_TIMEOUT  => 20,
        TICKR_DRAIN_TIMEOUT          => 1,
        TICKR_RESERVE_AHEAD          => 1,
        TICKR_RESERVE_AHEAD_MIN      => 10,
        TICKR_RESERVE_AHEAD_MAX      => 100,
    });
my $load = Tickr::Load->start($server, clients => 4);
$load->wait_for_answers(200);
for my $number (1 .. 3) {
    ok $proxy->cut('to-database', 0, 'hang'), "session $number of 5 hangs";
    $load->wait_for_answers(200);
}
my @answers = $load->finish;
is_deeply [ keys %{ Tickr::Load::statuses(@answers) } ], [200], 'all requests are answered';
cmp_ok Tickr::Load::longest_gap(@answers), '<', 3, '... long before the query time-out';
is_deeply [ Tickr::Load::duplicates(@answers) ], [], 'no ticket twice';
is_deeply [ Tickr::Load::overtaken(@answers) ],  [], '... and none is out of order';
is $server->stop, 0, 'the server stops cleanly';
done_testing;
