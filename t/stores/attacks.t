#!/usr/bin/perl
# What an operator may do to a Redis, an etcd or a ZooKeeper while clients ask for ids: ids go on, or the store is
# refused. No id is repeated.
use strict;
use warnings;
use Test::More;
use Tickr::Etcd;
use Tickr::Process qw(wait_for);
use Tickr::Redis;
use Tickr::StoreLoad;
use Tickr::ZooKeeper;

# CODE does not end the service for long.
sub goes_on {
    my ($what, $server, $code) = @_;
    $code->();
    $server->wait_for_ids;
    pass "$what: ids go on";
    return;
}

sub ends_without_a_repetition {
    my ($server, $backend) = @_;
    Tickr::StoreLoad::no_id_is_repeated('in all', $server->finish);
    $server->stop;
    $backend->kill;
    return;
}

# CODE makes SERVER refuse the store in BACKEND.
sub is_refused {
    my ($what, $server, $backend, $code) = @_;
    $server->start('strong', 3);
    $code->();
    if (eval { $server->wait_for_refusal }) { $server->issues_nothing("$what: the store is refused") }
    else { fail "$what: the store is refused"; diag $server->create('orders') }
    return ends_without_a_repetition($server, $backend);
}

# --- Redis ----------------------------------------------------------------------------------------------

sub redis_server {
    my ($redis) = @_;
    return Tickr::StoreLoad->new(qq({"type": "redis", "metadata": {"redisHost": "@{[ $redis->socket ]}"}}));
}

sub redis_goes_on {
    my $redis  = Tickr::Redis->new;
    my $server = redis_server($redis)->start('strong', 3);
    goes_on('DEBUG RELOAD',  $server, sub { $redis->ask('debug', 'reload') });
    goes_on('DEBUG LOADAOF', $server, sub { $redis->ask('debug', 'loadaof') });
    goes_on('CLIENT KILL',   $server, sub { $redis->ask('client', 'kill', 'type', 'normal') for 1 .. 20 });
    goes_on('CLIENT PAUSE',  $server, sub { $redis->ask('client', 'pause', 3000) });
    goes_on('a full memory', $server, sub {
        $redis->ask('config', 'set', 'maxmemory', '1mb');
        wait_for('the errors', 30, sub { $server->create('orders') =~ /OOM/ });
        $redis->ask('config', 'set', 'maxmemory', 0);
    });
    goes_on('BGREWRITEAOF, and kill -9', $server, sub {
        $redis->ask('bgrewriteaof');
        wait_for('the end of the rewrite', 30, sub { $redis->info('aof_rewrite_in_progress') eq '0' });
        $server->wait_for_ids;
        $redis->ask('bgrewriteaof');
        $redis->kill;
        $redis->start;
    });
    for my $setting (['appendfsync', 'everysec', 'always'], ['maxmemory-policy', 'allkeys-lru', 'noeviction'], ['appendonly', 'no', 'yes']) {
        my ($name, $wrong, $right) = @$setting;
        goes_on("$name $wrong, which is refused until it is $right again", $server, sub {
            $redis->ask('config', 'set', $name, $wrong);
            wait_for("the refusal of $name $wrong", 30, sub { $server->create('orders') =~ /error.*(?:$name|aof_enabled)/ });
            $redis->ask('config', 'set', $name, $right);
        });
    }
    return ends_without_a_repetition($server, $redis);
}

# Each key has issued ids before.
sub redis_refuses_a_changed_key {
    my $redis   = Tickr::Redis->new;
    my $server  = redis_server($redis)->start('strong', 3);
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
        $server->create("key$number") for 1 .. 3;
        $change->("sequencer|||key$number");
        like $server->create("key$number"), qr/sequencer\|\|\|key$number was moved by another program/, "a key $what is refused";
    }
    $server->wait_for_ids;
    return ends_without_a_repetition($server, $redis);
}

sub redis_is_refused {
    my ($what, $code) = @_;
    my $redis  = Tickr::Redis->new(port => 1);
    my $server = redis_server($redis);
    return is_refused($what, $server, $redis, sub { $code->($redis, $server) });
}

# Replace the data of REDIS, in the same process, by those of a replica that has lagged.
sub resync {
    my ($redis, $server) = @_;
    my $copy = Tickr::Redis->new(port => 1, options => [ '--replicaof', '127.0.0.1', $redis->port ]);
    wait_for('the replica', 60, sub { $copy->info('master_link_status') eq 'up' });
    $copy->ask('replicaof', 'no', 'one');
    $server->wait_for_ids;
    $redis->ask('replicaof', '127.0.0.1', $copy->port);
    wait_for('the older data', 60, sub { $redis->info('master_link_status') eq 'up' });
    $redis->ask('replicaof', 'no', 'one');
    $copy->kill;
    return;
}

