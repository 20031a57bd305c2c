#!/usr/bin/perl
# The documents agree with the code: every variable, metric, source file and room is in each place
# that lists them.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(scratch slurp spew);

my $top = $ENV{SRCDIR} // '.';
my $build = $ENV{BUILDDIR} // '.';

sub content_of {
    my ($path) = @_;
    open my $in, '<', "$top/$path" or die "$path: $!";
    local $/;
    return scalar <$in>;
}

sub none_missing {
    my ($name, @missing) = @_;
    is_deeply(\@missing, [], $name) or diag(map { "missing: $_\n" } @missing);
}

# --- variables ------------------------------------------------------------------------------

my @variables = map { chomp; [ split /\t/ ] } qx{'$build/tickrd' --variables};
cmp_ok(scalar @variables, '>', 5, 'tickrd lists its variables');

my $page = content_of('man/tickrd.8');
my ($list) = $page =~ /^\.\\" BEGIN variables[^\n]*\n(.*)^\.\\" END variables/ms;
is($list, scalar qx{'$top/scripts/man-variables' '$build/tickrd'},
    'the list of variables in man/tickrd.8 is what scripts/man-variables TICKRD man/tickrd.8 makes');

# Run on a copy, scripts/settings-page changes nothing in a page that is current.
my $copy = scratch() . '/settings.md';
spew('settings.md', content_of('docs/settings.md'));
system("$top/scripts/settings-page", "$build/tickrd", $copy) == 0 or die 'scripts/settings-page failed';
is(content_of('docs/settings.md'), slurp($copy), 'docs/settings.md is what scripts/settings-page TICKRD docs/settings.md makes');
my @headings = content_of('docs/settings.md') =~ /^## (TICKR_\w+)$/mg;
is_deeply(\@headings, [ map { $_->[0] } @variables ], '... with a heading for every setting, and no other');

