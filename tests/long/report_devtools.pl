#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
# report_devtools.pl FOLDER PAGE HOSTILE - asks headless Chromium, by its DevTools protocol over two pipes, what a reader
# of a report's page gets: requests, the accessibility tree, the order of the keyboard's focus, contrast of text in light
# and dark, the width on paper, and the page without JavaScript. HOSTILE is a page of other people's scripts, none of
# which may run. The printed page is left in FOLDER/printed.pdf. A line a check.
use strict;
use warnings;
use JSON::PP;
use POSIX ();

my ($folder, $page, $hostile) = @ARGV;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my ($number, $failed, $session, @events) = (0, 0, undef);

sub expect {
    my ($is_true, $what, $more) = @_;
    print $is_true ? "passed: $what\n" : "failed: $what" . (defined $more ? ": $more" : '') . "\n";
    $failed ||= !$is_true;
}

# ---- The protocol: JSON ended by a zero byte, to descriptor 3 and from descriptor 4 of the browser ----

pipe(my $browser_reads, my $to_browser) or die "pipe: $!";
pipe(my $from_browser, my $browser_writes) or die "pipe: $!";
my $browser = fork() // die "fork: $!";
if ($browser == 0) {
    POSIX::dup2(fileno $browser_reads, 20);
    POSIX::dup2(fileno $browser_writes, 21);
    POSIX::dup2(20, 3);
    POSIX::dup2(21, 4);
    open STDERR, '>', "$folder/devtools.log";
    { exec qw(timeout 900 chromium --headless --no-sandbox --disable-gpu --no-first-run --remote-debugging-pipe),
        "--user-data-dir=$folder/devtools", 'about:blank' }
    POSIX::_exit(127);
}
close $browser_reads;
close $browser_writes;
binmode $_ for $to_browser, $from_browser;
$to_browser->autoflush(1);

sub receive {
    local $/ = "\0";
    my $text = <$from_browser> // die "the browser is gone\n";
    chop $text;
    return decode_json($text);
}

