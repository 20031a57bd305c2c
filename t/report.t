#!/usr/bin/perl
# tickrd report prints the values that a plain count of the same rows gives, and names the minutes without data.
use strict;
use warnings;
use JSON::PP ();
use List::Util qw(max min sum sum0);
use POSIX qw(ceil strftime);
use Test::More;
use Tickr::ClickHouse;
use Tickr::Command qw(tickrd);
use Tickr::Process qw(free_port slurp);

plan skip_all => Tickr::ClickHouse::missing() if Tickr::ClickHouse::missing();

my $clickhouse = Tickr::ClickHouse->new;
my $now        = time;
my $minute     = $now - $now % 60;
my $hour       = $now - $now % 3600;

sub report { return tickrd({ $clickhouse->environment }, 'report', @_) }

# The report as JSON, decoded.
sub json {
    my $done = report(@_, '--format', 'json');
    is $done->{status}, 0, "report @_" or diag $done->{err};
    return eval { JSON::PP->new->decode($done->{out}) } // do { diag $done->{out}; {} };
}

sub moment { return strftime('%Y-%m-%d %H:%M:%S', gmtime $_[0]) }

sub insert {
    my ($table, @rows) = @_;
    $clickhouse->query("INSERT INTO $table FORMAT JSONEachRow",
        body => join '', map { JSON::PP::encode_json($_) . "\n" } @rows);
    return;
}

sub rounded { my ($number, $digits) = @_; return sprintf("%.${digits}f", $number) + 0 }

# The value of which that part of the sorted VALUES is no larger.
sub quantile { my ($part, @values) = @_; return $values[ ceil($part * @values) - 1 ] }

# Groups of ROWS by the texts that KEY makes of them.
sub grouped {
    my ($key, @rows) = @_;
    my %groups;
    push @{ $groups{ $key->($_) } }, $_ for @rows;
    return %groups;
}

is report('errors')->{status}, 69, 'without tables the report fails';
like report('errors')->{err}, qr/Code: 60.*tickrd clickhouse create/, '... and names the command that makes them';
$clickhouse->create_tables;

subtest 'without rows it says so' => sub {
    for my $name (qw(ids-per-second latency drift overflow errors top-clients daily size)) {
        my $done = report($name);
        is $done->{status}, 0, "$name: done" or diag $done->{err};
        my $words = $name eq 'size' ? qr/\A\z/ : qr/^no rows$/m;
        like $done->{out}, $words, "$name: no rows";
    }
    like report('ids-per-second')->{out}, qr/^no data for (?:58|59|60) minutes, from /m, 'all minutes are named';
};

# Requests of the last hours, with no request in minutes 5 to 7, and in the minute 9 errors only.
my @events;
srand 7;
for my $age (0 .. 12, 90, 150) {
    next if $age >= 5 && $age <= 7;
    for (1 .. 20) {
        my $is_error = $age == 9 || rand() < 0.1;
        push @events, {
            at                    => $minute - $age * 60 + int rand(60),
            datacenter_id         => 3,
            worker_id             => int rand(2),
            node                  => 4,
            store                 => 'tickr',
            generated_id          => 1000 + @events,
            increment             => 10,
            id_count              => $is_error ? 0 : 1 + int rand(1000),
            generation_latency_us => int rand(5000),
            queue_time_us         => int rand(50),
            client_ip             => rand() < 0.2 ? '2001:db8::7' : '::ffff:10.0.0.' . int rand(3),
            client_user_agent     => (qw(app/1 app/2), "a \"quoted\",\e[31m agent")[ rand 3 ],
            $is_error ? (error_code => 503, error_message => rand() < 0.5 ? 'busy' : 'no database') : (error_code => 0),
        };
    }
}
# Of the present minute only the seconds that have passed.
@events = grep { $_->{at} < $now } @events;
insert(id_generation_events => map +{ %$_, timestamp => moment($_->{at}) }, @events);

