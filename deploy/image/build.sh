#!/usr/bin/env bash
# build.sh [--binary FILE] [--site DIRECTORY] [--tag NAME] [--out FILE]: packs a program that is already built as a
# container image, without a network and without other tools than tar, gzip and sha256sum, and prints its size. The
# archive is an OCI layout that `docker load` accepts too. The same input gives the same bytes.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
HERE=$ROOT/deploy/image

TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
BINARY=$TARGET/release/jobwright SITE=$TARGET/release/site
TAG=ghcr.io/jobwright/jobwright:$VERSION OUT=$TARGET/image/jobwright.tar
while [ $# -gt 0 ]; do
  case $1 in
    --binary) BINARY=$2 ;;
    --site) SITE=$2 ;;
    --tag) TAG=$2 ;;
    --out) OUT=$2 ;;
    *) fail "usage: build.sh [--binary FILE] [--site DIRECTORY] [--tag NAME] [--out FILE]" ;;
  esac
  shift 2
done

case $(uname -m) in
  x86_64) ARCHITECTURE=amd64 ;;
  aarch64) ARCHITECTURE=arm64 ;;
  *) fail "no name for the architecture $(uname -m)" ;;
esac
REVISION=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || echo unknown)
# The commit's time, not that of the build, which would make every image another one.
EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 0)}
CREATED=$(date --utc --date "@$EPOCH" +%Y-%m-%dT%H:%M:%SZ)

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
BLOBS=$WORK/layout/blobs/sha256
mkdir -p "$BLOBS"

# digest FILE : prints its SHA-256.
digest() { sha256sum "$1" | cut -d ' ' -f 1; }
# blob FILE : moves the file into the layout and prints its digest.
blob() {
  local sum
  sum=$(digest "$1")
  mv "$1" "$BLOBS/$sum"
  echo "$sum"
}
pack() { tar --sort=name --mtime="@$EPOCH" --numeric-owner --format=gnu "$@"; }

# instructions NAME : prints the arguments of an instruction of the image's stage, one a line.
instructions() {
  awk -v name="$1" '$1 == "FROM" { final = $2 == "scratch" } final && $1 == name { sub(/^[A-Z]+ /, ""); print }' "$HERE/Containerfile"
}
# strings : joins lines as JSON strings.
strings() { sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/' | paste -sd ,; }
labels() {
  {
    instructions LABEL | sed 's/="\(.*\)"$/=\1/'
    echo "org.opencontainers.image.version=$VERSION"
    echo "org.opencontainers.image.revision=$REVISION"
    echo "org.opencontainers.image.created=$CREATED"
  } | sed 's/\([^=]*\)=\(.*\)/"\1": "\2"/' | paste -sd ,
}

"$HERE/rootfs.sh" "$BINARY" "$SITE" "$WORK/root"
# Everything belongs to root but the one directory that the process may write to.
pack --owner=0 --group=0 --exclude ./var/lib/jobwright -C "$WORK/root" -cf "$WORK/layer.tar" .
chmod 700 "$WORK/root/var/lib/jobwright"
pack --owner=65532 --group=65532 -C "$WORK/root" -rf "$WORK/layer.tar" ./var/lib/jobwright
CONTENT=$(digest "$WORK/layer.tar") UNPACKED=$(stat -c %s "$WORK/layer.tar")
gzip -9 --no-name "$WORK/layer.tar"
LAYER=$(blob "$WORK/layer.tar.gz")

cat >"$WORK/config" <<JSON
{"architecture": "$ARCHITECTURE", "os": "linux", "created": "$CREATED",
 "config": {"User": "$(instructions USER)", "ExposedPorts": {"$(instructions EXPOSE)/tcp": {}},
  "Env": [$(instructions ENV | strings)], "Entrypoint": $(instructions ENTRYPOINT), "Cmd": $(instructions CMD),
  "Labels": {$(labels)}},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$CONTENT"]},
 "history": [{"created": "$CREATED", "created_by": "deploy/image/build.sh"}]}
JSON
CONFIG=$(blob "$WORK/config")
size() { stat -c %s "$BLOBS/$1"; }
cat >"$WORK/manifest" <<JSON
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
 "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:$CONFIG", "size": $(size "$CONFIG")},
 "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:$LAYER", "size": $(size "$LAYER")}]}
JSON
MANIFEST=$(blob "$WORK/manifest")
echo '{"imageLayoutVersion": "1.0.0"}' >"$WORK/layout/oci-layout"
cat >"$WORK/layout/index.json" <<JSON
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
 {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:$MANIFEST", "size": $(size "$MANIFEST"),
  "platform": {"architecture": "$ARCHITECTURE", "os": "linux"},
  "annotations": {"io.containerd.image.name": "$TAG", "org.opencontainers.image.ref.name": "${TAG##*:}"}}]}
JSON
# For `docker load` before version 25.
cat >"$WORK/layout/manifest.json" <<JSON
[{"Config": "blobs/sha256/$CONFIG", "RepoTags": ["$TAG"], "Layers": ["blobs/sha256/$LAYER"]}]
JSON

mkdir -p "$(dirname "$OUT")"
pack --owner=0 --group=0 -C "$WORK/layout" -cf "$OUT" blobs index.json manifest.json oci-layout
say "Image $TAG"
note "archive:  $OUT"
note "digest:   sha256:$MANIFEST"
note "size:     $(size "$LAYER") bytes to pull, $UNPACKED unpacked"
