# Debian 12's packages and sources through apt, without touching the machine's own configuration or installing anything.

SUITE=bookworm

# The machine's own mirror serves every release of Debian.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$' ||
    fail "apt knows no Debian mirror; add one to /etc/apt/sources.list.d"
}

apt_options() {
  local apt=$BUILD/apt
  printf '%s\n' -qq -o Dir::Etc::sourcelist="$apt/sources.sources" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root
}

# What the suite has.
packages_update() {
  mkdir -p "$BUILD"/apt/{lists,cache/archives}/partial
  cat >"$BUILD/apt/sources.sources" <<SOURCES
Types: deb deb-src
URIs: $(mirror)
Suites: $SUITE
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  mapfile -t APT < <(apt_options)
  apt-get "${APT[@]}" update
}

# packages_unpack FOLDER PACKAGE... : their files, below the folder.
packages_unpack() {
  local folder=$1 debs
  shift
  debs=$(mktemp -d -p "$BUILD")
  mapfile -t APT < <(apt_options)
  # The suite is named: the machine may have installed a newer version, which this suite cannot supply.
  (cd "$debs" && apt-get "${APT[@]}" download "${@/%//$SUITE}")
  mkdir -p "$folder"
  local deb
  for deb in "$debs"/*.deb; do
    # Merged /usr: a package's ./bin goes through the folder's own link.
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$folder"
  done
  rm -rf "$debs"
}

# packages_source PACKAGE FOLDER : its upstream tree.
packages_source() {
  local download=$BUILD/source
  mkdir -p "$download" "$2"
  mapfile -t APT < <(apt_options)
  (cd "$download" && apt-get "${APT[@]}" source --download-only "$1")
  tar -xzf "$download/$1"_*.orig.tar.gz --strip-components=1 -C "$2"
}
