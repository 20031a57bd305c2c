#!/usr/bin/perl
# Events on the real engine of ClickHouse: each request is one row, whatever happens to ClickHouse or to an answer of it.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Time::HiRes ();
use Tickr::Certificates;
use Tickr::ClickHouse;
use Tickr::Database;
use Tickr::Grpc;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new;
$clickhouse->create_tables;
my @tables = qw(id_generation_events id_stats_minute daily_id_stats performance_metrics clock_drift_events sequence_overflow_events);

sub serve {
    my (%env) = @_;
    return Tickr::Server->new(
        program => 'tickrd-memory',
        env     => { TICKR_DATABASE_ADAPTER => 'memory', $clickhouse->environment, %env },
    );
}

# Requests for ids that the server has answered.
sub requests {
    my ($server) = @_;
    my $sum = 0;
    my $page = $server->get('/metrics')->{body};
    $sum += $2 while $page =~ m{^tickr_http_requests_total\{route="(/tickets/create(?:/N)?)",code="\d+"\} (\d+)$}mg;
    return $sum;
}

sub sink_of {
    my ($server) = @_;
    my ($sink) = grep { $_->{name} eq 'clickhouse' } @{ JSON::PP::decode_json($server->get('/status')->{body})->{sinks} };
    return $sink;
}

# The same, when it does not work.
sub sink_of_failing {
    my ($server) = @_;
    my $sink;
    wait_for('ClickHouse to fail', 60, sub { $sink = sink_of($server); !$sink->{works} });
    return $sink;
}

sub value { return $clickhouse->value($_[0]) }
sub metric { my ($server, $name) = @_; return $server->metric("tickr_clickhouse_$name") }

# Wait until all rows have left, and return how many requests were made.
sub settle {
    my ($server) = @_;
    my $made = requests($server);
    wait_for('all events to leave', 120, sub {
        $server->metric('tickr_events_recorded_total') + $server->metric('tickr_events_dropped_total') >= $made
            && value('SELECT count() FROM id_generation_events') >= $made - $server->metric('tickr_events_dropped_total')
            # ClickHouse fills the views after the table.
            && value('SELECT sum(requests) FROM id_stats_minute') >= $made - $server->metric('tickr_events_dropped_total');
    });
    return $made;
}

sub clear { $clickhouse->query("TRUNCATE TABLE $_") for @tables }

# --- the values of a row -----------------------------------------------------------------------------

{
    my $server = serve(TICKR_TRUSTED_PROXIES => '127.0.0.0/8');
    my $ids = $server->client->json($server->request('GET', '/tickets/create/3',
        headers => [ 'X-Forwarded-For: 9.9.9.9, 198.51.100.7', 'User-Agent: shop/1.2', 'X-Request-Id: order-17' ]));
    my $bad = $server->request('GET', '/tickets/create/x');
    is $bad->{status}, 400, 'a request is refused';
    wait_for('two rows', 60, sub { value('SELECT count() FROM id_generation_events') == 2 });
    my ($row, $failed) = $clickhouse->rows('SELECT *, last_id FROM id_generation_events ORDER BY error_code');
    is $row->{generated_id}, $ids->[0], 'the row has the first id';
    is $row->{last_id}, $ids->[2], '... and its formula gives the last one';
    is "$row->{id_count} $row->{increment} $row->{node}", '3 10 3', '... the count, the increment and the node';
    is $row->{client_ip}, '::ffff:198.51.100.7', '... the client, as the trusted proxy saw it';
    is "$row->{client_user_agent} $row->{request_id}", 'shop/1.2 order-17', '... the user agent and the request id';
    cmp_ok $row->{generation_latency_us}, '>', 0, '... the latency';
    cmp_ok $row->{queue_time_us}, '<=', $row->{generation_latency_us}, '... of which the queue is a part';
    like $row->{instance}, qr/-[0-9a-f]{16}$/, '... and the process';
    is "$row->{error_code}$row->{error_message}", '0', '... and no error';
    is "$failed->{error_code} $failed->{error_message} $failed->{id_count}", '400 bad request 0', 'a request that failed has a row too';
    cmp_ok value('SELECT abs(dateDiff(\'second\', max(timestamp), now())) FROM id_generation_events'), '<', 600, 'its time is UTC';
    my @names = grep { !/_bucket$/ } $server->get('/metrics')->{body} =~ /^(tickr_\w+)/mg;
    wait_for('metrics', 60, sub { value('SELECT count() FROM performance_metrics') > 0 });
    is value(q{SELECT count() > 0 FROM performance_metrics WHERE metric_name = 'tickr_http_requests_total' AND mapContains(tags, 'route')}), 1,
        'the metrics have their labels';
    $server->get('/tickets/create') for 1 .. 2;
    $server->stop;
    my $total = value(q{SELECT max(metric_value) FROM performance_metrics WHERE metric_name = 'tickr_tickets_issued_total'});
    is $total, 5, 'the last metrics leave at the stop';
    is value(q{SELECT max(metric_value) FROM performance_metrics WHERE metric_name = 'tickr_last_ticket'}), $ids->[2] + 20,
        '... and gauges that are computed for a page are as new';
    my %here = map { $_ => 1 } split /\n/, value('SELECT DISTINCT metric_name FROM performance_metrics');
    is_deeply [ grep { !$here{$_} } @names ], [], '... and no metric of the page is missing';
    clear();
}

