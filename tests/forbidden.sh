#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Words that must not stand in the code, comments and strings left out: what would let a trial depend on anything but
# its scenario and seed, and functions that invite overruns. With a folder as argument it looks there.
set -u
root=${1:-.}

# Comments and the contents of strings blanked, line numbers kept.
code() {
    awk '
    {
        out = ""
        n = length($0)
        in_string = ""
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1)
            two = substr($0, i, 2)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; i++ }
                continue
            }
            if (in_string != "") {
                if (c == "\\") i++
                else if (c == in_string) { in_string = ""; out = out c }
                continue
            }
            if (two == "/*") { in_comment = 1; i++; continue }
            if (two == "//") break
            if (c == "\"" || c == "\047") in_string = c
            out = out c
        }
        print FILENAME ":" FNR ":" out
    }' "$@"
}

# look FILES PATTERN WHY: whole words only.
look() {
    found=$(printf '%s\n' "$code" | grep -E "^($1):" | grep -E ":[0-9]+:(.*[^A-Za-z0-9_])?($2)([^A-Za-z0-9_]|\$)")
    [ -z "$found" ] && return
    printf '%s\n' "$found" | sed "s|^|failed: $3: |"
    failed=1
}

failed=0
files=$(cd "$root" && find sim traces plots bench tests -name '*.[ch]' 2>/dev/null | sort)
code=$(cd "$root" && code $files)

in_sim='sim/[^:]*'
all='[^:]*'
code_all=$code

# base/arena.c owns memory, base/check.c the last words; base/sink.c is the one place of vsnprintf.
code=$(printf '%s\n' "$code_all" | grep -Ev '^sim/base/(arena|check)\.c:')
look "$in_sim" '(time|clock_gettime|gettimeofday|clock|rand|random|drand48|getenv|secure_getenv) *\(.*' 'a trial must not depend on it'
look "$in_sim" '(malloc|calloc|realloc|free|strdup|alloca) *\(.*' "a trial's memory is its arena"
look "$in_sim" '(printf|fprintf|puts|fputs|putchar|fopen|fwrite|perror) *\(.*' 'a trial has no output but its outcome and tap'
look "$in_sim" 'pthread_[a-z_]*|MPI_[A-Za-z_]*|_Thread_local|thread_local' 'a trial knows no threads'
code=$(printf '%s\n' "$code_all" | grep -v '^sim/base/sink\.c:')
look "$all" '(snprintf|vsnprintf) *\(.*' 'text is written into sinks'
code=$code_all
look "$all" '(strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|strtok|gets) *\(.*' 'invites overruns or hides errors'

[ $failed = 0 ] || exit 1
[ $# -gt 0 ] && exit 0
echo "passed: no forbidden word in $(echo "$files" | wc -l) files"

bad=$(mktemp -d) || exit 1
trap 'rm -rf "$bad"' EXIT
try() { # EXPECTED PATH LINE
    rm -rf "$bad/sim" "$bad/plots"
    mkdir -p "$bad/${2%/*}"
    printf '%s\n' "$3" >"$bad/$2"
    sh tests/forbidden.sh "$bad" >/dev/null
    if [ $? -eq "$1" ]; then
        echo "passed: $2 with $3"
    else
        echo "failed: $2 with $3: expected status $1"
        failed=1
    fi
}
try 1 sim/net/x.c 'int64_t now = time(NULL);'
try 1 sim/net/x.c 'char *p = malloc(1);'
try 1 plots/x.c 'strcpy(a, b);'
try 1 plots/x.c 'snprintf(a, 1, "x");'
try 0 sim/net/x.c '/* the time (of day) is never asked for */ int sojourn_time(int a);'
try 0 sim/net/x.c 'sink_text(sink, "rand(");'
try 0 sim/base/arena.c 'void *p = malloc(1);'
exit $failed
