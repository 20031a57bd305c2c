#!/usr/bin/perl
# tickrd sequence, tickrd decode and tickrd createdb work on the stores of TICKR_SEQUENCERS_FILE, by the keys of clients.
use strict;
use warnings;
use Test::More;
use Tickr::Client;
use Tickr::Database;
use Tickr::Etcd;
use Tickr::File;
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Redis;
use Tickr::Server;
use Tickr::ZooKeeper;

my $runs = 0;
my %env  = (
    Tickr::Server::patient(),
    TICKR_DATABASE_ADAPTER  => 'memory',
    TICKR_ALLOW_FORGETTING  => 1,
    TICKR_SEQUENCERS_APP_ID => 'shop',
    TICKR_SEQUENCERS_FILE   => scratch() . '/stores.json',
    TICKR_SCRAMBLE_KEY_FILE => spew('key', ('0123456789abcdef' x 4) . "\n"),
);

# Settings with a store "store" of TYPE, and a state folder of their own.
sub settings {
    my ($type, $metadata, %more) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    spew('stores.json', qq({"sequencer": {"store": {"type": "$type", "metadata": $metadata}, "forgets": {"type": "in-memory"}}}));
    return { %env, TICKR_STATE_DIR => $state, %more };
}

# Run tickrd with ARGUMENTS. Return (exit status, output and errors).
sub tickrd {
    my ($settings, @arguments) = @_;
    return Tickr::Server->run(program => 'tickrd-memory', env => $settings, arguments => \@arguments);
}

# The same must succeed. Return the output.
sub done {
    my ($settings, @arguments) = @_;
    my ($status, $output) = tickrd($settings, @arguments);
    is $status, 0, "tickrd @arguments" or diag $output;
    return $output;
}

# The same must end with STATUS.
sub refused {
    my ($settings, $wanted, $why, @arguments) = @_;
    my ($status, $output) = tickrd($settings, @arguments);
    is $status, $wanted, "tickrd @arguments is refused";
    like $output, $why, '... with the reason';
    return;
}

sub start_server {
    my ($settings) = @_;
    my $server = Tickr::Server->new(program => 'tickrd-memory', env => $settings);
    wait_for('the store', 90, sub { $server->get('/readyz?store=store')->{status} == 200 });
    return $server;
}

# All commands of NAME, a store whose ids of this node are FIRST, FIRST + STEP and so on.
sub all_commands {
    my ($settings, $name, $first, $step) = @_;
    my $id    = sub { $first + ($_[0] - 1) * $step };
    my @store = ('--store', $name);
    my $far   = $id->(100);
    like done($settings, 'sequence', 'create', 'orders', '--order', 'weak', @store),
        qr/^sequence orders: made\. It has ids from $first to \d+, weak, of 63 bits, plain$/, 'a sequence is made';
    like done($settings, 'sequence', 'create', 'orders', '--width', 53, @store), qr/^sequence orders: changed\..*, weak, of 53 bits/,
        '... and changed';
    like done($settings, 'sequence', 'create', 'a', '--start', $id->(5), @store), qr/ids from @{[ $id->(5) ]} to/, 'a start is kept';
    like done($settings, 'sequence', 'show', 'orders', @store), qr/^name: +orders\nnewest id: none\nfirst id: +$first\n/,
        'a sequence is shown by the key of clients';
    like done($settings, 'sequence', 'list', @store), qr/^newest\t[^\n]*\nnone\t[^\n]*\ta\nnone\t[^\n]*\torders\n$/,
        'the list has the keys in their order, and nothing of other applications';
    refused($settings, 1, qr/become a gap: +\d+\n.*nothing was changed/s,
        'sequence', 'advance', 'orders', '--past', $far, @store);
    like done($settings, 'sequence', 'advance', 'orders', '--past', $far, '--yes', @store), qr/it was moved forward/,
        'a sequence is moved';
    like done($settings, 'sequence', 'show', 'orders', @store), qr/^newest id: $far$/m, '... past the id';
    is done($settings, 'decode', '--sequence', 'orders', $far, @store),
        'node: ' . ($step > 1 ? 3 : 0) . "\nnumber: 100\nreserved: yes\n", '... which is decoded with the numbers of the store';
    my $lines = spew('lines', "from-1\nfrom-2\torder=weak\n");
    like done($settings, 'sequence', 'create', '--from', $lines, @store), qr/^sequence from-1: made\..*\nsequence from-2: made\..*, weak/,
        'sequences are made from a file';
    like done($settings, 'sequence', 'retire', 'a', '--yes', @store), qr/it is retired, for ever/, 'a sequence is retired';
    refused($settings, 1, qr/sequence b: there is none/, 'sequence', 'show', 'b', @store);
    refused($settings, 1, qr/a key of this store must not have \|\|/, 'sequence', 'show', 'a||b', @store);
    return;
}

