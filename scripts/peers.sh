#!/bin/sh
# Installs the peers that the interoperability tests, the conformance run and the scenarios talk to, each in .cache
# (ignored by git) and each only once. Every function ends with the status of its installation; a test whose peer
# is absent is skipped with the reason, so none of this is needed for `npm test`.
#
#   scripts/peers.sh [python] [wstest] [chromium]        (default: all three)
#
# Environment: PYTHON (a Python 3, default python3), PYTHON2 (a CPython 2.7, default: looked for), CHROMIUM (a browser).
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache="$root/.cache"

say() { printf 'peers: %s\n' "$*" >&2; }

# Python's `websockets` (client and server of another hand) in .cache/python.
install_python() {
  if "$cache/python/bin/python" -c 'import websockets' 2>/dev/null; then return 0; fi
  say 'installing websockets (Python) in .cache/python'
  rm -rf "$cache/python"
  "${PYTHON:-python3}" -m venv "$cache/python" || return 1
  "$cache/python/bin/python" -m pip install --quiet 'websockets==15.0.1'
}

# A CPython 2.7: PYTHON2, python2.7 on the path, one of pyenv's versions.
find_python2() {
  for candidate in "${PYTHON2:-}" "$(command -v python2.7 2>/dev/null)" \
    "$(command -v pyenv >/dev/null 2>&1 && ls -d "$(pyenv root)"/versions/2.7*/bin/python2.7 2>/dev/null | tail -n 1)"; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# The Autobahn TestSuite in .cache/wstest. It runs on CPython 2.7 only; virtualenv 20.21 is the last line that makes
# such environments. A C compiler is needed for one accelerator.
install_wstest() {
  if "$cache/wstest/bin/wstest" --help >/dev/null 2>&1; then return 0; fi
  python2=$(find_python2) || { say 'no CPython 2.7: the Autobahn cases will be skipped'; return 1; }
  say 'installing the Autobahn TestSuite in .cache/wstest (about a minute)'
  rm -rf "$cache/wstest" "$cache/virtualenv"
  "${PYTHON:-python3}" -m venv "$cache/virtualenv" || return 1
  "$cache/virtualenv/bin/python" -m pip install --quiet 'virtualenv==20.21.1' 'setuptools<81' || return 1
  "$cache/virtualenv/bin/python" -m virtualenv --quiet --python "$python2" "$cache/wstest" || return 1
  "$cache/wstest/bin/python" -m pip install --quiet --prefer-binary 'autobahntestsuite==25.10.1'
}

# A Chromium that playwright-core (a development dependency) can drive: the distribution's own package.
install_chromium() {
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then return 0; fi
  done
  command -v apt-get >/dev/null 2>&1 || { say 'no apt-get: install chromium by hand'; return 1; }
  say 'installing chromium'
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >"$cache/chromium.log" 2>&1
}

mkdir -p "$cache"
[ $# -gt 0 ] || set -- python wstest chromium
status=0
for peer in "$@"; do
  case $peer in
    python | wstest | chromium) "install_$peer" || { say "$peer is not available"; status=1; } ;;
    *) say "unknown peer: $peer"; status=2 ;;
  esac
done
exit $status
