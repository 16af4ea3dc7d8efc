# The control plane: etcd, API server, controller manager, scheduler. All listen on loopback.

control_etcd() {
  local client=https://127.0.0.1:$((PORT + 10)) peer=https://127.0.0.1:$((PORT + 11))
  start etcd etcd --data-dir "$STATE_OF/etcd" --initial-cluster default="$peer" \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --cert-file "$KEYS/etcd-server.crt" --key-file "$KEYS/etcd-server.key" \
    --client-cert-auth --trusted-ca-file "$KEYS/etcd.crt" \
    --peer-cert-file "$KEYS/etcd-server.crt" --peer-key-file "$KEYS/etcd-server.key" \
    --peer-client-cert-auth --peer-trusted-ca-file "$KEYS/etcd.crt"
}

# Only loopback is reachable: the API server has no endpoint of its own (which may not be loopback), and the
# kubelet is reached by its node's name.
control_apiserver() {
  start kube-apiserver kube-apiserver --bind-address 127.0.0.1 --secure-port "$PORT" --endpoint-reconciler-type none \
    --etcd-servers "https://127.0.0.1:$((PORT + 10))" --etcd-cafile "$KEYS/etcd.crt" \
    --etcd-certfile "$KEYS/etcd-client.crt" --etcd-keyfile "$KEYS/etcd-client.key" \
    --authorization-mode Node,RBAC --allow-privileged=true --service-cluster-ip-range "$SERVICES.0/24" $FEATURES \
    --client-ca-file "$KEYS/kubernetes.crt" \
    --tls-cert-file "$KEYS/apiserver.crt" --tls-private-key-file "$KEYS/apiserver.key" \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$KEYS/service-accounts.pub" \
    --service-account-signing-key-file "$KEYS/service-accounts.key" \
    --kubelet-certificate-authority "$KEYS/kubernetes.crt" --kubelet-preferred-address-types Hostname \
    --kubelet-client-certificate "$KEYS/apiserver-to-kubelet.crt" \
    --kubelet-client-key "$KEYS/apiserver-to-kubelet.key"
}

# Without credentials for each controller, RBAC would forbid their requests.
control_controllers() {
  start kube-controller-manager kube-controller-manager --bind-address 127.0.0.1 $NO_PLAIN_PORT --secure-port $((PORT + 1)) \
    --kubeconfig "$KEYS/controller-manager.kubeconfig" --leader-elect=false $FEATURES \
    --use-service-account-credentials=true --root-ca-file "$KEYS/kubernetes.crt" \
    --service-account-private-key-file "$KEYS/service-accounts.key"
  start kube-scheduler kube-scheduler --bind-address 127.0.0.1 $NO_PLAIN_PORT --secure-port $((PORT + 2)) \
    --kubeconfig "$KEYS/scheduler.kubeconfig" --leader-elect=false
}

api_ready() { admin --request-timeout 3s get --raw /readyz; }
