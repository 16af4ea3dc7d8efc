# The oldest cluster: Kubernetes 1.20.2 built from Debian 12's source package, with Debian 12's Go.

PARTS="kube-apiserver kube-controller-manager kube-scheduler kubelet"
DEBIAN_PROGRAMS="etcd-server containerd runc containernetworking-plugins kubernetes-client"
ESTIMATE="six minutes on two idle cores, 2.4 GB meanwhile"
TREE=$BUILD/go/src/k8s.io/kubernetes

go_environment() {
  export GOROOT=$BUILD/golang/usr/lib/go-1.19 GOPATH=$BUILD/go GOCACHE=$BUILD/go-cache GOFLAGS='' CGO_ENABLED=0
  # In module mode, this version of Go refuses the vendored tree.
  export GO111MODULE=off
  export PATH=$GOROOT/bin:$PATH
}

# Generates the one file missing in the source package, the API's OpenAPI. The generator is part of the tree.
kubernetes_openapi() {
  go_environment
  cd "$TREE" || return
  go build -o "$BUILD/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  local roots=(cmd pkg plugin) root folders
  for root in vendor/k8s.io/*/; do
    case $root in */code-generator/ | */sample-* | */gengo/ | */kube-openapi/) ;; *) roots+=("$root") ;; esac
  done
  folders=$(grep -rlE '\+k8s:openapi-gen=' --include='*.go' "${roots[@]}" | grep -v _test.go | xargs -n 1 dirname |
    LC_ALL=C sort -u | sed 's#^#k8s.io/kubernetes/#' | paste -sd ,)
  "$BUILD/openapi-gen" --logtostderr -i "$folders" -p k8s.io/kubernetes/pkg/generated/openapi \
    -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r /dev/null
}

# kubernetes_build PART : builds a component into bin/, without cloud providers and Docker, which are not used.
kubernetes_build() {
  go_environment
  cd "$TREE" || return
  local flags="-s -w" package
  for package in component-base/version client-go/pkg/version; do
    package=k8s.io/kubernetes/vendor/k8s.io/$package
    flags+=" -X $package.gitVersion=$VERSION -X $package.gitMajor=1 -X $package.gitMinor=20"
    flags+=" -X $package.gitTreeState=archive -X $package.buildDate=2021-01-13T00:00:00Z"
  done
  mkdir -p "$CACHE/bin"
  go build -trimpath -tags providerless,dockerless -ldflags "$flags" -o "$CACHE/bin/$1" "./cmd/$1"
}

# Prerequisites of the components: package lists, Go, the source tree.
kubernetes_sources() {
  once golang "Go" packages_unpack "$BUILD/golang" golang-1.19-go golang-1.19-src
  once source "Kubernetes' source" packages_source kubernetes "$TREE"
  once openapi "its OpenAPI" kubernetes_openapi
}

pause_source() { echo "$TREE/build/pause/linux/pause.c"; }

# Flags specific to this version, in which `ttlSecondsAfterFinished` is disabled by default.
FEATURES=--feature-gates=TTLAfterFinished=true
NO_PLAIN_PORT="--port 0"
KUBELET_RUNTIME="--container-runtime remote --container-runtime-endpoint unix:///run/containerd/containerd.sock"
KUBELET_CONFIG=

containerd_configuration() {
  cat <<CONFIG
version = 2
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  # Lowering the OOM score requires a capability that is missing inside a container; runc would fail.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$DEBIAN/usr/lib/cni"
    conf_dir = "$NODE/network"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$1"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$DEBIAN/usr/sbin/runc"
CONFIG
}
