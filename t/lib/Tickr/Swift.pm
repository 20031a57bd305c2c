package Tickr::Swift;

# A private object store of a test: OpenStack Swift with its S3 interface, which checks signatures. Its objects outlive
# kill_proxy() and start_proxy(). The test reads them over Swift's own protocol, so that no code of tickr is its judge.

use strict;
use warnings;
use File::Temp ();
use JSON::PP   ();
use Tickr::Client;
use Tickr::Process qw(missing_program wait_for free_port slurp);

my @backends = qw(object container account);

# Run with the folder, and "ring" with the ports of the back ends, or the name of a server, and that of its settings.
my $python = <<'PYTHON';
import sys
from swift.common import utils
folder, what = sys.argv[1], sys.argv[2]
utils.SWIFT_CONF_FILE = folder + '/swift.conf'
utils.validate_hash_conf()
if what == 'ring':
    from swift.common.ring import RingBuilder
    for name, port in zip(('object', 'container', 'account'), sys.argv[3:]):
        builder = RingBuilder(4, 1, 1)
        builder.add_dev(dict(id=0, region=1, zone=1, weight=1.0, ip='127.0.0.1', port=int(port), device='disk', meta=''))
        builder.rebalance()
        builder.get_ring().save('%s/%s.ring.gz' % (folder, name))
else:
    from swift.common.wsgi import run_wsgi
    sys.exit(run_wsgi('%s/%s-server.conf' % (folder, sys.argv[3] if len(sys.argv) > 3 else what), what + '-server'))
PYTHON

# The reason why no store can run here, or ''.
sub missing {
    my $missing = missing_program(qw(memcached swift-proxy-server swift-object-server swift-container-server));
    return $missing if $missing;
    return system('/usr/bin/python3 -c "import swift.common.middleware.s3api" 2>/dev/null') == 0
        ? ''
        : 'the S3 interface of Swift is not installed';
}

sub access_key {'test:tester'}
sub secret_key {'testing'}
sub port       { $_[0]{ports}{proxy} }
sub url        { 'http://127.0.0.1:' . $_[0]->port . '/audit/some/prefix' }

# The same bucket, named by the host. curl resolves all names below localhost by itself.
sub virtual_url { 'http://audit.s3.localhost:' . $_[0]->port . '/virtual' }
sub tls_url     { "https://127.0.0.1:$_[0]{ports}{tls}/audit/tls" }

# The settings with which a tickrd puts its audit there.
sub environment {
    my ($self, %overrides) = @_;
    return (
        TICKR_AUDIT_S3_URL        => $self->url,
        TICKR_AUDIT_S3_ACCESS_KEY => access_key(),
        TICKR_AUDIT_S3_SECRET_KEY => secret_key(),
        %overrides,
    );
}

# certificates: a Tickr::Certificates that has issued `swift`. Then there is a second proxy, with TLS.
sub new {
    my ($class, %given) = @_;
    my $self = bless {
        %given,
        folder => File::Temp->newdir('tickr-swift-XXXXXX', TMPDIR => 1, CLEANUP => 1),
        ports  => { map { $_ => free_port() } @backends, 'proxy', 'tls', 'memcached' },
        user   => $> == 0 ? 'nobody' : scalar getpwuid $>,
    }, $class;
    $self->write_settings;
    system("chown -R $self->{user} $self->{folder}") == 0 or die "chown: $?" if $> == 0;
    $self->run_python('ring', map { $self->{ports}{$_} } @backends)->wait_exit(60) eq '0'
        or die "Swift's rings cannot be made:\n" . slurp("$self->{folder}/ring.log");
    $self->{processes}{$_} = $self->run_python($_) for @backends;
    $self->{processes}{memcached} = $self->run('memcached', 'memcached', '-l', '127.0.0.1', '-p', $self->{ports}{memcached});
    $self->start_proxy;
    $self->{processes}{tls} = $self->run_python('proxy', 'tls') if $self->{certificates};
    $self->wait_for_port($_) for @backends, $self->{certificates} ? 'tls' : ();
    wait_for('Swift to serve', 60, sub { eval { $self->log_in } });
    return $self;
}

sub write_file {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{folder}/$name" or die "$name: $!";
    print $out $text;
    close $out or die "$name: $!";
    return;
}

