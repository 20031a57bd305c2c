#!/usr/bin/perl
# Other programs change the three files of a SQLite database under a server. No ticket comes twice.
use strict;
use warnings;
use Test::More;
use Tickr::File;
use Tickr::Process qw(scratch wait_for);
use Tickr::Server;

plan skip_all => Tickr::File->missing if Tickr::File->missing;

sub created {
    my $file = Tickr::File->new;
    Tickr::Server->createdb(database => $file);
    return $file;
}

sub served {
    my ($file) = @_;
    return Tickr::Server->new(database => $file, env => { Tickr::Server->patient });
}

# The tickets of COUNT requests for ten each; those that were not answered with 200 are left out.
sub take {
    my ($server, $count) = @_;
    my @tickets;
    for (1 .. $count) {
        my $answer = $server->get('/tickets/create/10');
        push @tickets, $answer->{body} =~ /(\d+)/g if $answer->{status} == 200;
    }
    return @tickets;
}

sub none_twice {
    my ($name, @tickets) = @_;
    my %seen;
    is_deeply [ grep { $seen{$_}++ } @tickets ], [], "$name: no ticket twice";
    is_deeply [ sort { $a <=> $b } @tickets ], \@tickets, "$name: they rise";
    return;
}

# A name, and the change to the files. Then another program writes the log into the database.
my @deeds = (
    [ 'the index deleted', sub { unlink "$_[0]-shm" } ],
    [ 'the log deleted',   sub { unlink "$_[0]-wal" } ],
    [ 'both deleted',      sub { unlink "$_[0]-wal", "$_[0]-shm" } ],
    [ 'the index replaced by a copy', sub { system("cp $_[0]-shm $_[0].copy && mv $_[0].copy $_[0]-shm") } ],
    [ 'the index cut short', sub { truncate "$_[0]-shm", 0 } ],
);

for my $deed (@deeds) {    # and another program that writes what is in the log into the database
    my ($what, $do) = @$deed;
    my $file    = created();
    my $server  = served($file);
    my @tickets = take($server, 5);
    $do->($file->path);
    $file->sql('PRAGMA wal_checkpoint(TRUNCATE)') if $what =~ /index/;
    push @tickets, take($server, 20);
    cmp_ok scalar @tickets, '>=', 200, "$what: the server goes on";
    $file->sql('PRAGMA wal_checkpoint(TRUNCATE)');
    push @tickets, take($server, 20);
    $server->process->kill_hard;
    $server = served($file);
    push @tickets, take($server, 5);
    none_twice($what, @tickets);
    is $server->stop, 0, '... and the server stops cleanly';
    is $file->sql('PRAGMA integrity_check'), 'ok', '... and the file is sound';
}

for my $deed (@deeds) {    # and an operator who moves the counter
    my ($what, $do) = @$deed;
    my $file    = created();
    my $server  = served($file);
    my @tickets = take($server, 5);
    $do->($file->path);
    my ($status, $output) = Tickr::Server->run(
        database  => $file,
        arguments => [qw(advance --past 1000000 --yes)]);
    my @later = take($server, 5);
    none_twice("$what, then advance", @tickets, @later);
    ok $status || !(grep { $_ <= 1000000 } @later), '... a success holds'
        or diag "status $status, $output, then @later";
    $server->process->kill_hard;
    $server = served($file);
    none_twice("$what, then advance and a restart", @tickets, @later, take($server, 5));
    is $server->stop, 0, '... and the server stops cleanly';
}

{    # two servers in the same moment
    my $file    = created();
    my @servers = map { Tickr::Server->new(database => $file, wait => 0, env => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' }) }
        1 .. 2;
    my @serving;
    for my $server (@servers) {
        wait_for('the end of the start', 20, sub { $server->log =~ /msg="tickrd serves"/ || !$server->process->is_running });
        push @serving, $server if $server->process->is_running;
    }
    $_->wait_until_serving for @serving;
    cmp_ok scalar @serving, '>=', 1, 'of two servers that start in the same moment one serves';
    wait_for('tickets', 10, sub { grep { take($_, 1) } @serving });
    my @givers = grep { take($_, 1) } @serving;
    is scalar @givers, 1, '... and only one issues tickets';
    $_->process->kill_hard for @serving;
}

{    # by a descriptor: the log lies beside the file, and not in /proc
    my $file   = created();
    my $path   = $file->path;
    my $server = Tickr::Server->new(
        through => [ 'sh', '-c', "exec 3<>$path; exec \"\$@\"", 'sh' ],
        env     => { Tickr::Server->patient, TICKR_DATABASE_ADAPTER => 'sqlite', TICKR_DATABASE_NAME => '/proc/self/fd/3' });
    my @tickets = take($server, 2);
    ok -s "$path-wal", 'a file by its descriptor has its log beside it';
    $server->process->kill_hard;
    $server = served($file);
    none_twice('a file by its descriptor', @tickets, take($server, 1));
    is $server->stop, 0, 'the server stops cleanly';
}

{    # its folder's backup is made of hard links
    my $file   = created();
    my $server = Tickr::Server->new(database => $file, env => { TICKR_DATABASE_POOL_TIMEOUT => '0.2' });
    my $link   = scratch() . '/link.db';
    my @before = take($server, 1);
    link $file->path, $link or die "link: $!";
    my $answer = $server->get('/tickets/create');
    is $answer->{status}, 503, 'a file with a second name issues nothing';
    like $answer->{body}, qr/second name|2 names/, '... and says why';
    my ($status, $output) = Tickr::Server->run(database => $file, env => { TICKR_DATABASE_NAME => $link });
    is $status, 78, 'nor does another server by that name';
    unlink $link or die "unlink: $!";
    $server->wait_until_ready;
    none_twice('without that name', @before, take($server, 1));
    is $server->stop, 0, 'the server stops cleanly';
}

SKIP: {    # a log that another user has left behind
    my @user = qw(setpriv --reuid 65534 --regid 65534 --clear-groups);
    skip 'only root can be another user, and that one must see tickrd', 8
        if $> || system(@user, 'test', '-x', Tickr::Server::program());
    chmod 0755, scratch() or die "chmod: $!";
    for my $suffix ('-wal', '-shm') {
        my $file   = created();
        my $server = served($file);
        my @before = take($server, 1);
        $server->process->kill_hard;
        chown 65534, 65534, $file->folder, glob $file->path . '*' or die "chown: $!";
        chown 0, 0, $file->path . $suffix or die "chown: $!";
        chmod 0644, $file->path . $suffix or die "chmod: $!";
        $server = Tickr::Server->new(database => $file, through => \@user, wait => 0);
        is $server->process->wait_exit(20), 78, "root's $suffix: the server refuses to start";
        like $server->log,
            qr/tickr\.db$suffix belongs to root and cannot be written by \S+: .*never delete.* run chown --reference=/,
            '... and says whose file it is and what to do';
        my ($remedy) = $server->log =~ /(chown --reference=\S+ [^\s"]+)/;
        system($remedy) == 0 or die $remedy;
        $server = Tickr::Server->new(database => $file, through => \@user);
        none_twice('... after which it serves', @before, take($server, 1));
        $server->process->kill_hard;
    }
}

done_testing;