# --- personal data -----------------------------------------------------------------------------------

for my $case ([ net => '::ffff:127.0.0.0', 'shop/1.2' ], [ none => '::', '' ]) {
    my ($addresses, $address, $agent) = @$case;
    my $server = serve(TICKR_EVENTS_ADDRESSES => $addresses);
    $server->request('GET', '/tickets/create', headers => ['User-Agent: shop/1.2']);
    $server->stop;
    my ($row) = $clickhouse->rows('SELECT client_ip, client_user_agent FROM id_generation_events');
    is "$row->{client_ip} $row->{client_user_agent}", "$address $agent", "TICKR_EVENTS_ADDRESSES=$addresses records that much";
    clear();
}

# --- gRPC, and named sequences -----------------------------------------------------------------------

SKIP: {
    my $missing = Tickr::Grpc::missing();
    skip $missing, 7 if $missing;
    my $state = scratch() . '/state';
    mkdir $state or die "$state: $!";
    my $server = serve(TICKR_GRPC_LISTEN => '127.0.0.1:0', TICKR_SEQUENCES => 'any', TICKR_SEQUENCES_MOST => 1, TICKR_STATE_DIR => $state);
    wait_for('named sequences to be served', 20, sub { $server->get('/readyz?sequences')->{status} == 200 });
    my $client = Tickr::Grpc->new(Tickr::Grpc::address($server));
    my $tickets = $client->call('tickr.v1.Tickets/Create', { count => 2 })->{response}{tickets};
    my $ids = $client->call('tickr.v1.Sequences/Create', { name => 'orders', count => 3 })->{response}{ids};
    $client->call('tickr.v1.Sequences/Create', { name => 'orders', count => 100_000_000 });
    $client->call('tickr.v1.Sequences/Create', { name => 'one too many' });
    $client->call('spec.proto.runtime.v1.Runtime/GetNextId', { store_name => 'tickr', key => 'a||b' });
    $server->get('/sequences/another/create');
    $server->get('/sequences/orders/create');
    $server->stop;
    my @rows = $clickhouse->rows('SELECT * FROM id_generation_events ORDER BY timestamp, generated_id');
    is scalar @rows, 7, 'each call of gRPC is a row too';
    my ($row) = grep { $_->{sequence} eq '' && $_->{id_count} == 2 } @rows;
    is $row->{generated_id}, $tickets->[0], '... with its first ticket';
    like $row->{client_user_agent}, qr/^grpc-python/, '... and the user agent';
    is $row->{client_ip}, '::ffff:127.0.0.1', '... and the address';
    is_deeply [ map { "$_->{generated_id}+$_->{id_count}" } grep { $_->{sequence} eq 'orders' && !$_->{error_code} } @rows ],
        [ "$ids->[0]+3", $ids->[2] + 10 . "+1" ], 'ids of named sequences have its name, over both protocols';
    my @failures = sort map { "$_->{error_code} $_->{sequence}: $_->{error_message}" } grep { $_->{error_code} } @rows;
    is_deeply [ @failures[ 0, 1 ] ], [ '400 a||b: bad request', '400 orders: bad request' ], '... and mistakes have their name and status';
    like join(' ', @failures[ 2, 3 ]), qr/^507 another: (.*) 507 one too many: \1$/, '... and one that the server has no room for is the same over both';
    clear();
}

# --- Snowflake ids -----------------------------------------------------------------------------------

my $states = 0;

