package Tickr::StoreLoad;

# A server with one store of TICKR_SEQUENCERS_FILE, named "shared", and clients that count all ids of the sequence "orders".

use strict;
use warnings;
use Test::More;
use Tickr::Load;
use Tickr::Process qw(scratch slurp spew wait_for);
use Tickr::Server;

my $runs = 0;

# Why tests of a store of TYPE cannot run; '' if they can. MISSING says the same of its server.
sub missing {
    my ($type, $missing) = @_;
    return slurp("$ENV{BUILDDIR}/build.h") =~ /HAVE_\U$type\E 1$/m ? $missing : "$type is not built in";
}

# Start the server of NODE and wait until the store serves. JSON describes the store. A statement may last 2 s.
sub new {
    my ($class, $json, $node) = @_;
    my $state = scratch() . '/state' . ++$runs;
    mkdir $state or die "$state: $!";
    my $server = Tickr::Server->new(
        program => 'tickrd-memory',
        env     => {
            TICKR_MAX_NODES              => 10,
            TICKR_NODE_NUMBER            => $node // 3,
            TICKR_STARTING_OFFSET        => 326,
            TICKR_DATABASE_ADAPTER       => 'memory',
            TICKR_SEQUENCES              => 'none',
            TICKR_SEQUENCERS_FILE        => spew("stores$runs.json", qq({"sequencer": {"shared": $json}})),
            TICKR_STATE_DIR              => $state,
            TICKR_DATABASE_QUERY_TIMEOUT => 2,
        });
    my $self = bless { server => $server, loads => [] }, $class;
    $self->wait_until_ready;
    return $self;
}

sub is_ready { my ($self) = @_; return $self->{server}->get('/readyz?store=shared')->{status} == 200 }
sub wait_until_ready { my ($self) = @_; return wait_for('the store', 90, sub { $self->is_ready }) }

sub is_refused {
    my ($self) = @_;
    return $self->{server}->metric('tickr_database_refused{pool="store"}') == 1;
}

sub wait_for_refusal {
    my ($self) = @_;
    return wait_for('the refusal', 90, sub { $self->is_refused });
}

# The body of the answer to a request for ids of KEY.
sub create {
    my ($self, $key, $count) = @_;
    return $self->{server}->get("/sequences/$key/create/" . ($count // 1) . '?store=shared')->{body};
}

# Start CLIENTS that ask for ids of an ORDER, and wait until they have seen some.
sub start {
    my ($self, $order, $clients) = @_;
    push @{ $self->{loads} }, Tickr::Load->start(
        $self->{server}, clients => $clients, pause => 0.001, path => "/sequences/orders/create/2?store=shared&order=$order");
    $self->wait_for_ids(50);
    return $self;
}

# How many answers with STATUS the clients have seen.
sub count_answers {
    my ($self, $status) = @_;
    return scalar map { slurp($_) =~ /^\S+ \S+ $status /mg } map { glob "$_->{folder}/[0-9]*" } @{ $self->{loads} };
}

# Wait until they have seen MORE of them.
sub wait_for_status {
    my ($self, $status, $more) = @_;
    my $before = $self->count_answers($status);
    return wait_for("$more more answers $status", 120, sub { $self->count_answers($status) >= $before + $more });
}

sub wait_for_ids { my ($self, $more) = @_; return $self->wait_for_status(200, $more // 100) }

# The store is refused: check that no id is issued.
sub issues_nothing {
    my ($self, $what) = @_;
    my $ids = $self->count_answers(200);
    $self->wait_for_status(503, 30);
    return is $self->count_answers(200), $ids, $what;
}

# End the clients. Return their records, as Tickr::Load has them.
sub finish {
    my ($self) = @_;
    my @clients = map { $_->finish } @{ $self->{loads} };
    $self->{loads} = [];
    return @clients;
}

sub no_id_is_repeated {
    my ($what, @clients) = @_;
    my $answers = map {@$_} @clients;
    return is_deeply [ Tickr::Load::duplicates(@clients) ], [], "$what: of $answers answers none repeats an id";
}

sub stop { $_[0]{server}->stop }

1;
