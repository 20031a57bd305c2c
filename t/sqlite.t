#!/usr/bin/perl
# A server on an SQLite file: creation, kills, full disks, read-only files, two servers, maintenance of the file while it
# serves. TICKR_TEST_KILLS is the number of kills.
use strict;
use warnings;
use Test::More;
use Tickr::File;
use Tickr::Load;
use Tickr::Process qw(scratch wait_for);
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
my $can_mount = $ENV{TICKR_TEST_UNSHARED} eq 'yes';

plan skip_all => Tickr::File->missing if Tickr::File->missing;

sub created {
    my ($file) = @_;
    Tickr::Server->createdb(database => $file);
    return $file;
}

sub is_refused {
    my ($file, $why, $name) = @_;
    my ($status, $output) = Tickr::Server->run(database => $file);
    is $status, 78, "$name: the server does not start";
    like $output, $why, '... with the reason';
    return;
}

sub ticket { $_[0]->get('/tickets/create')->{status} }

{    # createdb
    my $file  = Tickr::File->new;
    my $state = $file->folder;
    my %env   = (TICKR_DATABASE_ADAPTER => 'sqlite', TICKR_STATE_DIR => $state);
    is_refused($file, qr/tickr\.db cannot be used: No such file or directory\. Set TICKR_STATE_DIR or .* Run tickrd createdb only if/,
        'without a database');
    my ($status, $output) = Tickr::Server->run(arguments => ['createdb'], env => \%env);
    is $status, 0, 'createdb makes the file';
    is $output, <<"END", '... and prints the parts';
database file $state/tickr.db: created
table `tickets`: created
settings: pinned (TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3 TICKR_STARTING_OFFSET=326)
identity: made
table `tickr_sequences`: created
the database is ready: start tickrd
END
    for my $layout (qw(append counter)) {
        my ($refused, $why) = Tickr::Server->run(
            arguments => [ 'createdb', '--if-not-exists', '--layout', $layout ], env => \%env);
        is $refused, 1, "createdb --layout $layout is refused";
        is $why, "a file has just one layout: leave --layout out, which is for TICKR_DATABASE_ADAPTER=mysql\n",
            '... with the reason';
    }
    my $server = Tickr::Server->new(env => \%env);
    is $server->get('/status')->{body}, '{"last_ticket":null}', 'a fresh file has no last ticket';
    is $server->get('/tickets/create')->{body}, '[329]', 'the first ticket is issued';
    is $server->get('/status')->{body}, '{"last_ticket":329}', '... and is in /status';
    wait_for('readiness', 5, sub { $server->get('/readyz')->{status} == 200 });
    like $server->log, qr/adapter=sqlite sessions=1$/m, 'one session serves';

    is_deeply [ Tickr::Server->run(arguments => [ 'createdb', @$_ ], env => \%env) ],
        [ (@$_ ? 0 : 1), <<"END" ], "createdb @$_ finds the file while a server runs" for [], ['--if-not-exists'];
database file $state/tickr.db: found
table `tickets`: found
settings: found, and they are the same
identity: found
table `tickr_sequences`: found
nothing was missing
END
    is $server->stop, 0, 'the server stops cleanly';
    is_deeply [ glob "$state/*" ], [ map {"$state/$_"} qw(node-3.lock node-3.state tickr.db) ],
        '... and leaves only its file and those of the state';
    ($status, $output) = Tickr::Server->run(env => { %env, TICKR_NODE_NUMBER => 4 });
    is $status, 78, 'a server with other settings refuses to start';
    like $output, qr/is pinned to TICKR_MAX_NODES=10 TICKR_NODE_NUMBER=3 .* set to .*TICKR_NODE_NUMBER=4/,
        '... and prints both settings';
    ($status, $output) = Tickr::Server->run(
        arguments => ['check-config'],
        env       => { %env, TICKR_DATABASE_HOST => 'localhost' });
    is $status, 78, 'variables of a server are refused';
    like $output, qr/^TICKR_DATABASE_HOST is set, and TICKR_DATABASE_ADAPTER=sqlite/m, '... by name';
}

{    # files that are not databases of tickrd
    my $file = Tickr::File->new;
    open my $out, '>', $file->path or die $file->path . ": $!";
    print {$out} "Dear diary, no program shall make a database of me.\n" x 20;
    close $out;
    is_refused($file, qr/tickr\.db: file is not a database .* fix TICKR_DATABASE_NAME/, 'not a database');
    my ($status, $output) = Tickr::Server->run(database => $file, arguments => ['createdb']);
    is $status, 1, 'createdb does not change it';
    like $output, qr/file is not a database/, '... with the reason';
    $file->drop;
    created($file)->sql('PRAGMA user_version = 0');
    is_refused($file, qr/has an older schema: 0, and this tickrd needs 1\. Serve from it with/, 'an older schema');
}

