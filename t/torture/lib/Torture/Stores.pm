package Torture::Stores;

# The stores of TICKR_SEQUENCERS_FILE in a cluster, one of each type that this machine can run. All servers share them,
# but for the SQLite files: each server has one. A store of Snowflake ids has a worker id of each server.
#
#   a list of { number, name, type, backend, metadata, server }: number: see record.h; server: the only one that has it

use strict;
use warnings;
use JSON::PP ();
use Tickr::Etcd;
use Tickr::File;
use Tickr::Process qw(spew scratch);
use Tickr::Redis;
use Tickr::Server;
use Tickr::ZooKeeper;

# Whether tickrd was built with TYPE.
sub is_built {
    my ($type) = @_;
    spew('built.json', qq({"sequencer": {"any": {"type": "$type"}}}));
    my (undef, $output) = Tickr::Server->run(arguments => ['check-config'],
        env => { TICKR_SEQUENCERS_FILE => scratch() . '/built.json', TICKR_STATE_DIR => scratch() });
    return $output !~ /was built without/;
}

my %make = (
    redis => sub {
        return if Tickr::Redis->missing;
        my $redis = Tickr::Redis->new;
        return ($redis, { redisHost => $redis->socket });
    },
    etcd => sub {
        return if Tickr::Etcd->missing;
        my $etcd = Tickr::Etcd->new;
        return ($etcd, { endpoints => $etcd->endpoints });
    },
    zookeeper => sub {
        return if Tickr::ZooKeeper->missing;
        my $zookeeper = Tickr::ZooKeeper->new;
        return ($zookeeper, { zookeeperHosts => $zookeeper->endpoints });
    },
);

# Make the stores of CLUSTER for its servers.
sub new {
    my ($class, $cluster) = @_;
    my $self = bless { cluster => $cluster, all => [] }, $class;
    for my $type (qw(redis etcd zookeeper)) {
        my ($backend, $metadata) = is_built($type) ? $make{$type}->() : ();
        $self->add(name => $type, backend => $backend, metadata => $metadata) if $backend;
    }
    $self->add_mysql;
    $self->add(name => 'flake', type => 'snowflake', metadata => {});
    $self->add_file($_) for Tickr::File::missing() ? () : 0 .. $cluster->{server_count} - 1;
    return $self;
}

sub add {
    my ($self, %store) = @_;
    push @{ $self->{all} }, { type => $store{name}, %store, number => 1 + @{ $self->{all} } };
    return;
}

sub createdb {
    my ($self, $database, %env) = @_;
    my %space = (TICKR_MAX_NODES => $self->{cluster}->max_nodes, TICKR_NODE_NUMBER => 0,
        TICKR_STARTING_OFFSET => $self->{cluster}->starting_offset);
    Tickr::Server->createdb(database => $database, env => { %space, %env });
    return;
}

sub add_mysql {
    my ($self) = @_;
    my $database = $self->{cluster}->new_database;
    my $place    = '127.0.0.1:' . $database->port;
    $self->createdb($database, TICKR_DATABASE_HOST => $place,
        TICKR_DATABASE_USERNAME => 'tickr', TICKR_DATABASE_PASSWORD => 'secret');
    $self->add(name => 'mysql', backend => $database,
        metadata => { mysqlUrl => $place, userName => 'tickr', password => 'secret' });
    return;
}

sub add_file {
    my ($self, $server) = @_;
    my $file = Tickr::File->new;
    $self->createdb($file);
    $self->add(name => 'sqlite', server => $server, metadata => { file => $file->path });
    return;
}

# The stores of SERVER, by its number.
sub of_server {
    my ($self, $server) = @_;
    return grep { ($_->{server} // $server) == $server } @{ $self->{all} };
}

# Those that a fault can hit.
sub mortal { return grep { $_->{backend} } @{ $_[0]{all} } }

# The argument of the clients.
sub list {
    my ($self) = @_;
    return join ',', map { ($_->{type} eq 'snowflake' ? '~' : '') . $_->{name} . (defined $_->{server} ? "\@$_->{server}" : '') } @{ $self->{all} };
}

# The settings of SERVER for its store of Snowflake ids. The epoch makes a lock of this run.
sub snowflake_settings {
    my ($server) = @_;
    return (TICKR_SNOWFLAKE_WORKER => $server, TICKR_SNOWFLAKE_EPOCH => 1609459200000 + $$);
}

# Write the file for SERVER, and return its path.
sub write_file {
    my ($self, $server) = @_;
    my %stores = map { $_->{name} => { type => $_->{type}, metadata => $_->{metadata} } } $self->of_server($server);
    spew("stores$server.json", JSON::PP->new->canonical->encode({ sequencer => \%stores }));
    return scratch() . "/stores$server.json";
}

1;
