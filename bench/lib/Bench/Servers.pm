package Bench::Servers;

# The private servers of the benchmark, on 127.0.0.1 or a Unix socket, with their files in a scratch folder. get()
# starts each on first use. They end with this process: Tickr::Process ends them by their pids.
#
# A server is a hash: port; pids, the processes that serve; behind, those of its database; settle, which waits for
# its work after a load; or skip, the reason why it is missing.

use strict;
use warnings;
use Tickr::Client;
use Tickr::Database;
use Tickr::Grpc;
use Tickr::Process qw(wait_for scratch free_port slurp spew);
use Tickr::Server;

# All tickets have eight digits, and so does the constant.
our $constant = '[54313001]';
my $first_ticket = 10_000_001;
# Snowflake ids have as many digits as this one.
my $first_snowflake = 782220303399931904;

my $processors = do { my $count = qx{nproc}; chomp $count; $count };
my %servers;
my ($database, $nginx, %redis);
my $states = 0;
our $before;      # the tickrd of --before
our $is_before;   # while a server of that build is started

sub program {
    my ($name) = @_;
    for my $folder (split /:/, $ENV{PATH}) {
        return "$folder/$name" if -x "$folder/$name";
    }
    die "$name is not installed\n";
}

# --- the limits: constant replies ---------------------------------------------------------------

my $nginx_configuration = <<'END';
worker_processes auto;
worker_cpu_affinity auto;
daemon off;
error_log FOLDER/error.log;
pid FOLDER/pid;
events { worker_connections 16384; }
http {
    access_log off;
    server_tokens off;
    default_type application/json;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    server {
        listen 127.0.0.1:PORT reuseport backlog=1024;
        location = /ticket { return 200 'CONSTANT'; }
        location /sequences/ { return 200 'CONSTANT'; }
        location = /array {
            # From memory, which is faster than sendfile() for a body of this size.
            alias FOLDER/array.json;
            output_buffers 1 64k;
            open_file_cache max=4 inactive=1h;
            open_file_cache_valid 1h;
        }
        location = /snowflakes {
            alias FOLDER/snowflakes.json;
            output_buffers 1 64k;
            open_file_cache max=4 inactive=1h;
            open_file_cache_valid 1h;
        }
    }
}
END

sub start_nginx {
    my %value = (FOLDER => scratch() . '/nginx', PORT => free_port(), CONSTANT => $constant);
    mkdir $value{FOLDER} or die "$value{FOLDER}: $!";
    spew('nginx/array.json', '[' . join(',', map { $first_ticket + $_ } 0 .. 999) . ']');
    spew('nginx/snowflakes.json', '[' . join(',', map { $first_snowflake + $_ } 0 .. 999) . ']');
    my $text = $nginx_configuration =~ s/(FOLDER|PORT|CONSTANT)/$value{$1}/gr;
    $text = "user root;\n$text" if $> == 0;
    $nginx = Tickr::Process->new(
        name    => 'nginx',
        command => [ program('nginx'), '-c', spew('nginx/nginx.conf', $text),
                     '-e', "$value{FOLDER}/error.log" ]);
    my $children = '/proc/' . $nginx->pid . '/task/' . $nginx->pid . '/children';
    my @workers;
    wait_for('nginx to start', 10, sub {
        die "nginx ended:\n" . $nginx->log unless $nginx->is_running;
        @workers = split ' ', slurp($children);
        @workers == $processors;
    });
    return { port => $value{PORT}, pids => \@workers, known => 1000, has_names => 1 };
}

# CONSTANT is the reply.
sub start_evhttp {
    my ($constant) = @_;
    my $port = free_port();
    my $process = Tickr::Process->new(
        name    => 'evhttp',
        command => [ "$ENV{BUILDDIR}/bench/evhttp_constant", "127.0.0.1:$port", $constant ]);
    return { port => $port, pids => [ $process->pid ], constant => $constant };
}