SKIP: {    # another user's folder
    my @user = qw(setpriv --reuid 65534 --regid 65534 --clear-groups);
    skip 'only root can become another user, who must be able to read tickrd', 4
        if $> || system(@user, 'test', '-x', Tickr::Server::program());
    my $file = created(Tickr::File->new);
    chmod 0755, scratch(), $file->folder or die "chmod: $!";
    for my $case ([ 0644, 0755, qr/file \S+ cannot be written: Permission denied/, 'a file of another user' ],
        [ 0666, 0755, qr/folder \S+ cannot be used: Permission denied/, 'a folder of another user' ])
    {
        my ($file_mode, $folder_mode, $why, $name) = @$case;
        chmod $file_mode, $file->path or die "chmod: $!";
        chmod $folder_mode, $file->folder or die "chmod: $!";
        my $server = Tickr::Server->new(database => $file, through => \@user, wait => 0);
        is $server->process->wait_exit(20), 78, "$name: the server does not start";
        like $server->log, $why, '... with the reason';
    }
}

{    # two servers
    my $file   = created(Tickr::File->new);
    my $server = Tickr::Server->new(database => $file);
    is_refused($file, qr/another tickrd serves from/, 'a second server on the file');
    is ticket($server), 200, '... and the first one continues to serve';
    symlink $file->path, $file->folder . '/link' or die "symlink: $!";
    my ($status, $output) = Tickr::Server->run(
        database => $file,
        env      => { TICKR_DATABASE_NAME => $file->folder . '/link' });
    is $status, 78, '... also by another name of the file';
    $server->process->kill_hard;
    $server = Tickr::Server->new(database => $file);
    is ticket($server), 200, 'a killed server has released the file';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # killed under load, several times
    my $kills = $ENV{TICKR_TEST_KILLS} // 20;
    my $file  = created(Tickr::File->new);
    my @clients;
    for my $round (1 .. $kills) {
        my $server = Tickr::Server->new(database => $file);
        my $load   = Tickr::Load->start($server,
            clients => 4,
            path    => '/tickets/create' . ($round % 2 ? '' : '/7'));
        $load->wait_for_answers(20 + 3 * ($round % 7));
        $server->process->kill_hard;
        push @clients, $load->finish;
    }
    my $tickets = map { @{ $_->{tickets} } } map {@$_} @clients;
    note "$tickets tickets over $kills kills";
    Tickr::Load::is_sound("killed $kills times", @clients);
    my $server = Tickr::Server->new(database => $file);
    my ($last) = $server->get('/status')->{body} =~ /(\d+)/;
    my ($highest) = sort { $b <=> $a } map { @{ $_->{tickets} } } map {@$_} @clients;
    cmp_ok $last, '>=', $highest, 'all issued tickets are in the file';
    is $server->stop, 0, 'the server stops cleanly';
    is $file->sql('PRAGMA integrity_check'), 'ok', 'the file is sound';
}

{    # VACUUM and .backup while it serves
    my $file   = created(Tickr::File->new);
    my $server = Tickr::Server->new(database => $file);
    my $load   = Tickr::Load->start($server, clients => 8);
    my $copy   = scratch() . '/copy.db';
    for (1 .. 10) {
        $load->wait_for_answers(50);
        $file->sql('VACUUM');
        $file->sql(".backup $copy");
    }
    $load->wait_for_answers(50);
    my @clients = $load->finish;
    Tickr::Load::is_sound('VACUUM and .backup', @clients);
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], ['200'], '... and cause no error';
    is $server->stop, 0, 'the server stops cleanly';
    my ($status, $output) = Tickr::Server->run(
        database  => $file,
        arguments => [ 'createdb', '--if-not-exists' ],
        env       => { TICKR_DATABASE_NAME => $copy });
    is $status, 0, 'the copy is a database' or diag $output;
}

{    # moved away
    my $file   = created(Tickr::File->new);
    my $server = Tickr::Server->new(
        database => $file,
        env      => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' },
    );
    is ticket($server), 200, 'a ticket';
    rename $file->path, $file->path . '.away' or die "rename: $!";
    is ticket($server), 503, 'a missing file reserves no ticket';
    rename $file->path . '.away', $file->path or die "rename: $!";
    $server->wait_until_ready;
    is ticket($server), 200, '... until it is back';
    is $server->stop, 0, 'the server stops cleanly';
}

{    # its log is deleted: later commits to it would be lost with the process
    my $file = created(Tickr::File->new);
    my $log  = $file->path . '-wal';
    my $highest = 0;
    for my $who ('a request', 'maintenance') {
        my $server = Tickr::Server->new(database => $file, env => { Tickr::Server->patient });
        my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
        cmp_ok $ticket, '>', $highest, "the log deleted, noticed by $who: no ticket repeats";
        unlink $log or die "$log: $!";
        if ($who eq 'maintenance') {
            ok $server->wait_for_log(qr/the log \S+-wal was moved or deleted/), '... it is logged';
            wait_for('a new log', 10, sub { -e $log });
            $server->wait_until_ready;
        }
        else {
            my $answer = $server->get('/tickets/create');
            is $answer->{status}, 200, '... the request waits until the file is opened again';
            ($ticket) = $answer->{body} =~ /(\d+)/;
        }
        $highest = $ticket;
        $server->process->kill_hard;
    }
    my $server = Tickr::Server->new(database => $file);
    my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    cmp_ok $ticket, '>', $highest, '... also after the last server is killed';
    is $server->stop, 0, 'the server stops cleanly';
}

