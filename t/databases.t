#!/usr/bin/perl
# One server on two databases. While one of them works clients get 200, and no ticket is issued twice.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Tickr::Client;
use Tickr::Database;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;
use Time::HiRes qw(time);

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();

# The pool time-out of tests that promise 200, long enough for a machine whose disk stalls.
my $patience = 3;

my @databases = map { Tickr::Database->new } 1 .. 2;
my @names     = map { $_->socket } @databases;

sub settings {
    my (%more) = @_;
    return { TICKR_DATABASE_HOST => join(',', @names), TICKR_NODE_NUMBER => '3,4', %more };
}

# Both databases created again, and a server on them that has found both.
sub fresh {
    my (%more) = @_;
    $_->drop for @databases;
    Tickr::Server->createdb(env => settings());
    my $server = Tickr::Server->new(env => settings(%more));
    wait_for_states($server, 'up', 'up');
    return $server;
}

sub status_of { $_[0]->client->json($_[0]->get('/status')) }

sub states {
    my ($server) = @_;
    my $status = $server->get('/status');
    return '503' if $status->{status} != 200;
    return join ' ', map { $_->{state} } @{ $server->client->json($status)->{databases} };
}

sub wait_for_states {
    my ($server, @states) = @_;
    return wait_for("the states @states", 20, sub { states($server) eq "@states" });
}

# The remainder of a ticket names its database.
sub node_of { ($_[0] - 326) % 10 }

sub nodes_of {
    my %nodes;
    $nodes{ node_of($_) }++ for @_;
    return \%nodes;
}

sub slowest {
    my ($slowest) = sort { $b <=> $a } map { $_->{came} - $_->{asked} } map {@$_} @_;
    return $slowest;
}

# The tickets of each client rise within each database.
sub unordered {
    my @unordered;
    for my $answers (@_) {
        my %last;
        for my $ticket (map { @{ $_->{tickets} } } @$answers) {
            my $node = node_of($ticket);
            push @unordered, "$ticket after $last{$node}" if $ticket <= ($last{$node} // 0);
            $last{$node} = $ticket;
        }
    }
    return @unordered;
}

sub is_sound {
    my ($what, @clients) = @_;
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], ['200'], "$what: every answer is 200";
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$what: no ticket twice";
    is_deeply [ unordered(@clients) ], [], "$what: each client's tickets rise within each database";
    return;
}