# The changes reach the clients of a server, and commands work next to it.
sub commands_reach_clients {
    my ($settings, $first, $step) = @_;
    my @store  = ('--store', 'store');
    my $server = start_server($settings);
    my $next   = $first + 100 * $step;
    my ($id) = $server->get('/sequences/orders/create?store=store')->{body} =~ /^\[(\d+)\]$/;
    is $id, $next, 'clients get the next id';
    is $server->get('/sequences/a/create?store=store')->{status}, 410, '... and none of a retired sequence';
    my ($instance) = done($settings, 'sequence', 'list', '--instances', @store) =~ /^([0-9a-f]{32})\t\d+\t\d+$/m;
    ok $instance, 'the server is listed';
    done($settings, 'sequence', 'create', 'later', '--start', $next, @store);
    wait_for('the new sequence', 20, sub { $server->get('/sequences/later/create?store=store')->{body} eq "[$next]" });
    pass 'a sequence that is made next to a server is served';
    done($settings, 'sequence', 'create', 'coupons', '--form', 'scrambled', @store);
    wait_for('the scrambled sequence', 20, sub { $server->get('/sequences/coupons/create?store=store')->{body} =~ /^\[(\d+)\]$/ && ($id = $1) });
    like done($settings, 'decode', '--sequence', 'coupons', $id, @store), qr/^the id before it was scrambled: $first\n/,
        'a scrambled id is decoded';
    $server->stop;
    like done($settings, 'sequence', 'fold', $instance, '--yes', @store), qr/the row of this instance was removed/,
        'the row of a server that is gone is removed';
    return;
}

sub store_of_type {
    my ($type, $metadata, $first, $step, %more) = @_;
    note "type $type";
    my $settings = settings($type, $metadata, %more);
    if ($step > 1) {
        my $words = $type eq 'mysql' ? qr/; run tickrd createdb --store store, or fix dataBaseName/ : qr/or file to .*\. Run tickrd createdb --store store only/;
        refused($settings, 1, $words, 'sequence', 'list', '--store', 'store');
        like done($settings, 'createdb', '--store', 'store'), qr/table `tickr_sequences`: created\nthe store store is ready/,
            "$type: the table is made";
        refused($settings, 1, qr/nothing was missing/, 'createdb', '--store', 'store');
        done($settings, 'createdb', '--if-not-exists', '--store', 'store');
    } else {
        refused($settings, 1, qr/a store of type $type has no table: start tickrd/, 'createdb', '--store', 'store');
    }
    done({ %$settings, TICKR_SEQUENCERS_APP_ID => $_ }, 'sequence', 'create', 'orders', '--store', 'store') for qw(bar zoo);
    all_commands($settings, 'store', $first, $step);
    commands_reach_clients($settings, $first, $step);
    return;
}

