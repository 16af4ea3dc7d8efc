#!/usr/bin/env bash
# build.sh [oldest|newest]: builds the cluster once: Kubernetes, its tools, three images. Completed steps of an
# interrupted build are kept.
. "$(dirname "$0")/place.sh"
. "$HERE/packages.sh"
. "$HERE/images.sh"
. "$HERE/$KUBERNETES.sh"

# once NAME TEXT COMMAND... : runs a step, unless it was completed before.
once() {
  local stamp=$BUILD/done/$1
  [ -f "$stamp" ] && return
  shift
  step "$@"
  touch "$stamp"
}

have apt-get || fail "the cluster is built from Debian's packages; this machine has no apt-get"
have cc || fail "the cluster needs a C compiler: apt-get install build-essential"
mkdir -p "$LOGS"
# Concurrent builds would interfere with each other.
exec 9>"$CACHE/lock"
flock 9
[ ! -f "$CACHE/complete" ] || exit 0
mkdir -p "$BUILD/done"

say "Building Kubernetes $VERSION, once ($ESTIMATE)"
once update "Debian's package lists" packages_update
# shellcheck disable=SC2086
once tools "$DEBIAN_PROGRAMS" packages_unpack "$DEBIAN" $DEBIAN_PROGRAMS
kubernetes_sources
for part in $PARTS; do once "$part" "$part" kubernetes_build "$part"; done
once pause "image pause" image_pause
once busybox "image ${BUSYBOX_IMAGE##*/}" image_busybox
once perl "image ${PERL_IMAGE##*/}" image_perl
echo "$VERSION" >"$CACHE/complete"
step "sources and caches removed" rm -rf "$BUILD"
note "kept: $(du -sh "$CACHE" | cut -f 1) in $CACHE"
