#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# --ladder-svg of run, compare, inspect and replay: call flows as drawings, made from messages.csv.
. "${0%/*}/common"

is_drawing() { # FILE
    [ -s "$1" ] && head -1 "$1" | grep -q '<?xml' && tail -1 "$1" | grep -q '</svg>'
}
"$HOPSIM" run home --arm msrp-relay --messages m --ladder-svg run.svg --pcap trial.pcapng >/dev/null 2>err
expect "run draws: status 0" [ $? -eq 0 ]
expect "... a drawing" is_drawing run.svg
expect "... with the relays" grep -q '>relay 2<' run.svg
expect "... and where the delay went" grep -q 'propagation [0-9]' run.svg
expect "... without what came before the press" sh -c '! grep -q REGISTER run.svg'
"$HOPSIM" run home --arm msrp-relay --ladder-svg alone.svg >/dev/null 2>err
expect "with --messages or without it is the same drawing" cmp -s run.svg alone.svg
"$HOPSIM" run home --ladder-svg run.svg >/dev/null 2>err
expect "what is there is not overwritten: status 2" [ $? -eq 2 ]
"$HOPSIM" compare home --trials 1 --arms msrp-e2ae --ladder-svg pair.svg >/dev/null 2>err
expect "compare draws: status 0" [ $? -eq 0 ]
expect "... the proposal and the arm that was named" sh -c "grep -q '>msrp-smime</title>' pair.svg && grep -q '>msrp-e2ae</title>' pair.svg"
expect "... with its gateways" grep -q '>IMS-AGW(B)<' pair.svg
"$HOPSIM" inspect trial.pcapng --ladder-svg seen.svg --messages seen >/dev/null 2>err
expect "inspect draws: status 0" [ $? -eq 0 ]
expect "... a drawing" is_drawing seen.svg
expect "... with the INVITE" grep -q '>INVITE<' seen.svg
expect "... and keeps the messages' texts" grep -q '^INVITE sip:' seen/messages.txt
"$HOPSIM" replay trial.pcapng --ladder-svg replay.svg >/dev/null 2>err
expect "replay draws: status 0" [ $? -eq 0 ]
expect "... captured and simulated" sh -c "grep -q '>captured</title>' replay.svg && grep -q '>simulated</title>' replay.svg"
TMPDIR=$folder "$HOPSIM" run home --ladder-svg again.svg >/dev/null 2>err
expect "nothing stays behind" sh -c "! ls -d $folder/hopsim-flow-* >/dev/null 2>&1"
exit $failed