sub write_settings {
    my ($self) = @_;
    mkdir "$self->{folder}/data"      or die "data: $!";
    mkdir "$self->{folder}/data/disk" or die "disk: $!";
    $self->write_file('run.py',     $python);
    $self->write_file('swift.conf', <<'SETTINGS');
[swift-hash]
swift_hash_path_suffix = s
swift_hash_path_prefix = p
[storage-policy:0]
name = one
default = yes
SETTINGS
    my $common = "[DEFAULT]\nbind_ip = 127.0.0.1\nuser = $self->{user}\nswift_dir = $self->{folder}\nworkers = 0\nlog_udp_host =\n";
    for my $name (@backends) {
        $self->write_file("$name-server.conf", $common . <<"SETTINGS");
bind_port = $self->{ports}{$name}
devices = $self->{folder}/data
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
SETTINGS
    }
    my $pipeline = <<"SETTINGS";
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$self->{ports}{memcached}
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
storage_domain = s3.localhost
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
SETTINGS
    $self->write_file('proxy-server.conf', "${common}bind_port = $self->{ports}{proxy}\n$pipeline");
    return if !$self->{certificates};
    for my $name (qw(certificate key)) {
        $self->write_file($name, slurp($self->{certificates}->$name('swift')));
    }
    $self->write_file('tls-server.conf',
        "${common}bind_port = $self->{ports}{tls}\ncert_file = $self->{folder}/certificate\nkey_file = $self->{folder}/key\n$pipeline");
    return;
}

# Swift does not run as root.
sub run {
    my ($self, $name, @command) = @_;
    my ($uid, $gid) = (getpwnam $self->{user})[ 2, 3 ];
    return Tickr::Process->new(
        command  => \@command,
        log_file => "$self->{folder}/$name.log",
        env      => { HOME => "$self->{folder}" },
        before   => sub {
            return if $> != 0;
            $( = $) = "$gid $gid";
            $< = $> = $uid;
        },
    );
}

sub run_python {
    my ($self, $what, @arguments) = @_;
    return $self->run($what, '/usr/bin/python3', "$self->{folder}/run.py", "$self->{folder}", $what, @arguments);
}

sub wait_for_port {
    my ($self, $name) = @_;
    return wait_for("Swift's $name server to listen", 60, sub {
        die "Swift's $name server ended:\n" . $self->{processes}{$name}->log
            unless $self->{processes}{$name}->is_running;
        eval { Tickr::Client->new(port => $self->{ports}{$name}) };
    });
}

sub start_proxy {
    my ($self) = @_;
    $self->{processes}{proxy} = $self->run_python('proxy');
    return $self->wait_for_port('proxy');
}

# The store is gone, without a word.
sub kill_proxy { $_[0]{processes}{proxy}->kill_hard }

# The store hangs, until resume(). Its connections stay open.
sub pause  { $_[0]{processes}{proxy}->signal('STOP') }
sub resume { $_[0]{processes}{proxy}->signal('CONT') }

# One request on a new connection, over Swift's own protocol.
sub request {
    my ($self, $method, $path, @headers) = @_;
    return Tickr::Client->new(port => $self->port, timeout => 60)
        ->request($method, $path, headers => [ 'Host: 127.0.0.1', 'Content-Length: 0', @headers ]);
}

sub log_in {
    my ($self) = @_;
    my $answer = $self->request('GET', '/auth/v1.0', 'X-Storage-User: ' . access_key(), 'X-Storage-Pass: ' . secret_key());
    return $self->{token} = $answer->{headers}{'x-auth-token'};
}

# A request about the account of the test. Die unless it succeeds.
sub of_account {
    my ($self, $method, $path) = @_;
    my $answer = $self->request($method, "/v1/AUTH_test$path", "X-Auth-Token: $self->{token}");
    die "$method $path: $answer->{status} $answer->{body}\n" if $answer->{status} !~ /^2/;
    return $answer->{body};
}

sub make_bucket {
    my ($self, $bucket) = @_;
    return wait_for("the bucket $bucket", 60, sub {
        eval { $self->of_account('PUT', "/$bucket"); 1 };
    });
}

# The names of the objects in BUCKET.
sub objects {
    my ($self, $bucket) = @_;
    my $body = $self->of_account('GET', "/$bucket?format=json");
    return map { $_->{name} } @{ JSON::PP::decode_json($body || '[]') };
}

sub object {
    my ($self, $bucket, $name) = @_;
    return $self->of_account('GET', "/$bucket/" . $name =~ s/=/%3D/gr);
}

1;
