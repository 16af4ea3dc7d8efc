#!/usr/bin/env bash
# rootfs.sh BINARY SITE OUT: assembles the image's root file system in the new directory OUT: the program, the
# browser's files, certificate authorities, and the C library if the program is linked dynamically. Nothing else:
# no shell, no package manager.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

[ $# = 3 ] || fail "usage: rootfs.sh BINARY SITE OUT"
BINARY=$1 SITE=$2 OUT=$3
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
AUTHORITIES=${AUTHORITIES:-/etc/ssl/certs/ca-certificates.crt}

[ -x "$BINARY" ] || fail "no program at $BINARY: run make release"
[ -d "$SITE/pkg" ] || fail "no browser's files at $SITE: run make release"
[ ! -e "$OUT" ] || fail "$OUT exists"
[ -s "$AUTHORITIES" ] || fail "no certificate authorities at $AUTHORITIES: apt-get install ca-certificates"

# Modes must not depend on the umask of whoever builds.
umask 022
mkdir -p "$OUT"/{etc/ssl/certs,opt/jobwright,usr/share/doc/jobwright,var/lib/jobwright}
install -m 755 "$BINARY" "$OUT/opt/jobwright/jobwright"
# `.module` is the build's own note of what a bundle was made from.
tar -C "$SITE" --exclude .module -cf - . | tar -C "$OUT/opt/jobwright" --transform 's,^\.,site,' --no-same-owner -xf -
chmod -R u=rwX,go=rX "$OUT/opt/jobwright"
install -m 644 "$AUTHORITIES" "$OUT/etc/ssl/certs/ca-certificates.crt"
install -m 644 "$ROOT/LICENSE" "$OUT/usr/share/doc/jobwright/LICENSE"
echo 'jobwright:x:65532:65532:Jobwright:/var/lib/jobwright:/nonexistent' >"$OUT/etc/passwd"
echo 'jobwright:x:65532:' >"$OUT/etc/group"
# A Pod's host aliases are in /etc/hosts, which glibc would ask after DNS without this file.
echo 'hosts: files dns' >"$OUT/etc/nsswitch.conf"

# Prints "NAME PATH" of each shared library, the dynamic loader included.
libraries() { ldd "$BINARY" | awk '$2 == "=>" { print $1, $3 } $1 ~ /^\// { print $1, $1 }'; }
if ! ldd "$BINARY" 2>&1 | grep -qE 'statically linked|not a dynamic executable'; then
  while read -r name path; do
    [ -f "$path" ] || fail "the program needs $name, which is not on this machine"
    case $name in
      # The loader's path is part of the program.
      /*) install -D -m 755 "$path" "$OUT$name" ;;
      # One directory that every loader searches, whatever the distribution's own are.
      *) install -D -m 644 "$path" "$OUT/usr/lib/$name" ;;
    esac
  done < <(libraries)
fi
