# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For scripts that take packages from releases of Debian other than the machine's.

# shellcheck shell=sh
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Print "URI KEYRING" for each entry of the machine's apt sources that offers the main component
# of the running Debian release; the project's own archives (path /debian) come first.
debian_archives() {
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
    {
        find /etc/apt/sources.list.d -name '*.list' -exec cat {} + 2>/dev/null || true
        cat /etc/apt/sources.list 2>/dev/null || true
    } | awk -v codename="$codename" -v keyring="$keyring" '
        $1 == "deb" || $1 == "deb-src" {
            options = ""
            if (match($0, /\[[^]]*\]/)) {
                options = substr($0, RSTART + 1, RLENGTH - 2)
                $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
            }
            main = 0
            for (i = 4; i <= NF; i++)
                main = main || $i == "main"
            if (!main || ($3 != codename && $3 != "stable"))
                next
            key = keyring
            if (match(options, /signed-by=[^ ]+/))
                key = substr(options, RSTART + 10, RLENGTH - 10)
            print $2, key
        }'
    find /etc/apt/sources.list.d -name '*.sources' -exec cat {} \; -exec echo \; 2>/dev/null |
        sed '/^[ \t]*#/d' | awk -v codename="$codename" -v keyring="$keyring" '
        function has(list, word,    n, i, words) {
            n = split(list, words)
            for (i = 1; i <= n; i++)
                if (words[i] == word)
                    return 1
            return 0
        }
        function flush(    n, i, uris) {
            if (has(field["components"], "main") && tolower(field["enabled"]) != "no" &&
                (has(field["suites"], codename) || has(field["suites"], "stable"))) {
                n = split(field["uris"], uris)
                for (i = 1; i <= n; i++)
                    print uris[i], field["signed-by"] ~ /^\/[^ ]+$/ ? field["signed-by"] : keyring
            }
            split("", field)
        }
        /^[ \t]*$/ { flush(); next }
        /^[ \t]/ { field[name] = field[name] " " $0; next }
        {
            name = tolower(substr($0, 1, index($0, ":") - 1))
            value = substr($0, index($0, ":") + 1)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            field[name] = value
        }
        END { flush() }'
}

# A program of apt's, through the private configuration that from_debian made in the current directory.
# usage: apt_private apt-get|apt-cache ARGUMENT...
apt_private() {
    program=$1
    shift
    "$program" -qq -o Dir::Etc::sourcelist="$PWD/apt/debian.sources" \
        -o Dir::Etc::sourceparts="$PWD/apt/empty" -o Dir::State::Lists="$PWD/apt/lists" \
        -o Dir::Cache="$PWD/apt/cache" -o APT::Get::List-Cleanup=false -o APT::Sandbox::User=root "$@"
}

# Make the private configuration for one archive and get its lists.
# usage: make_private TYPE URI KEYRING SUITE
make_private() {
    rm -rf apt
    mkdir -p apt/lists/partial apt/cache/archives/partial
    : > apt/empty
    printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "$1" "$2" "$4" "$3" > apt/debian.sources
    apt_private apt-get update
}

# Run a command, such as apt_private, on a release, with the first of the machine's archives from which it
# succeeds. What it prints goes to download.log in the current directory.
# usage: from_debian SUITE deb|deb-src COMMAND...
from_debian() {
    suite=$1 type=$2
    shift 2
    debian_archives | awk '!seen[$0]++ { print ($1 ~ /\/debian\/?$/ ? 0 : 1), $0 }' |
        sort -s -n -k 1,1 | cut -d ' ' -f 2- > archives
    while read -r uri key; do
        if { make_private "$type" "$uri" "$key" "$suite" && "$@"; } >> download.log 2>&1 < /dev/null; then
            return 0
        fi
    done < archives
    return 1
}
