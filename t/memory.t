#!/usr/bin/perl
# The memory store is in tickrd-memory, for benchmarks, and in no other program.
use strict;
use warnings;
use Test::More;
use Tickr::Server;

my %env = (TICKR_DATABASE_ADAPTER => 'memory');

{    # the installed program
    my ($status, $output) = Tickr::Server->run(arguments => ['check-config'], env => \%env);
    is $status, 78, 'tickrd does not serve from memory';
    like $output, qr/this tickrd was built without .* adapter=memory/, '... with the reason';
}

{    # the other one
    my @given = (program => 'tickrd-memory', env => \%env);
    my ($created) = Tickr::Server->run(@given, arguments => [ 'createdb', '--if-not-exists' ]);
    is $created, 0, 'createdb succeeds, and does nothing';
    for my $round (1, 2) {
        my $server = Tickr::Server->new(@given);
        ok $server->wait_for_log(qr/level=warn msg="THE TICKETS ARE COUNTED IN MEMORY: [^\n]*Use this for benchmarks only/),
            'tickrd-memory warns at its start';
        my $client = $server->client;
        is $client->get('/tickets/create')->{body}, '[329]', 'its counter begins at the first ticket';
        is $client->get('/tickets/create/3')->{body}, '[339,349,359]', '... continues over all sessions';
        is $client->get('/status')->{body}, '{"last_ticket":359}', '... is in /status';
        is $server->stop, 0, '... and is forgotten when the server stops';
    }
}

done_testing;
