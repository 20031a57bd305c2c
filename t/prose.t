#!/usr/bin/perl
# The prose of the tree keeps the rules of CONTRIBUTING.md ("English"). No file has a word of the list, and no
# comment has a long sentence. t/prose.exceptions names the files that do not keep them yet. It may only shrink.
use strict;
use warnings;
use Test::More;
use Tickr::Process qw(slurp);

my $top = $ENV{SRCDIR} // '.';
my $most_words = 25;

# --- the rules ---------------------------------------------------------------------------------------

# A pattern, and the advice that is printed with it.
my @banned = (
    [ qr/\banew\b|\bafresh\b/i            => 'again' ],
    [ qr/\bmend(?:s|ed|ing)?\b/i          => 'fix' ],
    [ qr/\blest\b/i                       => 'so that .. not' ],
    [ qr/\bbut for\b/i                    => 'except' ],
    [ qr/\bfor want of\b/i                => 'because there is no' ],
    [ qr/\bas a rule\b/i                  => 'usually' ],
    [ qr/\bat once\b/i                    => 'immediately, or together' ],
    [ qr/\ball the same\b/i               => 'anyway' ],
    [ qr/\bin good time\b/i               => 'before' ],
    [ qr/\b(?:can|could|may|might|cannot) (?:not )?be had\b/i  => 'is available' ],
    [ qr/\b(?:is|are|was|were) (?:told|said)\b/i           => 'name who tells' ],
    [ qr/\b(?:goes|go|went|gone|going) back\b(?! in time)/i => 'goes back in time, or returns' ],
    [ qr/\b(?:come|comes|came) to\b/i     => 'reaches, becomes' ],
    [ qr/\bfor people\b/i                 => 'a message' ],
    [ qr/\b(?:nobody|somebody|anybody) (?:but|else)\b/i    => 'name the thread or client' ],
    [ qr/\bbehind (?:it|them|us)\b/i      => 'after' ],
    [ qr/\b[Ww]hat (?:is|was|has|had|are|were|it|they|comes|came|stands|may|can)\b/ => 'a noun' ],
    [ qr/(?:^|[.:;] )(?:What|Who|Whoever|Whose|Whom)\b(?![^.?]*\?)/ => 'a noun as the subject' ],
    [ qr/\b(?:is|are) given (?:to )?(?:out|by)\b/i         => 'issued' ],
);

# --- the prose of a file -----------------------------------------------------------------------------

# The comments of C, joined over their lines. A blank line, or a line of dashes, ends a paragraph.
sub comments_of_c {
    my ($text) = @_;
    my @paragraphs;
    while ($text =~ m{("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')|/\*(.*?)\*/}gs) {
        next if defined $1;
        my $comment = $2 =~ s/^[ \t]*\* ?//gmr;
        # A drawing, an example or a list: its lines are indented, or hold no sentence.
        $comment =~ s/^(?:\t|    ).*$//gm;
        push @paragraphs, split /\n\s*\n|^[ -]*---+.*$/m, $comment;
    }
    return @paragraphs;
}

sub comments_of_script {
    my ($text) = @_;
    return split /\n(?:\s*\n)+/, join "\n", map { /^\s*#(?!!) ?(.*)/ ? $1 =~ s/^\t.*//r =~ s/^[ -]*---+.*//r : '' }
        split /\n/, $text;
}

# Without code blocks, code spans, link targets and the cells' bars.
sub prose_of_markdown {
    my ($text) = @_;
    $text =~ s/^```.*?^```//gms;
    $text =~ s/^(?: {4,}|\t).*$//gm;
    $text =~ s/<!--.*?-->//gs;
    $text =~ s/\]\([^)]*\)/]/g;
    $text =~ s/\|/\n\n/g;
    return split /\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/, $text;
}

# Messages, help and log lines: strings of several words.
sub messages_of_c {
    my ($text) = @_;
    $text =~ s{/\*.*?\*/}{}gs;
    return grep { () = /[a-z]+ /gi; /\w+ \w+ \w+/ } map { join '', /"((?:[^"\\]|\\.)*)"/g }
        $text =~ /((?:"(?:[^"\\\n]|\\.)*"\s*)+)/g;
}

