#!/bin/sh
# Tests the HTML pages in a browser. Without Node.js or Chromium it says so and does nothing.
set -eu
cd "$(dirname "$0")"
: "${MULTISTAGE:?names the program}"

install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
skip() {
    echo "skipped the browser test: $1" >&2
    exit 0
}

command -v node >/dev/null && command -v npm >/dev/null || install nodejs npm || true
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no Node.js"
command -v chromium >/dev/null || install chromium || true
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
[ -n "$CHROMIUM" ] || skip "there is no Chromium"
[ -d node_modules/playwright-core ] || npm install --no-package-lock --no-audit --no-fund --silent || skip "playwright-core cannot be had"

export CHROMIUM MULTISTAGE
exec node --test page.test.js
