#!/usr/bin/perl
# tickrd sequence and tickrd decode make, read and change named sequences, with and without a running server.
use strict;
use warnings;
use Test::More;
use Tickr::Client;
use Tickr::Database;
use Tickr::File;
use Tickr::Process qw(scratch);
use Tickr::Server;
use Tickr::Stores qw(on_each_store);

my $key_file = scratch() . '/key';
write_file($key_file, ('0123456789abcdef' x 4) . "\n");

sub write_file {
    my ($path, $content) = @_;
    open my $file, '>', $path or die "$path: $!";
    print {$file} $content;
    close $file;
    return $path;
}

# Run tickrd with ARGUMENTS on what GIVEN names. Return (exit status, output and errors).
sub tickrd {
    my ($given, @arguments) = @_;
    return Tickr::Server->run(%$given, arguments => \@arguments);
}

# The same must succeed. Return the output.
sub done {
    my ($given, @arguments) = @_;
    my ($status, $output) = tickrd($given, @arguments);
    is $status, 0, "tickrd @arguments" or diag $output;
    return $output;
}

# The same must fail with 1.
sub refused {
    my ($given, $why, @arguments) = @_;
    my ($status, $output) = tickrd($given, @arguments);
    is $status, 1, "tickrd @arguments is refused";
    like $output, $why, '... with the reason';
    return;
}

# --- the command line ---------------------------------------------------------------------------

for my $case (
    [ ['sequence'],                                 qr/after sequence comes one of create, list, show/ ],
    [ [ 'sequence', 'drop', 'a' ],                  qr/after sequence comes one of create, list, show/ ],
    [ [ 'sequence', 'create' ],                     qr/needs the NAME of a sequence, or --from FILE/ ],
    [ [ 'sequence', 'create', 'a', '--from', 'b' ], qr/remove a/ ],
    [ [ 'sequence', 'create', 'a', 'b' ],           qr/remove b/ ],
    [ [ 'sequence', 'create', '' ],                 qr/has 1 to 128 bytes, and this one has 0/ ],
    [ [ 'sequence', 'create', 'a' x 129 ],          qr/has 1 to 128 bytes, and this one has 129/ ],
    [ [ 'sequence', 'create', "a\xff" ],            qr/byte 2 of the name of the sequence is not UTF-8/ ],
    [ [ 'sequence', 'create', "a\tb" ],             qr/byte 2 .* is a control character/ ],
    [ [ 'sequence', 'create', 'a', '--start', 0 ],  qr/--start takes a whole number from 1/ ],
    [ [ 'sequence', 'create', 'a', '--most', 'x' ], qr/--most takes a whole number from 1 .* not "x"/ ],
    [ [ 'sequence', 'create', 'a', '--order', 'x' ], qr/--order takes strong or weak, not "x"/ ],
    [ [ 'sequence', 'create', 'a', '--width', 64 ], qr/--width takes 53 or 63, not "64"/ ],
    [ [ 'sequence', 'create', 'a', '--form', 'x' ], qr/--form takes plain or scrambled/ ],
    [ [ 'sequence', 'create', 'a', '--past', 1 ],   qr/--past goes with advance and sequence advance only/ ],
    [ [ 'sequence', 'list', 'a' ],                  qr/more than one command: remove a/ ],
    [ [ 'sequence', 'show' ],                       qr/sequence show needs the NAME/ ],
    [ [ 'sequence', 'show', 'a', '--start', 1 ],    qr/--start goes with sequence create only/ ],
    [ [ 'sequence', 'advance', 'a' ],               qr/sequence advance needs .*--past ID/ ],
    [ [ 'sequence', 'fold', 'a' ],                  qr/named by 32 hexadecimal digits/ ],
    [ ['decode'],                                   qr/decode needs an ID/ ],
    [ [ 'decode', '--sequence', 'a' ],              qr/decode needs an ID, and --sequence NAME/ ],
    [ [ 'decode', '--sequence', 'a', 'x' ],         qr/id takes an id, a whole number/ ],
    [ ['--instances'],                              qr/--instances goes with sequence list only/ ],
    )
{
    my ($arguments, $why) = @$case;
    my ($status, $output) = Tickr::Server->run(arguments => $arguments);
    is $status, 64, "tickrd @$arguments is a wrong command line";
    like $output, $why, '... with the reason';
}

# --- all commands -------------------------------------------------------------------------------

