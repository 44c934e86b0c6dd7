# SPDX-License-Identifier: GPL-3.0-or-later
# more.awk - writes a SIPp scenario again with `more` INFOs in the dialog before its BYE, each made of the block that has
# the BYE and of the block behind that, which answers it or waits for the answer. A block begins where <send, <recv or
# <pause begins a line.
function end_block() {
    if (parts == 1 || block ~ /BYE \[next_url\]/ || block ~ /request="BYE"/) {
        bye = bye block
        if (++parts == 2)
            write_infos()
    } else {
        printf "%s", block
    }
    block = ""
}
function write_infos(   i, text) {
    for (i = 0; i < more; i++) {
        text = bye
        gsub(/BYE/, "INFO", text)
        gsub(/CSeq: 2/, "CSeq: " (2 + i), text)
        gsub(/ start_rtd="2"/, "", text)
        gsub(/ rtd="2"/, "", text)
        sub(/<\/scenario>\n/, "", text)
        printf "%s", text
    }
    gsub(/CSeq: 2 BYE/, "CSeq: " (2 + more) " BYE", bye)
    printf "%s", bye
    parts = 0
}
/^  <(send|recv|pause)/ { end_block() }
{ block = block $0 "\n" }
END { end_block() }