subtest 'ids-per-second: whole minutes, and gaps by name' => sub {
    my $json = json('ids-per-second', '--since', '15m');
    my ($from, $to) = @$json{qw(from to)};
    my @inside = grep { moment($_->{at}) ge $from && moment($_->{at}) lt $to } @events;
    my %groups = grouped(sub { moment($_[0]{at} - $_[0]{at} % 60) . ' ' . $_[0]{worker_id} }, @inside);
    my %wanted = map {
        my @rows = @{ $groups{$_} };
        my $ids  = sum0(map { $_->{id_count} } @rows);
        ($_ => join ' ', scalar @rows, $ids, rounded($ids / 60, 2))
    } keys %groups;
    my %found = map { ("$_->{time} $_->{worker_id}" => "$_->{requests} $_->{ids} $_->{ids_per_second}") } @{ $json->{rows} };
    is_deeply \%found, \%wanted, 'the values are those counted here';
    cmp_ok scalar keys %found, '>', 10, '... and they are some';
    my $gap = sprintf 'no data for 3 minutes, from %s to %s', moment($minute - 7 * 60), moment($minute - 5 * 60);
    ok((grep { $_ eq $gap } @{ $json->{notes} }), 'the minutes without data are named') or diag explain $json->{notes};
    ok((grep {/which are not whole, are left out/} @{ $json->{notes} }), 'so are those that are not whole');
    like $from, qr/:00$/, 'it begins with a minute';
    cmp_ok $to, 'le', moment($now + 60), 'it ends with one that is over';
};

subtest '--by hour' => sub {
    my $json = json('ids-per-second', '--since', '5h', '--by', 'hour');
    my @inside = grep { moment($_->{at}) ge $json->{from} && moment($_->{at}) lt $json->{to} } @events;
    is sum0(map { $_->{ids} } @{ $json->{rows} }), sum0(map { $_->{id_count} } @inside), 'all ids of the whole hours';
    is_deeply [ grep { $_->{time} !~ /:00:00$/ } @{ $json->{rows} } ], [], 'each row is an hour';
};

subtest 'latency: exact quantiles of the requests that issued ids' => sub {
    my $json   = json('latency', '--since', '30m');
    my @inside = grep { $_->{error_code} == 0 && moment($_->{at}) ge $json->{from} && moment($_->{at}) lt $json->{to} } @events;
    my %groups = grouped(sub { $_[0]{worker_id} }, @inside);
    is @{ $json->{rows} }, keys %groups, 'a row for each worker';
    for my $row (@{ $json->{rows} }) {
        my @times = sort { $a <=> $b } map { $_->{generation_latency_us} } @{ $groups{ $row->{worker_id} } };
        is_deeply [ @$row{qw(requests p50_us p95_us p99_us most_us)} ],
            [ scalar @times, (map { quantile($_, @times) } 0.5, 0.95, 0.99), $times[-1] ], "worker $row->{worker_id}";
        is $row->{average_us}, rounded(sum(@times) / @times, 1), '... and its average';
    }
    my $by = json('latency', '--since', '30m', '--by', 'minute');
    cmp_ok scalar @{ $by->{rows} }, '>', 10, '--by minute has more rows';
};

subtest 'errors: the part of the requests of the same minute' => sub {
    my $json   = json('errors', '--since', '14m');
    my @inside = grep { moment($_->{at}) ge $json->{from} && moment($_->{at}) lt $json->{to} } @events;
    my $key    = sub { moment($_[0]{at} - $_[0]{at} % 60) . ' ' . $_[0]{worker_id} };
    my %all    = grouped($key, @inside);
    my %bad    = grouped(sub { $key->($_[0]) . " $_[0]{error_code} $_[0]{error_message}" }, grep { $_->{error_code} } @inside);
    my %wanted = map {
        my ($all) = /^(\S+ \S+ \d)/;
        ($_ => scalar(@{ $bad{$_} }) . ' ' . rounded(100 * @{ $bad{$_} } / @{ $all{$all} }, 3))
    } keys %bad;
    my %found = map { ("$_->{time} $_->{worker_id} $_->{error_code} $_->{error_message}" => "$_->{errors} $_->{percent}") } @{ $json->{rows} };
    is_deeply \%found, \%wanted, 'the values are those counted here';
    ok((grep {/^no data for 3 minutes/} @{ $json->{notes} }), 'minutes without requests are named');
    # Every minute from the twelfth to the first before the present one, except the three, had requests.
    my @known = map { moment($minute - 60 * $_) } 1 .. 4, 8 .. 12;
    my $notes = join "\n", @{ $json->{notes} };
    is_deeply [ grep { $notes =~ /\Q$_\E/ } @known ], [], 'minutes without errors are not';
};

