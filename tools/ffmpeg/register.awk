# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Applies the edits of registrations.txt that belong to one file of one version and prints the result.
# Exits with 1 and one line of error for each anchor that is not there exactly once.
#
# usage: awk -v path=PATH -v version=VERSION -f register.awk registrations.txt FILE

function fail(message) {
    print "register: " path ": " message > "/dev/stderr"
    failed = 1
}

# The line number of edit e's anchor; 0 after an error.
function find_anchor(e,    n, at, hits) {
    for (n = 1; n <= lines; n++)
        if (line[n] == anchor[e]) {
            at = n
            hits++
        }
    if (hits == 1)
        return at
    if (hits)
        fail("anchor found " hits " times, expected once: " anchor[e])
    else
        fail("anchor not found: " anchor[e])
    return 0
}

# Whether the line names the version, or all, behind its first word.
function names_version(    i) {
    for (i = 2; i <= NF; i++)
        if ($i == version || $i == "all")
            return 1
    return 0
}

function print_added(e,    i) {
    for (i = 0; i < added[e]; i++)
        print text[e, i]
}

FNR == 1 { files++ }

files == 1 && $1 == "file" { wanted = ours = $2 == path; next }
files == 1 && $1 == "in" { wanted = ours && names_version(); next }
files == 1 && wanted && ($1 == "after" || $1 == "before") {
    position[++edits] = $1
    anchor[edits] = substr($0, index($0, "|") + 1)
    added[edits] = 0
    next
}
files == 1 && wanted && $1 == "add" { text[edits, added[edits]++] = substr($0, index($0, "|") + 1) }
files == 2 { line[++lines] = $0 }

END {
    for (e = 1; e <= edits; e++) {
        n = find_anchor(e)
        edit_at[n] = e
    }
    if (failed)
        exit 1
    for (n = 1; n <= lines; n++) {
        e = edit_at[n]
        if (e && position[e] == "before")
            print_added(e)
        print line[n]
        if (e && position[e] == "after")
            print_added(e)
    }
}
