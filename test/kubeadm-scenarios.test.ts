import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** Shell functions that the scripts share. */
const PRELUDE = `
on() { ssh "$1" sudo bash -c "$(printf %q "$2")" </dev/null; }
leave() { for n in "$@"; do on $n "kubeadm reset -f >/dev/null 2>&1; rm -rf /etc/cni/net.d/* /run/flannel"; done; }
joined() { grep -A1 '^kubeadm join' "$1" | tr -d '\\\\\\n'; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a node joins under the name that it is told",
    script: `kubectl drain worker-3 --ignore-daemonsets >/dev/null 2>&1; kubectl delete node worker-3 >/dev/null
ssh worker-3 sudo kubeadm reset -f >/dev/null 2>&1
ssh worker-3 sudo $(ssh cp-1 sudo kubeadm token create --print-join-command) --node-name Third >/dev/null
sleep 20; kubectl get node third --no-headers | awk '{print $1, $2}'; kubectl get csinode,lease -n kube-node-lease third -o name
kubectl get node third -o jsonpath='{.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}{"\\n"}'`,
    expect: [
      "third Ready",
      "csinode.storage.k8s.io/third",
      "lease.coordination.k8s.io/third",
      "unix:///var/run/containerd/containerd.sock",
    ],
  },
  {
    name: "kubeadm init sets up a new cluster where the old one was reset, and machines join it in both roles",
    script: `leave cp-3 cp-2 cp-1 worker-1 worker-2 worker-3
on cp-1 "kubeadm init --pod-network-cidr=10.244.0.0/16 --control-plane-endpoint=192.168.108.10:6443 --upload-certs" > out.txt 2>&1; echo "init $?"
grep -E '^.(init|certs|api-check|bootstrap-token|addons).' out.txt; grep -A3 'start using' out.txt
kubectl get nodes 2>&1 | tail -1
mkdir -p .kube; on cp-1 "cat /etc/kubernetes/admin.conf" > .kube/config; kubectl get nodes --no-headers; kubectl -n kube-system get svc kube-dns --no-headers
kubectl apply -f https://github.com/flannel-io/flannel/releases/latest/download/kube-flannel.yml | tail -1
for n in worker-1 worker-2 worker-3; do on $n "$(joined out.txt)" | grep joined; done
planes=$(grep -A2 '^  kubeadm join' out.txt | tr -d '\\\\\\n'); on cp-2 "$planes" | grep instance; on cp-3 "$planes" | grep instance
kubectl wait --for=condition=Ready node --all --timeout=120s; kubectl -n kube-system rollout status deployment coredns --timeout=120s | tail -1
kubectl create deployment web --image=nginx --replicas=3; kubectl expose deployment web --port=80; kubectl rollout status deployment web --timeout=90s | tail -1
kubectl get pods -l app=web -o jsonpath='{.items[*].status.podIP}{"\\n"}'; kubectl run c --image=busybox --restart=Never -i --rm -- sh -c 'sleep 1; wget -qO- -T 3 http://web.default.svc.cluster.local | grep title; nslookup kubernetes.default.svc.cluster.local' 2>/dev/null
kubectl exec deploy/web -- sh -c 'curl -s -o /dev/null -w "%{http_code}\\n" --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt -H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" https://kubernetes.default/api'
e="etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key"
on cp-1 "$e member list | wc -l; kubeadm token list | tail -1; kubeadm certs check-expiration | grep ^apiserver\\ ; openssl verify -CAfile /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/apiserver.crt; ls /var/lib/kubelet/pki"
on cp-3 "kubeadm reset -f" >/dev/null 2>&1; on cp-1 "$e member list | wc -l; $e endpoint health"; kubectl get --raw /readyz; echo; on cp-2 reboot; sleep 90; kubectl get nodes --no-headers`,
    expect: [
      "init 0",
      "[init] Using Kubernetes version: v1.32.",
      '[certs] Generating "ca" certificate and key',
      "[certs] apiserver serving cert is signed for DNS names [cp-1 kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local] and IPs [10.96.0.1 192.168.108.11 192.168.108.10]",
      '[certs] Generating "sa" key and public key',
      "[api-check] The API server is healthy after",
      '[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace',
      "[addons] Applied essential addon: CoreDNS",
      "[addons] Applied essential addon: kube-proxy",
      "  mkdir -p $HOME/.kube",
      "tls: failed to verify certificate: x509: certificate signed by unknown authority",
      /^cp-1 +NotReady +control-plane/,
      /^kube-dns +ClusterIP +10\.96\.0\.10 /,
      "daemonset.apps/kube-flannel-ds created",
      "This node has joined the cluster",
      "This node has joined the cluster",
      "This node has joined the cluster",
      "a new control plane instance was created",
      "a new control plane instance was created",
      "node/worker-3 condition met",
      'deployment "coredns" successfully rolled out',
      'deployment "web" successfully rolled out',
      /^10\.244\.\d+\.\d+ 10\.244\.\d+\.\d+ 10\.244\.\d+\.\d+$/,
      "<title>Welcome to nginx!</title>",
      "Address: 10.96.0.1",
      /^403$|^200$/,
      /^3$/,
      "The default bootstrap token generated by 'kubeadm init'.",
      /^apiserver .* 364d +ca /,
      "/etc/kubernetes/pki/apiserver.crt: OK",
      "kubelet-client-current.pem",
      "kubelet.crt",
      /^2$/,
      "is healthy",
      /^ok$/,
      /^cp-1 +Ready/,
      /^cp-2 +Ready/,
      /^worker-1 +Ready/,
    ],
  },
  {
    name: "kubeadm init takes a configuration file and an authority that somebody made",
    script: `leave cp-3 cp-2 cp-1 worker-1 worker-2