SKIP: {    # a limit on the size of files, which needs no rights
    skip 'prlimit is not installed', 7 if system 'prlimit --version >/dev/null 2>&1';
    my $file   = created(Tickr::File->new);
    my $server = Tickr::Server->new(
        database => $file,
        before   => sub { $SIG{XFSZ} = 'IGNORE' },
    );
    is ticket($server), 200, 'a ticket';
    my ($before) = $server->get('/status')->{body} =~ /(\d+)/;
    my $pid = $server->pid;
    system('prlimit', "--pid=$pid", '--fsize=1024:') == 0 or die 'prlimit failed';
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'a request gets 503 if the file cannot be written';
    like $answer->{body}, qr/disk I\/O error.*File too large/, '... with the reason';
    is $server->get('/status')->{status}, 503, '... and so does /status';
    wait_for('the end of readiness', 5, sub { $server->get('/readyz')->{status} == 503 });
    system('prlimit', "--pid=$pid", '--fsize=unlimited:') == 0 or die 'prlimit failed';
    $server->wait_until_ready;
    my ($ticket) = $server->get('/tickets/create')->{body} =~ /(\d+)/;
    cmp_ok $ticket, '>', $before, 'without the limit the server continues';
    is $server->stop, 0, 'the server stops cleanly';
    is $file->sql('PRAGMA integrity_check'), 'ok', 'the file is sound';
}

# Use up the room of the folder's disk.
sub fill {
    my ($folder) = @_;
    open my $out, '>>', "$folder/filler" or die "$folder/filler: $!";
    1 while syswrite $out, "\0" x 4096;
    close $out;
    return;
}

SKIP: {    # a full disk
    skip 'mounting needs root, or user namespaces', 13 unless $can_mount;
    my $disk = scratch() . '/disk';
    mkdir $disk or die "$disk: $!";
    system('mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', $disk) == 0 or die 'mount failed';
    my $file   = created(Tickr::File->new(folder => $disk));
    my $server = Tickr::Server->new(database => $file);
    $server->wait_until_ready;
    like $server->log, qr/level=warn msg="the database file \S+ lies in memory/, 'the server warns about a file in memory';
    fill($disk);
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'a request on a full disk gets 503';
    like $answer->{body}, qr/disk is full.*make room on its disk/, '... with the reason';
    is $server->get('/status')->{status}, 503, '... and so does /status';
    wait_for('the end of readiness', 5, sub { $server->get('/readyz')->{status} == 503 });
    unlink "$disk/filler";
    $server->wait_until_ready;
    my $load = Tickr::Load->start($server, clients => 4);
    $load->wait_for_answers(30);
    fill($disk);
    $load->wait_for_answers(300);
    my @clients = $load->finish;
    Tickr::Load::is_sound('disk full again, under load', @clients);
    is_deeply [ keys %{ Tickr::Load::statuses(@clients) } ], ['200'],
        'the room of the log suffices to continue';
    is $server->stop, 0, 'the server stops cleanly';

    fill($disk);
    $server = Tickr::Server->new(
        database => $file,
        env      => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' },
    );
    is ticket($server), 503, 'a server starts on a full disk';
    unlink "$disk/filler";
    $server->wait_until_ready;
    is ticket($server), 200, '... and serves when there is room';
    is $server->stop, 0, 'the server stops cleanly';
    is $file->sql('PRAGMA integrity_check'), 'ok', 'the file is sound';
    system('umount', $disk) == 0 or die 'umount failed';
}

SKIP: {    # read-only files
    skip 'mounting needs root, or user namespaces', 6 unless $can_mount;
    my ($folder, $path) = map { ($_->folder, $_->path) } my $file = created(Tickr::File->new);
    system("mount --bind '$folder' '$folder' && mount --bind '$path' '$path' && "
            . "mount -o remount,bind,ro '$folder'") == 0
        or die 'mount failed';
    is_refused($file, qr/folder \S+ cannot be used: Read-only file system/, 'a read-only folder');
    system('umount', $path) == 0 or die 'umount failed';
    is_refused($file, qr/tickr\.db cannot be written: Read-only file system/, 'a read-only file');
    my ($status, $output) = Tickr::Server->run(database => $file, arguments => ['createdb']);
    is $status, 1, 'createdb fails on a read-only file';
    like $output, qr/Read-only file system/, '... with the reason';
    system('umount', $folder) == 0 or die 'umount failed';
}

done_testing;
