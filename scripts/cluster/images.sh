# Builds container images from Debian packages, without a registry.

# Without a tag, or with `latest`, Kubernetes would always pull from a registry.
PAUSE_IMAGE=registry.k8s.io/pause:3.6
# The tags are those used in the documentation and the tests; the programs are Debian 12's.
BUSYBOX_IMAGE=docker.io/library/busybox:1.36
PERL_IMAGE=docker.io/library/perl:5.28.0

# image NAME TAG ROOT COMMAND : packs a directory as a one-layer archive for containerd. COMMAND is a JSON array.
image() {
  local name=$1 tag=$2 root=$3 command=$4 work layer config
  work=$(mktemp -d -p "$BUILD")
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$work/layer.tar" .
  layer=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
  cat >"$work/config.json" <<JSON
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "created": "1970-01-01T00:00:00Z",
 "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": $command},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
JSON
  config=$(sha256sum "$work/config.json" | cut -d ' ' -f 1)
  mv "$work/config.json" "$work/$config.json"
  printf '[{"Config": "%s.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]\n' "$config" "$tag" >"$work/manifest.json"
  mkdir -p "$IMAGES"
  tar -C "$work" -cf "$IMAGES/$name.tar" manifest.json "$config.json" layer.tar
  rm -rf "$work"
}

# The pause container, which holds a Pod's namespaces; its one C file is in Kubernetes' sources.
image_pause() {
  local root=$BUILD/root-pause
  mkdir -p "$root"
  cc -Os -s -static -DVERSION=3.6 -o "$root/pause" "$(pause_source)"
  image pause $PAUSE_IMAGE "$root" '["/pause"]'
}

image_busybox() {
  local root=$BUILD/root-busybox unpacked=$BUILD/busybox applet
  packages_unpack "$unpacked" busybox-static
  mkdir -p "$root"/{bin,proc,sys,dev,etc,tmp}
  cp "$unpacked/bin/busybox" "$root/bin/"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
  done
  echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
  chmod 1777 "$root/tmp"
  image busybox $BUSYBOX_IMAGE "$root" '["sh"]'
}

image_perl() {
  local root=$BUILD/root-perl folder
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},proc,sys,dev,etc}
  for folder in bin sbin lib lib64; do ln -sfn usr/$folder "$root/$folder"; done
  # The Math::BigInt bundled with this release of Perl dies in `bpi(2000)`; the packaged one does not.
  packages_unpack "$root" perl perl-base perl-modules-5.36 libperl5.36 libmath-bigint-perl libc6 libcrypt1 libdb5.3 \
    libgdbm6 libgdbm-compat4 zlib1g libbz2-1.0 libgcc-s1 gcc-12-base coreutils dash bash libtinfo6 libselinux1 \
    libpcre2-8-0 libacl1 libattr1 libgmp10 base-files base-passwd netbase
  rm -rf "$root"/usr/share/{doc,man,locale,lintian}
  ln -sf dash "$root/usr/bin/sh"
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  image perl $PERL_IMAGE "$root" '["perl"]'
}
