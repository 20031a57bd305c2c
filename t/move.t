#!/usr/bin/perl
# Moving a node to another database: the new counter continues after the last ticket of the old one.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::File;
use Tickr::Server;

plan skip_all => Tickr::Database->missing if Tickr::Database->missing;
plan skip_all => Tickr::File->missing     if Tickr::File->missing;

my %stores = (sqlite => sub { Tickr::File->new }, mysql => sub { Tickr::Database->new });

sub createdb {
    my ($store, @arguments) = @_;
    return Tickr::Server->run(
        database  => $store,
        arguments => [ 'createdb', @arguments ],
    );
}

for my $way ([ 'sqlite', 'mysql' ], [ 'mysql', 'sqlite' ]) {
    my ($from, $to) = @$way;
    my $old = $stores{$from}->();
    my ($status, $output) = createdb($old);
    is $status, 0, "$from: created" or diag $output;
    my $server  = Tickr::Server->new(database => $old);
    my $client  = $server->client;
    my @tickets = map { @{ $client->json($client->get("/tickets/create/$_")) } } 1, 20, 3;
    my $last    = $client->json($client->get('/status'))->{last_ticket};
    is $last, $tickets[-1], "$from: /status has the last ticket";
    is $server->stop, 0, "$from: the old server stops";

    my $new = $stores{$to}->();
    ($status, $output) = createdb($new, '--continue-after', $last);
    is $status, 0, "$to: createdb --continue-after $last succeeds" or diag $output;
    $server = Tickr::Server->new(database => $new);
    is $server->get('/status')->{body}, "{\"last_ticket\":$last}", "$to: the server begins where $from ended";
    is $server->get('/tickets/create')->{body}, '[' . ($last + 10) . ']',
        "$to: the next ticket is the one after the last";
    is $server->stop, 0, "$to: the server stops";

    ($status, $output) = createdb($new, '--if-not-exists', '--continue-after', $last);
    is $status, 0, "$to: a second createdb accepts a counter past the ticket" or diag $output;
    ($status, $output) = createdb($new, '--if-not-exists', '--continue-after', $last + 1000);
    is $status, 1, "$to: and never moves one that is behind";
    like $output, qr/its counter is at 26; to continue after that ticket it must be at 125/,
        "$to: but says where it stands";
}

{    # tickets of another node, and words that are not tickets
    my $new = $stores{sqlite}->();
    createdb($new, '--continue-after', 1000);
    my $server = Tickr::Server->new(database => $new);
    is $server->get('/tickets/create')->{body}, '[1009]',
        'after another node\'s ticket the next ticket of this node above it is issued';
    $server->stop;
    for my $bad ('', 'abc', '-1', '9223372036854775808') {
        my ($status, $output) = createdb($stores{sqlite}->(), "--continue-after=$bad");
        is $status, 64, "--continue-after '$bad' is refused";
        like $output, qr/takes a ticket or an id, a whole number/, '... with the allowed values';
    }
}

done_testing;
