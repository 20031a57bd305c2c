#!/usr/bin/perl
# The checker of the torture finds breaches that are planted into records, and its clients and checker together find
# a counter that repeats tickets.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(wait_for scratch spew slurp);
use Tickr::Server;

my $build = $ENV{BUILDDIR} // '.';
my $number = 0;

# (exit status, output) of the checker for a folder of records
sub check {
    my ($folder, @arguments) = @_;
    my $check = Tickr::Process->new(
        name    => 'check' . ++$number,
        command => [ "$build/t/torture/check", $folder, 10, 326, @arguments ],
    );
    return ($check->wait_exit(60), $check->log);
}

# --- planted records -------------------------------------------------------------------------------

my %kinds = (tickets => 0, status => 1, closed => 2, unreachable => 3, hung => 4);
my %flags = (first => 1, behind => 2, wrong => 4, strong => 8);

# A record; answers are a second apart unless asked (in ms) is given.
my $clock;
sub record {
    my ($kind, %given) = @_;
    my $flags = 0;
    $flags |= $flags{$_} for @{ $given{flags} // [] };
    my $asked = 1_000 * ($given{asked} // ($clock += 1000));
    return pack 'Q< Q< L< L< L< L< S< C C x4', $given{first} // 0, $asked, 1000 * ($given{took} // 1),
        $given{count} // ($kind eq 'tickets' ? 1 : 0), $given{increment} // 1, $given{key} // 0,
        $given{status} // ($kind eq 'tickets' ? 200 : 0), $given{server} // 0,
        $kinds{$kind} | $flags << 4;
}

sub tickets {
    my ($first, $increment, $count, @more) = @_;
    return record('tickets', first => $first, increment => $increment, count => $count, @more);
}

# A folder with the files. A client's file is SERVER-NUMBER.
sub folder_of {
    my (%files) = @_;
    my $name = 'records' . ++$number;
    mkdir scratch() . "/$name" or die $!;
    spew("$name/" . ($_ eq 'faults' ? $_ : "client-$_"), $files{$_}) for keys %files;
    return scratch() . "/$name";
}

# promise: the name of the broken promise, or a list of names.
sub breaks {
    my ($what, $promise, $evidence, $files, @arguments) = @_;
    my ($status, $output) = check(folder_of(%$files), @arguments);
    my @broken = $output =~ /^not ok - (.*)$/mg;
    is_deeply \@broken, ref $promise ? $promise : [$promise], $what or diag $output;
    like $output, $evidence, '... with the evidence' if $evidence;
    is $status, 1, '... and exit status 1';
    return;
}

sub keeps {
    my ($what, $files, @arguments) = @_;
    my ($status, $output) = check(folder_of(%$files), @arguments);
    is $status, 0, $what or diag $output;
    return;
}

my $twice = 'no ticket was issued twice';

keeps('different tickets of two clients keep every promise',
    { '0-0' => tickets(329, 10, 5), '1-0' => tickets(379, 10, 5) });
keeps('interleaved progressions share no ticket',
    { '0-0' => tickets(330, 20, 500), '1-0' => tickets(340, 20, 500), '2-0' => tickets(331, 10, 900) });
keeps('... nor do progressions of different steps whose bounds overlap',
    { '0-0' => tickets(330, 20, 500), '1-0' => tickets(340, 40, 100) });

for my $case (
    [ 'a single ticket', 329, tickets(329, 1, 1), tickets(329, 1, 1) ],
    [ 'a ticket at the end of a range', 419, tickets(329, 10, 10), tickets(419, 1, 1) ],
    [ 'a ticket in ranges of different increments', 389, tickets(329, 20, 10), tickets(359, 30, 4) ],
    [ 'a ticket that is in both only far ahead', 98339, tickets(329, 990, 200), tickets(339, 1000, 200) ],
    [ 'a range within a range', 10329, tickets(329, 10, 100_000), tickets(10329, 10, 3) ],
    )
{
    my ($what, $ticket, $one, $other) = @$case;
    my $evidence = qr/^# ticket $ticket was issued twice:\n#   client-0-0, .*\n#   client-1-0, .*of server 1: asked at [0-9.]+ s/m;
    breaks("$what on two servers", $twice, $evidence, { '0-0' => $one, '1-0' => $other });
}
breaks('a ticket among ten thousand others', $twice, qr/ticket 50329 /, {
    '0-0' => join('', map { tickets(329 + 20 * $_, 1, 1) } 0 .. 9_999),
    '1-0' => join('', map { tickets(339 + 20 * $_, 1, 1) } 0 .. 9_999) . tickets(300_329, 1, 1),
    '2-0' => tickets(50_329, 1, 1),
});
breaks('a ticket twice in one answer', $twice, qr/ticket 329 was .*\n.*\n#   \.\.\. in one answer/,
    { '0-0' => tickets(329, 0, 2) });
breaks('... of an array', $twice, qr/ticket 329 /,
    { '0-0' => tickets(329, 1, 1, asked => 1, flags => ['first'])
            . tickets(329, 1, 1, asked => 1, flags => ['first']) });
{
    my (undef, $output) = check(folder_of(
        '0-0' => join('', map { tickets(329, 1, 1, flags => ['first']) } 1 .. 100)));
    my $shown = () = $output =~ /^# ticket/mg;
    is $shown, 5, 'a run with many breaches prints a few of them';
}

my $rise = 'on each connection the tickets of each database rise';
my $order = 'a server issues higher tickets to each request that begins after one of its answers';
breaks('lower tickets later on a connection', [ $rise, $order ], qr/# 339 came after 349 on one connection/,
    { '0-0' => tickets(349, 1, 1) . tickets(339, 1, 1) });
keeps('lower tickets of another database are allowed',
    { '0-0' => tickets(349, 1, 1) . tickets(337, 1, 1) });
my $later = qr/# a later request got a lower ticket:\n#   client-0-0, .*\n#   client-0-1, /;
breaks('lower tickets on another connection of the client', $order, undef,
    { '0-0' => tickets(349, 1, 1) . tickets(339, 1, 1, flags => ['first']) });
breaks('lower tickets of another client of the server', $order, $later,
    { '0-0' => tickets(349, 1, 1, asked => 10), '0-1' => tickets(339, 1, 1, asked => 12) });
breaks('a ticket below the last one of an array', $order, $later,
    { '0-0' => tickets(329, 20, 3, asked => 10), '0-1' => tickets(339, 1, 1, asked => 12) });
keeps('a request that begins before the answer has arrived may get less',
    { '0-0' => tickets(349, 1, 1, asked => 10, took => 5), '0-1' => tickets(339, 1, 1, asked => 12) });
keeps('... so may a request of another database',
    { '0-0' => tickets(349, 1, 1, asked => 10), '0-1' => tickets(337, 1, 1, asked => 12) });
keeps('... and a request to another server',
    { '0-0' => tickets(349, 1, 1, asked => 10), '1-0' => tickets(339, 1, 1, asked => 12) });
breaks('... except on one counter', 'a request that begins after any answer gets higher tickets',
    qr/# a later request got a lower ticket:\n#   client-0-0, .*\n#   client-1-0, /,
    { '0-0' => tickets(349, 1, 1, asked => 10), '1-0' => tickets(339, 1, 1, asked => 12) }, 'in-order');
keeps('... but one that begins before the other answer may get less there',
    { '0-0' => tickets(349, 1, 1, asked => 10, took => 5), '1-0' => tickets(339, 1, 1, asked => 12) },
    'in-order');

my $served = tickets(329, 1, 1, asked => 0);
breaks('a request without an answer or an end', 'each request got an answer or the end of its connection',
    qr/got no answer/, { '0-0' => $served . record('hung') });
my $right = 'each answer has the requested tickets, or is 503';
breaks('a batch of another size', $right, undef,
    { '0-0' => $served . tickets(339, 10, 2, flags => ['wrong']) });
breaks('a batch whose step leaves the node', $right, undef, { '0-0' => tickets(339, 11, 2) });
breaks('a ticket below the first', $right, undef, { '0-0' => tickets(325, 1, 1) });
breaks('an answer 500', $right, qr/got 500 for 1 tickets/, { '0-0' => $served . record('status', status => 500) });
keeps('503 is an answer', { '0-0' => $served . record('status', status => 503) });

my $explained = 'no connection was closed without a reason';
my $closed    = record('closed', asked => 50, took => 10);
breaks('a connection that is closed without a fault', $explained, qr/found the connection closed/,
    { '0-0' => $served . $closed });
breaks('... or with a fault of another server', $explained, undef,
    { '0-0' => $served . $closed . tickets(339, 1, 1, asked => 80),
      '1-0' => tickets(349, 1, 1, asked => 80), faults => "55000 70000 kill-server 2 -\n" });
breaks('... or of the database', $explained, undef,
    { '0-0' => $served . $closed . tickets(339, 1, 1, asked => 80),
      faults => "55000 70000 kill-database 1 0\n" });
keeps('a server that is killed closes connections',
    { '0-0' => $served . $closed . tickets(339, 1, 1, asked => 80),
      faults => "55000 70000 kill-server 1 -\n" });
my $late = record('closed', asked => 90) . tickets(349, 1, 1, asked => 95, flags => ['first']);
keeps('... which a client may notice only at its next request',
    { '0-0' => tickets(329, 1, 1, asked => 40, took => 45) . $late, faults => "55000 70000 kill-server 1 -\n" });
breaks('... but not a connection that it has answered since', $explained, undef,
    { '0-0' => $served . tickets(339, 1, 1, asked => 80) . $late, faults => "55000 70000 kill-server 1 -\n" });
breaks('a server that drains and does not answer an accepted request',
    'a server that stops answers the requests it has accepted', qr/closed, during drain-server/,
    { '0-0' => $served . $closed . tickets(339, 1, 1, asked => 80),
      faults => "55000 70000 drain-server 1 -\n" });

my $back = 'each server issues tickets within 2 s of the end of each fault';
breaks('no tickets after a fault', $back, qr/server 0 after kill-database, which ended at 1\.000 s: it issued no more/,
    { '0-0' => $served, faults => "500000 1000000 kill-database 1 0\n" });
breaks('tickets too late after a fault', $back, qr/the next answer arrived 2\.2\d\d s later/,
    { '0-0' => $served . tickets(339, 1, 1, asked => 3200), faults => "500000 1000000 kill-database 1 0\n" });
keeps('tickets in time after a fault',
    { '0-0' => $served . tickets(339, 1, 1, asked => 2900), faults => "500000 1000000 kill-database 1 0\n" });
keeps('tickets late after a fault but in time after the next fault',
    { '0-0' => $served . tickets(339, 1, 1, asked => 3200),
      faults => "500000 1000000 cut 1 0\n900000 2000000 kill-database 1 0\n" });
breaks('... but not if the next fault was of another server', $back, qr/server 0 after cut/,
    { '0-0' => $served . tickets(339, 1, 1, asked => 3200), '1-0' => tickets(349, 1, 1, asked => 2100),
      faults => "500000 1000000 cut 1 0\n900000 2000000 kill-database 2 0\n" });
breaks('tickets of a database that the server refuses', 'a server that refuses a database issues no ticket of it', undef,
    { '0-0' => $served . tickets(336, 1, 1, asked => 50) . tickets(346, 1, 1, asked => 80),
      faults => "40000 60000 refuse 1 0\n" });
keeps('tickets of another database meanwhile',
    { '0-0' => $served . tickets(337, 1, 1, asked => 50), faults => "40000 60000 refuse 1 0\n" });
keeps('tickets of another server, which refuses no database',
    { '0-0' => $served . tickets(336, 1, 1, asked => 50), faults => "40000 60000 refuse 2 0\n" });
my $starved = $served . record('status', status => 503, asked => 50) . tickets(339, 1, 1, asked => 80);
my $used_up = "40000 60000 use-up-descriptors 1 -\n";
breaks('503 because idle clients use up the descriptors',
    'while idle clients use up the descriptors no open connection is answered 503', undef,
    { '0-0' => $starved, faults => $used_up });
keeps('503 of a database that is killed meanwhile',
    { '0-0' => $starved, faults => $used_up . "30000 45000 kill-database 1 3\n" });
my $others = 'while one of several databases works no request is answered 503';
my $away   = $served . record('status', status => 503, asked => 50) . tickets(339, 1, 1, asked => 80);
my $other  = tickets(327, 1, 1, asked => 45);
my $killed = "40000 60000 kill-database 1 3\n";
breaks('503 while another database reserves tickets', $others, qr/got 503 for 1 tickets, during kill-database/,
    { '0-0' => $away, '0-1' => $other, faults => $killed }, 'has-another');
keeps('503 while the other is slow', { '0-0' => $away, '0-1' => tickets(327, 1, 1, asked => 45, took => 900),
    faults => $killed }, 'has-another');
keeps('503 while no database works', { '0-0' => $away, '0-1' => $other, faults => $killed . "10000 45000 cut 1 1\n" },
    'has-another');
keeps('503 of a server that drains',
    { '0-0' => $away, '0-1' => $other, faults => "40000 60000 drain-server 1 -\n" }, 'has-another');
breaks('a client without tickets', 'each client got tickets', qr/client-0-1 got no tickets/,
    { '0-0' => $served, '0-1' => record('status', status => 503) });
breaks('no client at all', 'each client got tickets', undef, {});
{
    my ($status, $output) = check(folder_of('0-0' => 'half a record'));
    is $status, 1, 'a torn file of records is an error';
    like $output, qr/client-0-0 ends within a record/, '... with a message';
}

# --- a counter that is broken ------------------------------------------------------------------------

# Check COUNT servers that count in memory, under load.
sub load_memory {
    my ($name, $count, $program, $keys) = @_;
    my @servers = map {
        Tickr::Server->new(
            program => $program // 'tickrd-memory',
            env     => { TICKR_DATABASE_ADAPTER => 'memory', TICKR_DATABASE_NAME => $name });
    } 1 .. $count;
    my $folder = folder_of();
    my $client = Tickr::Process->new(
        name    => 'client' . ++$number,
        command => [ "$build/t/torture/client", $folder, 1, 8, $keys // 0, map { $_->port } @servers ],
    );
    for my $server (@servers) {
        wait_for('20000 tickets', 60, sub { $server->metric('tickr_tickets_issued_total') > 20_000 });
    }
    $client->signal('TERM');
    is $client->wait_exit(30), 0, 'the clients end';
    is $_->stop, 0, 'the server stops cleanly' for @servers;
    return check($folder, $count == 1 ? 'in-order' : ());
}

{
    my ($status, $output) = load_memory('tickr', 1);
    is $status, 0, 'a counter in memory keeps every promise' or diag $output;
    like $output, qr/^# numbers: requests=[1-9][0-9]* tickets=[1-9][0-9]{4,} .* closed=0 /m,
        '... and its tickets are counted';
}
{
    # The server answers 503 meanwhile, so some clients may get no ticket.
    my (undef, $output) = load_memory('broken', 1);
    like $output, qr/^ok - $twice$/m, 'a server notices a counter that repeats a range';
}
{
    my ($status, $output) = load_memory('broken', 1, 'tickrd-broken');
    is $status, 1, 'a server that trusts such a counter breaks the law';
    like $output, qr/^not ok - $twice$/m, '... by issuing a ticket twice';
    like $output, qr/^# ticket \d+ was issued twice:\n#   client-0-\d+, answer .*\n#   client-0-\d+, answer /m,
        '... to these two clients';
}
{
    my ($status, $output) = load_memory('tickr', 2);
    is $status, 1, 'two servers with separate counters for one node break the law';
    like $output, qr/^# ticket \d+ was issued twice:\n(?=.*of server 0)(?:.*\n)?.*of server 1/m,
        '... by issuing the same ticket';
}

done_testing;
