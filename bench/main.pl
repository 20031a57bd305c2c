#!/usr/bin/perl
# Runs the rounds of scripts/bench, which builds the programs and starts this script.
use strict;
use warnings;
use File::Path ();
use Bench::Load;
use Bench::Options;
use Bench::Plots;
use Bench::Report;
use Bench::Results;
use Bench::Servers;
use Tickr::Process qw(slurp);

# Exit normally, so that the END blocks stop the servers and remove the scratch folder.
$SIG{INT}  = sub { exit 130 };
$SIG{TERM} = $SIG{HUP} = sub { exit 143 };

# The numbers of connections with which a contender is measured.
sub counts_of {
    my ($contender, %options) = @_;
    my @counts = @{ $contender->{connections} // $options{connections} };
    @counts = @{ $contender->{quick} // [] } if $options{quick} && $options{is_all_connections};
    return map { $_ eq 'POOL' ? Bench::Servers::pool_size() : $_ } @counts;
}

# The steps of a round, in order: [contender, connections..]. Steps with the same number of connections follow each
# other, so that the numbers of a ratio are measured within seconds. Contenders whose servers still work after
# the load are last.
sub steps {
    my (%options) = @_;
    my %wanted = map { $_ => 1 } @{ $options{only} };
    my (@steps, @last);
    for my $contender (grep { $wanted{ $_->{name} } } @Bench::Contenders::table) {
        my @counts = counts_of($contender, %options) or next;
        if ($contender->{last}) { push @last, [ $contender, @counts ] }
        else { push @steps, map { [ $contender, $_ ] } @counts }
    }
    return sort({ $a->[1] <=> $b->[1] } @steps), sort({ $a->[0]{last} <=> $b->[0]{last} } @last);
}

sub run_rounds {
    my ($results, %options) = @_;
    my @steps = steps(%options);
    for my $round (0 .. $options{rounds} - 1) {
        printf STDERR "scripts/bench: round %d of %d\n", $round + 1, $options{rounds};
        for my $step (@steps) {
            my ($contender, @counts) = @$step;
            my %skipped = $results->skipped;
            next if $skipped{ $contender->{name} };
            printf STDERR "scripts/bench: %s: %s\n", join(', ', @counts), $contender->{title};
            $results->add($contender->{name}, $round, Bench::Load::measure($contender, @counts));
        }
    }
    return;
}

my ($begin, $end) = ('<!-- BEGIN numbers, made by scripts/bench -->', '<!-- END numbers -->');

# Replace the numbers in the document at PATH, and keep the text around them.
sub write_report {
    my ($path, $numbers) = @_;
    my $text = slurp($path);
    $text = "# Performance\n\n$begin\n$end\n" if $text eq '';
    $text =~ s/^\Q$begin\E\n.*^\Q$end\E\n/$begin\n\n$numbers$end\n/ms
        or die "$path has no markers, $begin and $end\n";
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    return;
}

# Return the exit status: 1 if a measured ratio misses its threshold, or no ratio was measured.
sub check {
    my ($results, %options) = @_;
    my (@missed, @unmeasured, $met);
    for my $ratio (Bench::Report::ratios($results, %options)) {
        my ($name, undef, $values, $threshold) = @$ratio;
        next unless $threshold;
        if    (!@$values) { push @unmeasured, $name }
        elsif (Bench::Ratios::is_met(Bench::Results::median(@$values), $threshold)) { $met++ }
        else  { push @missed, $name }
    }
    print STDERR "scripts/bench: not measured: @unmeasured\n" if @unmeasured;
    print STDERR "scripts/bench: missed: @missed\n"           if @missed;
    return @missed || !$met ? 1 : 0;
}

my %options = Bench::Options::parse(@ARGV);
$Bench::Servers::before = $options{before};
my ($load) = split ' ', slurp('/proc/loadavg');
print STDERR "scripts/bench: this machine is busy (load $load): the numbers are not reliable\n"
    if $load > 0.5;
my $results = Bench::Results->new;
run_rounds($results, %options);

File::Path::make_path("$options{out}/performance");
Bench::Plots::draw($results, "$options{out}/performance");
my $numbers = Bench::Report::markdown($results, 'performance', %options, load => $load);
write_report("$options{out}/performance.md", $numbers);
print $numbers;
print STDERR "scripts/bench: the report is $options{out}/performance.md\n";
exit check($results, %options) if $options{check};
