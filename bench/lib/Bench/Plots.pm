package Bench::Plots;

# Draws the plots of the report with gnuplot, in SVG.

use strict;
use warnings;
use Bench::Contenders;

my @plots = (
    { file => 'single-requests.svg', group => 'single', number => 'rate', scale => 1,
      title => 'Single tickets: requests a second', axis => 'requests/s' },
    { file => 'single-p99.svg', group => 'single', number => 'p99', scale => 1000,
      title => 'Single tickets: 99th percentile of the latency', axis => 'ms' },
    { file => 'batch-requests.svg', group => 'batch', number => 'rate', scale => 1,
      title => 'Batches: requests a second', axis => 'requests/s' },
    { file => 'batch-p99.svg', group => 'batch', number => 'p99', scale => 1000,
      title => 'Batches: 99th percentile of the latency', axis => 'ms' },
);

# Colours that colour-blind readers can distinguish. The marks differ too.
my @colours = map {"#$_"} qw(999999 000000 e69f00 cc79a7 0072b2 d55e00 009e73 56b4e9 882255 999933 44aa99);

# The points of one contender: [connections, median].
sub points {
    my ($results, $name, $plot) = @_;
    return grep { defined $_->[1] }
        map { my $median = $results->median_of($name, $_, $plot->{number});
              [ $_, defined $median ? $median / $plot->{scale} : undef ] }
        $results->connections_of($name);
}

# [title, points] of each contender that has points.
sub lines_of {
    my ($results, $plot) = @_;
    return grep { @{ $_->[1] } } map { [ $_->{title}, [ points($results, $_->{name}, $plot) ] ] }
        grep { $_->{group} eq $plot->{group} } @Bench::Contenders::table;
}

# The plots that show more than single points.
sub of {
    my ($results) = @_;
    return grep { grep { @{ $_->[1] } > 1 } lines_of($results, $_) } @plots;
}

# The range of a logarithmic axis around VALUES, and its labels: 1, 2, 5, 10, 20 and so on.
sub axis {
    my ($least, $most) = (sort { $a <=> $b } @_)[ 0, -1 ];
    my ($from, $to) = ($least / 1.4, $most * 1.4);
    my @labels = grep { $_ >= $from && $_ <= $to }
        map { my $power = "1e$_"; map { $_ * $power } 1, 2, 5 } -4 .. 9;
    return (sprintf('[%g:%g]', $from, $to), join ', ', @labels);
}

sub script {
    my ($path, $plot, @lines) = @_;
    my %counts = map { $_->[0] => 1 } map { @{ $_->[1] } } @lines;
    my ($x_range) = axis(keys %counts);
    my ($y_range, $y_labels) = axis(map { $_->[1] } map { @{ $_->[1] } } @lines);
    my $script = join "\n",
        "set terminal svg size 1000,480 font 'sans-serif,13' background '#ffffff'",
        "set output '$path'",
        "set title \"$plot->{title}\"",
        "set xlabel 'connections'",
        "set ylabel '$plot->{axis}'",
        'set logscale xy',
        'set xtics (' . join(', ', sort { $a <=> $b } keys %counts) . ')',
        "set ytics ($y_labels)",
        "set xrange $x_range",
        "set yrange $y_range",
        "set format y '%.10g'",
        "set grid ytics lt 1 lc rgb '#dddddd'",
        'set key outside right center Left reverse', '';
    for my $i (0 .. $#lines) {
        $script .= "\$line$i << END\n" . join('', map {"@$_\n"} @{ $lines[$i][1] }) . "END\n";
    }
    return $script . 'plot ' . join(', ', map {
        my $mark = $_ + 4;
        "\$line$_ with linespoints lw 2 pt $mark lc rgb '$colours[$_ % @colours]' title \"$lines[$_][0]\""
    } 0 .. $#lines) . "\n";
}

# Draw the plots into FOLDER, which must exist.
sub draw {
    my ($results, $folder) = @_;
    for my $plot (of($results)) {
        open my $gnuplot, '|-', 'gnuplot' or die "gnuplot: $!\n";
        print $gnuplot script("$folder/$plot->{file}", $plot, lines_of($results, $plot));
        close $gnuplot or die "gnuplot failed\n";
    }
    return;
}

1;
