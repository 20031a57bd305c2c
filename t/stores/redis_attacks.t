#!/usr/bin/perl
# What an operator may do to a Redis while clients ask for ids: they go on, or the store is refused. No id is repeated.
use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Redis;
use Tickr::Server;

plan skip_all => 'Redis is not built in' if slurp("$ENV{BUILDDIR}/build.h") !~ /HAVE_REDIS 1$/m;
if (my $missing = Tickr::Redis->missing) { plan skip_all => $missing }

my $runs = 0;

sub server {
    my ($redis) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    my $file = spew("stores$runs.json", qq({"sequencer": {"red": {"type": "redis", "metadata": {"redisHost": "@{[ $redis->socket ]}"}}}}));
    my $server = Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { TICKR_MAX_NODES => 10, TICKR_NODE_NUMBER => 3, TICKR_STARTING_OFFSET => 326,
            TICKR_DATABASE_ADAPTER => 'memory', TICKR_SEQUENCES => 'none', TICKR_SEQUENCERS_FILE => $file,
            TICKR_STATE_DIR => $state, TICKR_DATABASE_QUERY_TIMEOUT => 2 });
    wait_for('the store', 60, sub { is_ready($server) });
    return $server;
}

sub is_ready   { return $_[0]->get('/readyz?store=red')->{status} == 200 }
sub is_refused { return $_[0]->metric('tickr_database_refused{pool="store"}') == 1 }
sub create     { my ($server, $key) = @_; return $server->get("/sequences/$key/create?store=red")->{body} }

sub start_load {
    my ($server) = @_;
    my $load = Tickr::Load->start($server, clients => 3, path => '/sequences/orders/create/2?store=red&order=strong', pause => 0.001);
    wait_for_ids($load);
    return $load;
}

sub count_ids { my ($load) = @_; return scalar map { slurp($_) =~ /^\S+ \S+ 200 /mg } glob "$load->{folder}/[0-9]*" }

sub wait_for_ids {
    my ($load) = @_;
    my $before = count_ids($load);
    return wait_for('more ids', 60, sub { count_ids($load) >= $before + 100 });
}

# CODE does not end the service for long.
sub goes_on {
    my ($what, $load, $code) = @_;
    $code->();
    wait_for_ids($load);
    pass "$what: ids go on";
    return;
}

sub no_id_is_repeated {
    my ($what, $load) = @_;
    is_deeply [ Tickr::Load::duplicates($load->finish) ], [], "$what: no id is repeated";
    return;
}

# --- with a server that goes on ---------------------------------------------------------------------------

sub harmless {
    my $redis  = Tickr::Redis->new;
    my $server = server($redis);
    my $load   = start_load($server);
    goes_on('DEBUG RELOAD', $load, sub { $redis->ask('debug', 'reload') });
    goes_on('DEBUG LOADAOF', $load, sub { $redis->ask('debug', 'loadaof') });
    goes_on('CLIENT KILL', $load, sub { $redis->ask('client', 'kill', 'type', 'normal') for 1 .. 20 });
    goes_on('CLIENT PAUSE', $load, sub { $redis->ask('client', 'pause', 3000) });
    goes_on('a full memory', $load, sub {
        $redis->ask('config', 'set', 'maxmemory', '1mb');
        wait_for('the refusals', 30, sub { create($server, 'orders') =~ /OOM/ });
        $redis->ask('config', 'set', 'maxmemory', 0);
    });
    goes_on('BGREWRITEAOF, and kill -9', $load, sub {
        $redis->ask('bgrewriteaof');
        wait_for('the end of the rewrite', 30, sub { $redis->info('aof_rewrite_in_progress') eq '0' });
        wait_for_ids($load);
        $redis->ask('bgrewriteaof');
        $redis->kill;
        $redis->start;
    });
    for my $setting (['appendfsync', 'everysec', 'always'], ['maxmemory-policy', 'allkeys-lru', 'noeviction'], ['appendonly', 'no', 'yes']) {
        my ($name, $wrong, $right) = @$setting;
        goes_on("$name $wrong, which was refused until it was $right again", $load, sub {
            $redis->ask('config', 'set', $name, $wrong);
            wait_for("the refusal of $name $wrong", 30, sub { create($server, 'orders') =~ /error.*(?:$name|aof_enabled)/ });
            $redis->ask('config', 'set', $name, $right);
        });
    }
    no_id_is_repeated('all of them', $load);
    $server->stop;
    $redis->kill;
    return;
}

