#!/bin/sh
# Proves that Thaw installs, works and passes its tests on a Debian on which nothing else is installed.
#
#   sh tests/bare.sh [bookworm|trixie] [job|test|container]
#
# Without arguments: Debian 12 (Python 3.11) and 13 (Python 3.13), both parts. `job` is what README
# promises: make run, a data set, a training, predictions, Ctrl-C, make stop. `test` is make test.
# `container`, which must be asked for, runs the steps of Containerfile in the bare root.
# It needs root, debootstrap, a Debian mirror and a package registry for pip, and 8 GB below TMPDIR.
# How this machine reaches those (proxies, certificates, pip's and apt's settings) holds there too.
# Everything runs in namespaces of its own: mounts and processes are gone when it ends, however.
set -eu

case "${1:-}" in
"" | job | test)
    sh "$0" bookworm "${1:-}"
    exec sh "$0" trixie "${1:-}"
    ;;
container) exec sh "$0" trixie container ;; # what Containerfile begins with
esac
suite=$1 part=${2:-}
here=$(cd "$(dirname "$0")/.." && pwd)

if [ -z "${THAW_BARE_ROOT:-}" ]; then
    THAW_BARE_ROOT=$(mktemp -d)
    export THAW_BARE_ROOT
    # Mounts exist only in the other namespace, so there is nothing here that rm could walk into.
    trap 'rm -rf --one-file-system "$THAW_BARE_ROOT"' EXIT
    trap 'exit 1' INT TERM
    unshare --mount --pid --fork --kill-child sh "$0" "$@"
    exit
fi

root=$THAW_BARE_ROOT/root # open to its own users, in a folder that is closed to others
say() { echo "== $suite: $*, $(($(date +%s) - began)) s"; }
began=$(date +%s)
include=ca-certificates
if [ "$part" != container ]; then include=$include,make,python3; fi
debootstrap --variant=minbase --include=$include "$suite" "$root" >"$root.log" 2>&1 ||
    { tail -20 "$root.log"; exit 1; }
say "the bare system"

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
if command -v apt-config >/dev/null; then
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/99this-machine"
fi
if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi
if [ -f "$HOME/.config/pip/pip.conf" ]; then
    home=$root/root # as inside
    mkdir -p "$home/.config/pip"
    cp "$HOME/.config/pip/pip.conf" "$home/.config/pip/"
fi

cd "$here"
env | grep -Ei '^(pip_[a-z_]+|(http|https|no)_proxy)=' >"$root/settings" || true
if [ "$part" = container ]; then
    python3 tests/container_job.py "$root"
    say "the container's steps"
    exit
fi
mkdir "$root/thaw"
git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$root/thaw"
inside() { # no locale, as on a bare system
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        chroot "$root" sh -c 'set -a; . /settings; set +a; cd /thaw; '"$1"
}

if [ "$part" != test ]; then
    inside 'python3 tests/main_job.py'
    say "the main job"
fi
if [ "$part" != job ]; then
    inside 'make test'
    say "make test"
fi