# In tickrd.env the meaning in comments, then the variable: #NAME=default, or NAME= where it is required.
my $env = content_of('contrib/systemd/tickrd.env');
none_missing('contrib/systemd/tickrd.env has every variable with its default and its meaning',
    map { $_->[0] }
    grep { my ($name, $default, $allowed, $help) = @$_;
           my $has_none = $default eq 'none' && $allowed !~ /^one of none\b/;
           my $line = $default eq 'required' ? "$name=" : "#$name=" . ($has_none ? '' : $default);
           $env !~ /^\Q$line\E$/m || $env !~ /^# \Q\u$help\E/m } @variables);

my %known = map { $_->[0] => 1 } @variables;
for my $path ('README.md', 'man/tickrd.8', 'contrib/systemd/tickrd.env', glob "$top/docs/*.md") {
    (my $name = $path) =~ s{^\Q$top\E/}{};
    my %named = map { $_ => 1 } content_of($name) =~ /\b(TICKR_[A-Z_]*[A-Z])\b(?!_?\*)/g;
    is_deeply([ grep { !$known{$_} } sort keys %named ], [], "$name names no variable that does not exist");
}

# --- metrics --------------------------------------------------------------------------------

my $page_of_metrics = content_of('docs/metrics.md');
my @metrics = content_of('src/metrics/counters.h') =~ /^(?:DATABASE_|NAMED_|POOL_|SECONDS_)?(?:METRIC|HISTOGRAM)\(\w+, "(\w+)"/mg;
cmp_ok(scalar @metrics, '>', 5, 'the metrics are found');
none_missing('docs/metrics.md has every metric', grep { $page_of_metrics !~ /^\| `\Q$_\E`/m } @metrics);
my %counted = map { $_ => 1 } @metrics;
my %no_metric = map { $_ => 1 } qw(tickr_look tickr_move tickr_settings tickr_identity tickr_sequences tickr_admin tickr_production);
for my $name (map { substr $_, length "$top/" } glob "$top/docs/*.md") {
    my @named = grep { !$no_metric{$_} } (content_of($name) =~ s/\]\([^)]*\)//gr) =~ /\b(tickr_[a-z_]+[a-z])\b/g;
    is_deeply([ grep { !$counted{$_} && !$counted{ s/_(?:bucket|sum|count)$//r } } @named ], [],
        "$name names no metric that does not exist");
}

# --- rights ---------------------------------------------------------------------------------

my ($shown) = content_of('docs/install.md') =~ /^```sql\n(.*?)^```$/ms;
is($shown, content_of('sql/privileges.sql'), 'docs/install.md shows sql/privileges.sql');

# --- files and rooms ------------------------------------------------------------------------

my $makefile = content_of('Makefile.am');
my @sources = map { substr $_, length "$top/" } glob "$top/src/*.[ch] $top/src/*/*.[ch]";
none_missing('Makefile.am has every source file', grep { $makefile !~ /\Q$_\E(?:\s|$)/m } @sources);

my $architecture = content_of('docs/architecture.md');
none_missing('docs/architecture.md has every room',
    grep { $architecture !~ m{`\Q$_\E/`} } map { m{/([^/]+)/$} ? $1 : () } glob "$top/src/*/");
none_missing('... and every file of src/ itself',
    grep { $architecture !~ /^\| `\Q$_\E` \|/m } map { m{([^/]+)$} } glob "$top/src/*.c");

# The walk through one request has a function at each stop, in a file of src/.
my ($walk) = split /^### With a named sequence$/m, $architecture;
my @stops = $walk =~ /^\d+\. (.*)$/mg;
cmp_ok(scalar @stops, '>', 5, 'the stops of one request are found');
cmp_ok(scalar @stops, '<', 33, '... and they are few');
none_missing('... each in the file that it names',
    grep { !(/^\*\*`([a-z_\/]+\.c)`\*\*, `(\w+)\(\)` / && -e "$top/src/$1" && content_of("src/$1") =~ /^$2\(/m) } @stops);

# --- commands -------------------------------------------------------------------------------

for my $command ('scripts/quickstart --mysql --again', 'scripts/test --galera --again') {
    my $said = qx{cd '$top' && timeout 5 $command 2>&1};
    is($? >> 8, 64, "$command: what is not known is refused");
    like($said, qr/\Ausage: /, '... and what is known is said');
}

# --- links ----------------------------------------------------------------------------------

# The documents that make install puts into a folder, each under the name it has here.
my ($list_of_installed) = $makefile =~ /^nobase_dist_doc_DATA = ((?:.*\\\n)*.*)/m;
my %installed = map { $_ => 1 } grep { $_ ne '\\' } split ' ', $list_of_installed // '';
cmp_ok(scalar keys %installed, '>', 5, 'the installed documents are found');

# The places in a document that a link may name: its headings, as the repository's host writes them.
sub places_in {
    my %places;
    for my $heading (content_of($_[0]) =~ /^#+ +(.*)$/mg) {
        (my $place = lc $heading) =~ s/[^\w\- ]//g;
        $places{ $place =~ tr/ /-/r } = 1;
    }
    return \%places;
}

my (@broken, @not_installed);
for my $path (map { substr $_, length "$top/" } glob "$top/*.md $top/docs/*.md") {
    (my $folder = $path) =~ s{[^/]*$}{};
    my $text = content_of($path);
    while ($text =~ /\]\(([^)#\s]*)(?:#([^)]*))?\)/g) {
        my ($link, $place) = ($1, $2);
        next if $link =~ /^https?:/;
        my $to = $link eq '' ? $path : $folder . $link;
        1 while $to =~ s{(?:^|/)\K(?!\.\./)[^/]+/\.\./}{};
        push @broken, "$path: $to" . (defined $place ? "#$place" : '')
            if !-e "$top/$to" || (defined $place && !places_in($to)->{$place});
        push @not_installed, "$path: $to" unless $installed{$to};
    }
}
none_missing('the links of the documents lead somewhere', @broken);
none_missing('... and after make install too', @not_installed);

# --- alerts ---------------------------------------------------------------------------------

my $rules = content_of('contrib/prometheus/tickr.rules.yml');
my @alerts = $rules =~ /- alert: (\w+)/g;
my @runbooks = $rules =~ /^ +runbook: (\S+)$/mg;
cmp_ok(scalar @alerts, '>', 5, 'the alerts are found');
is(scalar @runbooks, scalar @alerts, 'every alert has a runbook');
none_missing('... that is a heading of a document',
    grep { my ($path, $place) = split /#/; !-e "$top/$path" || !places_in($path)->{ $place // '' } } @runbooks);
none_missing('docs/failures.md names every alert', grep { content_of('docs/failures.md') !~ /`$_`/ } @alerts);
my %alerts = map { $_ => 1 } @alerts;
none_missing('docs/failures.md and docs/metrics.md name no alert that does not exist',
    grep { !$alerts{$_} } map { content_of($_) =~ /`(Tickr[A-Z]\w+)`/g } 'docs/failures.md', 'docs/metrics.md');

# --- shape ----------------------------------------------------------------------------------

cmp_ok(() = content_of('README.md') =~ /\n/g, '<=', 130, 'README.md has at most 130 lines');

my @long_cells;
for my $path (map { substr $_, length "$top/" } glob "$top/*.md $top/docs/*.md") {
    my $number = 0;
    for my $line (split /\n/, content_of($path)) {
        $number++;
        next unless $line =~ /^\s*\|/;
        push @long_cells, map { "$path:$number: " . length } grep { length > 200 } map {s/^\s+|\s+$//gr} split /(?<!\\)\|/, $line;
    }
}
none_missing('no cell of a table is longer than 200 characters', @long_cells);

done_testing;