# --- a sequence --------------------------------------------------------------------------------------------

# Each key has issued ids before.
sub a_changed_key_is_refused {
    my $redis  = Tickr::Redis->new;
    my $server = server($redis);
    my $load   = start_load($server);
    my @changes = (
        [ 'that was deleted', sub { $redis->ask('del', $_[0]) } ],
        [ 'that was set', sub { $redis->ask('set', $_[0], 1) } ],
        [ 'that expired', sub {
            my ($key) = @_;
            $redis->ask('pexpire', $key, 1);
            wait_for('the end of the key', 10, sub { $redis->ask('exists', $key) eq '0' });
        } ],
        [ 'of another type', sub { $redis->ask('del', $_[0]); $redis->ask('lpush', $_[0], 1) } ],
        [ 'that a script moved', sub { $redis->ask('eval', q(return redis.call('incr', KEYS[1])), 1, $_[0]) } ],
    );
    for my $number (0 .. $#changes) {
        my ($what, $change) = @{ $changes[$number] };
        create($server, "key$number") for 1 .. 3;
        $change->("sequencer|||key$number");
        like create($server, "key$number"), qr/sequencer\|\|\|key$number was moved by another program/, "a key $what is refused";
    }
    wait_for_ids($load);
    no_id_is_repeated('the others', $load);
    $server->stop;
    $redis->kill;
    return;
}

# --- with a server that must refuse -------------------------------------------------------------------------

sub refused {
    my ($what, $code) = @_;
    my $redis  = Tickr::Redis->new(port => 1);
    my $server = server($redis);
    my $load   = start_load($server);
    $code->($redis, $load);
    my $is_refused = eval { wait_for('the refusal', 30, sub { is_refused($server) }) };
    ok $is_refused, "$what is refused";
    diag create($server, 'orders'), map { (/reason="([^"]*)/)[0] . "\n" } (split /\n/, $server->log)[-1] if !$is_refused;
    my $ids = count_ids($load);
    $load->wait_for_answers(30);
    is count_ids($load), $ids, '... and issues no id' if $is_refused;
    no_id_is_repeated('... and', $load);
    $server->stop;
    $redis->kill;
    return;
}

# Replace the data of REDIS, in the same process, by those of a replica that has lagged.
sub resync {
    my ($redis, $load) = @_;
    my $copy = Tickr::Redis->new(port => 1, options => [ '--replicaof', '127.0.0.1', $redis->port ]);
    wait_for('the replica', 60, sub { $copy->info('master_link_status') eq 'up' });
    $copy->ask('replicaof', 'no', 'one');
    wait_for_ids($load);
    $redis->ask('replicaof', '127.0.0.1', $copy->port);
    wait_for('the older data', 60, sub { $redis->info('master_link_status') eq 'up' });
    $redis->ask('replicaof', 'no', 'one');
    $copy->kill;
    return;
}

harmless();
a_changed_key_is_refused();
refused('FLUSHALL', sub { $_[0]->ask('flushall') });
refused('SWAPDB', sub { $_[0]->ask('swapdb', 0, 1) });
refused('a clock that was deleted', sub { $_[0]->ask('del', 'tickr|||clock') });
refused('a clock without the sum of raises', sub { $_[0]->ask('hdel', 'tickr|||clock', 'raised') });
refused('a row of the server that was deleted', sub { $_[0]->ask('del', grep {length} split /\n/, $_[0]->ask('keys', 'tickr|||instance:*')) });
refused('an older copy in the same process', \&resync);
refused('an older file that DEBUG RELOAD loads', sub {
    my ($redis, $load) = @_;
    $redis->ask('save');
    wait_for_ids($load);
    $redis->ask('debug', 'reload', 'nosave');
});
done_testing;