ssh worker-1 sudo bash -s <<'X'
mkdir -p /etc/kubernetes/pki; cd /etc/kubernetes/pki
openssl genrsa -out ca.key 2048 2>/dev/null; openssl req -x509 -new -key ca.key -subj "/CN=my-own-ca" -days 1000 -out ca.crt
cat > /root/kubeadm.yaml <<'Y'
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.168.108.21}
bootstrapTokens: [{token: abcdef.0123456789abcdef}]
nodeRegistration: {taints: []}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.32.3
networking: {podSubnet: 10.50.0.0/16, serviceSubnet: 10.60.0.0/16, dnsDomain: lab.local}
apiServer:
  certSANs: [api.lab.local, 10.9.9.9]
  extraArgs: [{name: enable-admission-plugins, value: "NodeRestriction,AlwaysPullImages"}, {name: profiling, value: "false"}]
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 42
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ipvs
Y
kubeadm init --config /root/kubeadm.yaml | grep -E "existing|signed|taints|kubeadm join"
openssl x509 -in apiserver.crt -noout -issuer
export KUBECONFIG=/etc/kubernetes/admin.conf
curl -sL https://raw.githubusercontent.com/flannel-io/flannel/master/Documentation/kube-flannel.yml | sed 's#10.244.0.0/16#10.50.0.0/16#' | kubectl apply -f - | tail -1
kubectl wait --for=condition=Ready node --all --timeout=90s; kubectl -n kube-system rollout status deploy coredns --timeout=90s | tail -1
kubectl get node worker-1 -o jsonpath='{.status.capacity.pods} {.spec.podCIDR} {.spec.taints}{"\\n"}'; kubectl get svc kubernetes --no-headers
kubectl -n kube-system get pod kube-apiserver-worker-1 -o jsonpath='{.spec.containers[0].command}' | jq -r '.[]' | grep -E 'admission|profiling|cluster-ip|issuer'
kubectl run c --image=busybox --restart=Never -i --rm -- nslookup kubernetes.default.svc.lab.local 2>/dev/null; kubectl -n kube-system logs ds/kube-proxy | grep -o 'Using ipvs Proxier'
X
on worker-2 "kubeadm join 192.168.108.21:6443 --token abcdef.0123456789abcdef --discovery-token-unsafe-skip-ca-verification" | grep joined
sleep 20; on worker-1 "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes --no-headers; kubeadm init 2>&1 | grep -c ERROR; kubeadm init --pod-network-cidr nonsense"`,
    expect: [
      "[certs] Using existing ca certificate authority",
      "[api.lab.local kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.lab.local worker-1] and IPs [10.60.0.1 192.168.108.21 10.9.9.9]",
      "kubeadm join 192.168.108.21:6443 --token abcdef.0123456789abcdef",
      "issuer=CN=my-own-ca",
      "daemonset.apps/kube-flannel-ds created",
      "node/worker-1 condition met",
      'deployment "coredns" successfully rolled out',
      /^42 10\.50\.0\.0\/24 $/,
      /^kubernetes +ClusterIP +10\.60\.0\.1 /,
      "--enable-admission-plugins=NodeRestriction,AlwaysPullImages",
      "--profiling=false",
      "--service-account-issuer=https://kubernetes.default.svc.lab.local",
      "--service-cluster-ip-range=10.60.0.0/16",
      "Address: 10.60.0.1",
      "Using ipvs Proxier",
      "This node has joined the cluster",
      /^worker-1 +Ready +control-plane/,
      /^worker-2 +Ready/,
      /^1[0-9]$/,
      'networking.podSubnet: Invalid value: "nonsense": couldn\'t parse subnet',
    ],
    never: [/adding the taints/],
  },
  {
    name: "kubeadm refuses versions that it cannot set up, and tells ports and files in its order",
    script: `on cp-1 'for v in 1.27.5 1.32 foo; do kubeadm init --kubernetes-version=$v 2>&1 | head -1; done; kubeadm config images list --kubernetes-version v1.30.0'
