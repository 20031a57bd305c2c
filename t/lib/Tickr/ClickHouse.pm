package Tickr::ClickHouse;

# A private ClickHouse of a test: t/lib/clickhouse.js, an HTTP server on the real engine. Its data outlives kill() and
# start(). `scripts/install-deps test` unpacks the engine in build/chdb. TICKR_TEST_CHDB names another folder.

use strict;
use warnings;
use Cwd ();
use JSON::PP ();
use Tickr::Client;
use Tickr::Process qw(missing_program wait_for scratch slurp spew);

my $count = 0;

sub engine { return $ENV{TICKR_TEST_CHDB} || ($ENV{SRCDIR} // '.') . '/build/chdb' }

# The reason why no ClickHouse can run here, or ''.
sub missing {
    return missing_program(qw(node curl)) if missing_program(qw(node curl));
    return 'the engine of ClickHouse is missing in ' . engine() . ' (run scripts/install-deps test)'
        if !-e engine() . '/libchdb.so';
    return '';
}

# user, password: without them anybody is let in. key, cert: files, for HTTPS. database: made, and in url(); default
# tickr. keep_alive_ms: the server closes a connection that is idle for so long.
sub new {
    my ($class, %given) = @_;
    my $self = bless {
        database => 'tickr',
        %given,
        folder => scratch() . '/clickhouse' . ++$count,
        port   => 0,
    }, $class;
    mkdir $self->{folder} or die "$self->{folder}: $!";
    $self->start;
    $self->query("CREATE DATABASE IF NOT EXISTS `$self->{database}`", database => '');
    return $self;
}

# Start it, on the same port as before, and wait until it answers.
sub start {
    my ($self) = @_;
    my $ready   = "$self->{folder}/ready";
    my @given   = grep { defined $self->{$_} } qw(folder port user password key cert keep_alive_ms);
    my %options = (ready => $ready, engine => Cwd::abs_path(engine()), map { ($_ => $self->{$_}) } @given);
    unlink $ready;
    $self->{process} = Tickr::Process->new(
        command  => ['node', ($ENV{SRCDIR} // '.') . '/t/lib/clickhouse.js', JSON::PP::encode_json(\%options)],
        log_file => "$self->{folder}/log",
        # Threads for statements that run at the same time.
        env => { UV_THREADPOOL_SIZE => 16 },
    );
    wait_for('ClickHouse to start', 120, sub {
        die "ClickHouse died:\n" . $self->log unless $self->{process}->is_running;
        -e $ready;
    });
    $self->{port} = slurp($ready) + 0;
    return;
}

sub scheme { $_[0]{cert} ? 'https' : 'http' }
sub port   { $_[0]{port} }
sub pid    { $_[0]{process}->pid }
sub log    { $_[0]{process}->log }
sub url    { my ($self) = @_; return $self->scheme . '://127.0.0.1:' . $self->port . "/$self->{database}" }

# The settings with which a tickrd sends to it.
sub environment {
    my ($self) = @_;
    return (
        TICKR_CLICKHOUSE_URL => $self->url,
        defined $self->{user}     ? (TICKR_CLICKHOUSE_USERNAME => $self->{user})     : (),
        defined $self->{password} ? (TICKR_CLICKHOUSE_PASSWORD => $self->{password}) : (),
        defined $self->{cert}     ? (TICKR_CLICKHOUSE_SSL_CA   => $self->{cert})     : (),
    );
}

# Stop it as kill -9 does. Its data stay.
sub kill { $_[0]{process}->kill_hard }

sub stop {
    my ($self) = @_;
    $self->{process}->signal('TERM');
    $self->{process}->wait_exit(30);
    return;
}

# Stop it as if it hung, until resume(). Its connections stay open.
sub pause {
    my ($self) = @_;
    $self->{process}->signal('STOP');
    my $tasks = '/proc/' . $self->pid . '/task';
    return wait_for('ClickHouse to stop', 30, sub {
        !grep { slurp($_) !~ /\) T / } glob "$tasks/*/stat";
    });
}

sub resume { $_[0]{process}->signal('CONT') }

sub escaped { return join '', map { /[\w.~-]/ ? $_ : sprintf '%%%02X', ord } split //, $_[0] }

# Send a statement. Return {status, code, body}: the code of an exception is 0 if there is none.
#
# given: database, body (the data of an INSERT), headers (a list of lines), and settings (a hash).
sub try_query {
    my ($self, $sql, %given) = @_;
    my %settings = (database => $given{database} // $self->{database}, %{ $given{settings} // {} });
    my $target   = '/?' . join '&', map { "$_=" . escaped($settings{$_}) } sort keys %settings;
    $target .= '&query=' . escaped($sql) if defined $given{body};
    my @headers = @{ $given{headers} // [] };
    push @headers, 'X-ClickHouse-User: ' . ($self->{user} // 'default'), 'X-ClickHouse-Key: ' . ($self->{password} // '')
        if !grep {/^X-ClickHouse-User|^Authorization/i} @headers;
    my $answer = $self->post($target, $given{body} // $sql, @headers);
    return { %$answer, code => $answer->{headers}{'x-clickhouse-exception-code'} // 0 };
}

sub post {
    my ($self, $target, $body, @headers) = @_;
    return $self->post_with_curl($target, $body, @headers) if $self->{cert};
    my $client = Tickr::Client->new(port => $self->port, timeout => 120);
    return $client->request('POST', $target, headers => \@headers, body => $body);
}

sub post_with_curl {
    my ($self, $target, $body, @headers) = @_;
    my $file = spew('clickhouse-body', $body);
    my $url  = $self->scheme . '://127.0.0.1:' . $self->port . $target;
    my @command = ('curl', '-sk', '-i', (map { ('-H', $_) } 'Expect:', @headers), '--data-binary', "\@$file", $url);
    open my $out, '-|', @command or die "curl: $!";
    my $text = do { local $/; <$out> } // '';
    close $out;
    my ($status, $head, $rest) = $text =~ m{^HTTP/1.1 (\d+)[^\r]*\r\n(.*?)\r\n\r\n(.*)$}s or die "no answer: $text\n";
    my %fields = map { /^([^:]+):\s*(.*)$/ ? (lc $1, $2) : () } split /\r\n/, $head;
    return { status => $status, headers => \%fields, body => $rest };
}

# Return the body of the answer. Die with ClickHouse's words if it fails.
sub query {
    my ($self, $sql, %given) = @_;
    my $answer = $self->try_query($sql, %given);
    die "the statement failed: $sql\n$answer->{body}\n" if $answer->{status} != 200;
    return $answer->{body};
}

# Make the tables and views of sql/clickhouse/, as an operator does by hand.
sub create_tables {
    my ($self) = @_;
    for my $file (glob(($ENV{SRCDIR} // '.') . '/sql/clickhouse/*.sql')) {
        $self->query($_) for grep {/\S/} split /;\n/, slurp($file) =~ s/^--.*\n//gmr;
    }
    return;
}

# The rows of a SELECT, each a hash.
sub rows {
    my ($self, $sql, %given) = @_;
    $given{settings} = { default_format => 'JSONEachRow', output_format_json_quote_64bit_integers => 0, %{ $given{settings} // {} } };
    return map { JSON::PP::decode_json($_) } split /\n/, $self->query($sql, %given);
}

# The one value of a SELECT.
sub value {
    my ($self, $sql, %given) = @_;
    my $text = $self->query($sql, %given);
    chomp $text;
    return $text;
}

# Make the next statements fail. fail: a code of ClickHouse; status: of HTTP; cut: before or after; delay: ms; times.
sub fail {
    my ($self, %given) = @_;
    $self->post('/test?' . join('&', map {"$_=$given{$_}"} sort keys %given), '');
    return;
}

# Return its counts: {statements, inserts, failed, rows, bytes, tokens}.
sub counts {
    my ($self) = @_;
    return JSON::PP::decode_json(Tickr::Client->new(port => $self->port)->get('/test')->{body});
}

1;
