#!/usr/bin/perl
# The checker of the torture finds breaches that are planted into records. Its clients and checker together find a
# counter that repeats tickets, or ids of named sequences.
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

# Ids of the named sequence key-KEY.
sub ids {
    my ($key, @range) = @_;
    return tickets(@range[ 0 .. 2 ], key => $key, @range[ 3 .. $#range ]);
}

# A folder with the files. A client's file is SERVER-NUMBER, or operator-SERVER.
sub folder_of {
    my (%files) = @_;
    my $name = 'records' . ++$number;
    mkdir scratch() . "/$name" or die $!;
    spew("$name/" . (/^[a-z]/ ? $_ : "client-$_"), $files{$_}) for keys %files;
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

my $back = 'each server issues tickets soon after the end of each fault';
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
# --- planted ids of named sequences -----------------------------------------------------------------

# Records of client NUMBER before the breach: a ticket, and an id of another sequence.
sub before { return tickets(1_000_029 + 10 * $_[0], 1, 1, asked => 0) . ids(99, 1 + 10 * $_[0], 1, 1, asked => 0) }

# Files of two clients of one server, or of two servers.
sub of_one { return { '0-0' => before(0) . $_[0], '0-1' => before(1) . $_[1] } }
sub of_two { return { '0-0' => before(0) . $_[0], '1-0' => before(1) . $_[1] } }

my @strong = (flags => ['strong']);
my $id_twice = 'no id of a sequence was issued twice';
keeps('different ids of a sequence keep every promise', of_two(ids(7, 11, 10, 5), ids(7, 61, 10, 5)));
keeps('two sequences may issue the same ids', of_two(ids(7, 11, 10, 5), ids(8, 11, 10, 5)));
keeps('... and the numbers of tickets', of_two(ids(7, 2_000_329, 10, 5), tickets(2_000_329, 10, 5)));
breaks('an id on two servers', $id_twice,
    qr/^# id 41 of key-7 was issued twice:\n#   client-0-0, .*got 5 ids from 11 to 51 of key-7, weak\n#   client-1-0, /m,
    of_two(ids(7, 11, 10, 5), ids(7, 41, 1, 1)));
breaks('an id twice in one answer', $id_twice, qr/id 11 of key-7 was/, of_two(ids(7, 11, 0, 2), ''));
breaks('an id that the torture itself got too', $id_twice, qr/operator-2/,
    { '0-0' => before(0) . ids(7, 11, 10, 5), 'operator-2' => ids(7, 21, 1, 1) });
keeps('the torture itself need not get tickets', { '0-0' => before(0), 'operator-2' => ids(7, 21, 1, 1) });

my $ids_rise  = 'on each connection the ids of each sequence rise';
my $ids_order = 'a server issues higher ids of a sequence to each request that begins after one of its answers';
my $ids_strong = 'a strong request that begins after any answer gets higher ids of the sequence';
breaks('lower ids later on a connection', [ $ids_rise, $ids_order ], qr/# 21 came after 31 on one connection/,
    of_one(ids(7, 31, 1, 1) . ids(7, 21, 1, 1), ''));
keeps('lower ids of another sequence are allowed', of_one(ids(7, 31, 1, 1) . ids(8, 21, 1, 1), ''));
my $higher = ids(7, 31, 1, 1, asked => 10);
breaks('lower ids of another client of the server', $ids_order, undef, of_one($higher, ids(7, 21, 1, 1, asked => 12)));
keeps('lower weak ids of another server are allowed', of_two($higher, ids(7, 21, 1, 1, asked => 12)));
breaks('lower strong ids of another server', $ids_strong, qr/got 21 of key-7, strong/,
    of_two($higher, ids(7, 21, 1, 1, asked => 12, @strong)));
keeps('... of a request that began before the other answer arrived',
    of_two($higher, ids(7, 21, 1, 1, asked => 10.5, @strong)));
keeps('... or of another node', of_two($higher, ids(7, 22, 1, 1, asked => 12, @strong)));

breaks('an id below 1', $right, undef, of_one(ids(7, 0, 1, 1), ''));
breaks('an array whose step leaves the node', $right, undef, of_one(ids(7, 11, 11, 2), ''));
breaks('an answer 429', $right, qr/got 429 for 1 ids of key-7/, of_one(record('status', status => 429, key => 7), ''));
breaks('a client without ids', 'each client got ids of sequences', qr/client-0-0 got no ids/,
    { '0-0' => $served }, 'sequences');
my $ids_back = 'each server issues ids of sequences soon after the end of each fault';
breaks('no ids after a fault, but tickets', $ids_back, qr/server 0 after kill-server, .*: it issued no more/,
    { '0-0' => before(0) . tickets(2_000_329, 1, 1, asked => 1100), faults => "500000 1000000 kill-server 1 -\n" });
keeps('ids in time after a fault',
    { '0-0' => before(0) . tickets(2_000_329, 1, 1, asked => 1100) . ids(7, 11, 1, 1, asked => 1200),
      faults => "500000 1000000 kill-server 1 -\n" });
my $meanwhile = before(0) . ids(7, 16, 1, 1, asked => 50);
breaks('ids of a database whose sequences the server refuses', 'a server that refuses a database issues no ticket of it',
    undef, { '0-0' => $meanwhile, faults => "40000 60000 refuse-sequences 1 5\n" });
keeps('... while it refuses only its tickets', { '0-0' => $meanwhile, faults => "40000 60000 refuse 1 5\n" });
keeps('503 for a key while another database works',
    { '0-0' => before(0) . record('status', status => 503, asked => 50, key => 7) . tickets(1_000_339, 1, 1, asked => 80)
            . ids(7, 11, 1, 1, asked => 90),
      '0-1' => before(2) . $other, faults => $killed }, 'has-another');
# --- planted ids of stores ------------------------------------------------------------------------------

# The number of key 7 in STORE, see record.h.
sub of_store { return 10_000 * $_[0] + 7 }

keeps('two stores may issue the same ids', of_two(ids(of_store(1), 11, 10, 5), ids(of_store(2), 11, 10, 5)));
breaks('an id of a store on two servers', $id_twice, qr/^# id 41 of key-7 was issued twice:\n.* of key-7, weak, of store 3\n/m,
    of_two(ids(of_store(3), 11, 10, 5), ids(of_store(3), 41, 1, 1)));
breaks('a lower strong id of a store', $ids_strong, undef,
    of_two(ids(of_store(1), 31, 1, 1, asked => 10), ids(of_store(1), 21, 1, 1, asked => 12, @strong)));
my $store_back = 'each server issues ids of a store within 10 s of the end of its fault';
my $of_others  = ids(of_store(2), 11, 1, 1, asked => 1200) . tickets(2_000_329, 1, 1, asked => 1300);
breaks('no ids of a store after its fault, but of another one', $store_back, qr/server 0 after stop-store, .*: it issued no more/,
    { '0-0' => before(0) . $of_others, faults => "500000 1000000 stop-store 1 1\n" });
keeps('ids of the store in time after its fault',
    { '0-0' => before(0) . $of_others . ids(of_store(1), 11, 1, 1, asked => 10_900), faults => "500000 1000000 stop-store 1 1\n" });
my $dragged = 'while another store has a fault a store that answers serves each request';
my $waited  = before(0) . record('status', status => 503, asked => 50, took => 20, key => of_store(2)) . ids(7, 11, 1, 1, asked => 90)
    . tickets(2_000_329, 1, 1, asked => 95) . ids(of_store(1), 11, 1, 1, asked => 96) . ids(of_store(2), 911, 1, 1, asked => 97);
sub meanwhile { return before(2) . ids(of_store($_[0]), 511, 1, 1, asked => 62, @{ $_[1] }) }
my $killed_store = "40000 80000 kill-store 1 1\n";
breaks('503 of a store that answers others', $dragged, qr/got 503 .* of store 2, during kill-store/,
    { '0-0' => $waited, '0-1' => meanwhile(2, \@strong), faults => $killed_store });
keeps('503 of a store that answers nobody', { '0-0' => $waited, '0-1' => meanwhile(3, \@strong), faults => $killed_store });
keeps('... but weak ids, which the server may hold', { '0-0' => $waited, '0-1' => meanwhile(2, []), faults => $killed_store });
keeps('503 of the store that was killed',
    { '0-0' => $waited, '0-1' => meanwhile(2, \@strong), faults => "40000 80000 kill-store 1 2\n" });

# --- planted Snowflake ids -------------------------------------------------------------------------------

my %lower = ('0-0' => tickets(349, 1, 1, asked => 10), '0-1' => tickets(339, 1, 1, asked => 12));
keeps('a server that started again may issue lower Snowflake ids', \%lower, 'snowflakes');
breaks('... but not on one connection', $rise, undef, { '0-0' => tickets(349, 1, 1) . tickets(339, 1, 1) }, 'snowflakes');
breaks('... nor the same ones', $twice, undef, { '0-0' => tickets(349, 1, 1), '1-0' => tickets(349, 1, 1) }, 'snowflakes');
my %late = ('0-0' => $served . tickets(339, 1, 1, asked => 5900), faults => "500000 1000000 kill-server 1 -\n");
keeps('a server may have more time after a fault', \%late, 'back-within=5');
breaks('... and not more than that', $back, undef, \%late, 'back-within=4');

{
    my ($status, $output) = check(folder_of('0-0' => 'half a record'));
    is $status, 1, 'a torn file of records is an error';
    like $output, qr/client-0-0 ends within a record/, '... with a message';
}

# --- a counter that is broken ------------------------------------------------------------------------

# Check COUNT servers that count in memory, under load. KEYS: how many named sequences the clients begin with. END: a
# function of a server that ends the load; by default after 20000 tickets.
sub load_memory {
    my ($name, $count, $program, $keys, $end) = @_;
    my @servers = map {
        my $state = scratch() . '/state' . ++$number;
        mkdir $state or die "$state: $!";
        Tickr::Server->new(
            program => $program // 'tickrd-memory',
            env     => {
                TICKR_DATABASE_ADAPTER => 'memory', TICKR_DATABASE_NAME => $name,
                $keys ? (TICKR_SEQUENCES => 'any', TICKR_STATE_DIR => $state) : () });
    } 1 .. $count;
    $end //= sub { $_[0]->metric('tickr_tickets_issued_total') > 20_000 };
    my $folder = folder_of();
    my $client = Tickr::Process->new(
        name    => 'client' . ++$number,
        command => [ "$build/t/torture/client", $folder, 1, 8, $keys // 0, "-", map { $_->port } @servers ],
    );
    for my $server (@servers) {
        wait_for('the end of the load', 60, sub { $end->($server) });
    }
    $client->signal('TERM');
    is $client->wait_exit(30), 0, 'the clients end';
    is $_->stop, 0, 'the server stops cleanly' for @servers;
    return (check($folder, $count == 1 ? 'in-order' : (), $keys ? 'sequences' : ()), map { $_->log } @servers);
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

# --- named sequences that are broken ------------------------------------------------------------------

sub has_issued { return $_[0]->metric('tickr_sequence_ids_issued_total') > 20_000 }
sub is_refused { return $_[0]->metric('tickr_database_refused{pool="sequences"}') == 1 }

{
    my ($status, $output) = load_memory('tickr', 1, undef, 20, \&has_issued);
    is $status, 0, 'named sequences in memory keep every promise' or diag $output;
    like $output, qr/^# numbers: .* ids=[1-9][0-9]{4,} keys=[1-9][0-9]+ /m, '... and their ids are counted';
}
{
    my (undef, $output, $log) = load_memory('broken', 1, undef, 20, \&is_refused);
    like $output, qr/^ok - $id_twice$/m, 'a server notices a sequence that repeats numbers';
    like $log, qr/msg="the database is refused"/, '... and refuses the sequences';
}
{
    my ($status, $output) = load_memory('broken', 1, 'tickrd-broken', 20, \&has_issued);
    is $status, 1, 'a server that trusts such a store breaks the law';
    like $output, qr/^not ok - $id_twice$/m, '... by issuing an id twice';
}
{
    my ($status, $output) = load_memory('tickr', 2, undef, 20, \&has_issued);
    is $status, 1, 'two servers with separate stores break the law';
    like $output, qr/^# id \d+ of key-\d+ was issued twice:\n(?=.*of server 0)(?:.*\n)?.*of server 1/m,
        '... by issuing the same id';
}

# A sequence that moves further than the clock would repeat ids after a restored copy was raised by the clock.
{
    my (undef, $output, $log) = load_memory('leaping', 1, undef, 20, \&is_refused);
    like $log, qr/msg="the database is refused"/, 'a server notices a sequence that moves further than the clock';
    like $output, qr/^ok - $id_twice$/m, '... and issues no id twice';
}
{
    my ($status, undef, $log) = load_memory('leaping', 1, 'tickrd-broken', 20, \&has_issued);
    unlike $log, qr/is refused/, 'only that check notices: a server without it serves on';
}

# --- short runs of the configurations that have no other test ------------------------------------------------

for my $name (qw(stores snowflake-etcd snowflake-zookeeper)) {
    my $source = $ENV{SRCDIR} // '.';
    my $run    = Tickr::Process->new(
        name    => "torture-$name",
        command => [ $^X, "-I$source/t/torture/lib", "-I$source/t/lib", "$source/t/torture/main.pl",
                     '--config', $name, '--minutes', 0.1 ],
        env => { BUILDDIR => $build, SRCDIR => $source },
    );
    my $status = $run->wait_exit(120);
SKIP: {
        skip $1, 1 if $run->log =~ /^# (\S+ is skipped: .*)$/m;
        # Tests run side by side, so this machine may be late. It must not be wrong.
        my @broken = grep { !/ soon after | within 10 s / } $run->log =~ /^not ok \d+ - (.*)$/mg;
        is_deeply \@broken, [], "$name: every promise was kept" or diag $run->log;
        like $status, qr/^[01]$/, '... by a run that ended';
    }
}

done_testing;