on cp-1 'kubeadm init --kubernetes-version=1.31.0 2>&1 | grep -E "Port-|Kubelet|scheduler.yaml"; kubeadm init --kubernetes-version=1.33.0 2>&1 | grep WARN'
on cp-1 'for v in v1.30.1 v1.31.0 v1.33.1; do kubeadm upgrade apply -y $v 2>&1 | grep -E "^error|- Spec"; done; kubeadm upgrade apply --dry-run v1.32.3 | grep dryrun'`,
    expect: [
      /^this version of kubeadm only supports deploying clusters with the control plane version >= 1\.31\.0\. Current version: v1\.27\.5$/,
      'version "1.32" doesn\'t match patterns for neither semantic version nor labels (stable, latest, ...)',
      'version "foo" doesn\'t match',
      "Current version: v1.30.0",
      "[ERROR Port-6443]: Port 6443 is in use",
      "[ERROR Port-10259]",
      "[ERROR Port-10257]",
      "[ERROR FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml]",
      '[ERROR KubeletVersion]: the kubelet version is higher than the control plane version. This is not a supported version skew and may lead to a malfunctional cluster. Kubelet version: "1.32.3" Control plane version: "1.31.0"',
      "[ERROR Port-10250]: Port 10250 is in use",
      "[ERROR Port-2379]",
      "[WARNING KubernetesVersion]: Kubernetes version is greater than kubeadm version. Please consider to upgrade kubeadm. Kubernetes version: 1.33.0. Kubeadm version: 1.32.x",
      "error execution phase preflight: this version of kubeadm only supports deploying clusters",
      "error execution phase preflight: the version argument is invalid due to these fatal errors:",
      'Specified version to upgrade to "v1.31.0" is equal to or lower than the minimum supported version "v1.32.3". Please specify a higher version to upgrade to',
      "error execution phase preflight: the version argument is invalid",
      'Specified version to upgrade to "v1.33.1" is at least one minor release higher than the kubeadm minor release (33 > 32). Such an upgrade is not supported',
      "[dryrun] Would pull the required images",
    ],
  },
  {
    name: "Calico connects a new cluster's Pods, each routed to by itself, and keeps its policies",
    script: `leave cp-3 cp-2 cp-1 worker-1 worker-2
on cp-1 "kubeadm init --pod-network-cidr=10.244.0.0/16" > out.txt 2>/dev/null; mkdir -p .kube; on cp-1 "cat /etc/kubernetes/admin.conf" > .kube/config
for n in worker-1 worker-2; do on $n "$(joined out.txt)" >/dev/null 2>&1; done
kubectl apply -f https://raw.githubusercontent.com/projectcalico/calico/v3.29.1/manifests/calico.yaml | tail -1
kubectl wait --for=condition=Ready node --all --timeout=120s; kubectl -n kube-system rollout status ds/calico-node --timeout=120s | tail -1; kubectl -n kube-system rollout status deploy/calico-kube-controllers --timeout=60s | tail -1
kubectl create deployment web --image=nginx --replicas=4 --port=80; kubectl expose deployment web; kubectl rollout status deployment web --timeout=90s | tail -1
kubectl run c --image=busybox -- sleep 9999; kubectl wait --for=condition=Ready pod/c --timeout=60s >/dev/null
kubectl get ippool default-ipv4-ippool -o jsonpath='{.spec.cidr} {.spec.ipipMode}{"\\n"}'; kubectl get blockaffinities -o name | wc -l
kubectl exec c -- ip r; for ip in $(kubectl get pods -l app=web -o jsonpath='{.items[*].status.podIP}'); do kubectl exec c -- wget -qO- -T 3 $ip | grep -c title; done
on worker-1 "ip route | grep -E 'tunl0|cali'; ls /etc/cni/net.d; iptables -t nat -S cali-POSTROUTING | tail -1"
kubectl create -f - <<'Y'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
Y
sleep 3; kubectl exec c -- wget -qO- -T 3 web; kubectl delete netpol deny; sleep 3; kubectl exec c -- wget -qO- -T 3 web | grep -c title
kubectl get events -A -o jsonpath='{range .items[*]}{.message}{"\\n"}{end}' | grep -o 'stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running' | head -1`,
    expect: [
      "deployment.apps/calico-kube-controllers created",
      "node/worker-2 condition met",
      'daemon set "calico-node" successfully rolled out',
      'deployment "calico-kube-controllers" successfully rolled out',
      'deployment "web" successfully rolled out',
      "10.244.0.0/16 Always",
      /^3$/,
      "default via 169.254.1.1 dev eth0",
      /^1$/,
      /^1$/,
      /^1$/,
      /^1$/,
      /^10\.244\.0\.\d+\/26 via 10\.244\.0\.\d+ dev tunl0/,
      /^10\.244\.0\.\d+ dev cali[0-9a-f]{11} scope link/,
      "10-calico.conflist",
      "-s 10.244.0.0/16 ! -d 10.244.0.0/16",
      "wget: download timed out",
      /^1$/,
      "stat /var/lib/calico/nodename",
    ],
  },
  {
    name: "Calico's operator sets up what an Installation asks for, and says when it is there",
    script: `leave cp-3 cp-2 cp-1 worker-1
