#!/usr/bin/perl
# A counter in memory: in a program of its own, for measurements, and nowhere else.
use strict;
use warnings;
use Test::More;
use Tickr::Server;

my %env = (TICKR_DATABASE_ADAPTER => 'memory');

{    # what is installed
    my ($status, $output) = Tickr::Server->run(arguments => ['check-config'], env => \%env);
    is $status, 78, 'tickrd does not serve from memory';
    like $output, qr/this tickrd was built without .* adapter=memory/, 'and says so';
}

{    # what is not
    my @given = (program => 'tickrd-memory', env => \%env);
    my ($created) = Tickr::Server->run(@given, arguments => [ 'createdb', '--if-not-exists' ]);
    is $created, 0, 'memory needs no createdb, and allows it';
    for my $round (1, 2) {
        my $server = Tickr::Server->new(@given);
        ok $server->wait_for_log(qr/level=warn msg="THE TICKETS ARE COUNTED IN MEMORY: [^\n]*For measurements only/),
            'tickrd-memory warns at its start';
        my $client = $server->client;
        is $client->get('/tickets/create')->{body}, '[329]', 'its counter begins at the first ticket';
        is $client->get('/tickets/create/3')->{body}, '[339,349,359]', 'goes on over all sessions';
        is $client->get('/status')->{body}, '{"last_ticket":359}', 'is seen by /status';
        is $server->stop, 0, 'and is forgotten when it stops';
    }
}

done_testing;
