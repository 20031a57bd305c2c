package Tickr::Command;

# Runs a command of tickrd to its end, such as tickrd report.

use strict;
use warnings;
use Exporter 'import';
use Tickr::Process qw(scratch slurp);

our @EXPORT_OK = qw(tickrd);

# Run tickrd with ARGUMENTS, and no settings except those of ENVIRONMENT, a hash. Return {status, out, err}: the status
# is that of the exit.
sub tickrd {
    my ($environment, @arguments) = @_;
    my ($out, $err) = map { scratch() . "/command.$_" } qw(out err);
    my $process = Tickr::Process->new(
        command => [ ($ENV{BUILDDIR} // '.') . '/tickrd', @arguments ],
        env     => { (map { ($_ => undef) } grep {/^TICKR_/} keys %ENV), %$environment },
        before  => sub {
            open STDOUT, '>', $out or die "$out: $!";
            open STDERR, '>', $err or die "$err: $!";
        },
    );
    my $status = $process->wait_exit(180);
    return { status => $status, out => slurp($out), err => slurp($err) };
}

1;