sub plain {
    my ($paragraph) = @_;
    $paragraph =~ s/`[^`]*`/CODE/g;
    return $paragraph =~ s/\s+/ /gr =~ s/^ | $//gr;
}

# Full stops of abbreviations and of numbers end no sentence.
sub sentences_of {
    my ($paragraph) = @_;
    return split /(?<=[.?!;])\)? (?=[A-Z(`"])|; /, $paragraph;
}

sub words_of { return scalar(() = $_[0] =~ /[A-Za-z0-9_][^\s]*/g) }

# --- the files ---------------------------------------------------------------------------------------

sub files { return map { s{^\Q$top\E/}{}r } map { glob "$top/$_" } @_ }

sub breaches_of {
    my ($path) = @_;
    my $text = slurp("$top/$path");
    my (@prose, @comments);
    if ($path =~ /\.[ch]$/) {
        @comments = map { plain($_) } comments_of_c($text);
        @prose = (@comments, map { plain($_) } messages_of_c($text));
    } elsif ($path =~ /\.md$/) {
        @prose = map { plain($_) } prose_of_markdown($text);
    } else {
        @comments = map { plain($_) } comments_of_script($text);
        @prose = @comments;
    }
    my @breaches;
    for my $paragraph (@prose) {
        for my $rule (@banned) {
            my ($pattern, $advice) = @$rule;
            while ($paragraph =~ /$pattern/g) {
                my $around = substr $paragraph, $-[0] > 30 ? $-[0] - 30 : 0, 70;
                push @breaches, "$path: \"$&\" ($advice): .. $around ..";
            }
        }
    }
    for my $sentence (map { sentences_of($_) } @comments) {
        my $count = words_of($sentence);
        push @breaches, "$path: $count words: " . substr($sentence, 0, 70) . ' ..' if $count > $most_words;
    }
    return @breaches;
}

my %allowed = map { /^(\S+) (\d+)$/ ? ($1 => $2) : () } split /\n/, slurp("$top/t/prose.exceptions");
my @files = files('src/*.[ch]', 'src/*/*.[ch]', 't/*.t', 't/*/*.[ch]', 't/lib/Tickr/*.pm', 'docs/*.md', '*.md', 'scripts/*',
    'bench/lib/Bench/*.pm', 'bench/*.[ch]');
cmp_ok scalar @files, '>', 200, 'the files are found';

my $total = 0;
for my $path (grep { !/NEWS/ } @files) {
    my @breaches = breaches_of($path);
    my $most     = delete $allowed{$path} // 0;
    $total += @breaches;
    if (@breaches > $most) {
        fail "$path keeps the rules of prose";
        diag map {"$_\n"} @breaches;
    } elsif (@breaches < $most) {
        fail "$path has " . @breaches . " breaches: lower its number in t/prose.exceptions, or delete its line";
    }
}
is_deeply [ sort keys %allowed ], [], 'every exception is of a file that exists';
note "breaches in all: $total";

# --- the subjects of commits ---------------------------------------------------------------------------

sub is_good_subject {
    my ($subject) = @_;
    return length $subject <= 60 && $subject =~ /^[a-z0-9_.\/, -]+: (?!(?:the|an?|every|no|each|what|who)\b)[a-z]/;
}

# Of the commits since this check was made. Merges only join checked commits.
SKIP: {
    my ($first) = qx{git -C '$top' log --diff-filter=A --format=%H -- t/prose.t 2>/dev/null} =~ /^([0-9a-f]+)$/m;
    skip 'no history of git is here', 1 unless defined $first;
    my @bad = grep { !is_good_subject($_) }
        split /\n/, qx{git -C '$top' log --no-merges --format=%s $first..HEAD};
    is_deeply \@bad, [], 'subjects of commits are "room: verb object", of at most 60 characters'
        or diag map {"$_\n"} @bad;
}

done_testing;
