#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# install-files.sh PROGRAM DESTDIR PREFIX - puts the program, its man pages, completions, documents and the sweeps that
# the documents speak of below DESTDIR/PREFIX. Run in the project's root.
set -eu
program=$1
root=$2$3

umask 022
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
"$program" manual -o "$pages/man"
gzip -9n "$pages"/man/*
install -D -m 755 "$program" "$root/bin/hopsim"
for section in 1 5; do
    install -d "$root/share/man/man$section"
    install -m 644 "$pages"/man/*."$section".gz "$root/share/man/man$section"
done
install -d "$root/share/bash-completion/completions" "$root/share/zsh/vendor-completions"
"$program" completion bash >"$root/share/bash-completion/completions/hopsim"
"$program" completion zsh >"$root/share/zsh/vendor-completions/_hopsim"
install -d "$root/share/doc/hopsim/sweeps"
install -m 644 README.md CHANGELOG.md CITATION.cff docs/*.md "$root/share/doc/hopsim"
install -m 644 bench/sweeps/*.ini "$root/share/doc/hopsim/sweeps"
