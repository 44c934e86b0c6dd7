#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# report_paper.pl PAGE PDF - whether a report's page was printed whole on A4: every page is A4, nothing is inked outside
# the margins, each figure stands on one page with its title, its caption and every word of its picture. A line a check.
use strict;
use warnings;

my ($page, $pdf) = @ARGV;
my $failed = 0;
use constant {MARGIN => 14 * 72 / 25.4, WIDTH => 595, HEIGHT => 842, DOTS => 60};

sub expect {
    my ($is_true, $what, $more) = @_;
    print $is_true ? "passed: $what\n" : "failed: $what" . (defined $more ? ": $more" : '') . "\n";
    $failed ||= !$is_true;
}

sub output_of {
    open my $pipe, '-|', @_ or die "$_[0]: $!";
    local $/;
    my $text = <$pipe> // '';
    close $pipe or die "$_[0] ends with status $?\n";
    return $text;
}

sub letters { # what is the same however lines are broken, blanks and ligatures are set
    my ($text) = @_;
    my %marks = (lt => '<', gt => '>', quot => '"', amp => '&', '#39' => "'");
    $text =~ s/&(lt|gt|quot|amp|#39);/$marks{$1}/g;
    $text =~ s/\xef\xac\x81/fi/g;
    $text =~ s/\xef\xac\x82/fl/g;
    $text =~ s/\s+//g;
    return $text;
}

# ---- Pages and their words ----

my (@words, @sizes);
for my $one (split /<page /, output_of('pdftotext', '-bbox', $pdf, '-')) {
    next unless $one =~ /^width="([\d.]+)" height="([\d.]+)"/;
    push @sizes, [$1, $2];
    push @words, [map { [split ' ', $_, 5] }
        map { s/.*xMin="([^"]+)" yMin="([^"]+)" xMax="([^"]+)" yMax="([^"]+)">(.*)$/$1 $2 $3 $4 $5/sr }
        ($one =~ m{<word (.*?)</word>}gs)];
}
expect(@sizes > 0, scalar(@sizes) . ' pages');
expect(!(grep { abs($_->[0] - WIDTH) > 1 || abs($_->[1] - HEIGHT) > 1 } @sizes), 'each is A4');
my @outside = map { map { $_->[4] } grep { $_->[0] < MARGIN - 1 || $_->[2] > WIDTH - MARGIN + 1 ||
    $_->[1] < MARGIN - 4 || $_->[3] > HEIGHT - MARGIN + 4 } @$_ } @words;
expect(!@outside, 'every word stands within the margins', join ' ', @outside[0 .. ($#outside > 20 ? 20 : $#outside)]);

# ---- Ink ----

my (@inked, @empty);
for my $number (1 .. @sizes) {
    my $picture = output_of('pdftoppm', '-gray', '-r', DOTS, '-f', $number, '-l', $number, $pdf);
    $picture =~ s/^P5\s+(\d+)\s+(\d+)\s+255\s// or die "page $number: no picture\n";
    my ($width, $height, $side) = ($1, $2, int(MARGIN * DOTS / 72) - 1);
    my @rows = map { substr $picture, $_ * $width, $width } 0 .. $height - 1;
    my $is_outside = grep { substr($_, 0, $side) =~ /[^\xfa-\xff]/ || substr($_, -$side) =~ /[^\xfa-\xff]/ } @rows;
    $is_outside += grep { /[^\xfa-\xff]/ } @rows[0 .. $side - 1, $height - $side .. $height - 1];
    push @inked, $number if $is_outside;
    push @empty, $number unless grep { /[^\xfa-\xff]/ } @rows;
}
expect(!@inked, 'no ink outside the margins', "pages @inked");
expect(!@empty, 'no page is empty', "pages @empty");

# ---- Figures ----

my @pages = map { letters(join '', map { $_->[4] } @$_) } @words;
open my $in, '<', $page or die "$page: $!";
my $html = do { local $/; <$in> };
my $count = 0;
while ($html =~ m{<figure[^>]*>(.*?)</figure>}gs) {
    my $figure = $1;
    my ($title) = $figure =~ m{<figcaption[^>]*>(.*?)</figcaption>}s;
    $title =~ s{</?b>}{}g;
    my ($caption) = $figure =~ m{<p class="soft">(.*?)</p>}s;
    my ($source) = $figure =~ m{src="data:image/svg\+xml;charset=utf-8,([^"]*)"};
    (my $svg = $source) =~ s/%([0-9a-f]{2})/chr hex $1/gie;
    my ($top, $high) = $svg =~ /viewBox="0 (\S+) \S+ (\S+)"/;
    my @texts;
    while ($svg =~ m{<g transform="translate\([\d.]+,([\d.]+)\)([^>]*)>\s*<text>(.*?)</text>}gs) {
        my ($y, $turned, $text) = ($1, $2, $3 =~ s/<[^>]*>//gr);
        next if $turned =~ /rotate\((-?[\d.]+)/ && $1 != 0 && abs($1) != 90; # pdftotext takes a slant for many lines
        push @texts, letters($text) if $y > $top && $y < $top + $high && $text =~ /^[\w .,%()*+-]+$/ && $text =~ /\S/;
    }
    my ($head, $tail) = (letters($title), substr(letters($caption), -60));
    my ($at) = grep { index($pages[$_], $head) >= 0 && index($pages[$_], $tail) >= 0 } 0 .. $#pages;
    my @missing = defined $at ? grep { index($pages[$at], $_) < 0 } @texts : ();
    $count++;
    expect(defined $at && @texts > 5 && !@missing, "figure $count: on one page with its title, its caption and all of "
        . scalar(@texts) . ' texts of its picture', defined $at ? "missing: @missing" : "no page has both: $title");
}
expect($count > 0, "$count figures");
exit($failed ? 1 : 0);
