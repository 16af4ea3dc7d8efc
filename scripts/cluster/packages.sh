# Downloads Debian 12's packages and sources with apt, without changing the machine's configuration or installing
# anything.

SUITE=bookworm

# The machine's configured mirror serves every release of Debian.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$' ||
    fail "apt knows no Debian mirror; add one to /etc/apt/sources.list.d"
}

apt_options() {
  local apt=$BUILD/apt
  printf '%s\n' -qq -o Dir::Etc::sourcelist="$apt/sources.sources" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root
}

# Updates the suite's package lists.
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

# packages_unpack FOLDER PACKAGE... : unpacks the packages' files below the directory.
packages_unpack() {
  local folder=$1 debs
  shift
  debs=$(mktemp -d -p "$BUILD")
  mapfile -t APT < <(apt_options)
  # The suite is explicit: the installed version may be newer than the suite's.
  (cd "$debs" && apt-get "${APT[@]}" download "${@/%//$SUITE}")
  mkdir -p "$folder"
  local deb
  for deb in "$debs"/*.deb; do
    # Merged /usr: a package's ./bin is unpacked through the directory's symbolic link.
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$folder"
  done
  rm -rf "$debs"
}

# packages_source PACKAGE FOLDER : unpacks the package's upstream source tree.
packages_source() {
  local download=$BUILD/source
  mkdir -p "$download" "$2"
  mapfile -t APT < <(apt_options)
  (cd "$download" && apt-get "${APT[@]}" source --download-only "$1")
  tar -xzf "$download/$1"_*.orig.tar.gz --strip-components=1 -C "$2"
}
