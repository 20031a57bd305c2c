#!/usr/bin/perl
# Moving a node to another database: the new counter goes on behind the last ticket of the old one.
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
    is $last, $tickets[-1], "$from: /status tells the last ticket";
    is $server->stop, 0, "$from: the old server stops";

    my $new = $stores{$to}->();
    ($status, $output) = createdb($new, '--continue-after', $last);
    is $status, 0, "$to: createdb --continue-after $last" or diag $output;
    $server = Tickr::Server->new(database => $new);
    is $server->get('/status')->{body}, "{\"last_ticket\":$last}", "$to: begins where $from ended";
    is $server->get('/tickets/create')->{body}, '[' . ($last + 10) . ']',
        "$to: the next ticket is the one after the last";
    is $server->stop, 0, "$to: the server stops";

    ($status, $output) = createdb($new, '--if-not-exists', '--continue-after', $last);
    is $status, 0, "$to: again, it is content with a counter that is past the ticket" or diag $output;
    ($status, $output) = createdb($new, '--if-not-exists', '--continue-after', $last + 1000);
    is $status, 1, "$to: and never moves one that is behind";
    like $output, qr/its counter is at 26; to continue after that ticket it must be at 125/,
        "$to: but says where it stands";
}

{    # tickets that are not this node's, and what is no ticket
    my $new = $stores{sqlite}->();
    createdb($new, '--continue-after', 1000);
    my $server = Tickr::Server->new(database => $new);
    is $server->get('/tickets/create')->{body}, '[1009]',
        'another node\'s ticket: the next of ours above it';
    $server->stop;
    for my $bad ('', 'abc', '-1', '9223372036854775808') {
        my ($status, $output) = createdb($stores{sqlite}->(), "--continue-after=$bad");
        is $status, 64, "--continue-after '$bad' is refused";
        like $output, qr/takes a ticket, a whole number/, 'with what is allowed';
    }
}

done_testing;
