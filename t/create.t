#!/usr/bin/perl
# The ticket routes: Tickr's arithmetic, formats, counts, and bad requests.
use strict;
use warnings;
use Test::More;
use Tickr::Server;
use Tickr::Stores qw(the_store);

my $database = the_store();

# A fresh tickets table, and a server on it.
sub fresh_server {
    my (%env) = @_;
    return Tickr::Server->fresh(
        database => $database,
        env      => { Tickr::Server::patient(), %env });
}

sub one_by_one {
    my $server = fresh_server();
    my $client = $server->client;
    my $first  = $client->get('/tickets/create');
    is $first->{status}, 200, 'a request for a ticket gets 200';
    is $first->{body}, '[329]', '... with the first ticket of Tickr\'s arithmetic';
    is $first->{headers}{'content-type'},   'application/json', '... as JSON';
    is $first->{headers}{'content-length'}, 5,                  '... with its length';
    is $first->{headers}{'cache-control'},  'no-store',         '... which no cache may store';
    is $client->get('/tickets/create')->{body}, $_, "the next single ticket is $_"
        for '[339]', '[349]', '[359]';
    is $client->request('POST', '/tickets/create')->{body}, '[369]', 'POST does the same as GET';
    is $client->request('POST', '/tickets/create', body => 'x=1')->{body}, '[379]',
        'a body is ignored';
    is $client->get('/tickets/create?format=group')->{body},
        '{"first":389,"increment":10,"count":1}', 'format=group makes a group of a single ticket';
    is $client->get('/tickets/create/3')->{body}, '[399,409,419]', 'a batch is an array';
    is $client->get('/tickets/create/3?format=group')->{body},
        '{"first":429,"increment":10,"count":3}', '... or a group with format=group';
    is $client->get('/tickets/create/007')->{status}, 200, 'leading zeros are decimal';
    is $client->get('/tickets/create/2?other=1&format=group')->{status}, 200,
        'other parameters are ignored';

    my $last = $client->json($client->get('/tickets/create'))->[0];
    for my $bad ('0', '-3', '+3', 'abc', '5.5', '5/', '1' x 30, '100001', '%35', '5%20', '') {
        my $response = $client->get("/tickets/create/$bad");
        is $response->{status}, 400, "N = '$bad' is 400";
        my $json = $client->json($response);
        ok $json->{error} && !grep({ exists $json->{$_} } qw(first increment count)),
            '... with an error, and no key that old clients parse';
    }
    is $client->get('/tickets/create')->{body}, '[' . ($last + 10) . ']', 'refused requests allocate nothing';
    for my $bad ('5.5', '+3', 'abc', '-', '--1', '-1.0', '1' x 30) {
        is $client->get("/tickets/create/$bad?format=group")->{status}, 400,
            "in the group format N = '$bad' is 400";
    }
    for my $small ('0', '-3', '-0', '-' . '9' x 30) {
        like $client->get("/tickets/create/$small?format=group")->{body},
            qr/^\{"first":\d+,"increment":10,"count":1\}$/,
            "in the group format N = $small gets a group of one";
    }
    is $client->get('/tickets/create/2?format=xml')->{status}, 400, 'an unknown format is 400';

    my $large = $client->get('/tickets/create/100000');
    my $tickets = $client->json($large);
    is scalar @$tickets, 100_000, 'the largest batch has all its tickets';
    is_deeply [ grep { $tickets->[$_] - $tickets->[ $_ - 1 ] != 10 } 1 .. $#$tickets ], [],
        '... and is one progression';
    cmp_ok $client->json($client->get('/tickets/create'))->[0], '>', $tickets->[-1],
        'the next ticket is larger';
    is $server->stop, 0, 'the server stops cleanly';
    return;
}

sub in_groups {
    my $server = fresh_server(TICKR_BATCH_FORMAT => 'group', TICKR_MAX_BATCH => 50);
    my $client = $server->client;
    my @groups = map { $client->json($client->get("/tickets/create/$_")) } 20, 20, 40, 2, 2;
    is_deeply [ map { $_->{first} } @groups ], [ 329, 529, 729, 1129, 1149 ],
        'batches begin as in Tickr';
    is_deeply [ map { $_->{increment} } @groups ], [ (10) x 5 ], '... with its increment';
    is $client->get('/tickets/create/2?format=array')->{body}, '[1169,1179]',
        'format=array makes an array';
    is $client->get('/tickets/create')->{body}, '[1189]', 'a single ticket is an array anyway';
    is $client->get('/tickets/create/51')->{status}, 400, 'TICKR_MAX_BATCH is the limit';
    is $client->get('/tickets/create/50')->{status}, 200, '... and is allowed';
    is $server->stop, 0, 'the server stops cleanly';
    return;
}

sub at_the_end_of_the_space {
    $database->drop;
    my %env = (TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0, TICKR_STARTING_OFFSET => '4611686018427387904');
    Tickr::Server->createdb(database => $database, env => \%env);
    $database->advance('4611686018427387902');
    my $server = Tickr::Server->new(database => $database, env => \%env);
    my $client = $server->client;
    is $client->get('/tickets/create/2')->{body}, '[9223372036854775805,9223372036854775806]',
        'the space can be used up to its end';
    my $beyond = $client->get('/tickets/create/3');
    is $beyond->{status}, 500, 'a batch that passes 2^63-1 gets 500';
    like $beyond->{body}, qr/exhausted/, '... with the reason';
    is $client->get('/tickets/create')->{status}, 500, '... so does every request after the end';
    my $status = $client->get('/status');
    is $status->{status}, 503, '/status is 503';
    like $status->{body}, qr/exhausted/, '... with the reason';
    is $client->get('/readyz')->{status}, 503, '... and so is /readyz';
    is $server->metric('tickr_tickets_left'), 0, 'no tickets are left';
    is $server->metric('tickr_last_ticket'), '9223372036854775807', '... and the last ticket is known';
    $server->stop;
    return;
}

# The table of an old Tickr has a signed id, which ends before the space.
sub at_the_end_of_the_table {
    my ($name, $columns, $last_row) = @_;
    $database->drop;
    $database->sql('CREATE DATABASE tickr');
    $database->sql("CREATE TABLE tickets $columns; INSERT INTO tickets VALUES $last_row", 'tickr');
    my %env = (TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0, TICKR_STARTING_OFFSET => 0);
    Tickr::Server->createdb(database => $database, env => \%env);
    my $server = Tickr::Server->new(database => $database, env => \%env);
    is $server->get('/tickets/create')->{body}, '[9223372036854775805]', "$name: a signed id can be used to its end";
    for my $path ('/tickets/create', '/tickets/create', '/tickets/create/3') {
        my $answer = $server->get($path);
        is $answer->{status}, 500, "$name: $path is 500 beyond the end of the table";
        like $answer->{body}, qr/exhausted/, "$name: and says why";
    }
    $server->stop;
    return;
}

sub at_the_ends_of_tables {
    return if $database->name ne 'mysql' || $database->layout ne 'append';
    my $id = 'id BIGINT NOT NULL';
    my $stub = 'stub CHAR(1) NOT NULL UNIQUE';
    my $last = '9223372036854775806';
    for my $engine (qw(InnoDB MyISAM)) {
        at_the_end_of_the_table("append, $engine", "($id AUTO_INCREMENT PRIMARY KEY) ENGINE=$engine", "($last)");
        at_the_end_of_the_table("stub, $engine", "($id AUTO_INCREMENT PRIMARY KEY, $stub) ENGINE=$engine", "($last, 'a')");
        at_the_end_of_the_table("counter, $engine", "($id, $stub) ENGINE=$engine", "($last, 'a')");
    }
    return;
}

one_by_one();
in_groups();
at_the_end_of_the_space();
at_the_ends_of_tables();
done_testing;
