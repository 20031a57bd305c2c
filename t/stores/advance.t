#!/usr/bin/perl
# An older copy of a store of TICKR_SEQUENCERS_FILE is refused, and the command in the log line is the way back.
use strict;
use warnings;
use Test::More;
use Tickr::Database;
use Tickr::Etcd;
use Tickr::File;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Redis;
use Tickr::Server;
use Tickr::ZooKeeper;

my $runs = 0;
my %env  = (
    Tickr::Server::patient(),
    TICKR_DATABASE_ADAPTER => 'memory',
    TICKR_SEQUENCES        => 'none',
    TICKR_ALLOW_FORGETTING => 1,
    TICKR_SEQUENCERS_FILE  => scratch() . '/stores.json',
);

# Settings with a store "shop" of TYPE, and a state folder of their own.
sub settings {
    my ($type, $metadata) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    spew('stores.json', qq({"sequencer": {"shop": {"type": "$type", "metadata": $metadata}, "gone": {"type": "in-memory"}}}));
    return { %env, TICKR_STATE_DIR => $state };
}

# Run tickrd with ARGUMENTS. Return (exit status, output and errors).
sub tickrd {
    my ($settings, @arguments) = @_;
    return Tickr::Server->run(program => 'tickrd-memory', env => $settings, arguments => \@arguments);
}

sub start_server {
    my ($settings) = @_;
    my $server = Tickr::Server->new(program => 'tickrd-memory', env => $settings);
    wait_for('the store', 90, sub { $server->get('/readyz?store=shop')->{status} == 200 });
    return $server;
}

# Ask for ids of each of NAMES until all were issued. Return how many of them were issued before, as SEEN has them.
sub ask {
    my ($server, $seen, @names) = @_;
    my $twice = 0;
    for my $name (@names) {
        my $answer;
        wait_for("ids of $name", 90, sub {
            $answer = $server->get("/sequences/$name/create/7?store=shop");
            $answer->{status} == 200;
        });
        $twice += grep { $seen->{$name}{$_}++ } $answer->{body} =~ /\d+/g;
    }
    return $twice;
}

