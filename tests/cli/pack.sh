#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim pack: the same bytes for the same files, sums that another program checks, nothing left out or overwritten.
. "${0%/*}/common"

printf 'include = paper-exact\n[sweep]\npath.relays = 1, 2\narms = msrp-smime, msrp-relay\n' >s.ini
"$HOPSIM" sweep s.ini -o run >out 2>err
"$HOPSIM" pack run >out
expect "a folder is packed" [ $? -eq 0 ]
expect "the archive is there" [ -s run.tar.gz ]
mkdir copy && cp -r run copy && find copy -exec touch -d 2001-02-03 {} + && chmod -R go-rwx copy
expect "a copy with other dates and rights is packed" "$HOPSIM" pack copy/run/ -o again.tar.gz
expect "to the same bytes" cmp run.tar.gz again.tar.gz
mkdir open && tar -xzf run.tar.gz -C open
expect "it opens under the folder's name" [ -s open/run/trials.csv ]
for file in manifest.txt sweep.ini summary.csv inputs/dwell-0.csv; do
    expect "$file is in it" cmp "run/$file" "open/run/$file"
done
(cd open/run && sha256sum --check --strict SHA256SUMS) >log 2>&1
expect "sha256sum finds every sum right" [ $? -eq 0 ]
expect "and a sum a file" [ "$(wc -l <open/run/SHA256SUMS)" -eq "$(find open/run -type f ! -name SHA256SUMS | wc -l)" ]
expect "what was packed runs again" "$HOPSIM" rerun open/run
echo >>open/run/trials.csv
(cd open/run && sha256sum --check --strict SHA256SUMS) >log 2>&1
expect "a changed file is noticed" [ $? -ne 0 ]
"$HOPSIM" pack run >out 2>err
expect "an archive is not overwritten: status 2" [ $? -eq 2 ]
"$HOPSIM" pack run -o run/inputs/run.tar.gz >out 2>err
expect "an archive within the folder is refused: status 2" [ $? -eq 2 ]
expect "and not begun" [ ! -e run/inputs/run.tar.gz ]
expect "beside it is fine" "$HOPSIM" pack run -o run-2.tar.gz
expect "program.txt is in it" sh -c 'tar -tzf run-2.tar.gz | grep -q "^run/program.txt$"'
mkdir empty
"$HOPSIM" pack empty >out 2>err
expect "what is no folder of results is refused: status 2" [ $? -eq 2 ]
expect "and says what was expected" grep -q manifest.txt err
exit $failed