sub start_grpc_constant {
    my $port = free_port();
    my $process = Tickr::Process->new(
        name => 'grpc-constant', command => [ "$ENV{BUILDDIR}/bench/grpc_constant", "127.0.0.1:$port" ]);
    return { port => $port, grpc => "127.0.0.1:$port", pids => [ $process->pid ] };
}

# --- Redis, and webdis in front of it ---------------------------------------------------------------

# The Redis of webdis and of tickrd's store: {folder, process}.
sub redis {
    my ($appendfsync) = @_;
    return $redis{$appendfsync} //= start_redis($appendfsync);
}

sub start_redis {
    my ($appendfsync) = @_;
    my $folder = scratch() . "/redis-$appendfsync";
    mkdir $folder or die "$folder: $!";
    my $redis = Tickr::Process->new(
        name    => "redis-$appendfsync",
        command => [ program('redis-server'), '--port', 0, '--unixsocket', "$folder/s",
                     '--dir', $folder, '--save', '', '--appendonly', 'yes',
                     '--appendfsync', $appendfsync ]);
    wait_for('Redis to start', 10, sub {
        die "Redis ended:\n" . $redis->log unless $redis->is_running;
        -S "$folder/s";
    });
    return { folder => $folder, process => $redis };
}

sub start_webdis {
    my ($appendfsync) = @_;
    my ($folder, $redis) = @{ redis($appendfsync) }{qw(folder process)};
    my $port = free_port();
    my $configuration = spew("redis-$appendfsync/webdis.json",
        JSON::PP::encode_json({
            redis_host => "$folder/s", http_host => '127.0.0.1', http_port => $port,
            threads => $processors + 0, daemonize => JSON::PP::false(), database => 0,
            verbosity => 0, logfile => "$folder/webdis.log",
        }));
    my $webdis = Tickr::Process->new(
        name => "webdis-$appendfsync", command => [ program('webdis'), $configuration ]);
    my $server = { port => $port, pids => [ $webdis->pid ], behind => [ $redis->pid ] };
    wait_until_answers($server);
    Tickr::Client->new(port => $port)->request('GET', "/SET/ticket/$first_ticket");
    return $server;
}

# --- tickrd and its database ---------------------------------------------------------------------

# With MariaDB's default size of the redo log. The tests use a small one.
sub database {
    return $database //= Tickr::Database->new(
        options => [ '--innodb-buffer-pool-size=64M', '--innodb-log-file-size=96M',
                     '--innodb-flush-log-at-trx-commit=1' ]);
}

# variable => [default, allowed values]
sub variables {
    return map { my ($name, $default, $allowed) = split /\t/; ($name => [ $default, $allowed ]) }
        qx{'$ENV{BUILDDIR}/tickrd' --variables};
}

sub pool_size { my %variable = variables(); return $variable{TICKR_DATABASE_POOL_SIZE}[0] }