on cp-1 "kubeadm init --pod-network-cidr=192.169.0.0/16" > out.txt 2>/dev/null; mkdir -p .kube; on cp-1 "cat /etc/kubernetes/admin.conf" > .kube/config
on worker-1 "$(joined out.txt)" >/dev/null 2>&1; site=https://raw.githubusercontent.com/projectcalico/calico/v3.28.2/manifests
kubectl create -f $site/tigera-operator.yaml | tail -1; kubectl -n tigera-operator rollout status deploy tigera-operator --timeout=90s | tail -1
curl -sO $site/custom-resources.yaml; sed -i 's#192.168.0.0/16#192.169.0.0/16#' custom-resources.yaml; kubectl create -f custom-resources.yaml
kubectl wait --for=condition=Ready node --all --timeout=120s; until kubectl get tigerastatus calico --no-headers 2>/dev/null | grep '^calico *True'; do sleep 5; done
kubectl -n calico-system get ds calico-node --no-headers; kubectl get ippool -o jsonpath='{.items[*].spec.cidr}{"\\n"}'; on worker-1 "ip -br address show vxlan.calico"`,
    expect: [
      "deployment.apps/tigera-operator created",
      'deployment "tigera-operator" successfully rolled out',
      "installation.operator.tigera.io/default created",
      "node/worker-1 condition met",
      /^calico +True +False +False /,
      /^calico-node +2 +2 +2 +2 /,
      "192.169.0.0/16",
      /^vxlan\.calico +UP +192\.169\.0\.\d+\/32/,
    ],
  },
  {
    name: "a control plane is made phase by phase",
    script: `leave cp-3 cp-2 cp-1
on cp-1 "for phase in preflight 'certs all' 'kubeconfig all' 'etcd local' 'control-plane all --pod-network-cidr 10.244.0.0/16' kubelet-start; do kubeadm init phase \\$phase | tail -1; done; sleep 20
export KUBECONFIG=/etc/kubernetes/super-admin.conf; kubectl get nodes --no-headers; kubectl get pods -n kube-system --no-headers
for phase in 'upload-config all' mark-control-plane bootstrap-token 'addon all'; do kubeadm init phase \\$phase | tail -1; done
kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes --no-headers; kubectl -n kube-system get ds,deploy --no-headers
rm /etc/kubernetes/pki/apiserver.*; kubeadm init phase certs apiserver --apiserver-cert-extra-sans api.example.org; kubeadm init phase certs nosuch
kubeadm kubeconfig user --client-name joe --org dev > /tmp/joe; kubectl --kubeconfig /tmp/joe auth whoami"`,
    expect: [
      "[preflight] Running pre-flight checks",
      '[certs] Generating "sa" key and public key',
      '[kubeconfig] Writing "scheduler.conf" kubeconfig file',
      '[etcd] Creating static Pod manifest for local etcd in "/etc/kubernetes/manifests"',
      '[control-plane] Creating static Pod manifest for "kube-scheduler"',
      "[kubelet-start] Starting the kubelet",
      /^cp-1 +NotReady +<none>/,
      /^etcd-cp-1 +1\/1 +Running/,
      /^kube-apiserver-cp-1 +1\/1 +Running/,
      '[kubelet] Creating a ConfigMap "kubelet-config"',
      "adding the taints [node-role.kubernetes.io/control-plane:NoSchedule]",
      '[bootstrap-token] Creating the "cluster-info" ConfigMap',
      "[addons] Applied essential addon: kube-proxy",
      /^cp-1 +NotReady +control-plane/,
      /^daemonset.apps\/kube-proxy/,
      /^deployment.apps\/coredns/,
      '[certs] Generating "apiserver" certificate and key',
      "DNS names [api.example.org cp-1 kubernetes",
      'unknown command "nosuch" for "kubeadm init phase certs"',
      /^Username +joe$/,
      /^Groups +\[dev system:authenticated\]$/,
    ],
  },
];

describe("kubeadm", () => {
  test.each(SCENARIOS)(
    "$name",
    (scenario) => {
      expect(play(scenario, PRELUDE)).toEqual([]);
    },
    120_000,
  );
});