sub call {
    my ($method, $parameters) = @_;
    my $id = ++$number;
    my %message = (id => $id, method => $method, params => $parameters // {});
    $message{sessionId} = $session if $session;
    print $to_browser encode_json(\%message), "\0";
    while (1) {
        my $answer = receive();
        if (defined $answer->{id} && $answer->{id} == $id) {
            die "$method: $answer->{error}{message}\n" if $answer->{error};
            return $answer->{result};
        }
        push @events, $answer if $answer->{method};
    }
}

sub wait_for {
    my ($method) = @_;
    while (1) {
        return if grep { $_->{method} eq $method } @events;
        push @events, receive();
    }
}

sub evaluate {
    my ($expression) = @_;
    my $result = call('Runtime.evaluate', {expression => $expression, returnByValue => JSON::PP::true,
        awaitPromise => JSON::PP::true});
    die "in the page: $result->{exceptionDetails}{exception}{description}\n" if $result->{exceptionDetails};
    return $result->{result}{value};
}

sub visit {
    my ($url) = @_;
    call('Page.navigate', {url => 'about:blank'});
    @events = ();
    call('Page.navigate', {url => $url});
    wait_for('Page.loadEventFired');
    select undef, undef, undef, 0.5; # what comes after loading; timers of a page without JavaScript never end
    evaluate('1');
}

sub seen { # METHOD: parameters of its events
    my ($method) = @_;
    return map { $_->{params} } grep { $_->{method} eq $method } @events;
}

my ($target) = grep { $_->{type} eq 'page' } @{call('Target.getTargets')->{targetInfos}};
$session = call('Target.attachToTarget', {targetId => $target->{targetId}, flatten => JSON::PP::true})->{sessionId};
call("$_.enable") for qw(Page Network Log Runtime Accessibility);
call('Emulation.setFocusEmulationEnabled', {enabled => JSON::PP::true});

# ---- As it opens ----

visit("file://$page");
my @foreign = grep { !/^data:/ && $_ ne "file://$page" } map { $_->{request}{url} } seen('Network.requestWillBeSent');
expect(!@foreign, 'nothing is asked of the network or the disk but the page', "@foreign");
my @said = (seen('Runtime.exceptionThrown'), seen('Runtime.consoleAPICalled'), seen('Log.entryAdded'));
expect(!@said, 'nothing is said on the console', encode_json(\@said));

# ---- The accessibility tree ----

my @nodes = grep { !$_->{ignored} } @{call('Accessibility.getFullAXTree')->{nodes}};
my %by_role;
push @{$by_role{$_->{role}{value} // ''}}, $_ for @nodes;
sub of_role { return map { @{$by_role{$_} // []} } @_ }
sub name_of { return $_[0]{name}{value} // '' }

my $figures = evaluate('document.querySelectorAll("figure").length');
expect($figures > 0 && of_role('figure') == $figures, "each of $figures figures is one in the tree",
    scalar of_role('figure'));
expect((grep { length name_of($_) > 10 } of_role('figure')) == $figures, 'each figure has a title');
my @images = of_role('image', 'img');
expect(@images >= $figures && !(grep { length name_of($_) < 10 } @images), 'each picture has a text alternative');
my $tables = evaluate('document.querySelectorAll("table").length');
expect($tables > 0 && (grep { length name_of($_) > 0 } of_role('table')) == $tables, "each of $tables tables has a name");
my $heads = evaluate('document.querySelectorAll("th").length');
my @heads = of_role('columnheader', 'rowheader');
expect(@heads == $heads, "each of $heads head cells is one in the tree", scalar @heads);
expect(!(grep { name_of($_) eq '' } @heads), 'no head cell is without a name');
my $flows = evaluate('document.querySelectorAll("svg.ladder").length');
my @drawings = grep { /^Call flow|SvgRoot|group/i } map { $_->{role}{value} . ' ' . name_of($_) } @nodes;
expect($flows > 0 && !evaluate('Array.from(document.querySelectorAll("svg.ladder")).some((s) => !s.querySelector("title").textContent)'),
    "each of $flows call flows has a title");
my $arrows = evaluate('document.querySelectorAll("svg.ladder a").length');
my @arrows = grep { name_of($_) =~ / to .*sent at/ } of_role('link');
expect($arrows > 0 && @arrows == $arrows, "each of $arrows messages of the call flows is a link with a name", scalar @arrows);
expect(!(grep { name_of($_) eq '' } of_role('link', 'button', 'DisclosureTriangle')), 'no link or button is without a name');
my @levels = map { my $n = $_; map { $_->{value}{value} } grep { $_->{name} eq 'level' } @{$n->{properties}} } of_role('heading');
my $is_nested = @levels && $levels[0] == 1;
$is_nested &&= $levels[$_] <= $levels[$_ - 1] + 1 for 1 .. $#levels;
expect($is_nested, 'headings are nested without a gap', "@levels");

# ---- The keyboard ----

evaluate(<<'EOS');
window.stops = Array.from(document.querySelectorAll('a[href],button,summary,[tabindex]'))
    .filter((e) => e.checkVisibility() && e.getClientRects().length > 0 && !e.disabled);
document.activeElement.blur();
EOS
my $stops = evaluate('stops.length');
expect(!evaluate('stops.some((e) => e.tabIndex !== 0)'), "each of $stops stops is one in the order of the page");

sub press {
    my ($key, $code) = @_;
    my %key = (key => $key, code => $key, windowsVirtualKeyCode => $code);
    call('Input.dispatchKeyEvent', {type => 'rawKeyDown', %key});
    call('Input.dispatchKeyEvent', {type => 'char', text => "\r", %key}) if $key eq 'Enter';
    call('Input.dispatchKeyEvent', {type => 'keyUp', %key});
}

sub walk { # FIRST COUNT: what is not right on the way from stop to stop
    my ($first, $count) = @_;
    for my $wanted ($first .. $first + $count - 1) {
        press('Tab', 9);
        my ($at, $outline) = split / /, evaluate(<<'EOS');
(() => { const e = document.activeElement, s = getComputedStyle(e);
    return stops.indexOf(e) + ' ' + (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) === 0 ? 'unseen' : 'seen'); })()
EOS
        return "stop $at in place of $wanted" if $at != $wanted;
        return "stop $at without an outline" if $outline ne 'seen';
    }
    return '';
}

my $some = $stops < 30 ? $stops : 30;
my $wrong = walk(0, $some);
expect($wrong eq '', "the keyboard reaches the first $some in this order, and where it stands is seen", $wrong);
evaluate('stops[stops.length - ' . $some . '].focus()');
$wrong = walk($stops - $some + 1, $some - 1);
expect($wrong eq '', "... and the last $some", $wrong);
evaluate('document.querySelector("table.sortable thead button").focus()');
press('Enter', 13);
expect(evaluate('document.activeElement.closest("th").getAttribute("aria-sort")') eq 'ascending', 'Enter sorts by a column');
evaluate('document.querySelector("svg.ladder a").focus(); window.from = document.activeElement');
press('Enter', 13);
expect(evaluate('!!document.querySelector("dialog[open]")'), 'Enter on an arrow opens its text');
press('Escape', 27);
expect(evaluate('!document.querySelector("dialog") && document.activeElement === from'), 'Escape closes it and leads back');

# ---- Light, dark, narrow ----

my $contrast = <<'EOS';
(() => {
    const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return {rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1}; };
    const luminance = (rgb) => { const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
        if (c.alpha > 0) return c.rgb; } return [255, 255, 255]; };
    const found = [];
    for (const e of document.body.querySelectorAll('*')) {
        if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() ||
            ['SCRIPT', 'STYLE', 'TITLE'].includes(e.nodeName.toUpperCase())) continue;
        const style = getComputedStyle(e), ink = parse(e instanceof SVGElement ? style.fill : style.color).rgb;
        const [a, b] = [luminance(ink), luminance(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(e.nodeName + '.' + (e.className.baseVal ?? e.className) + ' ' + ratio.toFixed(2));
    }
    return Array.from(new Set(found)).join(', ');
})()
EOS
for my $scheme ('light', 'dark') {
    call('Emulation.setEmulatedMedia', {features => [{name => 'prefers-color-scheme', value => $scheme}]});
    my $dim = evaluate($contrast);
    expect($dim eq '', "$scheme: text stands out from what is behind it (4.5 to 1)", $dim);
}
call('Emulation.setEmulatedMedia', {features => []});

# ---- On paper: A4 less two margins of 14 mm is 182 mm, 688 pixels of CSS ----

my $wide = <<'EOS';
Array.from(document.querySelectorAll('body *')).filter((e) => e.checkVisibility() && !e.closest('svg') &&
    (e.getBoundingClientRect().right > 689 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 &&
    getComputedStyle(e).overflowX !== 'visible')).map((e) => e.nodeName + '.' + e.className).join(' ')
EOS
call('Emulation.setDeviceMetricsOverride', {width => 688, height => 1017, deviceScaleFactor => 1, mobile => JSON::PP::false});
call('Emulation.setEmulatedMedia', {media => 'print'});
my $beyond = evaluate($wide);
expect($beyond eq '', 'on A4 nothing is wider than the paper', $beyond);
my $dim = evaluate($contrast);
expect($dim eq '', 'printed text stands out', $dim);
call('Emulation.setEmulatedMedia', {media => ''});
call('Emulation.clearDeviceMetricsOverride');

# ---- Without JavaScript ----

my $rows = evaluate('document.querySelectorAll("tr").length');
my $link = evaluate('document.querySelector("svg.ladder a").getAttribute("href")');
call('Emulation.setScriptExecutionDisabled', {value => JSON::PP::true});
visit("file://$page$link");
expect(evaluate('document.querySelectorAll("th button,.tools").length') == 0, 'without JavaScript no button promises anything');
expect(evaluate('document.querySelectorAll("tr").length') == $rows, 'tables are whole');
expect(evaluate('document.querySelector(":target").checkVisibility() && document.querySelector(":target").textContent.length > 20'),
    'an arrow leads to its text');
expect(evaluate('Array.from(document.images).every((i) => i.naturalWidth > 100)'), 'pictures are there');
expect(evaluate('Array.from(document.querySelectorAll("nav a")).every((a) => document.querySelector(a.getAttribute("href")))'),
    'links lead to sections');
call('Emulation.setScriptExecutionDisabled', {value => JSON::PP::false});

# ---- Other people's scripts ----

visit("file://$hostile");
expect(evaluate('document.title.endsWith(" - hopsim")'), 'hostile: the title is the page\'s own', evaluate('document.title'));
expect(evaluate('document.scripts.length') == 1, 'hostile: one script, ours');
expect(evaluate('document.querySelectorAll("[onerror],[onload],iframe,object,base").length') == 0, 'hostile: no element of theirs');
expect(!seen('Page.javascriptDialogOpening') && !seen('Runtime.exceptionThrown'), 'hostile: nothing ran');
expect(evaluate('document.body.textContent.includes("<script>document.title=1</script>")'), 'hostile: what was in the header is shown');
@foreign = grep { !/^data:/ && $_ ne "file://$hostile" } map { $_->{request}{url} } seen('Network.requestWillBeSent');
expect(!@foreign, 'hostile: nothing is asked for', "@foreign");

call('Browser.close');
waitpid $browser, 0;
exit($failed ? 1 : 0);
