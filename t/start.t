#!/usr/bin/perl
# A server starts while its databases are down, and obeys signals during the start.
use strict;
use warnings;
use Config;
use IO::Socket::INET;
use Test::More;
use Tickr::Process qw(wait_for scratch slurp spew missing_program);
use Tickr::Server;
use Time::HiRes qw(time);

# True if the server has begun to receive signals: it blocks the signal of this name.
sub is_blocked {
    my ($server, $name) = @_;
    my @names = split ' ', $Config{sig_name};
    my ($index) = grep { $names[$_] eq $name } 0 .. $#names;
    return 0 unless slurp('/proc/' . $server->pid . '/comm') =~ /^tickrd/;    # not its shell, nor this process
    my ($mask) = slurp('/proc/' . $server->pid . '/status') =~ /^SigBlk:\s*(\S+)/m or return 0;
    return hex(substr $mask, -8) & (1 << ($index - 1));
}

# Databases that accept connections and never send a byte.
my @silent = map {
    IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 50) or die "no socket: $!"
} 1 .. 5;
my %away = (
    TICKR_DATABASE_HOST            => join(',', map { '127.0.0.1:' . $_->sockport } @silent),
    TICKR_NODE_NUMBER              => '0,1,2,3,4',
    TICKR_DATABASE_CONNECT_TIMEOUT => 10,
);

{
    my $began  = time;
    my $server = Tickr::Server->new(env => \%away);
    cmp_ok time - $began, '<', 5, 'the start checks all databases together, within one time-out';
    my @slow = $server->log =~ /msg="a database did not answer in time"/g;
    is scalar @slow, 5, '... and the log names each';
    is $server->get('/livez')->{status},  200, 'the server serves';
    is $server->get('/readyz')->{status}, 503, '... and is not ready';
    $began = time;
    is $server->stop, 0, 'it stops while its sessions and checks hang';
    cmp_ok time - $began, '<', 3, '... soon';
}

for my $signal (qw(TERM INT QUIT)) {
    my $server = Tickr::Server->new(env => \%away, wait => 0);
    wait_for('the start', 10, sub { is_blocked($server, $signal) });
    my $began = time;
    $server->signal($signal);
    is $server->process->wait_exit(5), 0, "SIG$signal during the start ends the server with 0";
    cmp_ok time - $began, '<', 1, '... promptly';
    like $server->log, qr/msg="stopped during the start" signal=SIG$signal/, '... with a line in the log';
}

for my $signal (qw(HUP USR1 USR2 ALRM)) {
    my $server = Tickr::Server->new(env => \%away, wait => 0);
    wait_for('the start', 10, sub { is_blocked($server, $signal) });
    $server->signal($signal);
    ok $server->wait_for_log(qr/ignored SIG$signal|msg="ignored a signal" signal="SIG$signal"/),
        "SIG$signal during the start is ignored, with a line";
    $server->wait_until_serving;
    is $server->stop, 0, '... and the server serves and stops';
}

SKIP: {    # name servers that do not answer
    skip 'only root may mount', 5 if $>;
    skip missing_program('unshare'), 5 if missing_program('unshare');
    my @names = map {
        IO::Socket::INET->new(LocalAddr => "127.9.8.$_", LocalPort => 53, Proto => 'udp')
    } 1 .. 3;
    skip 'port 53 is taken', 5 unless 3 == grep {defined} @names;
    my $resolv = spew('resolv.conf', join '', map {"nameserver 127.9.8.$_\n"} 1 .. 3);
    my $inside = qq{mount --bind '$resolv' /etc/resolv.conf && exec "\$0" "\$@"};
    skip 'unshare -m does not work here', 5 if system(qw(unshare -m sh -c), "$inside", 'true') != 0;
    my $server = Tickr::Server->new(
        through => [ qw(unshare -m sh -c), $inside ],
        env     => {
            TICKR_DATABASE_HOST => 'db1.tickr.internal,db2.tickr.internal,db3.tickr.internal',
            TICKR_NODE_NUMBER => '0,1,2', TICKR_STATE_DIR => scratch(),
        },
        wait => 0,
    );
    my $began = time;
    $server->wait_until_serving;
    cmp_ok time - $began, '<', 5, 'name servers that do not answer do not stop the start';
    is $server->get('/readyz')->{status}, 503, '... and the server is not ready';
    $began = time;
    is $server->stop, 0, 'it stops while sessions hang in the name servers';
    cmp_ok time - $began, '<', 2, '... soon';
    like $server->log, qr/msg="stopped"/, '... with a line in the log';
}

done_testing;
