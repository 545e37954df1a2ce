# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Prints the man page that a file of doc/man says. Its title is the page's name, section and line of NAME.
# Under a heading that is a link stands what the linked section of a document says, up to the next heading
# there. Tables become lists of their first column. Fails with one line on Markdown that it cannot print.
#
# usage: awk -v version=VERSION -v date=YYYY-MM-DD -f page.awk doc/man/NAME.SECTION.md

function fail(what) {
    printf "%s:%d: %s\n", place, line_number, what > "/dev/stderr"
    failed = 1
    exit 1
}

# ---- words and lines ----

# The path of a link in a file.
function target(file, link,    parts, n, i, kept, path) {
    if (link ~ /^[a-z]+:/)
        return link
    sub(/[^\/]*$/, "", file)
    n = split(file link, parts, "/")
    kept = 0
    for (i = 1; i <= n; i++) {
        if (parts[i] == ".." && kept)
            kept--
        else
            parts[++kept] = parts[i]
    }
    path = parts[1]
    for (i = 2; i <= kept; i++)
        path = path "/" parts[i]
    return path
}

function escaped(text) {
    gsub(/\\/, "\\(rs", text)
    gsub(/\^/, "\\(ha", text)
    gsub(/~/, "\\(ti", text)
    gsub(/`/, "\\(ga", text)
    return text
}

# As typed: nothing of it becomes a hyphen or a curly quote. Programs are those that are installed.
function code(text) {
    gsub(/build\//, "", text)
    text = escaped(text)
    gsub(/-/, "\\-", text)
    gsub(/'/, "\\(aq", text)
    return text
}

function prose(text) {
    text = escaped(text)
    sub(/^-/, "\\-", text)
    gsub(/ -/, " \\-", text)
    gsub(/\(-/, "(\\-", text)
    return text
}

# A link behind a parenthesis is its target, any other its text and its target.
function linked(link, before,    middle, path) {
    middle = index(link, "](")
    path = target(place, substr(link, middle + 2, length(link) - middle - 2))
    sub(/#.*/, "", path)
    path = code(path)
    return before ~ /\($/ ? path : inline(substr(link, 2, middle - 2)) " (" path ")"
}

function inline(text,    result, span, before) {
    result = ""
    while (match(text, /`[^`]+`|\*\*[^*]+\*\*|\*[^* ][^*]*\*|!?\[[^]]*\]\([^)]*\)/)) {
        before = substr(text, 1, RSTART - 1)
        span = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        result = result prose(before)
        if (span ~ /^!/)
            fail("a man page shows no pictures")
        else if (span ~ /^\[/)
            result = result linked(span, before)
        else if (span ~ /^`/)
            result = result "\\fB" code(substr(span, 2, length(span) - 2)) "\\fR"
        else if (span ~ /^\*\*/)
            result = result "\\fB" code(substr(span, 3, length(span) - 4)) "\\fR"
        else
            result = result "\\fI" code(substr(span, 2, length(span) - 2)) "\\fR"
    }
    return result prose(text)
}

# Lines of at most 79 characters, each sentence begun on one of its own, none taken for a request.
function print_filled(text,    words, n, i, line) {
    n = split(text, words, " ")
    line = ""
    for (i = 1; i <= n; i++) {
        if (line != "" && (length(line words[i]) > 78 || line ~ /[.!?]\)?$/)) {
            print line
            line = ""
        }
        line = line != "" ? line " " words[i] : words[i] ~ /^[.']/ ? "\\&" words[i] : words[i]
    }
    if (line != "")
        print line
}

# ---- blocks ----

function end_paragraph() {
    if (paragraph == "")
        return
    if (!after_heading)
        print ".PP"
    print_filled(inline(paragraph))
    paragraph = ""
    after_heading = 0
}

function print_heading(level, title) {
    end_paragraph()
    in_table = 0
    if (level == 2)
        print ".SH " toupper(title)
    else
        print ".SS " prose(title)
    after_heading = 1
}

function print_code_line(line) {
    gsub(/build\//, "", line)
    if (length(line) > 72)
        fail("code of a man page has 72 columns at most")
    line = code(line)
    print line ~ /^[.']/ ? "\\&" line : line
}

function toggle_code() {
    end_paragraph()
    in_code = !in_code
    if (in_code && !after_heading)
        print ".PP"
    after_heading = 0
    print in_code ? ".EX" : ".EE"
}

# usage: the cells of a row of a table into cells[]; returns how many
function split_row(row, cells) {
    gsub(/^\| *| *\|$/, "", row)
    return split(row, cells, / *\| */)
}

# A row: what its first column names, values behind that; meaning and default below. Values that stand for
# others, as in "0 to 63", are in italics.
function print_row(row,    cells, n, i, term, meaning) {
    n = split_row(row, cells)
    if (n != columns)
        fail("a row of " n " cells in a table of " columns " columns")
    term = cells[1] ~ /`/ ? cells[1] : "**" cells[1] "**"
    meaning = cells[n]
    for (i = 2; i < n; i++) {
        if (header[i] == "default")
            meaning = meaning " (default: " cells[i] ")"
        else if (cells[i] != "")
            term = term " " (cells[i] ~ /`/ ? cells[i] : "*" cells[i] "*")
    }
    print ".TP"
    print inline(term)
    print_filled(inline(meaning))
}

function table_line(line) {
    end_paragraph()
    after_heading = 0
    if (!in_table) {
        columns = split_row(line, header)
        in_table = 1
    } else if (line !~ /^\|[-|]+$/)
        print_row(line)
}

function text_line(line) {
    if (line ~ /^```/)
        toggle_code()
    else if (in_code)
        print_code_line(line)
    else if (line ~ /^\|/)
        table_line(line)
    else if (line ~ /^(    |[-*+>] |[0-9]+\. |<)/)
        fail("a man page has paragraphs, tables and code between fences")
    else if (line == "") {
        end_paragraph()
        in_table = 0
    } else
        paragraph = paragraph == "" ? line : paragraph " " line
}

# ---- files ----

# The anchor of a heading.
function anchor(title) {
    title = tolower(title)
    gsub(/[^a-z0-9_ -]/, "", title)
    gsub(/ /, "-", title)
    return title
}

# The text of a section of a document.
function print_section(file, wanted,    line, inside, outer_place, outer_number, found, fences) {
    outer_place = place
    outer_number = line_number
    place = file
    line_number = 0
    while ((getline line < file) > 0) {
        line_number++
        fences += line ~ /^```/
        if (line ~ /^#/ && fences % 2 == 0) {
            inside = anchor(substr(line, match(line, / /) + 1)) == wanted
            found += inside
        } else if (inside)
            text_line(line)
    }
    end_paragraph()
    close(file)
    place = outer_place
    line_number = outer_number
    if (found != 1)
        fail(file " has " (found ? found " sections" : "no section") " #" wanted)
}

function heading_line(line,    level, title, link) {
    level = match(line, / /) - 1
    title = substr(line, level + 2)
    if (level == 1)
        print_title(title)
    else if (title ~ /^\[.*\]\(.*#.*\)$/) {
        link = substr(title, index(title, "](") + 2)
        sub(/\)$/, "", link)
        print_heading(level, substr(title, 2, index(title, "](") - 2))
        print_section(target(place, substr(link, 1, index(link, "#") - 1)), substr(link, index(link, "#") + 1))
    } else
        print_heading(level, title)
}

function print_title(title,    name, section) {
    if (title !~ /^[a-z-]+\([1-8]\): /)
        fail("the title of a man page is NAME(SECTION): WHAT IT IS")
    name = substr(title, 1, index(title, "(") - 1)
    section = substr(title, length(name) + 2, 1)
    print ".\\\" Written by tools/man/page.awk from " place ", which says where the text stands."
    print ".nr HY 0" # names are not hyphenated
    printf ".TH %s %s %s \"One-DVA %s\"\n", toupper(name), section, date, version
    print ".ad l"
    print ".SH NAME"
    print code(name) " \\- " prose(substr(title, index(title, ": ") + 2))
}

{
    place = FILENAME
    line_number = FNR
}
/^#/ && !in_code { heading_line($0); next }
{ text_line($0) }
END { if (!failed) end_paragraph() }
