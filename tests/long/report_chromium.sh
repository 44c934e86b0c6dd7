#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of a comparison in headless Chromium: it loads from disk without a console error or a request, tables sort,
# a message's text opens, nothing overflows at three widths; then what report_devtools.pl asks of it and of a page of
# other people's scripts, and what report_paper.pl finds on paper.
set -u
: "${HOPSIM:=build/hopsim}"
command -v chromium >/dev/null || { echo "skipped: chromium is not installed"; exit 77; }
case $HOPSIM in /*) ;; *) HOPSIM=$(pwd)/$HOPSIM ;; esac
here=$(cd "${0%/*}" && pwd)
. "$here/../cli/hostile"
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
failed=0
expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then echo "passed: $what"; else echo "failed: $what"; failed=1; fi
}
browse() { # WIDTH ARGUMENTS...
    width=$1
    shift
    timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$folder/profile" \
        --window-size="$width,1200" --enable-logging=stderr "$@" 2>"$folder/log.$width"
}

"$HOPSIM" compare home --set dwell.spread=30% --set transfer.size=16KiB --trials 10 -o "$folder/results" >/dev/null || exit 1
"$HOPSIM" threats paper-exact --size 1KiB --arms msrp-smime,msrp-relay,message-tls,msrp-tls --csv \
    >"$folder/results/threats.csv" || exit 1
"$HOPSIM" report "$folder/results" -o "$folder/page.html" >/dev/null || exit 1
page=$folder/page.html
expect "the page is there" [ -s "$page" ]
expect "nothing is loaded from elsewhere" sh -c "! grep -qE '(src|href)=\"(https?:|//|file:)' '$page'"

# The same page with a probe at its end that does what a reader would and writes down what it finds.
probe=$folder/probe.html
cat "$page" - >"$probe" <<'EOF'
<script>
'use strict';
const root = document.documentElement, found = [];
const say = (name, value) => found.push(name + '=' + value);
say('overflow', root.scrollWidth - root.clientWidth);
const table = document.querySelector('table.sortable'), heads = table.tHead.rows[0].cells;
const at = Array.from(heads).findIndex((head) => head.textContent.startsWith('mean'));
const values = () => Array.from(table.tBodies[0].rows, (row) => Number(row.cells[at].dataset.value));
const isSorted = (list, sign) => list.every((v, i) => i === 0 || sign * (v - list[i - 1]) >= 0);
heads[at].querySelector('button').click();
say('ascending', isSorted(values(), 1) + '/' + heads[at].getAttribute('aria-sort'));
heads[at].querySelector('button').click();
say('descending', isSorted(values(), -1) + '/' + heads[at].getAttribute('aria-sort'));
const link = document.querySelector('.drawing a');
link.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
const dialog = document.querySelector('dialog');
say('dialog', dialog !== null && dialog.open && dialog.textContent.length > 'close'.length);
if (dialog) dialog.close();
const pictures = Array.from(document.querySelectorAll('img'));
say('alt', pictures.length > 0 && pictures.every((img) => img.alt.length > 10));
say('drawings', Array.from(document.querySelectorAll('svg.ladder')).every((svg) => svg.querySelector('title')));
say('scopes', Array.from(document.querySelectorAll('th')).every((th) => th.scope === 'col' || th.scope === 'row'));
say('headings', Array.from(document.querySelectorAll('section')).every(
    (s) => document.getElementById(s.getAttribute('aria-labelledby'))));
say('scrollers', Array.from(document.querySelectorAll('.scroll')).every((s) => s.tabIndex === 0 && s.ariaLabel));
Promise.all(pictures.map((img) => img.decode())).then(() => say('decoded', true), () => say('decoded', false))
    .then(() => { document.title = 'found ' + found.join(' '); });
</script>
EOF
for width in 400 1000 1600; do
    browse $width --virtual-time-budget=10000 --dump-dom "file://$probe" >"$folder/dom.$width"
    found=$(sed -n 's/.*<title>found \(.*\)<\/title>.*/\1/p' "$folder/dom.$width" | head -1)
    echo "at $width px: $found"
    for wanted in overflow=0 ascending=true/ascending descending=true/descending dialog=true alt=true drawings=true \
        scopes=true headings=true scrollers=true decoded=true; do
        expect "at $width px: $wanted" sh -c "case ' $found ' in *' $wanted '*) ;; *) exit 1 ;; esac"
    done
    expect "at $width px: no console error" sh -c "! grep -q 'CONSOLE' '$folder/log.$width'"
done
browse 1000 --no-pdf-header-footer --print-to-pdf="$folder/page.pdf" "file://$page" >/dev/null
expect "it prints" [ -s "$folder/page.pdf" ]

cd "$folder" || exit 3
expect "a capture with a script in a header" hostile_capture call.pcapng
"$HOPSIM" inspect call.pcapng --messages hostile >/dev/null && "$HOPSIM" report hostile >/dev/null || failed=1
perl "$here/report_devtools.pl" "$folder" "$page" "$folder/hostile/report.html" || failed=1
command -v pdftotext >/dev/null || { echo "skipped: poppler-utils is not installed"; exit $failed; }
perl "$here/report_paper.pl" "$page" page.pdf || failed=1
exit $failed
