#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Pages: other people's text in captures, scenarios and names of files is shown, never interpreted; without gnuplot, or
# with one that fails, tables and page still come and one line says what is left out.
root=$(pwd)
. "${0%/*}/common"
. "$root/tests/cli/hostile"

# ---- A script in a header of a capture ----

expect "a capture with a script in a header" hostile_capture call.pcapng
seen='seen"><script>alert(1)<'
"$HOPSIM" inspect call.pcapng --messages "$seen" --ladder-svg call.svg >/dev/null 2>err
expect "inspect writes its messages: status 0" [ $? -eq 0 ]
"$HOPSIM" replay call.pcapng --ladder-svg replayed.svg >replayed.txt 2>err
expect "replay takes the call: status 0" [ $? -eq 0 ]
"$HOPSIM" replay call.pcapng --csv >"$seen/replay.csv" 2>err
"$HOPSIM" report "$seen" >/dev/null 2>err
expect "report makes a page of them: status 0" [ $? -eq 0 ]
expect "... tags are ours, one script, nothing from elsewhere" is_page "$seen/report.html"
expect "... the header is shown" grep -q 'Allow: INVITE, &lt;script&gt;document.title=1&lt;/script&gt;;' "$seen/report.html"
expect "... and the folder's name" grep -q '<title>seen&quot;&gt;&lt;script&gt;alert(1)&lt; - hopsim</title>' "$seen/report.html"
expect "neither drawing has a script" sh -c '[ -s call.svg ] && [ -s replayed.svg ] && ! grep -qi "<script" call.svg replayed.svg'

# ---- Names of scenarios and files; no gnuplot, and one that fails ----

printf 'include = paper-exact\n[scenario]\nname = </title><script>alert(2)</script>\n' >'<img src=x onerror=alert(3)>.ini'
without() { # PATH FOLDER COMMAND...
    path=$1 results=$2
    shift 2
    PATH=$path "$HOPSIM" "$@" >out 2>err
    expect "$results: status 0" [ $? -eq 0 ]
    expect "$results: one line on stderr" [ "$(wc -l <err)" -eq 1 ]
    expect "$results: it says how many are left out, why and how to get them" grep -q "figures are left out: .*gnuplot.*gnuplot-nox, hopsim report draws them" err
    expect "$results: the page comes, whole" is_page "$results/report.html"
    expect "$results: with the table of arms" grep -q '<th scope="row">msrp-relay</th>' "$results/report.html"
    expect "$results: and says what is not drawn" grep -q 'not drawn, since gnuplot was missing or failed' "$results/report.html"
    expect "$results: scripts and data are there" sh -c '[ -s "$1.gp" ] && [ -s "$1.csv" ]' - "$results/figures/delay-by-arm-cold"
    expect "$results: no picture, whole or in part" sh -c '! ls "$1"/figures/*.svg "$1"/figures/*.png "$1"/figures/*.pdf 2>/dev/null' - "$results"
}
mkdir none fails dies hangs
printf '#!/bin/sh\necho "line 1: no" >&2\necho "<script>" >&2\necho half >delay-by-arm-cold.part.svg\nexit 3\n' >fails/gnuplot
printf '#!/bin/sh\nkill -9 $$\n' >dies/gnuplot
printf '#!/bin/sh\nsleep 900\n' >hangs/gnuplot
chmod +x fails/gnuplot dies/gnuplot hangs/gnuplot
first='out <b onclick=alert(4)>'
without "$folder/none" "$first" compare './<img src=x onerror=alert(3)>.ini' --arms msrp-smime,msrp-relay -o "$first"
expect "the tables are told" grep -q msrp-relay out
expect "names of scenarios are shown" grep -q '&lt;img src=x onerror=alert(3)&gt;' "$first/report.html"
for kind in fails dies ${LONG:+hangs}; do
    cp -r "$first" "$kind-out"
    rm "$kind-out/report.html"
    begin=$(date +%s)
    without "$folder/$kind:$PATH" "$kind-out" report "$kind-out"
    case $kind in fails) why='line 1: no <script>' ;; dies) why='ended by signal 9' ;; hangs) why='was stopped after 180 s' ;; esac
    expect "$kind: what came of it is told" grep -q "$why" err
done
[ -z "${LONG:-}" ] || expect "a gnuplot that hangs is waited for once, three minutes" [ $(($(date +%s) - begin)) -lt 350 ]
results=$first
expect "is_page finds what runs" sh -c '. "$1"; sed "s/<h1>/<h1 onclick=\"x\">/" "$2" >bad.html; ! is_page bad.html 2>/dev/null' - "$root/tests/cli/hostile" "$results/report.html"
"$HOPSIM" report "$results" -o drawn.html >/dev/null 2>err
expect "with gnuplot report draws them" [ -s "$results/figures/delay-by-arm-cold.svg" ]
expect "... and has nothing to say" [ ! -s err ]
expect "... into the page" grep -q '<img alt="Picture: Delay by arm' drawn.html
expect "... which is one of ours" is_page drawn.html
exit $failed