sub serve_snowflakes {
    my (%env) = @_;
    my $state = scratch() . '/snowflakes' . ++$states;
    mkdir $state or die "$state: $!";
    my $server = Tickr::Server->new(env => {
        $clickhouse->environment,
        (map { $_ => undef } qw(TICKR_MAX_NODES TICKR_NODE_NUMBER TICKR_STARTING_OFFSET)),
        TICKR_DATABASE_ADAPTER          => 'snowflake',
        TICKR_SNOWFLAKE_DATACENTER_BITS => 5,
        TICKR_SNOWFLAKE_DATACENTER      => 2,
        TICKR_SNOWFLAKE_WORKER          => 9,
        TICKR_STATE_DIR                 => $state,
        %env,
    });
    $server->wait_until_ready;
    return $server;
}

{
    my $server = serve_snowflakes();
    my @ids = $server->get('/tickets/create/20000')->{body} =~ /(\d+)/g;
    is scalar @ids, 20000, 'an array of Snowflake ids spans several milliseconds';
    $server->stop;
    my @rows = $clickhouse->rows('SELECT * FROM id_generation_events ORDER BY generated_id');
    cmp_ok scalar @rows, '>', 3, '... and has a row for each run';
    is_deeply [ map { my $row = $_; map { $row->{generated_id} + $_ * $row->{increment} } 0 .. $row->{id_count} - 1 } @rows ], \@ids,
        '... which are exactly its ids';
    is_deeply [ grep { $_->{datacenter_id} != 2 || $_->{worker_id} != 9 || $_->{sequence_number} != ($_->{generated_id} & 4095) } @rows ], [],
        '... with the datacenter, the worker and the sequence number';
    clear();
}

