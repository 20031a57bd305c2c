package Tickr::Galera;

# A private Galera cluster of a test: real servers on loopback. It has its own state transfer, because the packaged
# ones need root or more packages.

use strict;
use warnings;
use Tickr::Balancer;
use Tickr::Database;
use Tickr::Process qw(wait_for scratch free_port);
use Tickr::Server;

my @providers = qw(/usr/lib/galera/libgalera_smm.so /usr/lib64/galera-4/libgalera_smm.so);

# A joining server names a folder for the state. The donor copies its state there while its own writes are blocked. See
# "Scriptable State Snapshot Transfer" in Galera's manual.
my $transfer = <<'SH';
#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--role) role=$2 ;;
	--address) address=$2 ;;
	--datadir) folder=${2%/} ;;
	--gtid) state=$2 ;;
	--bypass) bypass=yes ;;
	esac
	shift
done
wait_for() {
	tries=300
	until [ -s "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || exit 110
		sleep 0.1
	done
}
if [ "$role" = joiner ]; then
	rm -f "$folder/transferred"
	echo "ready 127.0.0.1:1$folder"
	wait_for "$folder/transferred"
	cat "$folder/transferred"
	exit 0
fi
target=/${address#*/}
if [ -z "$bypass" ]; then
	rm -f "$folder/tables_flushed"
	echo 'flush tables'
	wait_for "$folder/tables_flushed"
	state=$(cat "$folder/tables_flushed")
	rm -f "$folder/tables_flushed"
	find "$target" -mindepth 1 -delete
	(cd "$folder" && tar -cf - --exclude=./galera.cache --exclude='./g*.dat' .) | tar -xf - -C "$target" || exit 1
	echo continue
fi
echo "$state" >"$target/transferring"
mv "$target/transferring" "$target/transferred"
echo "done $state"
SH

sub provider { return (grep { -e $_ } @providers)[0] }

# The reason why no cluster can run here, or ''.
sub missing {
    return Tickr::Database::missing() if Tickr::Database::missing();
    return provider() ? '' : 'the Galera provider is not installed (package galera-4)';
}

# Write the script of the state transfer to a folder of PATH.
sub install_transfer {
    my $folder = scratch() . '/bin';
    mkdir $folder or die "$folder: $!";
    my $path = Tickr::Process::spew('bin/wsrep_sst_copy', $transfer);
    chmod 0755, $path or die "$path: $!";
    $ENV{PATH} = "$folder:$ENV{PATH}";
    return;
}

# nodes: their number. They join in order.
sub new {
    my ($class, %given) = @_;
    my $self = bless { nodes => [], group => [ map { free_port() } 1 .. $given{nodes} ] }, $class;
    install_transfer();
    for my $number (1 .. $given{nodes}) {
        push @{ $self->{nodes} }, $self->new_node($number);
        $self->wait_until_synced(@{ $self->{nodes} });
    }
    $self->{nodes}[0]->sql("CREATE USER 'haproxy_check'\@'%'; CREATE USER 'tickr'\@'%' IDENTIFIED BY 'secret';"
            . " GRANT SELECT, INSERT, DELETE ON tickr.* TO 'tickr'\@'%'");
    $self->{nodes}[0]{options} = $self->options_of(1, 0);    # only the first start founds the cluster
    return $self;
}

sub options_of {
    my ($self, $number, $founds) = @_;
    my @group = @{ $self->{group} };
    my $port  = $group[ $number - 1 ];
    my $peers = $founds ? '' : join ',', map {"127.0.0.1:$_"} @group;
    $self->{ist}[$number] //= free_port();
    return [
        qw(--binlog-format=ROW --default-storage-engine=InnoDB --innodb-autoinc-lock-mode=2),
        qw(--wsrep-on=ON --wsrep-cluster-name=tickr --wsrep-sst-method=copy),
        '--wsrep-provider=' . provider(),
        "--wsrep-node-name=node$number",
        "--wsrep-node-address=127.0.0.1:$port",
        "--wsrep-cluster-address=gcomm://$peers",
        # Suspect a silent node after a second. The default is five.
        "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:$port;"
            . "ist.recv_addr=127.0.0.1:$self->{ist}[$number];gcache.size=16M;"
            . 'evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;'
            . 'evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.install_timeout=PT3S',
        $founds ? '--wsrep-new-cluster' : (),
    ];
}

sub new_node {
    my ($self, $number) = @_;
    return Tickr::Database->new(tcp => 1, options => $self->options_of($number, $number == 1));
}

sub nodes { return @{ $_[0]{nodes} } }

sub status {
    my ($node, $name) = @_;
    my $line = eval { $node->sql("SHOW STATUS LIKE '$name'") } // '';
    return (split /\t/, $line)[1] // '';
}

# Wait until each of NODES is in the cluster and accepts statements.
sub wait_until_synced {
    my ($self, @nodes) = @_;
    for my $node (@nodes) {
        wait_for('a node to be synced', 60, sub {
            die "a node died:\n" . $node->log unless $node->{process}->is_running;
            return status($node, 'wsrep_local_state_comment') eq 'Synced'
                && status($node, 'wsrep_cluster_size') == @nodes;
        });
    }
    return;
}

# Wait until NODE sees SIZE nodes.
sub wait_for_size {
    my ($self, $node, $size) = @_;
    wait_for("a cluster of $size", 60, sub { status($node, 'wsrep_cluster_size') eq $size });
    return;
}

# End the whole cluster, and start it as one node, whose counter is at BASE, as in an older copy.
sub restore_as_one {
    my ($self, $base) = @_;
    my $node = $self->{nodes}[0];
    $_->kill for $self->nodes;
    {
        local $node->{port} = undef;
        local $node->{options} = ['--wsrep-on=OFF'];
        $node->start;
        $node->turn_back($base);
        $node->kill;
    }
    unlink glob "$node->{folder}/data/g*state.dat";    # its knowledge of the other nodes
    $node->{options} = $self->options_of(1, 1);
    $node->start;
    $self->wait_until_synced($node);
    return;
}

# The increments of the nodes.
sub increments {
    my ($self, @nodes) = @_;
    return map { $_->sql('SELECT @@auto_increment_increment') } @nodes;
}

sub balancer { return Tickr::Balancer->of_databases($_[0]->nodes) }

1;