subtest 'top-clients: ids by address and agent' => sub {
    my $json   = json('top-clients', '--since', '4h');
    my @inside = grep { moment($_->{at}) ge $json->{from} && moment($_->{at}) lt $json->{to} } @events;
    my %groups = grouped(sub { ($_[0]{client_ip} =~ s/^::ffff://r) . " $_[0]{client_user_agent}" }, @inside);
    my %wanted = map { ($_ => [ sum(map { $_->{id_count} } @{ $groups{$_} }), scalar @{ $groups{$_} } ]) } keys %groups;
    my %found  = map { ("$_->{client} $_->{user_agent}" => [ @$_{qw(ids requests)} ]) } @{ $json->{rows} };
    is_deeply \%found, \%wanted, 'the values are those counted here';
    my @ids = map { $_->{ids} } @{ $json->{rows} };
    is_deeply \@ids, [ sort { $b <=> $a } @ids ], 'the most ids first';

    my $table = report('top-clients', '--since', '4h')->{out};
    unlike $table, qr/\e/, 'a table has no control characters of clients';
    like $table, qr/a "quoted",\\x1b\[31m agent/, '... but shows them';
    my $csv = report('top-clients', '--since', '4h', '--format', 'csv');
    like $csv->{out}, qr/^client,user_agent,ids,/, 'CSV begins with the names';
    like $csv->{out}, qr/,"a ""quoted"",\e\[31m agent",\d+,/, '... and quotes';
};

subtest 'daily' => sub {
    my $json   = json('daily');
    my %groups = grouped(sub { substr(moment($_[0]{at}), 0, 10) . " $_[0]{worker_id}" }, @events);
    my %wanted = map {
        my @rows = @{ $groups{$_} };
        ($_ => [ sum(map { $_->{id_count} } @rows), scalar @rows, scalar grep { $_->{error_code} } @rows ])
    } keys %groups;
    my %found = map { ("$_->{date} $_->{worker_id}" => [ @$_{qw(ids all_requests all_errors)} ]) } @{ $json->{rows} };
    is_deeply \%found, \%wanted, 'the values are those counted here';
    ok((grep {/^the last span is not whole/} @{ $json->{notes} }), 'today is not over');
    ok((grep {/^no data for \d+ days/} @{ $json->{notes} }), 'days without data are named');
};

subtest 'drift and overflow' => sub {
    my @drifts = map +{ timestamp => moment($now - 60 - $_), drift_ms => $_ % 3 ? 20 : -50, instance => 'i' }, 0 .. 29;
    insert(clock_drift_events => @drifts);
    my $rows = json('drift', '--since', '23h')->{rows};
    is sum(map { $_->{drifts} } @$rows), 30, 'all drifts';
    is min(map { $_->{least_ms} } @$rows), -50, 'a clock that is late is not hidden';
    is max(map { $_->{worst_ms} } @$rows), 50, 'the worst is without its sign';
    my $total = sum(map { $_->{average_ms} * $_->{drifts} } @$rows);
    cmp_ok abs($total - sum(map { $_->{drift_ms} } @drifts)), '<', 3, 'the average';

    insert(sequence_overflow_events => map +{ timestamp => moment($now - 60), overflow_count => $_->[0], wait_time_ms => $_->[1],
        max_wait_ms => $_->[2], requests_queued => 5, load_factor => 0.5 }, [ 1, 10, 10 ], [ 99, 99, 4 ]);
    $rows = json('overflow')->{rows};
    is_deeply [ @{ $rows->[0] }{qw(overflows average_wait_ms most_wait_ms average_load)} ], [ 100, 1.09, 10, 0.5 ],
        'an average of overflows, not of rows';
};

subtest 'size' => sub {
    my %rows = map { ($_->{table} => $_) } @{ json('size')->{rows} };
    is $rows{id_generation_events}{all_rows}, @events, 'the rows of a table';
    cmp_ok $rows{id_generation_events}{bytes}, '>', 0, 'its bytes';
};

subtest 'a table is for eyes' => sub {
    my $out = report('ids-per-second', '--since', '15m')->{out};
    like $out, qr/\Aids-per-second from \S+ \S+ to \S+ \S+ UTC\n\ntime +datacenter_id /, 'a title and a head';
    my @lines = grep {/tickr/} split /\n/, $out;
    is scalar(keys %{ { map { (length) => 1 } @lines } }), 1, 'the lines have one width';
};

subtest 'options and mistakes' => sub {
    my $list = tickrd({}, 'report', '--list');
    is $list->{status}, 0, '--list';
    my @files = map {m{([^/]+)\.sql$}} glob(($ENV{SRCDIR} // '.') . '/sql/clickhouse/reports/*.sql');
    is_deeply [ sort $list->{out} =~ /^(\S+)/mg ], [ sort @files ], '... has each file';
    for my $case (
        [ [],                                     64, qr/needs the NAME of a report, or --list/ ],
        [ ['nothing'],                            64, qr/no report nothing; see tickrd report --list/ ],
        [ [ '../../etc/passwd' ],                 64, qr/no report/ ],
        [ [ 'latency', '--list' ],                64, qr/takes nothing else/ ],
        [ [ 'latency', 'errors' ],                64, qr/remove errors/ ],
        [ [ 'latency', '--since', '1' ],          64, qr/--since takes/ ],
        [ [ 'latency', '--since', '0m' ],         64, qr/--since takes/ ],
        [ [ 'latency', '--since', '-5m' ],        64, qr/--since takes/ ],
        [ [ 'latency', '--since', '99999999d' ],  64, qr/--since takes/ ],
        [ [ 'latency', '--by', 'day' ],           64, qr/--by of a report takes/ ],
        [ [ 'latency', '--format', 'xml' ],       64, qr/--format takes/ ],
        [ [ 'size', '--since', '1h' ],            64, qr/remove --since/ ],
        [ [ 'daily', '--by', 'hour' ],            64, qr/remove --by/ ],
        [ [ 'ids-per-second', '--since', '5s' ],  64, qr/no whole minute/ ],
        [ [ 'errors', '--since', '3660d' ],       64, qr/--by hour/ ],
        [ [ 'latency', '--ttl', 'events=1' ],     64, qr/--ttl goes with/ ],
    ) {
        my ($arguments, $status, $words) = @$case;
        my $done = report(@$arguments);
        is $done->{status}, $status, "report @$arguments: the status";
        like $done->{err}, $words, '... and the words';
        is $done->{out}, '', '... and no output';
    }
    is tickrd({}, 'advance', '--sequences', '--by', 'minute')->{status}, 64, 'advance takes no --by minute';
};

subtest 'a ClickHouse that is down, wrong or slow' => sub {
    my $port = free_port();
    my $down = tickrd({ TICKR_CLICKHOUSE_URL => "http://127.0.0.1:$port/tickr" }, 'report', 'size');
    is $down->{status}, 69, 'down';
    like $down->{err}, qr/127\.0\.0\.1:$port/, '... names the address';
    for my $case (
        [ 'memory' => { fail => 241 }, qr/answered 500 "Code: 241/ ],
        [ 'cut'    => { cut  => 'after' }, qr/127\.0\.0\.1/ ],
    ) {
        my ($name, $fault, $words) = @$case;
        $clickhouse->fail(%$fault);
        my $done = report('size');
        is $done->{status}, 69, "$name: the status";
        like $done->{err}, $words, '... and the words';
        is $done->{out}, '', '... and no half of a report';
    }
    $clickhouse->pause;
    my $began = time;
    my $hangs = report('size');
    $clickhouse->resume;
    is $hangs->{status}, 69, 'a ClickHouse that hangs: the status';
    like $hangs->{err}, qr/no answer from http:\/\/127\.0\.0\.1:\d+: .*timed out/, '... and the words';
    is $hangs->{out}, '', '... and no output';
    cmp_ok time - $began, '<', 60, '... before the time of a report is over';
    my $other = Tickr::Process->new(code => sub {
        require IO::Socket::INET;
        my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 5, ReuseAddr => 1) or die $!;
        while (my $client = $listen->accept) {
            sysread $client, my $request, 65536;
            syswrite $client, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>\n</html>\n";
        }
    });
    Tickr::Process::wait_for('another server', 10, sub { IO::Socket::INET->new("127.0.0.1:$port") });
    my $wrong = tickrd({ TICKR_CLICKHOUSE_URL => "http://127.0.0.1:$port/tickr" }, 'report', 'size');
    is $wrong->{status}, 69, 'a server that is no ClickHouse';
    like $wrong->{err}, qr/is no ClickHouse/, '... is named';
    $other->kill_hard;
};

done_testing;
