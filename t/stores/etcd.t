#!/usr/bin/perl
# Named sequences in etcd keep the promises of their seam: alone, after crashes, with three nodes, and beside other programs.
use strict;
use warnings;
use Test::More;
use Tickr::Contract;
use Tickr::Etcd;
use Tickr::Process qw(wait_for);
use Tickr::Server;

plan skip_all => 'etcd is not built in' if !-x Tickr::Server::program('t/remote/etcd_client');
if (my $missing = Tickr::Etcd->missing) { plan skip_all => $missing }

sub contract { my ($etcd, %env) = @_; return Tickr::Contract->new(store => 'etcd', env => { ENDPOINTS => $etcd->endpoints, %env }) }

sub crashes_repeat_nothing {
    my ($etcd, $contract) = @_;
    my $load = $contract->start('load');
    Tickr::Contract::wait_for_ranges($load, 100);
    for (1 .. 2) {
        $etcd->kill;
        $etcd->start;
        Tickr::Contract::wait_for_ranges($load, 100);
    }
    $etcd->pause;
    my $count = Tickr::Contract::ranges_of($load->log);
    wait_for('a statement to fail', 60, sub { $load->log =~ /^# 3 .*(no answer|cannot reach)[^\n]*\n(?!.*^load)/ms });
    $etcd->resume;
    Tickr::Contract::wait_for_ranges($load, 100);
    Tickr::Contract::are_lawful('after kill -9 and a stop of etcd', Tickr::Contract::end_load($load));
    return;
}

sub killed_programs_repeat_nothing {
    my ($contract) = @_;
    my @ranges;
    for (1 .. 2) {
        my $load = $contract->start('load');
        Tickr::Contract::wait_for_ranges($load, 50);
        $load->kill_hard;
        push @ranges, Tickr::Contract::ranges_of($load->log);
    }
    Tickr::Contract::are_lawful('after kill -9 of the program', @ranges);
    return;
}

# Layotto counts with the version of a key whose value is empty.
sub other_programs {
    my ($etcd, $contract) = @_;
    $etcd->put('/layotto/try', '') for 1 .. 7;
    like $contract->try_one, qr/level=info msg="sequence begins above [^\n]* last=8 [^\n]*\nmove 0 9 $/m, 'a sequence begins above the version of the key that another program counted with';
    is $contract->try_one, "move 0 10 \n", '... and goes on';
    like $etcd->get('/layotto/try'), qr/^10 tickr$/, 'the key has the newest number';
    $etcd->put('/layotto/try', '');
    like $contract->try_one, qr/^move 5 .*"try" in etcd was written by another program/, 'a key that another program wrote is refused';
    $etcd->delete('/layotto/try');
    like $contract->try_one, qr/^move 5 .*"try" in etcd was deleted by another program/, '... or deleted';
    $etcd->put('/layotto/try', '10 tickr');
    is $contract->try_one, "move 0 11 \n", '... until it is restored';
    $etcd->put('/numbers/try', 'x41');
    like contract($etcd, SEQUENCES_PREFIX => 'numbers')->try_one, qr/^move 5 .*"try" in etcd holds no number/, 'another text is refused';
    $etcd->put('/numbers/try', '41');
    my $other = contract($etcd, SEQUENCES_PREFIX => 'numbers');
    like $other->try_one, qr/^move 0 42 $/m, 'a number of another program goes on';
    my $clock = $etcd->get("/numbers/\xffclock");
    $etcd->delete("/numbers/\xffclock");
    like $other->try_one, qr/^open 5 .*clock .* is gone/, 'without the clock no session opens';
    $etcd->put("/numbers/\xffclock", $clock);
    is $other->try_one, "move 0 43 \n", '... until it is restored';
    return;
}

sub an_older_copy_is_refused_by_an_open_session {
    my ($etcd, $contract) = @_;
    $etcd->keep_copy;
    my $load = $contract->start('load');
    Tickr::Contract::wait_for_ranges($load, 100);
    my $before = Tickr::Contract::ranges_of($load->log);
    $load->signal('STOP');
    $etcd->restore_copy;
    $load->signal('CONT');
    wait_for('the load to see the copy', 60, sub { $load->log =~ /etcd has gone back in time|another cluster of etcd/ });
    pass 'an open session sees that etcd has gone back in time';
    $load->kill_hard;
    return;
}

sub passwords_and_tls {
    my $etcd = Tickr::Etcd->new(tls => 1);
    $etcd->enable_auth('tickr', 'word', '/layotto/');
    my $certificates = $etcd->certificates;
    my %env = (
        SEQUENCES_USER     => 'tickr',
        SEQUENCES_PASSWORD => 'word',
        CA_FILE            => $certificates->authority,
        CERT_FILE          => $certificates->certificate('client'),
        KEY_FILE           => $certificates->key('client'),
    );
    is contract($etcd, %env)->try_one, "move 0 1 \n", 'TLS and a password';
    like contract($etcd, %env, SEQUENCES_PASSWORD => 'other')->try_one, qr/^open 4 .*invalid user ID or password/,
        'a wrong password is refused';
    like contract($etcd, %env, SEQUENCES_PREFIX => '/else/')->try_one, qr/^open 4 .*permission denied/, '... and another prefix';
    return;
}

sub three_nodes {
    my $etcd = Tickr::Etcd->new(nodes => 3);
    $etcd->wait_for_leader;
    my $load = contract($etcd)->start('load');
    Tickr::Contract::wait_for_ranges($load, 50);
    my $leader = $etcd->wait_for_leader;
    $etcd->kill($leader);
    Tickr::Contract::wait_for_ranges($load, 50);
    pass 'the load goes on after the leader was killed';
    my $next = $etcd->wait_for_leader($leader);
    my ($third) = grep { $_ != $leader && $_ != $next } $etcd->numbers;
    $etcd->kill($third);
    wait_for('a statement to fail', 120, sub { $load->log =~ /^# 3 [^\n]*\n(?!.*^load)/ms });
    $etcd->start;
    Tickr::Contract::wait_for_ranges($load, 50);
    Tickr::Contract::are_lawful('after a leader was killed and the quorum lost', Tickr::Contract::end_load($load));
    return;
}

my $etcd     = Tickr::Etcd->new;
my $contract = contract($etcd);
other_programs($etcd, $contract);
$contract->holds;
killed_programs_repeat_nothing($contract);
crashes_repeat_nothing($etcd, $contract);
an_older_copy_is_refused_by_an_open_session($etcd, $contract);
$etcd->kill;
passwords_and_tls();
three_nodes();
done_testing;
