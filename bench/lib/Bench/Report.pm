package Bench::Report;

# Writes the report in Markdown: the ratios, the tables, the machine.

use strict;
use warnings;
use POSIX ();
use Tickr::Process qw(slurp);
use Bench::Contenders;
use Bench::Plots;
use Bench::Ratios;
use Bench::Results;

# --- words and numbers ------------------------------------------------------------------------------

my $none = '–';

sub whole {
    my ($number) = @_;
    return $none unless defined $number;
    my $text = sprintf '%.0f', $number;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

sub milliseconds {
    my ($us) = @_;
    return $none unless defined $us;
    return sprintf $us < 1000 ? '%.3f' : $us < 10_000 ? '%.2f' : '%.1f', $us / 1000;
}

sub with_decimals {
    my ($decimals, $number) = @_;
    return defined $number ? sprintf("%.${decimals}f", $number) : $none;
}

# "median (least..most)" of the rounds.
sub spread {
    my ($write, @values) = @_;
    return $none unless @values;
    my ($least, $most) = (sort { $a <=> $b } @values)[ 0, -1 ];
    return sprintf '%s (%s..%s)', map { $write->($_) } Bench::Results::median(@values), $least, $most;
}

# A table whose columns are aligned in the source too. The first LEFT columns hold words and are aligned to the left.
# The others hold numbers. The first row is the head.
sub table {
    my $left = shift;
    my @rows = map { [ map { my $cell = $_; utf8::decode($cell); $cell } @$_ ] } @_;
    my @widths;
    for my $row (@rows) {
        for my $i (0 .. $#$row) {
            $widths[$i] = length $row->[$i] if length $row->[$i] > ($widths[$i] // 2);
        }
    }
    splice @rows, 1, 0, [ map { $_ < $left ? '-' x $widths[$_] : '-' x ($widths[$_] - 1) . ':' } 0 .. $#widths ];
    my $text = '';
    for my $row (@rows) {
        my @cells = map { sprintf $_ < $left ? '%-*s' : '%*s', $widths[$_], $row->[$_] } 0 .. $#$row;
        $text .= '| ' . join(' | ', @cells) . " |\n";
    }
    utf8::encode($text);
    return "$text\n";
}

# --- the tables -------------------------------------------------------------------------------------

# [name, text, values of the rounds, threshold or undef]
sub ratios {
    my ($results, %given) = @_;
    my $number = sub { $results->of_round(@_) };
    return map {
        [ $_->[0], $_->[1], [ Bench::Ratios::values_of($_, $given{rounds}, $number) ],
          $given{thresholds}{ $_->[0] } ]
    } @Bench::Ratios::table;
}

sub verdict {
    my ($values, $threshold) = @_;
    return $none unless $threshold;
    return 'not measured' unless @$values;
    return Bench::Ratios::is_met(Bench::Results::median(@$values), $threshold) ? 'met' : '**missed**';
}

sub ratio_table {
    my ($results, %given) = @_;
    my @rows = [ 'ratio', 'meaning', 'median (least..most)', 'target', 'result' ];
    for my $ratio (ratios($results, %given)) {
        my ($name, $text, $values, $threshold) = @$ratio;
        push @rows, [ "`$name`", $text, spread(sub { sprintf '%.3g', @_ }, @$values),
                      $threshold ? "@$threshold" : $none, verdict($values, $threshold) ];
    }
    return table(5, @rows);
}

sub load_row {
    my ($results, $contender, $connections) = @_;
    my $median = sub { $results->median_of($contender->{name}, $connections, @_) };
    my $lost = 0;
    $lost += $_ for map { $results->of_rounds($contender->{name}, $connections, $_) } qw(refused failed);
    return [
        $contender->{title},
        $connections,
        spread(\&whole, $results->of_rounds($contender->{name}, $connections, 'rate')),
        $contender->{tickets} ? whole($median->('tickets')) : $none,
        with_decimals(1, defined $median->('bytes') ? $median->('bytes') / 1e6 : undef),
        milliseconds($median->('p50')),
        milliseconds($median->('p99')),
        with_decimals(1, $median->('processor_us')),
        with_decimals(1, $median->('behind_us')),
        with_decimals(1, $median->('client_us')),
        whole($lost),
    ];
}

sub load_table {
    my ($results, $group) = @_;
    my @contenders = grep { $_->{group} eq $group && $results->was_measured($_->{name}) }
        @Bench::Contenders::table;
    return '' unless @contenders;
    my @rows = [ 'contender', 'connections', 'requests/s (least..most)', 'tickets/s', 'MB/s',
                 'p50 ms', 'p99 ms', 'server µs', 'database µs', 'wrk µs', 'lost' ];
    for my $contender (@contenders) {
        push @rows, map { load_row($results, $contender, $_) }
            $results->connections_of($contender->{name});
    }
    return table(1, @rows);
}

sub raw_table {
    my ($results) = @_;
    return '' unless $results->was_measured('raw');
    my @rows = [ 'sessions', 'commits/s (least..most)', 'p50 ms', 'p99 ms' ];
    for my $sessions ($results->connections_of('raw')) {
        push @rows, [ $sessions, spread(\&whole, $results->of_rounds('raw', $sessions, 'rate')),
                      map { milliseconds($results->median_of('raw', $sessions, $_)) } qw(p50 p99) ];
    }
    return "## One row, one commit\n\nA C client without a ticket server.\n\n" . table(0, @rows);
}

sub idle_table {
    my ($results) = @_;
    return '' unless $results->was_measured('idle');
    my @rows = [ 'idle connections', 'requests/s (least..most)', 'kept', 'p50 ms', 'p99 ms',
                 'resident MiB', 'KiB a connection' ];
    my ($rate, $memory) = map { $results->median_of('idle', 0, $_) } qw(rate resident_kib);
    for my $count ($results->connections_of('idle')) {
        my $median = sub { $results->median_of('idle', $count, @_) };
        push @rows, [
            whole($count),
            spread(\&whole, $results->of_rounds('idle', $count, 'rate')),
            $rate ? sprintf('%.0f %%', 100 * $median->('rate') / $rate) : $none,
            milliseconds($median->('p50')),
            milliseconds($median->('p99')),
            with_decimals(1, $median->('resident_kib') / 1024),
            $count ? with_decimals(2, ($median->('resident_kib') - $memory) / $count) : $none,
        ];
    }
    return "## Idle connections\n\nSingle tickets, strict, on 64 connections, while other connections are open and"
        . " idle.\n\n" . table(0, @rows);
}

# --- the machine ------------------------------------------------------------------------------------

sub first_line {
    my (@command) = @_;
    open my $out, '-|', @command or return '';
    my $line = <$out> // '';
    1 while <$out>;
    close $out;
    chomp $line;
    return $line;
}

sub versions {
    my @packages = qw(libevent-core-2.1-7 libmariadb3 mariadb-server-core nginx webdis redis-server wrk);
    my @found;
    for my $package (@packages) {
        my $version = first_line('dpkg-query', '-W', '-f', '${Version}', $package);
        push @found, "$package $version" if $version ne '';
    }
    return join ', ', @found;
}

# The file system of the databases.
sub filesystem {
    open my $out, '-|', 'df', '--output=fstype', $ENV{TMPDIR} or return 'unknown';
    my @lines = <$out>;
    close $out;
    chomp @lines;
    return $lines[1] // 'unknown';
}

sub machine_lines {
    my ($load) = @_;
    my ($model) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)$/m;
    my ($memory) = slurp('/proc/meminfo') =~ /^MemTotal:\s+([0-9]+)/m;
    my ($system) = slurp('/etc/os-release') =~ /^PRETTY_NAME="(.*)"$/m;
    my ($name, undef, $release) = POSIX::uname();
    return join '', map {"- $_->[0]: $_->[1]\n"}
        [ 'processor', $model // 'unknown' ],
        [ 'processors', first_line('nproc') ],
        [ 'memory', sprintf '%.1f GiB', $memory / 1024 / 1024 ],
        [ 'system', ($system // 'unknown') . ", $name $release" ],
        [ 'filesystem', filesystem() ],
        [ 'load before', $load ],
        [ 'compiler', first_line('cc', '--version') ],
        [ 'tickr', first_line("$ENV{BUILDDIR}/tickrd", '--version') ],
        [ 'packages', versions() ],
        [ 'day', POSIX::strftime('%Y-%m-%d', gmtime) ];
}

# --- the report -------------------------------------------------------------------------------------

sub skipped_lines {
    my ($results) = @_;
    my %skipped = $results->skipped;
    return '' unless %skipped;
    return join '', (map {"- `$_` was skipped: $skipped{$_}\n"} sort keys %skipped), "\n";
}

sub section {
    my ($head, @rest) = @_;
    return grep({ $_ ne '' } @rest) ? join '', "## $head\n\n", @rest : '';
}

# FOLDER: of the plots, relative to the report; GIVEN: rounds, thresholds, load.
sub markdown {
    my ($results, $folder, %given) = @_;
    my @plots = map {"![$_->{title}]($folder/$_->{file})\n\n"} Bench::Plots::of($results);
    return join '',
        "Made by `scripts/bench`. In a round `wrk` loads each contender for a second with one number of connections, then\n"
        . "each with the next number. The numbers are medians of $given{rounds} rounds. _server µs_ is the processor time of the server for\n"
        . "one request, _database µs_ that of its database, and _wrk µs_ that of `wrk`. _lost_ counts the requests of all rounds\n"
        . "that failed or were refused. The tickets table in MariaDB has the counter layout, except where a row names the append layout.\n\n",
        section('Ratios', ratio_table($results, %given), skipped_lines($results)),
        section('Single tickets', load_table($results, 'single')),
        section('Batches', load_table($results, 'batch')),
        section('Named sequences', load_table($results, 'sequences')),
        section('gRPC', load_table($results, 'grpc')),
        raw_table($results),
        idle_table($results),
        section('Plots', @plots),
        section('The machine', machine_lines($given{load}), "\n");
}

1;
