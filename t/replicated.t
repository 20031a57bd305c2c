#!/usr/bin/perl
# Two databases with counters of their own replicate each other, behind HAProxy. Tickets stay unique while either dies. Old
# rows are pruned from both. Neither repeats a number after a restart that forgets the counter.
use strict;
use warnings;
use Test::More;
use Tickr::Balancer;
use Tickr::Database;
use Tickr::Load;
use Tickr::Masters;
use Tickr::Process qw(wait_for);
use Tickr::Server;
use Tickr::Vendor;

plan skip_all => Tickr::Database::missing() if Tickr::Database::missing();
plan skip_all => Tickr::Balancer::missing() if Tickr::Balancer::missing();

my %env = (
    TICKR_DATABASE_USERNAME     => 'tickr',
    TICKR_DATABASE_PASSWORD     => 'secret',
    TICKR_DATABASE_POOL_TIMEOUT => 10,
);

sub is_replicated {
    my ($what, $masters) = @_;
    is $masters->replication_error($_), '', "$what: replication continues" for $masters->databases;
    return;
}

# Wait until the rows of each are in the other's table.
sub wait_until_equal {
    my ($what, $masters) = @_;
    wait_for("$what: both to have the same newest row", 60, sub {
        die "replication has stopped: $_\n" for grep {$_} map { $masters->replication_error($_) } $masters->databases;
        my @newest = map { $_->sql('SELECT MAX(id) FROM tickets', 'tickr') } $masters->databases;
        return $newest[0] == $newest[1];
    });
    return pass "$what: both have all rows";
}

my %formats = (
    'MIXED' => [],
    # A row that both have pruned cannot be deleted again.
    'ROW' => ['--slave-exec-mode=IDEMPOTENT'],
);

for my $format (sort keys %formats) {
    my $masters = Tickr::Masters->new(
        options => [
            qw(--log-bin=binlog --sync-binlog=1 --relay-log=relay --relay-log-recovery=1),
            "--binlog-format=$format", @{ $formats{$format} },
            # MySQL 5.7 writes its position to a file later, so a killed server would apply rows twice.
            Tickr::Vendor::only_mysql('--relay-log-info-repository=TABLE', '--master-info-repository=TABLE'),
        ],
    );
    my @databases = $masters->databases;
    $masters->replicate;
    $masters->make_tables('append', 1);
    wait_for('the pinned settings on both', 20, sub {
        ($databases[1]->try_sql('SELECT 1 FROM tickr_settings', 'tickr'))[0] == 0;
    });
    my $balancer = $masters->balancer;
    my $server = Tickr::Server->new(database => $balancer, env => \%env);
    $server->wait_until_ready;

    # Each database dies under load.
    my $load = Tickr::Load->start($server, clients => 8, path => '/tickets/create/3');
    $masters->wait_for_both($format, $server);
    for my $number (0, 1) {
        my $name = 'db' . ($number + 1);
        $databases[$number]->kill;
        $load->wait_for_answers(100);
        $databases[$number]->start;
        $balancer->wait_until('UP', $name);
        $masters->wait_for_both("$format, $name was killed and has returned", $server);
    }

    # With less load both databases are pruned.
    my @clients = $load->finish;
    my $client  = $server->client;
    $client->get('/tickets/create/5000?format=group') for 1 .. 6;
    wait_for('both tables to be small', 60, sub { 2 == grep { $_ <= 3000 } $masters->rows });
    pass "$format: both tables are pruned";
    wait_until_equal($format, $masters);
    is_replicated($format, $masters);

    # The counter of older servers restarts from the highest row. Do the same here by hand.
    $_->kill  for @databases;
    $_->start for @databases;
    $_->sql('SET sql_log_bin = 0; ALTER TABLE tickets AUTO_INCREMENT = 1', 'tickr') for @databases;
    $balancer->wait_until('UP', 'db1', 'db2');
    $server->wait_until_ready;
    $load = Tickr::Load->start($server, clients => 4);
    $masters->wait_for_both("$format, counters forgotten", $server);
    push @clients, $load->finish;
    is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$format: no ticket twice";
    is_deeply Tickr::Load::statuses(@clients), { 200 => scalar map {@$_} @clients },
        "$format: each request gets its tickets";
    unlike $server->log, qr/gone back/, "$format: replication that lags is not an alarm";
    wait_until_equal("$format, afterwards", $masters);
    is $server->stop, 0, "$format: the server stops cleanly";
    $_->stop for @databases;
}

done_testing;
