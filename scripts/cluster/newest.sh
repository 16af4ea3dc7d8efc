# The newest cluster: Kubernetes 1.37.2, etcd 3.7.3 and containerd 2.4.2 built from Go modules. newest/ has a
# module for each of the three, which names the commands and the exact versions of all dependencies.

PARTS="kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl etcd containerd containerd-shim-runc-v2 ctr"
DEBIAN_PROGRAMS="runc containernetworking-plugins"
ESTIMATE="twelve minutes on two idle cores, 7 GB meanwhile"

go_environment() {
  export GOMODCACHE=$BUILD/modules GOCACHE=$BUILD/go-cache CGO_ENABLED=0
  # Read-only modules could not be deleted afterwards.
  export GOFLAGS="-mod=readonly -modcacherw"
}

kubernetes_sources() {
  have go || fail "the newest Kubernetes is built with Go 1.26: https://go.dev/dl"
}

# kubernetes_build PART : builds a component into bin/.
kubernetes_build() {
  go_environment
  local module package flags="-s -w" minor=${VERSION#v1.}
  case $1 in
    etcd) module=etcd package=. ;;
    containerd*) module=containerd package=github.com/containerd/containerd/v2/cmd/$1 ;;
    ctr) module=containerd package=github.com/containerd/containerd/v2/cmd/$1 ;;
    *) module=kubernetes package=k8s.io/kubernetes/cmd/$1 ;;
  esac
  # Without these flags, the version is a template, which kubectl cannot parse.
  for module_of_version in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $module_of_version.gitVersion=$VERSION -X $module_of_version.gitMajor=1"
    flags+=" -X $module_of_version.gitMinor=${minor%%.*} -X $module_of_version.gitTreeState=clean"
  done
  mkdir -p "$CACHE/bin"
  cd "$HERE/newest/$module" || return
  go build -trimpath -ldflags "$flags" -o "$CACHE/bin/$1" "$package"
}

pause_source() { echo "$BUILD/modules/k8s.io/kubernetes@$VERSION/build/pause/linux/pause.c"; }

FEATURES=
NO_PLAIN_PORT=
KUBELET_RUNTIME=
# cgroup v1 is still in use on many machines.
KUBELET_CONFIG="containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failCgroupV1: false"

containerd_configuration() {
  cat <<CONFIG
version = 3
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "$1"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "$PAUSE_IMAGE"
[plugins.'io.containerd.cri.v1.runtime']
  # Lowering the OOM score requires a capability that is missing inside a container; runc would fail.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["$DEBIAN/usr/lib/cni"]
    conf_dir = "$NODE/network"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "$DEBIAN/usr/sbin/runc"
CONFIG
}
