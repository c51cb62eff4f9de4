#!/bin/sh
# Installs Debian's or Ubuntu's chromium for the browser tests, where it is missing and it may.
set -eu
command -v chromium >/dev/null || command -v chromium-browser >/dev/null && exit 0
[ "$(id -u)" = 0 ] && sudo="" || sudo="sudo -n"
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium
else
    echo "The browser tests need chromium: install it, then run make test again." >&2
    exit 1
fi