# With ten ids in a millisecond, an array of 2,000 takes those of 200 ms, and is answered sooner. So the next one waits.
{
    my $server = serve_snowflakes(TICKR_SNOWFLAKE_CLOCK_DRIFT => '0.005', TICKR_SNOWFLAKE_MAX_SEQUENCE => 9);
    my $began  = Time::HiRes::time();
    is $server->get('/tickets/create/2000')->{status}, 200, 'a long array' for 1 .. 8;
    my $lasted_ms = 1000 * (Time::HiRes::time() - $began);
    my $waits     = $server->metric('tickr_snowflake_waits_total');
    cmp_ok $waits, '>', 0, 'requests wait when the generator is out of numbers';
    wait_for('the overflow', 60, sub { value('SELECT count() FROM sequence_overflow_events') > 0 });
    my ($first) = $clickhouse->rows('SELECT * FROM sequence_overflow_events ORDER BY timestamp LIMIT 1');
    is "$first->{datacenter_id} $first->{worker_id} $first->{node}", '2 9 73', 'a span with overflows is a row of this worker';
    is $server->get('/tickets/create/2000')->{status}, 200, 'a long array' for 1 .. 2;
    $waits = $server->metric('tickr_snowflake_waits_total');
    $server->stop;
    my ($sum) = $clickhouse->rows('SELECT sum(s.overflow_count) AS overflow_count, sum(s.wait_time_ms) AS wait_time_ms,'
            . ' max(s.max_wait_ms) AS max_wait_ms, max(s.requests_queued) AS requests_queued, max(s.load_factor) AS load_factor'
            . ' FROM sequence_overflow_events AS s');
    is $sum->{overflow_count}, $waits, 'each wait of the only client is an overflow, and the last ones leave at the stop';
    cmp_ok $first->{wait_time_ms}, '<=', $lasted_ms, '... the waits are shorter than the time of all requests';
    cmp_ok $sum->{wait_time_ms}, '>', 0, '... and are not nothing';
    cmp_ok $sum->{max_wait_ms}, '>=', $sum->{wait_time_ms} / $waits, '... and the longest is above the average';
    is $sum->{requests_queued}, 1, '... one request waited at a time';
    cmp_ok $sum->{load_factor}, '>', 0.01, '... of a generator with a load';
    cmp_ok $sum->{load_factor}, '<=', 1.1, '... that is below all that the format allows';
    my ($status, $output) = Tickr::Server->run(
        arguments => [ 'report', 'overflow', '--format', 'csv' ],
        env       => { $clickhouse->environment });
    is $status, 0, 'tickrd report overflow';
    my $reported = 0;
    $reported += (split /,/)[5] for grep {/^"?20/} split /\n/, $output;
    is $reported, $waits, '... shows them' or diag $output;
    clear();
}
{
    my $server = serve_snowflakes();
    is $server->get('/tickets/create/5')->{status}, 200, 'a short array';
    $server->stop;
    is value('SELECT count() FROM sequence_overflow_events'), 0, '... is no overflow';
    clear();
}

# --- a database that fails ----------------------------------------------------------------------------

SKIP: {
    my $why = Tickr::Database::missing();
    skip $why, 1 if $why;
    my $database = Tickr::Database->new(layout => 'counter');
    my $server = Tickr::Server->fresh(database => $database, env => { $clickhouse->environment });
    $server->wait_until_ready;
    $database->kill;
    wait_for('the server to notice', 60, sub { $server->get('/readyz')->{status} == 503 });
    wait_for('the change of its state', 60, sub {
        value(q{SELECT count() FROM performance_metrics WHERE metric_name = 'tickr event' AND tags['words'] LIKE 'down, was up%'}) == 1;
    });
    pass 'a database that is down is an event';
    $server->stop;
    clear();
}

# --- none twice, none missing ------------------------------------------------------------------------

sub check_rows {
    my ($server, $load, $what) = @_;
    my @clients = $load->finish;
    my $made = settle($server);
    my $lost = $server->metric('tickr_events_dropped_total') + metric($server, 'rows_dropped_total');
    is $lost, 0, "$what: none is dropped";
    is value('SELECT count() FROM id_generation_events'), $made, "$what: each request is one row";
    is value('SELECT count() - uniqExact(generated_id) FROM id_generation_events WHERE id_count > 0'), 0, "$what: no row is there twice";
    is value('SELECT sum(requests) FROM id_stats_minute'), $made, "$what: the views count each request once";
    my @tickets = map { @{ $_->{tickets} } } map {@$_} @clients;
    my %rows = map { $_ => 1 } split /\n/, value('SELECT generated_id FROM id_generation_events');
    is_deeply [ grep { !$rows{$_} } @tickets ], [], "$what: each id that a client got has its row";
    return;
}

{
    my $server = serve();
    my $load = Tickr::Load->start($server, clients => 4);
    my $failed = $clickhouse->counts->{failed};
    # The refusals come last. When they have come, no failure is left for another statement of this test.
    $clickhouse->fail(cut => 'after', times => 3);
    $clickhouse->fail(cut => 'before', times => 3);
    $clickhouse->fail(fail => 252, times => 2);
    $clickhouse->fail(fail => 241, times => 1, late => 1);
    wait_for('all failures', 120, sub { $clickhouse->counts->{failed} >= $failed + 3 });
    $load->wait_for_answers(500);
    check_rows($server, $load, 'with answers that are cut, and a full ClickHouse');
    cmp_ok metric($server, 'retries_total'), '>=', 2, 'batches were sent again';
    cmp_ok metric($server, 'rows_late_total'), '>', 0, '... and their rows are counted as late';
    my @lines = $server->log =~ /msg="ClickHouse does not take events/g;
    cmp_ok scalar @lines, '<=', 5, '... with a line for each outage, not for each attempt';
    $server->stop;
    clear();
}

{
    my $server = serve();
    my $load = Tickr::Load->start($server, clients => 4);
    $load->wait_for_answers(1000);
    $clickhouse->kill;
    $server->wait_for_log(qr/ClickHouse does not take events; they wait/);
    $load->wait_for_answers(2000);
    is $server->get('/readyz')->{status}, 200, 'without ClickHouse the server is ready';
    is metric($server, 'up'), 0, '... and its metric says that ClickHouse is away';
    my $sink = sink_of($server);
    ok !$sink->{works}, '... as /status does';
    like $sink->{reason}, qr/\S/, '... with the reason';
    $clickhouse->start;
    $server->wait_for_log(qr/ClickHouse takes events again/);
    check_rows($server, $load, 'over kill -9 of ClickHouse');
    my $after = sink_of($server);
    ok $after->{works}, '/status says that ClickHouse takes events again';
    is $after->{sent}, metric($server, 'rows_sent_total'), '... how many rows it took';
    is $after->{dropped}, 0, '... and dropped';
    like $after->{last_error}, qr/127\.0\.0\.1/, '... and which error was the last';
    $server->stop;
    clear();
}

{
    my $server = serve();
    my $load = Tickr::Load->start($server, clients => 4);
    $load->wait_for_answers(1000);
    $clickhouse->pause;
    $load->wait_for_answers(4000);
    is $server->get('/readyz')->{status}, 200, 'while ClickHouse hangs the server is ready';
    $clickhouse->resume;
    check_rows($server, $load, 'over SIGSTOP of ClickHouse');
    $clickhouse->pause;
    $server->get('/tickets/create');
    $server->stop;
    like $server->log, qr/events were not sent before the stop/, 'a ClickHouse that hangs delays no stop for long';
    $clickhouse->resume;
    clear();
}

{
    my $server = serve();
    my $load = Tickr::Load->start($server, clients => 4);
    wait_for('rows', 60, sub { value('SELECT count() FROM id_generation_events') > 500 });
    my $sent = metric($server, 'rows_sent_total');
    $server->process->kill_hard;
    my %seen = map { $_ => 1 } map { @{ $_->{tickets} } } map {@$_} $load->finish;
    # A statement that was on its way ends after its sender.
    my $before = -1;
    wait_for('ClickHouse to be done', 60, sub { my $last = $before; $before = $clickhouse->counts->{statements}; value('SELECT 1'); $before == $last + 1 });
    # The ClickHouse that hung in the block before may still insert a row of the server there.
    my ($mine) = $clickhouse->rows('SELECT instance FROM id_generation_events GROUP BY instance ORDER BY count() DESC LIMIT 1');
    my @rows = split /\n/, value("SELECT generated_id FROM id_generation_events WHERE id_count > 0 AND instance = '$mine->{instance}'");
    my %count;
    $count{$_}++ for @rows;
    is_deeply [ grep { $count{$_} != 1 } keys %count ], [], 'over kill -9 of tickrd: no row is there twice';
    # Each client may have lost one answer.
    cmp_ok scalar(grep { !$seen{$_} } @rows), '<=', 4, '... each is of an id that a client got';
    my $others = value('SELECT (SELECT count() FROM performance_metrics) + (SELECT count() FROM id_generation_events WHERE id_count = 0)');
    cmp_ok scalar(@rows) + $others, '>=', $sent, '... and what was counted as sent is there';
    clear();
}

# --- other tables ------------------------------------------------------------------------------------

{
    my $server = serve();
    $clickhouse->query('RENAME TABLE id_generation_events TO elsewhere');
    $server->get('/tickets/create');
    $server->wait_for_log(qr/ClickHouse refused events; they are dropped/);
    wait_for('the rows to be counted', 60, sub { metric($server, 'rows_dropped_total') == 1 });
    is $server->get('/tickets/create')->{status}, 200, 'without the table ids are issued';
    is $server->get('/readyz')->{status}, 200, '... and the server is ready';
    wait_for('the next row to be counted', 60, sub { metric($server, 'rows_dropped_total') == 2 });
    my @lines = $server->log =~ /msg="ClickHouse refused events/g;
    is scalar @lines, 1, '... and the log says so once, not for each batch';
    $clickhouse->query('RENAME TABLE elsewhere TO id_generation_events');
    $server->get('/tickets/create', headers => ['X-Request-Id: at-last']);
    wait_for('a row', 60, sub { value(q{SELECT count() FROM id_generation_events WHERE request_id = 'at-last'}) == 1 });
    pass 'with the table again, rows arrive';
    $server->stop;
    clear();
}

# --- TLS ---------------------------------------------------------------------------------------------

SKIP: {
    skip Tickr::Certificates::missing(), 4 if Tickr::Certificates::missing();
    my $certificates = Tickr::Certificates->new;
    $certificates->issue('clickhouse');
    my $private = Tickr::ClickHouse->new(map { $_->[0] => $certificates->${ \$_->[1] }('clickhouse') } [ cert => 'certificate' ], [ key => 'key' ]);
    $private->create_tables;
    my $server = serve($private->environment, TICKR_CLICKHOUSE_SSL_CA => undef);
    $server->get('/tickets/create');
    like sink_of_failing($server)->{reason}, qr/certificate/, 'a ClickHouse whose authority is not known gets nothing';
    $server->stop;
    is $private->value('SELECT count() FROM id_generation_events'), 0, '... not even a row';
    my %env = ($private->environment, TICKR_CLICKHOUSE_SSL_CA => $certificates->authority);
    $server = serve(%env);
    $server->get('/tickets/create');
    $server->stop;
    is $private->value('SELECT count() FROM id_generation_events'), 1, 'TICKR_CLICKHOUSE_SSL_CA names its authority';
    my ($status, $output) = Tickr::Server->run(arguments => [qw(report errors --format csv)], env => \%env);
    is $status, 0, '... for reports too' or diag $output;
}

done_testing;
