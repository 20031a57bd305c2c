#!/usr/bin/perl
# tickrd and the old Ruby server serve one table, as docs/upgrading.md says. With the HAProxy rules of contrib no ticket is
# issued twice for any request of the Ruby client. A substitute replaces the Ruby server.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Client;
use Tickr::Database;
use Tickr::Process qw(scratch slurp);
use Tickr::Ruby;
use Tickr::Server;
use Time::HiRes qw(time);

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();
plan skip_all => Tickr::Balancer::missing() if Tickr::Balancer::missing();

my $database = Tickr::Database->new;
my $count    = 0;

# The tickets of an answer as the Ruby client parses it: of a group at least the first.
sub tickets_of {
    my ($body) = @_;
    return split /,/, $1 if $body =~ /^\[(.*)\]$/;
    my ($first, $increment, $size) = $body =~ /^\{"first":(-?\d+),"increment":(\d+),"count":(-?\d+)\}$/ or return;
    return map { $first + $_ * $increment } 0 .. ($size > 1 ? $size - 1 : 0);
}

# Run clients that request each of COUNTS from PORT in turn, REQUESTS times. Return their tickets.
sub crowd {
    my ($port, $requests, @counts) = @_;
    my $number = ++$count;
    my @clients = map {
        my $file = scratch() . "/crowd$number-$_";
        [ $file, Tickr::Process->new(name => "crowd$number-$_", code => sub {
            open my $out, '>', $file or die "$file: $!";
            my $client;
            for my $i (1 .. $requests) {
                $client //= Tickr::Client->new(port => $port);
                my $answer = $client->get("/tickets/create/$counts[$i % @counts]");
                print {$out} map {"$_\n"} $answer->{status} == 200 ? tickets_of($answer->{body}) : ();
                undef $client if lc($answer->{headers}{connection} // '') eq 'close';
            }
            close $out or die "$file: $!";
        }) ];
    } 1 .. 4;
    is join(' ', map { $_->[1]->wait_exit(60) } @clients), '0 0 0 0', 'all clients get answers';
    return map { split /\n/, slurp($_->[0]) } @clients;
}

sub repeated {
    my (%seen);
    return scalar grep { $seen{$_}++ } @_;
}

my @ruby_client = (5, 5, -3, 100, 0, 1);

# The substitute, tickrd, and HAProxy in front of both.
sub side_by_side {
    my ($layout, $engine, $code) = @_;
    Tickr::Ruby->createdb($database, $layout, $engine);
    Tickr::Server->createdb(database => $database);
    my $ruby   = Tickr::Ruby->new(database => $database, code => $code);
    my $tickrd = Tickr::Server->new(database => $database, env => { Tickr::Server->patient, TICKR_BATCH_FORMAT => 'group' });
    my $proxy  = Tickr::Balancer->new(file => 'ruby.cfg', servers => [ [ ruby => $ruby->port ], [ tickrd => $tickrd->port ] ]);
    $proxy->wait_until('UP', 'ruby', 'tickrd');
    return ($ruby, $tickrd, $proxy);
}

for my $shared ([qw(counter MyISAM update)], [qw(counter InnoDB update)], [qw(stub MyISAM update)],
    [qw(stub MyISAM replace)])
{
    my ($layout, $engine, $code) = @$shared;
    my $name = "$layout layout on $engine, Ruby with $code";
    my ($ruby, $tickrd, $proxy) = side_by_side(@$shared);
    my @tickets = crowd($proxy->port, 300, @ruby_client);
    is repeated(@tickets), 0, "$name: of " . @tickets . ' tickets none repeats';
    my $rows = $proxy->rows;
    cmp_ok $rows->{$_}{stot}, '>', 100, "$name: $_ got a part of the requests" for qw(ruby tickrd);
    unlike $tickrd->log, qr/gone back/, "$name: tickrd did not see the counter go back in time";

    my $row = sub { $database->sql('SELECT id FROM tickets', 'tickr') + 0 };
    my $before = $row->();
    for my $path (qw(%2D3 -3/ +0 abc -x 0x5 5.5 1000000), '-3%20') {
        is $proxy->get("/tickets/create/$path")->{status}, 404, "$name: /tickets/create/$path is denied";
    }
    for my $path (qw(//tickets/create/-3 /tickets//create/-3 /x/../tickets/create/-3 /tickets/./create/-3
        /tickets%2Fcreate/-3 /Tickets/create/-3 /metrics /))
    {
        is $proxy->get($path)->{status}, 404, "$name: $path is denied";
    }
    is $row->(), $before, "$name: none of these moved the counter";
    # The oldest Ruby server makes each ticket alone, so the test does not request a million.
    for my $path (qw(-1 -999999999999999999999 0 000 1 007), $code eq 'update' ? 999999 : 99) {
        my $last = $row->();
        is $proxy->get("/tickets/create/$path")->{status}, 200, "$name: /tickets/create/$path is answered";
        cmp_ok $row->(), '>', $last, '... and the counter rises';
    }
    $proxy->stop;
    is $tickrd->stop, 0, "$name: tickrd stops cleanly";
    $ruby->stop;
}

{    # without the rules
    my ($ruby, $tickrd, $proxy) = side_by_side(qw(counter MyISAM update));
    my @tickets = crowd($ruby->port, 100, @ruby_client);
    cmp_ok repeated(@tickets), '>', 0, 'without the rules ' . repeated(@tickets) . ' of ' . @tickets . ' tickets repeat';
    $proxy->stop;
    is $tickrd->stop, 0, 'tickrd stops cleanly';
    $ruby->stop;
}

done_testing;
