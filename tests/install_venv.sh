#!/bin/sh
# Debian and Ubuntu ship Python without venv; installs it where it may.
set -eu
[ "$(id -u)" = 0 ] && sudo="" || sudo="sudo"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq python3-venv
