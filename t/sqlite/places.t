#!/usr/bin/perl
# Where a file of SQLite's lies: a mount of its own, a layer of a container, file systems without locks.
use strict;
use warnings;
use Test::More;
use Tickr::File;
use Tickr::Process qw(scratch wait_for missing_program);
use Tickr::Server;

# Mounts of this test are in a namespace of its own, and end with it. This comes first, because exec removes no files.
if (!$ENV{TICKR_TEST_UNSHARED}) {
    $ENV{TICKR_TEST_UNSHARED} = 'no';
    for my $unshare ([qw(unshare -m)], [qw(unshare -rm)]) {
        next if system("@$unshare mount -t tmpfs tmpfs /mnt >/dev/null 2>&1");
        $ENV{TICKR_TEST_UNSHARED} = 'yes';
        exec @$unshare, $^X, (map {"-I$_"} @INC), $0 or die "unshare: $!";
    }
}

plan skip_all => Tickr::File->missing if Tickr::File->missing;
plan skip_all => 'mounting needs root, or user namespaces' unless $ENV{TICKR_TEST_UNSHARED} eq 'yes';

my $count = 0;
my @mounts;    # that are to be undone, the last one first

sub folder {
    my $folder = scratch() . '/place' . ++$count;
    mkdir $folder or die "$folder: $!";
    return $folder;
}

sub created {
    my ($file) = @_;
    Tickr::Server->createdb(database => $file);
    return $file;
}

sub ticket {
    my ($server) = @_;
    my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    return $ticket;
}

sub is_refused {
    my ($file, $why, $name, %env) = @_;
    my ($status, $output) = Tickr::Server->run(database => $file, env => \%env);
    is $status, 78, "$name: the server refuses to start";
    like $output, $why, '... and says why';
    return;
}

{    # as with docker run -v tickr.db:/data/tickr.db
    my $first  = created(Tickr::File->new);
    my $second = Tickr::File->new;
    open my $out, '>', $second->path or die $second->path . ": $!";
    close $out;
    system('mount', '--bind', $first->path, $second->path) == 0 or die 'mount failed';
    is_refused($second, qr/is a mount of its own.*Mount the folder/, 'a file that is mounted alone');
    my ($status, $output) = Tickr::Server->run(
        database  => $second,
        arguments => [ 'createdb', '--if-not-exists' ]);
    is $status, 1, 'createdb refuses it too';
    system('umount', $second->path) == 0 or die 'umount failed';

    system('mount', '--bind', $first->folder, $second->folder) == 0 or die 'mount failed';
    my $server = Tickr::Server->new(database => $second);
    ok ticket($server), 'with its folder it is served';
    is_refused($first, qr/another tickrd serves from/, 'by its first name meanwhile');
    is $server->stop, 0, 'the server stops cleanly';
    system('umount', $second->folder) == 0 or die 'umount failed';
}

SKIP: {    # as in a container without a volume
    my ($disk, $root) = map { folder() } 1 .. 2;
    skip 'tmpfs cannot be mounted', 3 if system('mount', '-t', 'tmpfs', 'tmpfs', $disk);
    push @mounts, $disk;
    mkdir "$disk/$_" or die "$disk/$_: $!" for qw(lower upper work);
    my $lower = created(Tickr::File->new(folder => "$disk/lower"));
    skip 'overlay cannot be mounted', 3
        if system("mount -t overlay overlay -o lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work "
            . "$root 2>/dev/null");
    push @mounts, $root;
    my $file   = Tickr::File->new(folder => $root);
    my $server = Tickr::Server->new(database => $file);
    ok $server->wait_for_log(qr/level=warn msg="the database file \S+ lies in a layer of a container \(overlay\)/),
        'a layer of a container: with a warning';
    my @tickets = map { ticket($server) } 1 .. 2;
    cmp_ok $tickets[1], '>', $tickets[0], 'a file that the first writer copies up is served';
    $server->stop;
    is_refused($file, qr/refused by TICKR_REQUIRE_DURABLE: .* lies in a layer/, 'TICKR_REQUIRE_DURABLE',
        TICKR_REQUIRE_DURABLE => 1);
}

# FUSE: as with sshfs, Docker Desktop, virtiofs. Each mount has locks of its own.
my $real = folder();

sub mount_real {
    my $mount = folder();
    my $fuse  = Tickr::Process->new(name => "bindfs$count", command => [ 'bindfs', '-f', $real, $mount ]);
    wait_for('the mount', 10, sub { !system("mountpoint -q $mount") || !$fuse->is_running });
    return unless $fuse->is_running;
    push @mounts, $mount;
    return Tickr::File->new(folder => $mount);
}

SKIP: {
    skip missing_program('bindfs'), 1 if missing_program('bindfs');
    skip 'there is no /dev/fuse to be opened', 1 unless -r '/dev/fuse' && -w _;
    my ($one, $other) = map { mount_real() } 1 .. 2;
    skip 'bindfs does not mount here', 1 unless $one && $other;
    my $owner = "$real/tickr.db-owner";
    created($one);
    ok !-e $owner, 'createdb leaves nothing behind';
    is_refused($one, qr/refused by TICKR_REQUIRE_DURABLE: .* lies on fuse/, 'FUSE and TICKR_REQUIRE_DURABLE',
        TICKR_REQUIRE_DURABLE => 1);

    my $server = Tickr::Server->new(database => $one);
    ok $server->wait_for_log(qr/level=warn msg="the database file \S+ lies on fuse/), 'without that: a warning';
    my @tickets = ticket($server);
    my $pid     = $server->pid;
    is_refused($other, qr/another tickrd serves from this file: process $pid on \S+ If that process has ended, remove/,
        'a second server by another mount');
    is_refused($one, qr/another tickrd serves from/, 'and by the same mount');
    for my $command ([qw(advance --past 1000 --yes)], [qw(createdb --if-not-exists)]) {
        my ($status, $output) = Tickr::Server->run(database => $other, arguments => $command);
        is $status, 1, "$command->[0] by another mount is refused";
        like $output, qr/another tickrd serves from this file/, '... and says why';
        ($status, $output) = Tickr::Server->run(database => $one, arguments => $command);
        is $status, 0, '... and by the same mount does its work' or diag $output;
    }
    push @tickets, ticket($server);
    cmp_ok $tickets[1], '>', 1000, 'which the server sees';

    $server->process->kill_hard;
    ok -e $owner, 'a server that is killed leaves the file with its name behind';
    for my $file ($one, $other) {
        $server = Tickr::Server->new(database => $file);
        push @tickets, ticket($server);
        cmp_ok $tickets[-1], '>', $tickets[-2], 'it has ended: the next one serves, by whatever mount';
        $server->process->kill_hard;
    }

    $server = Tickr::Server->new(database => $one, env => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' });
    ok ticket($server), 'a ticket';
    unlink $owner or die "$owner: $!";
    open my $out, '>', $owner or die "$owner: $!";
    close $out;
    # FUSE remembers names for a second.
    wait_for('a refusal', 10, sub { $server->get('/tickets/create')->{status} == 503 });
    pass 'whose name is taken away gives nothing';
    is_refused($other, qr/names no process/, 'nor does anybody else');
    unlink $owner or die "$owner: $!";
    $server->wait_until_ready;
    ok ticket($server), 'until the server is the owner again';
    is $server->stop, 0, 'it stops cleanly';
    ok !-e $owner, '... and leaves nothing behind';
}

system('umount', '-l', $_) for reverse @mounts;
done_testing;