sub test_create {
    my ($on) = @_;
    like done($on, 'sequence', 'create', 'orders'), qr/^sequence orders: made\. It has ids from 4 to \d+, strong, of 63 bits, plain$/,
        'a sequence is made, and begins at the first id of this node';
    like done($on, 'sequence', 'create', 'orders'), qr/^sequence orders: was there with this policy/,
        '... once';
    like done($on, 'sequence', 'create', 'orders', '--order', 'weak', '--most', 1000),
        qr/^sequence orders: changed\. It has ids from 4 to 994, weak, of 63 bits/, '... and takes another policy';
    like done($on, 'sequence', 'create', 'orders', '--width', 53), qr/changed\. It has ids from 4 to 994, weak, of 53 bits/,
        '... of which each part stays as it was unless it is named';
    like done($on, 'sequence', 'create', 'far', '--start', 1005), qr/ids from 1014 to/, 'the start is rounded up';
    like done($on, 'sequence', 'create', 'far', '--width', 53),
        qr/ids from 1014 to 9007199254740984, strong, of 53 bits/, 'the width limits the last id';
    like done($on, 'sequence', 'create', 'far', '--width', 63), qr/ids from 1014 to 9223372036854775804,/,
        '... and a larger width lifts it';
    like done($on, 'sequence', 'create', 'later', '--after', 1014), qr/ids from 1024 to/,
        '--after is the last id before the sequence';
    refused($on, qr/^tickrd: sequence far: it exists, and it began at \d+: to move it forward, run tickrd sequence advance$/,
        'sequence', 'create', 'far', '--start', 5);
    refused($on, qr/most is 9007199254740992, and the largest id of 53 bits/,
        'sequence', 'create', 'new', '--width', 53, '--most', '9007199254740992');
    refused($on, qr/the first id would be 104, and the last one 94/,
        'sequence', 'create', 'new', '--start', 100, '--most', 99);
    refused($on, qr/the start is too far/, 'sequence', 'create', 'new', '--start', '1000000000000000000');
    refused($on, qr/scrambled ids need a key: set TICKR_SCRAMBLE_KEY_FILE/, 'sequence', 'create', 'new', '--form', 'scrambled')
        unless $on->{env}{TICKR_SCRAMBLE_KEY_FILE};
    refused($on, qr/sequence new: there is none: run tickrd sequence list/, 'sequence', 'show', 'new');
    return;
}

