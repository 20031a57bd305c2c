#!/usr/bin/perl
# Snowflake ids with a worker id from the settings: all routes, restarts, and mistakes in the settings.
use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json);
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;

my $epoch = 1609459200000 + $$; # a lock of its own on this host

sub folder { my $path = scratch() . "/$_[0]"; mkdir $path; return $path }

sub settings {
    my (%more) = @_;
    return {
        TICKR_MAX_NODES        => undef,
        TICKR_NODE_NUMBER      => undef,
        TICKR_STARTING_OFFSET  => undef,
        TICKR_DATABASE_ADAPTER => 'snowflake',
        TICKR_SNOWFLAKE_WORKER => 5,
        TICKR_SNOWFLAKE_EPOCH  => $epoch,
        TICKR_STATE_DIR        => folder('state'),
        TICKR_DATABASE_POOL_TIMEOUT => 20,
        %more,
    };
}

sub parts {
    my ($id) = @_;
    use integer;
    return { ms => $id >> 22, node => ($id >> 12) & 1023, sequence => $id & 4095 };
}

my $server = Tickr::Server->new(env => settings());
$server->wait_until_ready(20);

# --- ids --------------------------------------------------------------------------------------------

my %seen;
my $last = 0;
for my $path (('/tickets/create') x 3, '/tickets/create/1000', '/tickets/create/100000') {
    my $answer = $server->get($path);
    is $answer->{status}, 200, "$path answers";
    my @ids = $answer->{body} =~ /(\d+)/g;
    my @wrong = grep { $seen{$_}++ || parts($_)->{node} != 5 } @ids;
    is scalar @wrong, 0, '... with ids of this worker, none of them twice';
    cmp_ok $ids[0], '>', $last, '... that rise';
    $last = $ids[-1];
}

my $group = decode_json($server->get('/tickets/create/4096?format=group')->{body});
is $group->{increment}, 1, 'a group has the step 1';
is parts($group->{first})->{sequence}, 0, '... and 4096 of them fill a millisecond';
my $answer = $server->get('/tickets/create/4097?format=group');
is $answer->{status}, 400, 'a larger group is refused';
like $answer->{body}, qr/at most 4096/, '... and the answer says how many it may have';

my $decoded = decode_json($server->get("/decode/$group->{first}")->{body});
is $decoded->{worker}, 5, '/decode has the worker of an id';
is $decoded->{ms}, parts($group->{first})->{ms} + $epoch, '... and its time';
is $server->get("/decode/$_")->{status}, 400, "/decode/$_ is refused" for '', 'x', '9223372036854775808';
is $server->get('/decode/1?sequence=a')->{status}, 404, 'there are no named sequences to decode';
my ($of_decode, $said_by_decode) = Tickr::Server->run(env => settings(), arguments => [ 'decode', $group->{first} ]);
is $of_decode, 0, 'tickrd decode decodes, too';
is decode_json($said_by_decode)->{time}, $decoded->{time}, '... to the same time';

my $now = time;
my $ms = parts(($server->get('/tickets/create')->{body} =~ /(\d+)/)[0])->{ms};
cmp_ok abs($ms / 1000 + $epoch / 1000 - $now), '<', 20, 'an id has the time of its creation';

my $status = decode_json($server->get('/status')->{body});
is $status->{worker}, 5, '/status has the worker id';
is $status->{lease}{state}, 'held', '... the lease';
cmp_ok $status->{bound_in}, '>', 0, '... the time until the bound';
is $status->{epoch}, '2021-01-01T00:' . sprintf('%02d:%02dZ', $$ / 60000, $$ / 1000 % 60), '... the epoch';
like $status->{ends}, qr/^2090-09-07T/, '... and the end';
like $server->get('/metrics')->{body}, qr/^tickr_snowflake_lease_held 1$/m, '/metrics shows the lease';

# --- one worker id, one server ----------------------------------------------------------------------

my ($code, $output) = Tickr::Server->run(env => settings(TICKR_STATE_DIR => folder('other')));
is $code, 78, 'a second server with this worker id on this host is refused';
like $output, qr/another tickrd on this host has worker 5/, '... and says why';

# --- restarts ---------------------------------------------------------------------------------------

