# Creates certificates, and kubeconfigs for the cluster's components and users. Existing files are kept. The
# subjects determine the users and groups.

# authority NAME : creates a certificate authority.
authority() {
  if [ -f "$KEYS/$1.crt" ]; then return; fi
  openssl ecparam -name prime256v1 -genkey -noout -out "$KEYS/$1.key"
  openssl req -x509 -new -key "$KEYS/$1.key" -days 3650 -subj "/CN=$1" -out "$KEYS/$1.crt"
}

# certificate NAME AUTHORITY SUBJECT USAGE [ADDRESSES] : creates a certificate.
certificate() {
  local file=$KEYS/$1 authority=$KEYS/$2
  if [ -f "$file.crt" ]; then return; fi
  openssl ecparam -name prime256v1 -genkey -noout -out "$file.key"
  openssl req -new -key "$file.key" -subj "$3" -out "$file.csr"
  {
    echo "basicConstraints = critical, CA:FALSE"
    echo "keyUsage = critical, digitalSignature"
    echo "extendedKeyUsage = $4"
    [ -z "${5:-}" ] || echo "subjectAltName = $5"
  } >"$file.extensions"
  openssl x509 -req -in "$file.csr" -CA "$authority.crt" -CAkey "$authority.key" -CAcreateserial -days 3650 \
    -extfile "$file.extensions" -out "$file.crt"
  rm "$file.csr" "$file.extensions"
}

# kubeconfig NAME FILE [PROJECT] : writes a self-contained kubeconfig that only its owner may read.
kubeconfig() {
  data() { base64 -w 0 "$KEYS/$1"; }
  cat >"$2" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "https://127.0.0.1:$PORT", certificate-authority-data: $(data kubernetes.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(data "$1.crt"), client-key-data: $(data "$1.key")}}]
contexts: [{name: $1@local, context: {cluster: local, user: $1, namespace: ${3:-default}}}]
current-context: $1@local
CONFIG
}

keys() {
  umask 077
  mkdir -p "$KEYS"
  local loopback=IP:127.0.0.1,DNS:localhost
  # Access to etcd is full access: it does not accept certificates of the cluster's CA.
  authority etcd
  certificate etcd-server etcd /CN=localhost serverAuth,clientAuth $loopback
  certificate etcd-client etcd /CN=kube-apiserver clientAuth
  authority kubernetes
  certificate apiserver kubernetes /CN=kube-apiserver serverAuth \
    $loopback,IP:$SERVICES.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
  certificate apiserver-to-kubelet kubernetes /O=system:masters/CN=kube-apiserver clientAuth
  certificate kubelet-server kubernetes /CN=localhost serverAuth $loopback
  certificate controller-manager kubernetes /CN=system:kube-controller-manager clientAuth
  certificate scheduler kubernetes /CN=system:kube-scheduler clientAuth
  certificate kubelet kubernetes /O=system:nodes/CN=system:node:localhost clientAuth
  certificate admin kubernetes /O=system:masters/CN=admin clientAuth
  certificate developer kubernetes /CN=developer clientAuth
  certificate viewer kubernetes /CN=viewer clientAuth
  certificate observer kubernetes /CN=observer clientAuth
  if [ ! -f "$KEYS/service-accounts.pub" ]; then
    openssl genrsa -out "$KEYS/service-accounts.key" 2048
    openssl rsa -in "$KEYS/service-accounts.key" -pubout -out "$KEYS/service-accounts.pub"
  fi
}

# In a subshell: with this umask, the components that are started later would create root directories of containers
# that only root can enter.
kubeconfigs() (
  umask 077
  local part
  for part in controller-manager scheduler kubelet; do kubeconfig $part "$KEYS/$part.kubeconfig"; done
  kubeconfig admin "$CACHE/admin.kubeconfig"
  # Users who may not list projects see the one named in the kubeconfig.
  kubeconfig developer "$CACHE/developer.kubeconfig" demo
  kubeconfig viewer "$CACHE/viewer.kubeconfig" demo
  kubeconfig observer "$CACHE/observer.kubeconfig"
)