# The server carries out the commands on a store that only one process may have.
sub commands_go_through_the_server {
    my ($metadata) = @_;
    my $socket   = scratch() . '/control';
    my $settings = settings('sqlite', $metadata);
    my $server   = start_server({ %$settings, TICKR_CONTROL_SOCKET => $socket });
    refused($settings, 1, qr/another tickrd has .*set TICKR_CONTROL_SOCKET for it and for this command/,
        'sequence', 'list', '--store', 'store');
    refused($settings, 1, qr/a store of type in-memory is in its server: start the server/, 'sequence', 'list', '--store', 'forgets');
    $settings->{TICKR_CONTROL_SOCKET} = $socket;
    all_commands($settings, 'forgets', 1, 1);
    like done($settings, 'sequence', 'create', 'through', '--store', 'store'), qr/made/, 'sqlite: a sequence is made through the server';
    like done($settings, 'sequence', 'list', '--store', 'store'), qr/\tthrough\n/, '... and listed';
    is $server->get('/sequences/through/create?store=store')->{body}, '[4]', '... and served';
    ok $server->wait_for_log(qr/the operator changed named sequences" command=create name="through" store=store/), '... and logged';
    my $client = Tickr::Client->new(unix => $socket);
    like $client->get('/sequences/through?store=store')->{body}, qr/^name: +through$/m, 'the socket has the sequences of each store';
    is $client->get('/sequences/through?store=none')->{status}, 404, '... and of no other one';
    is $client->get('/sequences/through')->{status}, 404, '... and apart from those of the own databases';
    $server->stop;
    refused($settings, 1, qr/in-memory is in its server/, 'sequence', 'list', '--store', 'forgets');
    return;
}

# A server of Snowflake ids has no databases of its own, and its stores have no nodes.
sub a_server_of_snowflakes_has_stores {
    my ($metadata) = @_;
    my $settings = settings('sqlite', $metadata,
        TICKR_DATABASE_ADAPTER       => 'snowflake',
        TICKR_SNOWFLAKE_WORKER       => 7,
        TICKR_SNOWFLAKE_EPOCH        => 1609459200000 + $$,
        TICKR_CONTROL_SOCKET         => scratch() . '/flakes',
        map { $_ => undef } qw(TICKR_MAX_NODES TICKR_NODE_NUMBER TICKR_STARTING_OFFSET));
    done($settings, 'createdb', '--store', 'store');
    my $server = start_server($settings);
    all_commands($settings, 'store', 1, 1);
    my $client = Tickr::Client->new(unix => $settings->{TICKR_CONTROL_SOCKET});
    is $client->get('/databases')->{body}, "{\"databases\":[]}\n", 'it has no databases of its own';
    is $client->get('/sequences/orders')->{status}, 404, '... and no store tickr';
    $server->stop;
    return;
}

sub mistakes_are_named {
    my $settings = settings('in-memory', '{}');
    refused($settings, 64, qr/--store: it takes the name of a store/, 'sequence', 'list', '--store', '');
    refused($settings, 64, qr/name of a store has 1 to 64 bytes/, 'sequence', 'list', '--store', 'x' x 65);
    refused($settings, 1, qr/there is no store "none": TICKR_SEQUENCERS_FILE has store, forgets/, 'sequence', 'list', '--store', 'none');
    refused($settings, 64, qr/decode --store needs --sequence NAME/, 'decode', '--store', 'store', 5);
    refused($settings, 64, qr/createdb --store takes --if-not-exists only/, 'createdb', '--store', 'store', '--layout', 'counter');
    refused($settings, 64, qr/--store goes with createdb and advance and /, 'check-config', '--store', 'store');
    refused($settings, 1, qr/a store of type in-memory has no table/, 'createdb', '--store', 'store');
    like done({ %$settings, TICKR_SEQUENCES => 'any' }, 'sequence', 'list', '--store', 'tickr'), qr/^newest\t/,
        'store tickr is in the own databases';
    return;
}

mistakes_are_named();
SKIP: {
    skip Tickr::Database->missing, 1 if Tickr::Database->missing;
    my $database = Tickr::Database->new;
    store_of_type('mysql', '{"mysqlUrl": "' . $database->socket . '", "dataBaseName": "store"}', 4, 10);
    $database->kill;
}
SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    my $metadata = '{"file": "' . scratch() . '/store.db"}';
    store_of_type('sqlite', $metadata, 4, 10, TICKR_CONTROL_SOCKET => scratch() . '/control');
    commands_go_through_the_server($metadata);
    a_server_of_snowflakes_has_stores('{"file": "' . scratch() . '/flakes.db"}');
}
SKIP: {
    skip 'Redis cannot run here', 1 if Tickr::Redis->missing;
    my $redis = Tickr::Redis->new;
    store_of_type('redis', '{"redisHost": "' . $redis->socket . '"}', 1, 1);
    $redis->kill;
}
SKIP: {
    skip 'etcd cannot run here', 1 if !-x Tickr::Server::program('t/remote/etcd_client') || Tickr::Etcd->missing;
    my $etcd = Tickr::Etcd->new;
    store_of_type('etcd', '{"endpoints": "' . $etcd->endpoints . '"}', 1, 1);
    $etcd->kill;
}
SKIP: {
    skip 'ZooKeeper cannot run here', 1 if !-x Tickr::Server::program('t/remote/zookeeper_client') || Tickr::ZooKeeper->missing;
    my $zookeeper = Tickr::ZooKeeper->new;
    store_of_type('zookeeper', '{"zookeeperHosts": "' . $zookeeper->endpoints . '"}', 1, 1);
    $zookeeper->kill;
}
done_testing;
