package Tickr::Certificates;

# An authority of a test, and the certificates that it issues. All files lie in a folder of the scratch folder.

use strict;
use warnings;
use Tickr::Process qw(scratch slurp missing_program);

my $count = 0;

sub missing { return missing_program('openssl') }

sub new {
    my ($class) = @_;
    my $self = bless { folder => scratch() . '/certificates' . ++$count }, $class;
    mkdir $self->{folder} or die "$self->{folder}: $!";
    $self->openssl('req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tickr-test-authority'
            . ' -keyout ca.key -out ca.pem');
    return $self;
}

sub openssl {
    my ($self, $arguments) = @_;
    system("cd '$self->{folder}' && openssl $arguments >openssl.log 2>&1") == 0
        or die "openssl $arguments:\n" . slurp("$self->{folder}/openssl.log");
    return;
}

# Issue a certificate to NAME, which has no common name: etcd would take that for a user. It is valid for servers on
# 127.0.0.1, and for clients. Files: NAME.pem and NAME.key.
sub issue {
    my ($self, $name) = @_;
    my $extensions = "$self->{folder}/$name.ext";
    open my $out, '>', $extensions or die "$extensions: $!";
    print $out "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n";
    close $out or die "$extensions: $!";
    $self->openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=tickr-test-$name"
            . " -keyout $name.key -out $name.csr");
    $self->openssl("x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext"
            . " -out $name.pem");
    return;
}

sub authority   { "$_[0]{folder}/ca.pem" }
sub certificate { "$_[0]{folder}/$_[1].pem" }
sub key         { "$_[0]{folder}/$_[1].key" }

1;
