#!/usr/bin/perl
# docs/log-lines.md has every log line of src/ with its level, and no other line. A line about a database names it.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(slurp);

my $top = $ENV{SRCDIR} // '.';

sub none {
    my ($name, @found) = @_;
    is_deeply \@found, [], $name or diag map {"$_\n"} @found;
}

# The file without its comments, so that a quotation mark begins a string.
sub code_of {
    my ($path) = @_;
    my $text = slurp($path);
    $text =~ s{("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+')|/\*.*?\*/}{$1 // ''}ges;
    return $text;
}

# The strings of some code; adjacent ones are one.
sub strings_of {
    my ($code) = @_;
    return map { join '', /"((?:[^"\\]|\\.)*)"/g } $code =~ /((?:"(?:[^"\\]|\\.)*"(?:\s|PRI\w+)*)+)/g;
}

# The arguments of the call that begin here, up to its closing parenthesis.
sub arguments_of {
    my ($code) = @_;
    my ($depth, @arguments) = (0, '');
    while ($code =~ /\G("(?:[^"\\]|\\.)*"|.)/gs) {
        last if $depth == 0 && $1 eq ')';
        $depth += $1 eq '(' ? 1 : $1 eq ')' ? -1 : 0;
        if   ($depth == 0 && $1 eq ',') { push @arguments, '' }
        else                            { $arguments[-1] .= $1 }
    }
    return map {s/^\s+|\s+$//gr} @arguments;
}

# The messages of a call: strings, or those that the function of the same file returns.
sub messages_of {
    my ($argument, $code) = @_;
    my @strings = strings_of($argument);
    return @strings if @strings || $argument !~ /^(\w+)\(/;
    my ($body) = $code =~ /^$1\([^{;]*\)\n\{\n(.*?)^\}/ms;
    return strings_of($body // '');
}

my (%in_code, %fields_of, @unknown, @bad_fields);
for my $path (glob "$top/src/*.c $top/src/*/*.c") {
    my $code = code_of($path);
    while ($code =~ /\blog_(error|warn|info)\(/g) {
        my ($level, $message, @fields) = ($1, arguments_of(substr $code, pos $code));
        my @messages = messages_of($message, $code);
        # The warnings of a store have lines of their own; they are checked below.
        push @messages, 'a warning of a store' if $message eq 'line';
        push @unknown, "$path: $message" if !@messages;
        push @bad_fields, map {"$path: $_"}
            grep { !/^LOG_(?:DATABASE\(|(?:TEXT|WORD|NUMBER|SECONDS|ELAPSED)\("[a-z]+(?:_[a-z]+)*",)/ } @fields;
        for my $text (@messages) {
            $in_code{$text}{$level} = 1;
            push @{ $fields_of{$text} }, \@fields;
        }
    }
    # The log's own note, which it makes without a call.
    $in_code{$1}{warn} = 1 if $code =~ /LOG_LEVEL_WARN,\s*LOG_FIELDS\("([^"]+)"/;
}
my $names_database = sub {
    my ($text) = @_;
    return !grep { !grep {/^LOG_DATABASE\(/} @$_ } @{ $fields_of{$text} };
};
ok delete $in_code{'a warning of a store'}, 'the call for the warnings of a store is found';
none 'every call of log_error(), log_warn() and log_info() is understood', @unknown;
none 'every field is one of log.h, and has a name of lower-case words', @bad_fields;
cmp_ok scalar keys %in_code, '>', 40, 'the log lines of src/ are found';

my $page = slurp("$top/docs/log-lines.md");
my ($lines, $warnings) = split /^## Warnings about the database\n/m, $page;
my %in_page;
$in_page{$1} = $2 while $lines =~ /^\| `([^`]+)` \| ([a-z, ]+) \| /mg;
none 'docs/log-lines.md has every log line',
    grep { !$in_page{$_} } sort keys %in_code;
none '... and no other',
    grep { !$in_code{$_} } sort keys %in_page;
none '... each with its level',
    grep { $in_page{$_} ne join ', ', sort keys %{ $in_code{$_} } } grep { $in_code{$_} } sort keys %in_page;

# --- the database of a line ------------------------------------------------------------------------------

for my $section ('The database', 'Trust and the state file') {
    my ($part) = $page =~ /^## \Q$section\E\n(.*?)(?=^## )/ms;
    my @texts = $part =~ /^\| `([^`]+)` \|/mg;
    cmp_ok scalar @texts, '>', 5, "the lines of \"$section\" are found";
    none '... and each call for one of them has the field of the database',
        grep { $fields_of{$_} && !$names_database->($_) } @texts;
}
ok $names_database->('a warning of a store'), 'so has each warning of a store';

# --- what a store warns of -----------------------------------------------------------------------------

# A warning up to the colon; in its place a value.
my %warnings_in_code;
for my $path (glob "$top/src/store/*.c") {
    next if $path =~ m{/memory};    # never installed
    my $code = code_of($path);
    while ($code =~ /\btext_addf?\(/g) {
        my ($text) = strings_of((substr($code, pos $code) =~ /\A((?:"(?:[^"\\]|\\.)*"|[^;"])*);/s)[0] // '');
        next unless defined $text && $text =~ /\\n$/ && substr($code, pos $code) =~ /\A\s*(?:warnings|advice|variables\.warnings),/;
        (my $start = $text) =~ s/: .*//s;
        $warnings_in_code{ $start =~ s/`//gr } = 1;
    }
}
cmp_ok scalar keys %warnings_in_code, '>', 8, 'the warnings of the stores are found';
my @warnings_in_page = $warnings =~ /^\| `([^`]+)` \| /mg;
sub pattern_of { return join '.+', map {quotemeta} split /%(?:[-.\d]*l*[sux])?/, $_[0], -1 }
none 'docs/log-lines.md has every warning about a database',
    grep { my $p = pattern_of($_); !grep {/^$p/} @warnings_in_page } sort keys %warnings_in_code;
none '... and no other',
    grep { my $row = $_; !grep { my $p = pattern_of($_); $row =~ /^$p/ } keys %warnings_in_code } @warnings_in_page;

done_testing;
