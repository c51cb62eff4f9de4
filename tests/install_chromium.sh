#!/bin/sh
# Installs Debian's or Ubuntu's chromium for the browser tests, where it is missing and it may.
set -eu
found() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }
# Playwright's Node needs libatomic, which Debian 13's chromium brings along and Debian 12's does not.
driver_starts() { .venv/bin/python -m playwright --version >/dev/null 2>&1; }

found && driver_starts && exit 0
[ "$(id -u)" = 0 ] && sudo="" || sudo="sudo -n"
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium libatomic1
else
    echo "The browser tests need chromium and libatomic: install them, then run make test again." >&2
    exit 1
fi