{    # round robin
    my $server = fresh();
    my $client = $server->client;
    is_deeply status_of($server), {
        last_ticket => undef,
        databases   => [
            map { { host => $names[$_], node => 3 + $_, state => 'up', last_ticket => undef } } 0, 1
        ],
        },
        '/status names both before the first ticket';
    my @tickets = map { @{ $client->json($client->get('/tickets/create')) } } 1 .. 10;
    is_deeply nodes_of(@tickets), { 3 => 5, 4 => 5 }, 'round robin: each database reserves in turn';
    is_deeply [ sort { $a <=> $b } @tickets ], [ map { (329 + 10 * $_, 330 + 10 * $_) } 0 .. 4 ],
        '... with its own counter';
    my $batch = $client->json($client->get('/tickets/create/50'));
    is_deeply [ values %{ nodes_of(@$batch) } ], [50], 'a batch is from one database';
    $client->get('/tickets/create');
    my $status = $client->get('/status');
    my $known  = $client->json($status);
    my @lasts  = map { $_->{last_ticket} } @{ $known->{databases} };
    is $known->{last_ticket}, $lasts[0] > $lasts[1] ? $lasts[0] : $lasts[1],
        '/status: last_ticket is the highest of all';
    like $status->{body}, qr/^\{"last_ticket":\d+,"databases":\[\{"host":"\Q$names[0]\E","node":3,"state":"up","last_ticket":\d+\},/,
        '/status: last_ticket is the first field';
    is $lasts[$_], $server->metric("tickr_last_ticket{database=\"$names[$_]\",node=\"" . (3 + $_) . '"}'),
        "the metrics have the same last ticket of database $_"
        for 0, 1;
    is $server->stop, 0, 'the server stops cleanly';
}

{    # createdb makes the missing parts of each
    $databases[1]->drop;
    my $env = settings();
    my ($status, $output) = Tickr::Server->run(arguments => ['createdb'], env => $env);
    is $status, 0, 'createdb makes the missing parts of one database';
    like $output, qr/^\Q$names[0]\E, node 3:\n.*found.*^\Q$names[1]\E, node 4:\n.*created.*databases are ready/ms,
        '... and prints the content of each';
    is +(Tickr::Server->run(arguments => ['createdb'], env => $env))[0], 1, 'a second createdb exits 1';
    is +(Tickr::Server->run(arguments => [ 'createdb', '--if-not-exists' ], env => $env))[0], 0,
        '... and 0 with --if-not-exists';

    $databases[0]->drop;
    ($status, $output) = Tickr::Server->run(arguments => [ 'createdb', '--layout', 'counter' ], env => $env);
    is $status, 0, 'with --layout it makes the missing parts in that layout';
    like $output, qr/^\Q$names[0]\E, node 3:\n.*created \(counter.*^\Q$names[1]\E, node 4:\n.*found \(append.*^the counter layout was requested/ms,
        '... and leaves the other database unchanged';
    my $server = Tickr::Server->new(env => $env);
    wait_for_states($server, 'up', 'up');
    my $client  = $server->client;
    my @tickets = map { @{ $client->json($client->get('/tickets/create/3')) } } 1 .. 10;
    is_deeply [ sort keys %{ nodes_of(@tickets) } ], [ 3, 4 ], '... and one server issues the tickets of both';
    is $server->stop, 0, 'the server stops cleanly';
}

for my $death ('killed', 'stopped') {    # one database dies under load, and returns
    my $server = fresh(TICKR_DATABASE_POOL_TIMEOUT => $patience);
    my $load   = Tickr::Load->start($server, clients => 16);
    $load->wait_for_answers(300);
    $death eq 'killed' ? $databases[0]->kill : $databases[0]->pause;
    wait_for_states($server, 'down', 'up');
    $load->wait_for_answers(300);
    is $server->get('/readyz')->{status}, 200, "one $death: the server is ready";
    is $server->metric("tickr_database_up{database=\"$names[0]\",node=\"3\"}"), 0, "one $death: a metric shows it";
    is $server->metric("tickr_database_up{database=\"$names[1]\",node=\"4\"}"), 1, '... for that database only';
    my $down_for = nodes_of(map { @{ $server->client->json($server->get('/tickets/create')) } } 1 .. 6);
    is_deeply $down_for, { 4 => 6 }, "one $death: the other database reserves all tickets";
    wait_for('its sessions to be closed', 10, sub {
        $server->metric("tickr_database_sessions_open{database=\"$names[0]\",node=\"3\"}") == 0;
    });
    pass "one $death: its sessions are closed";
    if ($death eq 'killed') { $databases[0]->start } else { $databases[0]->resume }
    my $back = time;
    wait_for_states($server, 'up', 'up');
    cmp_ok time - $back, '<', 3, "one $death: it is in service again by itself";
    $load->wait_for_answers(300);
    my @clients = $load->finish;
    is_sound("one $death", @clients);
    cmp_ok slowest(@clients), '<', 0.9 * $patience, "one $death: no request waits as long as the pool time-out";
    is $server->stop, 0, 'the server stops cleanly';
}

{    # failover, in the order of the list
    my $server = fresh(TICKR_DATABASE_POLICY => 'failover');
    my $client = $server->client;
    my $nodes  = sub {
        nodes_of(map { @{ $client->json($client->get('/tickets/create')) } } 1 .. 10);
    };
    is_deeply $nodes->(), { 3 => 10 }, 'failover: the first database reserves all tickets';
    $databases[0]->kill;
    is_deeply $nodes->(), { 4 => 10 }, 'failover: after its death the second database reserves them';
    $databases[0]->start;
    wait_for_states($server, 'up', 'up');
    my $back = time;
    is_deeply $nodes->(), { 4 => 10 }, 'failover: ... also when the first has just returned';
    wait_for('the first one to be used again', 20, sub { ($nodes->()->{3} // 0) == 10 });
    cmp_ok time - $back, '>', 4, 'failover: the first reserves again after it has worked for a while';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # both are down
    my $server = fresh(TICKR_DATABASE_POOL_TIMEOUT => '0.5');
    $server->get('/tickets/create') for 1 .. 4;
    $_->kill for @databases;
    for my $path ('/tickets/create', '/status', '/tickets/create') {
        my $began  = time;
        my $answer = $server->get($path);
        is $answer->{status}, 503, "both dead: $path gets 503";
        cmp_ok time - $began, '<', 1.5, '... in time';
        like $answer->{body}, qr/\Q$names[$_]\E/, "... and names database $_" for 0, 1;
        is $answer->{headers}{'retry-after'}, 1, '... with Retry-After';
    }
    is $server->get('/readyz')->{status}, 503, 'both dead: the server is not ready';
    $_->start for @databases;
    my $back = time;
    wait_for_states($server, 'up', 'up');
    cmp_ok time - $back, '<', 3, 'both are in service again by themselves';
    is $server->get('/tickets/create')->{status}, 200, '... and tickets are issued';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # both are down at the start
    $_->kill for @databases;
    my $server = Tickr::Server->new(env => settings());
    is $server->get('/livez')->{status}, 200, 'a server starts while both databases are down';
    $databases[1]->start;
    wait_for_states($server, 'down', 'up');
    pass '... and serves when one is up';
    $databases[0]->start;
    wait_for_states($server, 'up', 'up');
    is $server->stop, 0, 'the server stops cleanly';
}

{    # swapped node numbers
    my ($status, $output) = Tickr::Server->run(env => settings(TICKR_NODE_NUMBER => '4,3'));
    is $status, 78, 'swapped node numbers stop the start';
    like $output, qr/pinned to TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3.*database="\Q$names[0]\E"/,
        '... with the settings of each database';
    my $server = Tickr::Server->new(env => settings(TICKR_NODE_NUMBER => '3,5'));
    wait_for_states($server, 'up', 'refused');
    my @tickets = map { @{ $server->client->json($server->get('/tickets/create')) } } 1 .. 6;
    is_deeply nodes_of(@tickets), { 3 => 6 }, 'a wrong one is refused, and the right one serves';
    like $server->log, qr/cannot serve from this database.*pinned to.*NODE_NUMBER=4.*database="\Q$names[1]\E"/,
        '... and the log says why';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the ticket selects the counter that advance moves
    my $advance = sub {
        Tickr::Server->run(env => settings(), arguments => [ 'advance', '--past', $_[0], '--yes' ]);
    };
    fresh()->stop;
    my ($status, $output) = $advance->(10_330);
    is $status, 0, 'advance moves the counter of the database that issues the ticket';
    like $output, qr/\A\Q$names[1]\E, node 4:\n.*afterwards, at least: 10340\n.*was moved\n\z/s, '... and names that database';
    ($status, $output) = $advance->(10_331);
    is $status, 1, 'a ticket that none of them gives moves nothing';
    is $output, "tickrd: none of these databases issues ticket 10331: "
        . "name the last ticket of the database to move; nothing was changed\n", '... the message says why';
    my $server = Tickr::Server->new(env => settings());
    wait_for_states($server, 'up', 'up');
    my %first = map { node_of($_) => $_ } map { @{ $server->client->json($server->get('/tickets/create')) } } 1 .. 2;
    is_deeply \%first, { 3 => 329, 4 => 10_340 }, 'the counter of the other database stays';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # an older copy replaces one of them
    my $server = fresh(TICKR_DATABASE_POOL_TIMEOUT => $patience);
    my $load   = Tickr::Load->start($server, clients => 8);
    $load->wait_for_answers(100);
    $databases[0]->stop;
    my $folder = $databases[0]{folder};
    system('cp', '-a', "$folder/data", "$folder/copy") == 0 or die 'cp failed';
    $databases[0]->start;
    wait_for_states($server, 'up', 'up');
    $load->wait_for_answers(200);
    $databases[0]->stop;
    system("rm -rf '$folder/data' && mv '$folder/copy' '$folder/data'") == 0 or die 'mv failed';
    $databases[0]->start;
    wait_for_states($server, 'refused', 'up');
    $load->wait_for_answers(100);
    is states($server), 'refused up', 'an older copy is refused while the other one serves';
    like $server->log, qr/the database has gone back.*database="\Q$names[0]\E"/, '... and the log names it';
    my @clients = $load->finish;
    is_sound('an older copy', @clients);
    my ($floor) = $server->log =~ /but (\d+) was issued/;
    $databases[0]->advance($floor + 1000);
    wait_for_states($server, 'up', 'up');
    pass '... until its counter has been moved';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # the operator drains one for maintenance
    my $control = scratch() . '/control';
    my $server  = fresh(TICKR_CONTROL_SOCKET => $control, TICKR_DATABASE_POOL_TIMEOUT => $patience);
    my $ask     = sub {
        my $answer = Tickr::Client->new(unix => $control)->request(@_);
        return ($answer->{status}, JSON::PP::decode_json($answer->{body}));
    };
    is sprintf('%04o', (stat $control)[2] & 07777), '0600', 'only its owner may use the control socket';
    my $kept = Tickr::Client->new(unix => $control)->request('GET', '/databases')->{headers};
    is $kept->{'cache-control'},          'no-store', 'its answers must not be stored';
    is $kept->{'x-content-type-options'}, 'nosniff',  '... nor parsed as another type';
    my ($status, $list) = $ask->('GET', '/databases');
    is $status, 200, 'GET /databases lists the databases';
    is_deeply [ map {"$_->{host} $_->{node} $_->{state}"} @{ $list->{databases} } ],
        [ "$names[0] 3 up", "$names[1] 4 up" ], '... by name, node and state';

    my $load = Tickr::Load->start($server, clients => 8);
    $load->wait_for_answers(100);
    my ($drain_status, $drained) = $ask->('POST', '/databases/3/drain');
    is $drain_status, 200, 'drain is accepted';
    like $drained->{state}, qr/^drain(?:ing|ed)$/, '... with the present state';
    wait_for_states($server, 'drained', 'up');
    is $databases[0]->sql("SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'tickr'"), 0,
        'a drained database has no session';
    is $server->metric("tickr_database_up{database=\"$names[0]\",node=\"3\"}"), 0, '... and a metric tells';
    like $server->log, qr/the operator drains a database.*database="\Q$names[0]\E"/, '... and the log';
    unlike $server->log, qr/a database is out of service/, '... which calls it no failure';
    is +($ask->('POST', "/databases/$names[1]/drain"))[0], 409, 'the last one cannot be drained';
    $databases[0]->stop;
    $load->wait_for_answers(200);
    is states($server), 'drained up', 'a drained database stays drained, and the other one serves';
    $databases[0]->start;
    my ($resumed, $state) = $ask->('POST', "/databases/$names[0]/resume");
    is $resumed, 200, 'resume is accepted, by name';
    unlike $state->{reason} // '', qr/has taken it out/, '... and the database is not drained any more';
    wait_for_states($server, 'up', 'up');
    $load->wait_for_answers(100);
    my @clients = $load->finish;
    is_sound('maintenance', @clients);
    my @last = splice @{ [ sort { $a->{came} <=> $b->{came} } map {@$_} @clients ] }, -50;
    is scalar keys %{ nodes_of(map { @{ $_->{tickets} } } @last) }, 2, 'a resumed database is used again';

    my @wrong = (
        [ 404, 'POST', '/databases/7/drain' ],
        [ 404, 'POST', '/databases/nowhere/drain' ],
        [ 404, 'POST', '/databases/3/stop' ],
        [ 404, 'POST', '/databases/3' ],
        [ 404, 'GET',  '/tickets/create' ],
        [ 404, 'GET',  '/databases/' ],
        [ 404, 'GET',  '/databases/3' ],
    );
    for my $case (@wrong) {
        my ($expected, @request) = @$case;
        my ($got, $answer) = $ask->(@request);
        is $got, $expected, "@request is $expected";
        ok $answer->{error}, '... with the reason';
    }
    for my $method (qw(PUT DELETE OPTIONS FOO HEAD GET POST)) {
        for my $path ('/databases', '/databases/3/drain', '/databases/3/resume') {
            my $allowed = $path eq '/databases' ? 'GET' : 'POST';
            next if $method eq $allowed;
            my $answer = Tickr::Client->new(unix => $control)->request($method, $path);
            is $answer->{status}, 405, "$method $path is 405";
            is $answer->{headers}{allow}, $allowed, '... with the allowed method';
            like $answer->{body}, qr/\A\{"error":".*\b$allowed\b.*"\}\n\z/, '... also in words' if $method ne 'HEAD';
        }
    }
    is $server->get('/databases')->{status}, 404, 'clients cannot use these routes';
    is $server->stop, 0, 'the server stops cleanly';
    ok !-e $control, '... and the control socket is gone';
}

{    # with one database
    my $control = scratch() . '/control1';
    my $server  = Tickr::Server->fresh(database => $databases[0], env => { TICKR_CONTROL_SOCKET => $control });
    $server->wait_until_ready;
    is $server->get('/status')->{body}, '{"last_ticket":null}', 'with one database /status has only the last ticket';
    my $strange = Tickr::Client->new(unix => $control)->request('POST', '/databases/' . '%C3%A4' x 200 . '/drain');
    is $strange->{status}, 404, 'a name that no database has is 404';
    like eval { Tickr::Client->json($strange)->{error} }, qr/is not a database/, '... in JSON, with any letters';
    is(Tickr::Client->new(unix => $control)->request('POST', '/databases/3/drain')->{status},
        409, 'the only database cannot be drained');
    is $server->get('/tickets/create')->{body}, '[329]', '... and it continues to serve';
    is $server->stop, 0, 'the server stops cleanly';
}

done_testing;