sub has_adapter {
    my ($name) = @_;
    my %variable = variables();
    return ($variable{TICKR_DATABASE_ADAPTER} // [ '', '' ])->[1] =~ /\b\Q$name\E\b/;
}

# A new state folder for each server, on the disk of the databases.
sub state_folder {
    my $folder = scratch() . '/state' . ++$states;
    mkdir $folder or die "$folder: $!";
    return $folder;
}

# createdb: options for tickrd createdb
sub tickrd {
    my ($database, $createdb, %env) = @_;
    my %given = (
        database => $database,
        program  => delete $env{program} // ($is_before ? $before : undef),
        env      => {
            TICKR_MAX_NODES => 1, TICKR_NODE_NUMBER => 0, TICKR_STARTING_OFFSET => $first_ticket,
            TICKR_HTTP_THREADS => undef, TICKR_STATE_DIR => state_folder(), %env,
        });
    my ($status, $said) = Tickr::Server->run(
        %given, arguments => [ 'createdb', '--if-not-exists', @$createdb ]);
    die "tickrd createdb failed:\n$said" if $status;
    my $process = Tickr::Server->new(%given);
    return {
        process => $process, port => $process->port, pids => [ $process->pid ],
        behind  => $database ? [ $database->{process}->pid ] : [],
    };
}

sub of_build { return $is_before ? "$_[0]_before" : $_[0] }

# NAME: of its database
sub tickrd_on_counter {
    my ($name, %env) = @_;
    return tickrd(database(), [ '--layout', 'counter' ], TICKR_DATABASE_NAME => of_build($name), %env);
}

# The server deletes old rows when it has less to do. That must not slow down the next contender.
sub tickrd_on_append {
    my ($base, %env) = @_;
    my $name   = of_build($base);
    my $server = tickrd(database(), [ '--layout', 'append' ], TICKR_DATABASE_NAME => $name, %env);
    $server->{settle} = sub {
        wait_for('old rows to be deleted', 60,
            sub { database()->sql('SELECT MAX(id) - MIN(id) FROM tickets', $name) < 5000 });
    };
    return $server;
}

sub start_sqlite {
    my ($name, %env) = @_;
    return { skip => 'this tickrd has no adapter sqlite' } unless has_adapter('sqlite');
    return tickrd(undef, [], TICKR_DATABASE_ADAPTER => 'sqlite',
        TICKR_DATABASE_NAME => scratch() . '/' . of_build($name) . '.db', %env);
}

# A server that knows KNOWN names, once a load has made them.
sub with_sequences {
    my ($known, $start, @given) = @_;
    my $server = $start->(@given, TICKR_SEQUENCES => 'any', TICKR_SEQUENCES_PER_SECOND => 1_000_000);
    $server->{known} = $known;
    return $server;
}

# A server with sequences that answers gRPC, if it is built with it.
sub tickrd_on_grpc {
    my ($name) = @_;
    my $server = tickrd_on_counter($name, TICKR_GRPC_LISTEN => '127.0.0.1:0', TICKR_SEQUENCES => 'any');
    $server->{grpc} = Tickr::Grpc::address($server->{process});
    return $server;
}

# With a worker id from the settings.
sub start_snowflake {
    my $process = Tickr::Server->new(
        program => $is_before ? $before : undef,
        env     => {
            TICKR_MAX_NODES => undef, TICKR_NODE_NUMBER => undef, TICKR_STARTING_OFFSET => undef,
            TICKR_HTTP_THREADS => undef, TICKR_STATE_DIR => state_folder(),
            TICKR_DATABASE_ADAPTER => 'snowflake', TICKR_SNOWFLAKE_WORKER => $is_before ? 2 : 1,
        });
    $process->wait_until_ready(20);
    return { process => $process, port => $process->port, pids => [ $process->pid ], constant => "[$first_snowflake]" };
}

sub start_memory {
    return tickrd(undef, [], program => 'tickrd-memory', TICKR_DATABASE_ADAPTER => 'memory');
}

# A server with the store "redis", on the Redis of webdis.
sub start_redis_store {
    return { skip => 'this tickrd has no store redis' } unless slurp("$ENV{BUILDDIR}/build.h") =~ /HAVE_REDIS 1$/m;
    my $redis = redis('always');
    my $file  = spew('redis-stores.json', JSON::PP::encode_json({ sequencer => {
        redis => { type => 'redis', metadata => { redisHost => "$redis->{folder}/s" } } } }));
    my $server = tickrd(undef, [], program => 'tickrd-memory', TICKR_DATABASE_ADAPTER => 'memory',
        TICKR_SEQUENCES => 'none', TICKR_SEQUENCERS_FILE => $file);
    $server->{behind} = [ $redis->{process}->pid ];
    return { %$server, known => 1, has_names => 1 };
}

# The settings of an audit in a folder of its own. Its files stay until the end of the benchmark.
sub audit_settings {
    my ($is_required) = @_;
    my $folder = scratch() . '/audit' . ++$states;
    mkdir $folder or die "$folder: $!";
    return (TICKR_AUDIT_DIR => $folder, TICKR_AUDIT_REQUIRED => $is_required);
}

# --- all servers -----------------------------------------------------------------------------------

my %start = (
    'nginx'           => \&start_nginx,
    'evhttp'          => sub { start_evhttp($constant) },
    'evhttp-snowflake' => sub { start_evhttp("[$first_snowflake]") },
    'webdis-always'   => sub { start_webdis('always') },
    'webdis-everysec' => sub { start_webdis('everysec') },
    'strict'          => sub { tickrd_on_counter('strict') },
    'ahead'           => sub { tickrd_on_counter('ahead', TICKR_RESERVE_AHEAD => 1) },
    'events'         => sub { tickrd_on_counter('events', TICKR_EVENTS_DISCARD => 1) },
    'events-ahead'   => sub { tickrd_on_counter('events_ahead', TICKR_RESERVE_AHEAD => 1, TICKR_EVENTS_DISCARD => 1) },
    'audit'          => sub { tickrd_on_counter('audit', audit_settings(0)) },
    'audit-ahead'    => sub { tickrd_on_counter('audit_ahead', TICKR_RESERVE_AHEAD => 1, audit_settings(0)) },
    'audit-required' => sub { tickrd_on_counter('audit_required', audit_settings(1)) },
    'arrays'          => sub { tickrd_on_counter('arrays') },
    'ahead-arrays'    => sub { tickrd_on_counter('ahead_arrays', TICKR_RESERVE_AHEAD => 1) },
    'groups'          => sub { tickrd_on_counter('groups') },
    'append-strict'   => sub { tickrd_on_append('append_strict') },
    'append-ahead'    => sub { tickrd_on_append('append_ahead', TICKR_RESERVE_AHEAD => 1) },
    'append-arrays'   => sub { tickrd_on_append('append_arrays') },
    'sqlite'          => sub { start_sqlite('strict') },
    'sqlite-arrays'   => sub { start_sqlite('arrays') },
    'sqlite-ahead'    => sub { start_sqlite('ahead', TICKR_RESERVE_AHEAD => 1) },
    'memory'          => \&start_memory,
    'snowflake'       => \&start_snowflake,
    'redis-store'     => \&start_redis_store,
    'sequences-idle'   => sub { with_sequences(0, \&tickrd_on_counter, 'sequences_idle') },
    'sequences'        => sub { with_sequences(1000, \&tickrd_on_counter, 'sequences') },
    'sequences-many'   => sub { with_sequences(100_000, \&tickrd_on_counter, 'sequences_many') },
    'grpc-constant'    => \&start_grpc_constant,
    'grpc'             => sub { tickrd_on_grpc('grpc') },
    'sqlite-sequences' => sub { with_sequences(1000, \&start_sqlite, 'sequences') },
);

sub wait_until_answers {
    my ($server) = @_;
    wait_for('a server to answer', 10, sub {
        eval { Tickr::Client->new(port => $server->{port}); 1 };
    });
    return $server;
}

sub get {
    my ($name) = @_;
    return $servers{$name} //= do {
        my ($kind, $of) = split / /, $name;
        local $is_before = defined $of;
        my $server = $start{$kind}->();
        wait_until_answers($server) unless $server->{skip};
        $server;
    };
}

# All processes that we started, except nginx's master.
sub all_pids {
    return ((map { @{ $_->{pids} // [] }, @{ $_->{behind} // [] } } values %servers),
        $database ? $database->{process}->pid : ());
}

# nginx's master must end its workers. Tickr::Process ends the others.
END {
    my $status = $?;
    if ($nginx && $nginx->is_running) {
        $nginx->signal('TERM');
        eval { $nginx->wait_exit(5) };
    }
    $? = $status;
}

1;