sub test_show {
    my ($on) = @_;
    is done($on, 'sequence', 'show', 'orders'), <<'END', 'a sequence is shown';
name:      orders
newest id: none
first id:  4
last id:   994
order:     weak
width:     53 bits
form:      plain
state:     declared
END
    my $name = "a/b \xc3\xa4 %41+\"\\";
    done($on, 'sequence', 'create', $name);
    like done($on, 'sequence', 'show', $name), qr/^name: +\Q$name\E$/m, 'any name is found again, byte for byte';
    my @rows = split /\n/, done($on, 'sequence', 'list');
    is shift @rows, "newest\tfirst\tlast\torder\twidth\tform\tstate\tname", 'the list has a head';
    is_deeply [ map {s/.*\t//r} @rows ], [ $name, 'far', 'later', 'orders' ], '... and all names in order';
    is $rows[3], "none\t4\t994\tweak\t53\tplain\tdeclared\torders", '... with their policies';
    return;
}

sub test_advance {
    my ($on) = @_;
    my @advance = ('sequence', 'advance', 'orders', '--past');
    my $plan = <<'END';
the newest id:                     none
the next id now, at least:         4
the next id afterwards, at least:  114
ids that become a gap:             11
ids that are left afterwards:      89
END
    my ($status, $output) = tickrd($on, @advance, 105);
    is $status, 1, 'without --yes and without a terminal nothing is moved';
    is $output, "${plan}tickrd: there is no terminal to ask at: add --yes; nothing was changed\n", '... after the plan';
    is done($on, @advance, 105, '--yes'), "${plan}sequence orders: it was moved forward\n", 'a sequence is moved forward';
    like done($on, 'sequence', 'show', 'orders'), qr/^newest id: 104$/m, '... past the id';
    is done($on, @advance, 104, '--yes'), "sequence orders: it is already past this id, so it stays\n", '... and never back';
    refused($on, qr/sequence orders: 2000 is beyond its last id, 994; nothing was changed/, @advance, 2000, '--yes');
    refused($on, qr/sequence orders: 104 was issued: most may not be below that/, 'sequence', 'create', 'orders', '--most', 50);
    refused($on, qr/a sequence is moved by at most 9007199254740992/, 'sequence', 'advance', 'far', '--past',
        '1000000000000000000', '--yes');
    return;
}

sub test_retire {
    my ($on) = @_;
    my ($status, $output) = tickrd($on, 'sequence', 'retire', 'later');
    is $status, 1, 'without --yes and without a terminal nothing is retired';
    like $output, qr/^name: +later\n.*^tickrd: there is no terminal to ask at: add --yes; nothing was changed$/ms,
        '... but it is shown';
    like done($on, 'sequence', 'retire', 'later', '--yes'), qr/^sequence later: it is retired, for ever$/m, 'a name is retired';
    like done($on, 'sequence', 'retire', 'later', '--yes'), qr/^sequence later: it was retired before$/m, '... once';
    like done($on, 'sequence', 'show', 'later'), qr/^state: +retired$/m, '... and stays to be seen';
    refused($on, qr/it is retired, and a retired name is refused for ever/, 'sequence', 'create', 'later');
    refused($on, qr/it is retired, and issues no ids any more/, 'sequence', 'advance', 'later', '--past', 5000, '--yes');
    refused($on, qr/sequence none: there is none/, 'sequence', 'retire', 'none', '--yes');
    return;
}

sub test_instances {
    my ($on) = @_;
    my ($alive, $dead) = ('a' x 32, 'd' x 32);
    my $database = $on->{database};
    my @to       = $database->name eq 'mysql' ? 'tickr' : ();
    for my $id ($alive, $dead) {
        my $name = uc unpack 'H*', "\xffinstance:$id";
        $database->sql("INSERT INTO tickr_sequences (name, newest, seen) VALUES (X'$name', 7, 1)", @to);
    }
    like done($on, 'sequence', 'list', '--instances'), qr/^instance\tstatements\tbehind\n$alive\t7\t\d+\n$dead\t7\t\d+\n\z/,
        'servers are listed';
    unlike done($on, 'sequence', 'list'), qr/instance:/, '... and are no sequences';
    my ($status, $output) = tickrd($on, 'sequence', 'fold', $dead);
    is $status, 1, 'without --yes and without a terminal no row is removed';
    like $output, qr/^$dead\t7\t\d+\ntickrd: there is no terminal to ask at/, '... but it is shown';
    like done($on, 'sequence', 'fold', $dead, '--yes'), qr/^the row of this instance was removed$/m, 'the row of a server is removed';
    refused($on, qr/there is no row of an instance $dead/, 'sequence', 'fold', $dead, '--yes');
    like done($on, 'sequence', 'list', '--instances'), qr/\A.*\n$alive\t7\t\d+\n\z/, '... and no other row';
    return;
}

sub test_from {
    my ($on) = @_;
    my $bad = write_file(scratch() . '/bad', <<"END");
# names, and options after tabs
one
two\tstart=100\torder=sideways
\tstart=5
three\tsize=1
one
four\tstart
orders\tstart=50
later
END
    my ($status, $output) = tickrd($on, 'sequence', 'create', '--from', $bad);
    is $status, 1, 'a file with mistakes is refused';
    is $output, <<"END", '... with all of them';
tickrd: $bad, line 3: order takes strong or weak, not "sideways"
tickrd: $bad, line 4: the name of a sequence has 1 to 128 bytes, and this one has 0
tickrd: $bad, line 5: "size" is not an option of a sequence: use start, after, most, order, form or width
tickrd: $bad, line 7: "start" must be option=value, and tabs part the options
tickrd: $bad, line 6: line 2 has the same name: remove one
tickrd: $bad, line 8: sequence orders: it exists, and it began at 1: to move it forward, run tickrd sequence advance
tickrd: $bad, line 9: sequence later: it is retired, and a retired name is refused for ever: choose another name
tickrd: nothing was changed
END
    refused($on, qr/sequence one: there is none/, 'sequence', 'show', 'one');
    my $good = write_file(scratch() . '/good', "one\r\n\ntwo\tstart=100\torder=strong\n# end\nthree");
    is done($on, 'sequence', 'create', '--from', $good, '--order', 'weak', '--most', 1000), <<'END', 'a good file makes all';
sequence one: made. It has ids from 4 to 994, weak, of 63 bits, plain
sequence two: made. It has ids from 104 to 994, strong, of 63 bits, plain
sequence three: made. It has ids from 4 to 994, weak, of 63 bits, plain
END
    like done($on, 'sequence', 'create', '--from', $good, '--order', 'weak', '--most', 1000),
        qr/one: was there.*two: was there.*three: was there/s, '... once';
    refused($on, qr/nowhere cannot be read: No such file/, 'sequence', 'create', '--from', '/nowhere');
    return;
}

# More than a page. Each name is a commit.
sub test_many {
    my ($on) = @_;
    my $many = write_file(scratch() . '/many', join '', map { sprintf "many%04d\n", $_ } 1 .. 2001);
    my ($status) = tickrd({ %$on, most_s => 120 }, 'sequence', 'create', '--from', $many);
    is $status, 0, 'a file makes many sequences';
    my @rows = grep {/\tmany/} split /\n/, done($on, 'sequence', 'list');
    is scalar @rows, 2001, '... which are all listed';
    return;
}

sub test_decode {
    my ($on) = @_;
    is done($on, 'decode', '--sequence', 'orders', 104), "node: 3\nnumber: 11\nreserved: yes\n", 'a plain id is decoded';
    is done($on, 'decode', '--sequence', 'orders', 114), "node: 3\nnumber: 12\nreserved: no, or by a row that is gone\n",
        '... also one that was not reserved yet';
    is done($on, 'decode', '--sequence', 'orders', 105), "node: 4\nnumber: 11\n", '... or is of another node';
    refused($on, qr/sequence nothing: there is none/, 'decode', '--sequence', 'nothing', 1);
    return;
}

sub test_scrambled {
    my ($on, $other_key) = @_;
    like done($on, 'sequence', 'create', 'coupons', '--form', 'scrambled', '--width', 53),
        qr/coupons: made\. It has ids from 4 to 9007199254740984, strong, of 53 bits, scrambled/, 'a scrambled sequence is made';
    like done($on, 'sequence', 'create', 'coupons', '--order', 'weak'), qr/coupons: changed.*weak.*scrambled/, '... and changed';
    refused($on, qr/its ids are scrambled: another form would repeat ids/, 'sequence', 'create', 'coupons', '--form', 'plain');
    refused($on, qr/another width would repeat ids/, 'sequence', 'create', 'coupons', '--width', 63);
    # FF1 has an image or a source for each number of 53 bits, and all but one are ids.
    like done($on, 'decode', '--sequence', 'coupons', 12345), qr/^the id before it was scrambled: \d+\nnode: \d\nnumber: \d+\n/,
        'a scrambled id is decoded';
    refused($on, qr/sequence coupons: this is not one of its ids/, 'decode', '--sequence', 'coupons', '9007199254740992');
    return;
}

on_each_store(sub {
    my ($database) = @_;
    note 'commands on ' . $database->name;
    my %scrambled = (TICKR_SCRAMBLE_KEY_FILE => $key_file);
    Tickr::Server->createdb(database => $database);
    my $on = { database => $database, env => {} };
    test_create($on);
    test_show($on);
    test_advance($on);
    test_retire($on);
    test_instances($on);
    test_from($on);
    test_many($on);
    test_decode($on);
    test_scrambled({ database => $database, env => \%scrambled });
    refused($on, qr/scrambled ids need a key/, 'decode', '--sequence', 'coupons', 12345);
    my $other = write_file(scratch() . '/other', 'f' x 64);
    refused({ database => $database, env => { TICKR_SCRAMBLE_KEY_FILE => $other } },
        qr/another key scrambles its ids/, 'decode', '--sequence', 'coupons', 12345);
});

# --- beside a server ----------------------------------------------------------------------------

SKIP: {
    skip Tickr::Database->missing, 1 if Tickr::Database->missing;
    my $database = Tickr::Database->new;
    my $server   = Tickr::Server->fresh(database => $database);
    like done({ database => $database }, 'sequence', 'create', 'orders'), qr/made/,
        'with MySQL the commands need no server, and hinder none';
    is $server->get('/tickets/create')->{status}, 200, '... which serves';
    $database->sql('DROP TABLE tickr_sequences', 'tickr');
    refused({ database => $database }, qr/run tickrd createdb --sequences/, 'sequence', 'list');
}

SKIP: {
    skip Tickr::File->missing, 1 if Tickr::File->missing;
    my $database = Tickr::File->new;
    my $control  = scratch() . '/control';
    my $server   = Tickr::Server->fresh(database => $database);
    my $path     = $database->path;
    refused({ database => $database },
        qr/^tickrd: another tickrd has \Q$path\E, and a file is for one process: if it is a server, set TICKR_CONTROL_SOCKET/,
        'sequence', 'create', 'orders');
    refused({ database => $database, env => { TICKR_CONTROL_SOCKET => $control } },
        qr/another tickrd has \Q$path\E/, 'sequence', 'list');
    is $server->stop, 0, 'the server stops cleanly';

    $server = Tickr::Server->new(database => $database,
        env => { TICKR_CONTROL_SOCKET => $control, TICKR_SCRAMBLE_KEY_FILE => $key_file });
    note 'commands over the control socket';
    my $on = { database => $database, env => { TICKR_CONTROL_SOCKET => $control, TICKR_SCRAMBLE_KEY_FILE => $key_file } };
    test_create($on);
    test_show($on);
    test_advance($on);
    test_retire($on);
    test_instances($on);
    test_from($on);
    test_many($on);
    test_decode($on);
    test_scrambled($on);
    ok $server->wait_for_log(qr/the operator changed named sequences" command=retire name="later"/), 'the server logs the changes';
    is $server->get('/tickets/create')->{status}, 200, '... and serves';

    my $ask = sub { my $answer = Tickr::Client->new(unix => $control)->request(@_); return $answer };
    is $ask->('GET', '/sequences/new/create')->{body}, "sequence new: would be made. It has ids from 4 to 9223372036854775804, strong, of 63 bits, plain\n",
        'a GET tells what a POST would do';
    is $ask->('GET', '/sequences/new')->{status}, 404, '... and does nothing';
    is $ask->('POST', '/sequences/%00/create')->{status}, 400, 'a name must be one';
    is $ask->('POST', '/sequences/a/create?start=0')->{status}, 400, '... and so must an option';
    is $ask->('POST', '/sequences/a/create?&order=weak')->{status}, 400, '... and a query is never ignored';
    is $ask->('POST', '/sequences/later/create')->{status}, 409, 'a retired name is refused';
    is $ask->('PUT', '/sequences/a/create')->{status}, 405, 'other methods are refused';

    # Commands at the same time.
    my @clients = map { Tickr::Client->new(unix => $control) } 1 .. 20;
    $clients[$_]->send("POST /sequences/same$_/create HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") for 0 .. 19;
    is_deeply [ map { $_->response->{status} } @clients ], [ (200) x 20 ], 'commands that arrive together are all done';
    $clients[$_]->send("POST /sequences/late$_/create HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") for 0 .. 19;
    is $server->stop, 0, 'the server stops cleanly while commands wait';
    is scalar(grep {/\tsame/} split /\n/, done($on, 'sequence', 'list')), 20, 'after the stop the commands use the file again';
}

# --- several databases --------------------------------------------------------------------------

SKIP: {
    skip Tickr::Database->missing, 1 if Tickr::Database->missing;
    my ($first, $second) = map { Tickr::Database->new } 1 .. 2;
    my $names = join ',', $first->socket, $second->socket;
    my $on = { env => { TICKR_DATABASE_HOST => $names, TICKR_NODE_NUMBER => '4,3' } };
    Tickr::Server->createdb(%$on);
    my $home = $second->socket;
    my $rows = sub { return $_[0]->sql("SELECT name FROM tickr_sequences WHERE name < X'FF' ORDER BY name", 'tickr') =~ s/\n/ /gr };
    is done($on, 'sequence', 'create', 'orders', '--most', 1000),
        "$home, node 3:\nsequence orders: made. It has ids from 4 to 994, strong, of 63 bits, plain\n",
        'a strong sequence lives in the database with the lowest node number';
    is $rows->($first), '', '... only';
    my $made = done($on, 'sequence', 'create', 'events', '--order', 'weak', '--most', 1000);
    like $made, qr/node 4:\nsequence events: made\. It has ids from 5 to 995.*node 3:\nsequence events: made\. It has ids from 4 to 994/s,
        'a weak sequence is made in each database';
    like $rows->($first), qr/^events ?$/, '... with the others';
    like done($on, 'sequence', 'advance', 'events', '--past', 504, '--yes'),
        qr/node 4:\nsequence events: it was moved forward\n.*node 3:\nsequence events: it was moved forward/s,
        'a weak sequence is moved in each database';
    like done($on, 'decode', '--sequence', 'events', 495), qr/node: 4\nnumber: 50\nreserved: yes/, 'an id is found at its node';
    like done($on, 'sequence', 'list'), qr/node 4:\n.*\tevents\n.*node 3:\n.*\tevents\n.*\torders\n/s, 'each database is listed';
    like done($on, 'sequence', 'create', 'orders', '--order', 'weak'), qr/node 4:\nsequence orders: made.*node 3:\nsequence orders: changed/s,
        'a strong sequence that becomes weak is made in the others';
    is $first->sql(q{SELECT revision FROM tickr_sequences WHERE name = 'orders'}, 'tickr'),
        $second->sql(q{SELECT revision FROM tickr_sequences WHERE name = 'orders'}, 'tickr'), '... with the same revision';
    done($on, 'sequence', 'retire', 'orders', '--yes');
    $first->kill;
    refused($on, qr/\(database \S+, node 4\)/, 'sequence', 'create', 'more', '--order', 'weak');
    is $rows->($second), 'events orders', 'if one database is away, none is changed';
}

done_testing;