# Load an older file in the same process.
sub reload {
    my ($redis, $server) = @_;
    $redis->ask('save');
    $server->wait_for_ids;
    return $redis->ask('debug', 'reload', 'nosave');
}

sub redis {
    redis_goes_on();
    redis_refuses_a_changed_key();
    redis_is_refused('FLUSHALL', sub { $_[0]->ask('flushall') });
    redis_is_refused('SWAPDB', sub { $_[0]->ask('swapdb', 0, 1) });
    redis_is_refused('a clock that was deleted', sub { $_[0]->ask('del', 'tickr|||clock') });
    redis_is_refused('a clock without the sum of raises', sub { $_[0]->ask('hdel', 'tickr|||clock', 'raised') });
    redis_is_refused('a row of the server that was deleted',
        sub { $_[0]->ask('del', grep {length} split /\n/, $_[0]->ask('keys', 'tickr|||instance:*')) });
    redis_is_refused('an older copy in the same process', \&resync);
    redis_is_refused('an older file that DEBUG RELOAD loads', \&reload);
    return;
}

# --- etcd -----------------------------------------------------------------------------------------------

sub etcd_server {
    my ($etcd) = @_;
    return Tickr::StoreLoad->new('{"type": "etcd", "metadata": {"endpoints": "' . $etcd->endpoints =~ tr/,/;/r . '"}}');
}

sub etcd {
    my $etcd   = Tickr::Etcd->new(nodes => 3);
    my $server = etcd_server($etcd)->start('strong', 3);
    goes_on('a compaction', $server, sub { $etcd->compact });
    goes_on('a defragmentation', $server, sub { $etcd->ctl('defrag') });
    goes_on('another leader', $server, sub {
        my ($id) = $etcd->ctl('member', 'list') =~ /^(\w+), \w+, \Q$etcd->{nodes}[ ($etcd->wait_for_leader + 1) % 3 ]{name}\E,/m;
        $etcd->ctl('move-leader', $id);
    });
    is_refused('all keys deleted', $server, $etcd, sub { $etcd->ctl('del', '--prefix', '/layotto/') });
    return;
}

# --- ZooKeeper ------------------------------------------------------------------------------------------

sub zookeeper_server {
    my ($zookeeper) = @_;
    return Tickr::StoreLoad->new(
        '{"type": "zookeeper", "metadata": {"SessionTimeout": "1", "zookeeperHosts": "' . $zookeeper->endpoints . '"}}');
}

# Remove FILES of its data while it is down.
sub remove_files {
    my ($zookeeper, $files) = @_;
    $zookeeper->kill;
    unlink glob "$zookeeper->{folder}/data/version-2/$files";
    $zookeeper->start;
    return;
}

sub zookeeper {
    my $zookeeper = Tickr::ZooKeeper->new(settings => { forceSync => 'yes' });
    my $server    = zookeeper_server($zookeeper)->start('strong', 3);
    goes_on('a session that expires', $server, sub {
        my $sessions = sub { $zookeeper->say('cons') =~ /sid=(0x\w+)/ && $1 };
        my $before   = $sessions->();
        $server->{server}->signal('STOP');
        wait_for('the end of the session', 60, sub { $zookeeper->say('cons') !~ /sid=$before/ });
        $server->{server}->signal('CONT');
    });
    is_refused('all data removed', $server, $zookeeper, sub { remove_files($zookeeper, '*') });
    $zookeeper = Tickr::ZooKeeper->new(settings => { snapCount => 100 });
    $server    = zookeeper_server($zookeeper);
    # The newest log may have no change that was answered yet. The one before it has many.
    is_refused('the two newest logs removed', $server, $zookeeper, sub {
        wait_for('a third log', 60, sub { 3 <= (() = glob "$zookeeper->{folder}/data/version-2/log.*") });
        $zookeeper->kill;
        my @logs = sort { hex($a =~ s/.*log\.//r) <=> hex($b =~ s/.*log\.//r) } glob "$zookeeper->{folder}/data/version-2/log.*";
        my ($first) = $logs[-2] =~ /log\.(\w+)$/;
        unlink @logs[ -2, -1 ], grep { hex(s/.*snapshot\.//r) >= hex $first } glob "$zookeeper->{folder}/data/version-2/snapshot.*";
        $zookeeper->start;
    });
    return;
}

for (['redis', 'Tickr::Redis', \&redis], ['etcd', 'Tickr::Etcd', \&etcd], ['zookeeper', 'Tickr::ZooKeeper', \&zookeeper]) {
    my ($type, $class, $test) = @$_;
SKIP: {
        my $missing = Tickr::StoreLoad::missing($type, $class->missing);
        skip $missing, 1 if $missing;
        $test->();
    }
}
done_testing;