# The command that the log of SERVER names as the way back, without the program.
sub named_command {
    my ($server) = @_;
    wait_for('the refusal', 90, sub { $server->log =~ /gone back in time/ });
    my ($command) = $server->log =~ /operator runs: tickrd ([^"\n]*)/;
    return split ' ', $command // '';
}

sub an_older_copy_has_a_way_back {
    my ($type, $backend, $metadata) = @_;
    my $settings = settings($type, $metadata);
    my %seen;
    my $server = start_server($settings);
    ask($server, \%seen, 'old');
    $backend->keep_copy;
    is ask($server, \%seen, 'old', 'new', 'old'), 0, "$type: ids are issued after a copy was made";
    $backend->restore_copy;
    my @command = named_command($server);
    is "@command", 'advance --sequences --store shop', '... and the log names the command for the older copy';
    is $server->get('/sequences/old/create?store=shop')->{status}, 503, '... which is refused';
    my ($status, $output) = tickrd($settings, @command);
    is $status, 1, '... also when nobody confirms the command';
    ($status, $output) = tickrd($settings, @command, '--yes');
    is $status, 0, '... the command succeeds' or diag $output;
    like $output, qr/^the clock of the sequences: +\d+\nthe clock of the state file: +\d+\n/, '... with a plan';
    is ask($server, \%seen, 'old', 'new', 'other'), 0, "$type: after the command no id is issued twice";
    $server->stop;

    # No server runs while the next older copy comes, and all state files are lost. A copy of MySQL serves once.
    my ($highest) = sort { $b <=> $a } keys %{ $seen{old} };
    $backend->restore_copy if $type ne 'mysql';
    $settings = settings($type, $metadata);
    ($status, $output) = tickrd($settings, @command, '--yes', '--by', 1000 + $highest);
    is $status, 0, '... without state files, --by raises each sequence' or diag $output;
    $server = start_server($settings);
    is ask($server, \%seen, 'old', 'new', 'other'), 0, '... above all that was issued';
    $server->stop;
    return;
}

# The older copy comes while no server runs. The command reads the state file, and the next server trusts the store.
sub the_command_raises_without_a_server {
    my ($type, $backend, $metadata) = @_;
    my $settings = settings($type, $metadata);
    my %seen;
    my $server = start_server($settings);
    ask($server, \%seen, 'early');
    $backend->keep_copy;
    ask($server, \%seen, ('early', 'late') x 20);
    $server->stop;
    $backend->restore_copy;
    my ($status, $output) = tickrd($settings, qw(advance --sequences --store shop --yes));
    is $status, 0, "$type: the command runs without a server" or diag $output;
    my ($distance) = $output =~ /^each sequence is raised by, at least: (\d+)$/m;
    cmp_ok $distance, '>=', 40 * 7, '... and raises by all that the copy does not have';
    $server = start_server($settings);
    is ask($server, \%seen, 'early', 'late', 'new'), 0, '... so that no id is issued twice';
    unlike $server->log, qr/gone back in time/, '... and the store is trusted';
    $server->stop;
    return;
}

# Redis without data is another database, which the same command accepts.
sub an_emptied_store_has_a_way_back {
    my ($redis, $metadata) = @_;
    my $settings = settings('redis', $metadata);
    my %seen;
    my $server = start_server($settings);
    ask($server, \%seen, 'old');
    $server->stop;
    $redis->ask('flushall');
    $server = Tickr::Server->new(program => 'tickrd-memory', env => $settings);
    wait_for('the refusal', 90, sub { $server->get('/sequences/old/create?store=shop')->{body} =~ /another database|gone back/ });
    my ($command) = $server->get('/sequences/old/create?store=shop')->{body} =~ /run(?:s)?: tickrd ([^"]*)/;
    is $command, 'advance --sequences --store shop', 'an emptied Redis is refused with the command';
    my ($status, $output) = tickrd($settings, split(' ', $command), '--yes');
    is $status, 0, '... which succeeds' or diag $output;
    is ask($server, \%seen, 'old'), 0, '... and no id is issued twice';
    $server->stop;
    return;
}

# A server does not start with a damaged state file. The command goes on without the file.
sub a_damaged_state_file_has_a_way_back {
    my ($type, $metadata) = @_;
    my $settings = settings($type, $metadata);
    my %seen;
    my $server = start_server($settings);
    ask($server, \%seen, 'old');
    $server->stop;
    my ($file) = glob "$settings->{TICKR_STATE_DIR}/store-shop-*.state";
    my $content = slurp($file);
    spew($file =~ s{.*/(state\d+/)}{$1}r, substr $content, 0, -5);
    my ($status, $output) = tickrd($settings);
    isnt $status, 0, 'a damaged state file stops the start';
    my ($command) = $output =~ /run tickrd (advance .*? --store) NAME\. Then remove the file/;
    is $command, 'advance --sequences --by NUMBER --store', '... with the remedy';
    ($status, $output) = tickrd($settings, split(' ', $command =~ s/NUMBER/1000/r), 'shop', '--yes');
    is $status, 0, '... which succeeds' or diag $output;
    like $output, qr/^tickrd: ignored a state file: /m, '... and ignores the file';
    unlink $file or die "$file: $!";
    $server = start_server($settings);
    is ask($server, \%seen, 'old'), 0, '... and no id is issued twice';
    cmp_ok((sort { $b <=> $a } keys %{ $seen{old} })[0], '>', 1000, '... above the number of the operator');
    $server->stop;
    return;
}

sub mistakes_are_named {
    my $settings = settings('in-memory', '{}');
    for my $case (
        [ 1, [ '--sequences', '--store', 'none' ], qr/there is no store "none": TICKR_SEQUENCERS_FILE has shop, gone/ ],
        [ 1, [ '--sequences', '--store', 'gone' ], qr/a store of type in-memory ends with its server/ ],
        [ 64, [ '--past', 5, '--store', 'shop' ], qr/--store goes with advance --sequences only/ ],
        )
    {
        my ($wanted, $arguments, $why) = @$case;
        my ($status, $output) = tickrd($settings, 'advance', @$arguments);
        is $status, $wanted, "tickrd advance @$arguments is refused";
        like $output, $why, '... with the reason';
    }
    my ($status, $output) = tickrd({ %$settings, TICKR_SEQUENCERS_FILE => undef }, 'advance', '--sequences', '--store', 'shop');
    like $output, qr/there is no store "shop": set TICKR_SEQUENCERS_FILE/, 'without a file there is no store';
    ($status, $output) = tickrd({ %$settings, TICKR_SEQUENCES => 'any' }, 'advance', '--sequences', '--store', 'tickr', '--yes');
    is $status, 0, 'store tickr is in the own databases' or diag $output;
    return;
}

mistakes_are_named();
SKIP: {
    skip Tickr::Database->missing, 1 if Tickr::Database->missing;
    my $database = Tickr::Database->new;
    Tickr::Server->createdb(database => $database);
    an_older_copy_has_a_way_back('mysql', $database, '{"mysqlUrl": "' . $database->socket . '"}');
    $database->kill;
}
SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    my $file = Tickr::File->new;
    Tickr::Server->createdb(database => $file);
    an_older_copy_has_a_way_back('sqlite', $file, '{"file": "' . $file->path . '"}');
    the_command_raises_without_a_server('sqlite', $file, '{"file": "' . $file->path . '"}');
    a_damaged_state_file_has_a_way_back('sqlite', '{"file": "' . $file->path . '"}');
}
SKIP: {
    skip 'Redis cannot run here', 1 if Tickr::Redis->missing;
    my $redis    = Tickr::Redis->new;
    my $metadata = '{"redisHost": "' . $redis->socket . '"}';
    an_older_copy_has_a_way_back('redis', $redis, $metadata);
    the_command_raises_without_a_server('redis', $redis, $metadata);
    an_emptied_store_has_a_way_back($redis, $metadata);
    $redis->kill;
}
SKIP: {
    skip 'etcd cannot run here', 1 if !-x Tickr::Server::program('t/remote/etcd_client') || Tickr::Etcd->missing;
    my $etcd = Tickr::Etcd->new;
    an_older_copy_has_a_way_back('etcd', $etcd, '{"endpoints": "' . $etcd->endpoints . '"}');
    $etcd->kill;
}
SKIP: {
    skip 'ZooKeeper cannot run here', 1 if !-x Tickr::Server::program('t/remote/zookeeper_client') || Tickr::ZooKeeper->missing;
    my $zookeeper = Tickr::ZooKeeper->new;
    an_older_copy_has_a_way_back('zookeeper', $zookeeper, '{"zookeeperHosts": "' . $zookeeper->endpoints . '"}');
    $zookeeper->kill;
}
done_testing;