$server->stop;
like slurp(folder('state') . '/snowflake-5.state'), qr/^class 0 given (\d+) ahead \1$/m,
    'a clean stop lowers the bound to the newest id';

for my $turn (1 .. 3) {
    $server = Tickr::Server->new(env => settings());
    $server->wait_until_ready(20);
    my @ids = $server->get('/tickets/create/5000')->{body} =~ /(\d+)/g;
    cmp_ok $ids[0], '>', $last, "after restart $turn ids are above all earlier ones";
    $last = $ids[-1];
    $server->process->kill_hard;
}

# --- copies of the state folder ---------------------------------------------------------------------

sub state_file { return "$_[0]/snowflake-5.state" }

{
    $server = Tickr::Server->new(env => settings());
    $server->wait_until_ready(20);
    my $copy = slurp(state_file(folder('state')));
    spew('copied/snowflake-5.state', $copy) if folder('copied');
    ($code, $output) = Tickr::Server->run(env => settings(TICKR_STATE_DIR => folder('copied')));
    is $code, 78, 'a server on a copy of the folder is refused while the first one runs';
    like $output, qr/another tickrd on this host has worker 5/, '... and says why';
    my $load = Tickr::Load->start($server, clients => 2, path => '/tickets/create/1000');
    $load->wait_for_answers(50);
    my $bound = sub { slurp(state_file(folder('state'))) =~ /ahead (\d+)/ ? $1 : 0 };
    my $first = $bound->();
    wait_for('a higher bound', 20, sub { $bound->() > $first });
    unlink state_file(folder('state'));
    ok $server->wait_for_log(qr/state file of the worker id was removed/, 20), 'a state file that was removed is noticed';
    wait_for('the file to be there again', 20, sub { -e state_file(folder('state')) });
    $load->wait_for_answers(50);
    $server->process->kill_hard;
    my @clients = $load->finish;
    spew('state/snowflake-5.state', $copy);
    $server = Tickr::Server->new(env => settings());
    $server->wait_until_ready(20);
    $load = Tickr::Load->start($server, clients => 2, path => '/tickets/create/1000');
    $load->wait_for_answers(50);
    $server->stop;
    is scalar(Tickr::Load::duplicates(@clients, $load->finish)), 0, 'after kill -9 with an older copy no id is issued twice';
}

($code, $output) = Tickr::Server->run(env => settings(TICKR_SNOWFLAKE_EPOCH => $epoch + 1));
is $code, 78, 'a start with another epoch is refused';
like $output, qr/TICKR_SNOWFLAKE_EPOCH/, '... and names the setting';

# --- settings ---------------------------------------------------------------------------------------

for my $case (
    [ { TICKR_MAX_NODES       => 10 },     qr/TICKR_MAX_NODES is set, and TICKR_DATABASE_ADAPTER=snowflake does not use it/ ],
    [ { TICKR_DATABASE_HOST   => 'db' },   qr/TICKR_DATABASE_HOST is set/ ],
    [ { TICKR_RESERVE_AHEAD   => 1 },      qr/TICKR_RESERVE_AHEAD is set/ ],
    [ { TICKR_SNOWFLAKE_WORKER => 'auto' }, qr/there is no coordinator/ ],
    [ { TICKR_SNOWFLAKE_WORKER => 1024 },  qr/TICKR_SNOWFLAKE_WORKER="1024" is not allowed/ ],
    [ { TICKR_SNOWFLAKE_DATACENTER => 1 }, qr/TICKR_SNOWFLAKE_DATACENTER is 1, .* must be below 1/ ],
    [ { TICKR_STATE_DIR       => undef },  qr/TICKR_SNOWFLAKE_WORKER needs TICKR_STATE_DIR/ ],
) {
    my ($change, $words) = @$case;
    my ($status, $said) = Tickr::Server->run(env => settings(%$change), arguments => ['check-config']);
    is $status, 78, join(' ', map { "$_=" . ($change->{$_} // '') } keys %$change) . ' is refused';
    like $said, $words, '... by name';
}
($code, $output) = Tickr::Server->run(env => { TICKR_SNOWFLAKE_WORKER => 5 }, arguments => ['check-config']);
is $code, 78, 'a setting of Snowflake ids is refused with a database';
done_testing;
