#!/usr/bin/perl
# A store of named sequences in Redis: keys as Layotto has them, refusals, a kill, a stop, and an older copy.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(scratch spew wait_for);
use Tickr::Redis;
use Tickr::Server;

plan skip_all => Tickr::Redis->missing if Tickr::Redis->missing;
my $folder = scratch();
my $redis  = Tickr::Redis->new(options => [ '--appendfsync', 'everysec' ]);
my $socket = $redis->socket;

sub ask { return $redis->ask(@_) }

mkdir "$folder/state" or die $!;
my %env = (
    Tickr::Server::patient(),
    TICKR_MAX_NODES         => 10,
    TICKR_NODE_NUMBER       => 3,
    TICKR_STARTING_OFFSET   => 1,
    TICKR_DATABASE_ADAPTER  => 'memory',
    TICKR_SEQUENCES         => 'none',
    TICKR_SEQUENCERS_APP_ID => 'shop',
    TICKR_STATE_DIR         => "$folder/state",
    TICKR_SEQUENCERS_FILE   => "$folder/stores.json");

sub stores {
    my ($more, $bound) = @_;
    spew('stores.json', qq({"sequencer": {"red": {"type": "redis", "biggerThan": {$bound},)
            . qq("metadata": {"redisHost": "$socket"$more}}}}));
    return;
}

sub check {
    return Tickr::Server->run(program => 'tickrd-memory', arguments => $_[0], env => \%env);
}

my $server;

sub serve {
    $server = Tickr::Server->new(program => 'tickrd-memory', env => \%env);
    wait_for('the store', 30, sub { ready() });
    return;
}
sub ready { return $server->get('/readyz?store=red')->{status} == 200 }

sub create {
    my ($key, $rest) = @_;
    return $server->get("/sequences/$key/create" . ($rest // '') . '?store=red');
}

# --- settings ---------------------------------------------------------------------------------------

stores(', "enableTLS": "true", "db": "x"', '');
my ($status, $output) = check(['check-config']);
like $output, qr/enableTLS=true is not allowed: .*run stunnel/, 'TLS is refused, and the message names stunnel';
like $output, qr/db=x is not allowed/, '... with the other mistakes';

stores('', '"big": 5000');
($status, $output) = check([]);
is $status, 78, 'a Redis that loses writes stops the start';
like $output, qr/store=red reason="Redis has appendfsync everysec, .*set appendfsync always/, '... by name, with the remedy';
ask('config', 'set', 'appendfsync', 'always');

# --- serving ------------------------------------------------------------------------------------------

ask('set', 'sequencer|||shop||old', 41);
serve();
is create('orders')->{body}, '[1]', 'numbers are plain, whatever the node is';
is create('orders', '/3')->{body}, '[2,3,4]', '... and go on';
is ask('get', 'sequencer|||shop||orders'), 4, 'a key has the name and the value that Layotto expects';
is create('old')->{body}, '[42]', 'an existing counter goes on';
is create('big')->{body}, '[5001]', 'biggerThan is kept';
like $server->get('/sequences?store=red')->{body}, qr/"big".*"old".*"orders"/, 'sequences are listed';

ask('incr', 'sequencer|||shop||old');
my $answer = create('old');
is $answer->{status}, 503, 'a key that another program moved is refused';
like $answer->{body}, qr/sequencer\|\|\|shop\|\|old was moved by another program/, '... by name';
is create('orders')->{body}, '[5]', '... and no other key';
ask('hdel', 'tickr|||adopted', 'sequencer|||shop||old');
like create('old')->{body}, qr/^\[4\d\]$/, 'an operator accepts its value';

ask('set', 'sequencer|||shop||gone', 7, 'EX', 1000);
is create('gone')->{status}, 503, 'a key that expires is refused';

ask('config', 'set', 'appendfsync', 'no');
wait_for('the refusal', 30, sub { !ready() });
pass 'a setting that changes later is noticed';
ask('config', 'set', 'appendfsync', 'always');
wait_for('the store', 60, sub { ready() });

# --- kills ----------------------------------------------------------------------------------------------

my $last = 5;
for my $round (1 .. 3) {
    $redis->kill;
    is create('orders')->{status}, 503, 'without Redis there are no ids' if $round == 1;
    $redis->start;
    wait_for('the store', 60, sub { ready() });
    my ($id) = create('orders')->{body} =~ /^\[(\d+)\]$/;
    cmp_ok $id // 0, '>', $last, 'after a kill ids rise';
    $last = $id // $last;
}

# --- an older copy -----------------------------------------------------------------------------------------

$redis->keep_copy;
create('orders') for 1 .. 5;
$redis->restore_copy;
wait_for('the refusal', 60, sub { $server->log =~ /gone back in time/ });
is create('orders')->{status}, 503, 'an older copy is refused';
is create('others')->{status}, 503, '... for each key';
$server->stop;

# A server that stopped while the copy was put in place.
$server = Tickr::Server->new(program => 'tickrd-memory', env => \%env);
wait_for('the answer', 60, sub { create('orders')->{body} =~ /gone back|raise|\[/ });
my ($id) = create('orders')->{body} =~ /^\[(\d+)\]$/;
ok !defined $id || $id > $last + 5, 'no id is issued twice after a restart either';
$server->stop;

# --- an emptied server -------------------------------------------------------------------------------------

ask('flushall');
$server = Tickr::Server->new(program => 'tickrd-memory', env => \%env);
wait_for('the answer', 60, sub { create('orders')->{body} =~ /another database|gone back/ });
is create('orders')->{status}, 503, 'an emptied Redis is refused';
$server->stop;
$redis->kill;

done_testing;
