import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What scripts that set nodes up, look at them and check them rely on. */
const ON_NODE = `on() { ssh "$1" "sudo bash -c '$2'" 2>&1; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    // DecodeKubeletConfiguration: strict, then lenient; ValidateKubeletConfiguration. As people break it to mend it.
    name: "a kubelet's configuration that cannot be read, or holds what is not allowed, ends it; unknown fields are told of",
    script: String.raw`cat >k.sh <<'K'
C=/var/lib/kubelet/config.yaml; cp $C /root/c
try() { cp /root/c $C; eval "$1"; systemctl restart kubelet; sleep 4; systemctl is-active kubelet; journalctl -u kubelet -o cat | grep -E "command failed|lenient" | tail -n1; }
try 'echo foo: bar >>$C'; try 'sed -i s/v1beta1/v1beta1_broken/ $C'; try 'echo maxPods: five >>$C'; try 'echo "kubeReserved: {cpu: 1}" >>$C'
try 'sed -i "s/^syncFrequency.*/syncFrequency: 5/" $C'; try 'echo maxPods: -5 >>$C; echo port: 70000 >>$C'; try 'echo topologyManagerPolicy: best >>$C'
K
scp -q k.sh worker-1:/tmp/; ssh worker-1 sudo bash /tmp/k.sh; ssh cp-1 sudo kubectl --kubeconfig /etc/kubernetes/kubelet.conf get nodes`,
    expect: [
      /^active$/,
      '"Using lenient decoding as strict decoding failed" err="strict decoding error: unknown field \\"foo\\""',
      /^activating$/,
      'failed to decode: no kind \\"KubeletConfiguration\\" is registered for version \\"kubelet.config.k8s.io/v1beta1_broken\\" in scheme',
      "failed to decode: json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32",
      "failed to decode: json: cannot unmarshal number into Go struct field KubeletConfiguration.kubeReserved of type string",
      "failed to decode: json: cannot unmarshal number into Go value of type string",
      'err="failed to validate kubelet configuration, error: [invalid configuration: maxPods (--max-pods) -5 must not be a negative number, invalid configuration: port (--port) 70000 must be between 1 and 65535, inclusive], path: &TypeMeta{Kind:,APIVersion:,}"',
      'error: invalid configuration: topologyManagerPolicy (--topology-manager-policy) \\"best\\" must be one of: [',
      "node 'cp-1' cannot read all nodes, only its own Node object",
    ],
  },
  {
    name: "what lies below a kubelet's root; a policy for CPUs that is not the one whose state lies there ends it",
    script: `on() { ssh worker-1 "sudo $*"; }
on ls /var/lib/kubelet | tr '\\n' ' '; echo; on readlink /var/lib/kubelet/pki/kubelet-client-current.pem
on cat /var/lib/kubelet/cpu_manager_state; echo; on stat -c %F /var/lib/kubelet/pod-resources/kubelet.sock
on "sh -c 'echo cpuManagerPolicy: static >> /var/lib/kubelet/config.yaml'"; on systemctl restart kubelet; sleep 2; on systemctl is-active kubelet
told() { on journalctl -u kubelet -o cat --no-pager -n 5 | grep -o 'kubelet.go:1511.*\\|failed to run Kubelet.*' | cut -c1-140; }; told
on "sh -c 'echo kubeReserved: {cpu: 500m} >> /var/lib/kubelet/config.yaml'"; sleep 12; told
on rm /var/lib/kubelet/cpu_manager_state; on systemctl restart kubelet; sleep 5; on systemctl is-active kubelet; on cat /var/lib/kubelet/cpu_manager_state; echo`,
    expect: [
      "config.yaml cpu_manager_state device-plugins kubeadm-flags.env memory_manager_state pki plugins plugins_registry pod-resources pods ",
      "/var/lib/kubelet/pki/kubelet-client-2026-03-02-09-00-00.pem",
      '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}',
      "socket",
      "activating",
      'failed to run Kubelet: [cpumanager] unable to determine reserved CPU resources for static policy"',
      /^kubelet.go:1511\] "Failed to start ContainerManager" err="start cpu manager error: could not restore state from checkpoint: configured/,
      "active",
      '{"policyName":"static","defaultCpuSet":"0-1","checksum":1636926438}',
    ],
  },
  {
    name: "a Guaranteed Pod that asks for whole CPUs has them alone under the static policy",
    script: `on() { ssh worker-1 "sudo $*"; }
ssh worker-1 "printf 'cpuManagerPolicy: static\\nkubeReserved: {cpu: 500m}\\n' | sudo tee -a /var/lib/kubelet/config.yaml >/dev/null; sudo rm /var/lib/kubelet/cpu_manager_state; sudo systemctl restart kubelet"; sleep 5
pod() { printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},"spec":{"nodeName":"worker-1","terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"busybox:1.36","command":["sleep","1000"],"resources":{"limits":%s}}]}}' $1 "$2" | kubectl apply -f - >/dev/null; }
pod shared '{}'; pod alone '{"cpu":"1","memory":"32Mi"}'; sleep 12; S=/sys/fs/cgroup/cpuset.cpus
seen() { kubectl exec $1 -- sh -c "cat $S; grep Cpus_allowed_list /proc/1/status; nproc" | tr '\n' ' '; echo; }; seen alone; seen shared
on cat /var/lib/kubelet/cpu_manager_state | jq -c '.defaultCpuSet, .entries[]'
pod more '{"cpu":"1","memory":"32Mi"}'; sleep 5; kubectl get pod more -o jsonpath='{.status.reason}: {.status.message}'; echo
kubectl delete pod alone >/dev/null; sleep 3; seen shared; on cat /var/lib/kubelet/cpu_manager_state; echo`,
    expect: [
      /^1 Cpus_allowed_list:\s1 1 $/,
      /^0 Cpus_allowed_list:\s0 1 $/,
      '"0"',
      '{"c":"1"}',
      /^(OutOfcpu|UnexpectedAdmissionError): Pod was rejected/,
      /^0-1 Cpus_allowed_list:\s0-1 2 $/,
      '{"policyName":"static","defaultCpuSet":"0-1","checksum":1636926438}',
    ],
  },
  {
    name: "API servers keep a Lease each and say whom to trust; one that loses its power leaves the Service kubernetes",
    script: `kubectl get lease -n kube-system -l apiserver.kubernetes.io/identity=kube-apiserver -L kubernetes.io/hostname --no-headers | awk '{print substr($1, 1, 10), index($2, $1 "_"), $4}' | sort
kubectl get cm -n kube-system -o custom-columns=N:.metadata.name,K:.data --no-headers | grep -oE '^(ext|kube-api)[a-z-]+|since:[-0-9]+|requestheader-[a-z-]+:\\[[^]]*]'
kubectl get csinodes --no-headers | awk '{print $2}' | sort | uniq -c
R=$(kubectl get lease -n kube-system -l kubernetes.io/hostname=cp-1 -o jsonpath={.items..renewTime}); sleep 11
test $R != $(kubectl get lease -n kube-system -l kubernetes.io/hostname=cp-1 -o jsonpath={.items..renewTime}) && echo renewed
ssh cp-3 sudo poweroff -f; sleep 30; kubectl get endpoints kubernetes --no-headers | awk '{print $2}'
ssh cp-1 'sudo etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key get /registry/masterleases/ --prefix --keys-only | grep .'`,
    expect: [
      "apiserver- 1 cp-1",
      "apiserver- 1 cp-2",
      "apiserver- 1 cp-3",
      "extension-apiserver-authentication",
      'requestheader-allowed-names:["front-proxy-client"]',
      'requestheader-extra-headers-prefix:["X-Remote-Extra-"]',
      'requestheader-group-headers:["X-Remote-Group"]',
      'requestheader-username-headers:["X-Remote-User"]',
      "kube-apiserver-legacy-service-account-token-tracking",
      "since:2026-03-02",
      /^ *6 0$/,
      "renewed",
      "192.168.108.11:6443,192.168.108.12:6443",
      "/registry/masterleases/192.168.108.11",
      "/registry/masterleases/192.168.108.12",
    ],
  },
  {
    name: "what API servers publish comes back when it is taken away, and keeps what others add",
    script: `M=extension-apiserver-authentication; kubectl delete cm -n kube-system $M kube-apiserver-legacy-service-account-token-tracking >/dev/null; sleep 1
kubectl get cm -n kube-system --no-headers | awk '/^(ext|kube-api)/ {print $1, $2}'
kubectl patch cm -n kube-system $M -p '{"data":{"requestheader-allowed-names":"[\\"mine\\"]","client-ca-file":null,"more":"x"}}'; sleep 1
kubectl get cm -n kube-system $M -o jsonpath='{.data.requestheader-allowed-names} {.data.more}{"\\n"}'
kubectl get cm -n kube-system $M -o jsonpath='{.data.client-ca-file}' | head -1`,
    expect: [
      "extension-apiserver-authentication 6",
      "kube-apiserver-legacy-service-account-token-tracking 1",
      "configmap/extension-apiserver-authentication patched",
      '["mine","front-proxy-client"] x',
      "-----BEGIN CERTIFICATE-----",
    ],
  },
  {
    name: "a kubelet that starts tells of itself, of disks not measured yet, and what it has enough of",
    script: `ssh worker-1 sudo systemctl restart kubelet; sleep 10
kubectl get events --field-selector involvedObject.name=worker-1,reason!=NodeReady,reason!=RegisteredNode --sort-by=.metadata.resourceVersion -o custom-columns=T:.type,R:.reason,M:.message --no-headers | tail -6 | tr -s ' '`,
    expect: [
      "Normal Starting Starting kubelet.",
      "Warning InvalidDiskCapacity invalid capacity 0 on image filesystem",
      "Normal NodeHasSufficientMemory Node worker-1 status is now: NodeHasSufficientMemory",
      "Normal NodeHasNoDiskPressure Node worker-1 status is now: NodeHasNoDiskPressure",
      "Normal NodeHasSufficientPID Node worker-1 status is now: NodeHasSufficientPID",
      "Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods",
    ],
  },
  {
    name: "addresses and ports of Services lie in etcd as ranges; without them nothing is given out until the repair",
    script: `e() { ssh cp-1 "sudo etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key $*"; }
e get /registry/ranges --prefix --keys-only | grep .; e del /registry/ranges --prefix
kubectl create service nodeport x --tcp=80 2>&1; sleep 185; kubectl create service nodeport x --tcp=80
kubectl get events -A --field-selector source=ipallocator-repair-controller --no-headers -o custom-columns=N:.involvedObject.name,R:.reason,M:.message | sort -u | tr -s ' '`,
    expect: [
      "/registry/ranges/serviceips",
      "/registry/ranges/servicenodeports",
      "2",
      "error: failed to create NodePort service: Internal error occurred: failed to allocate a serviceIP: cannot allocate resources of type serviceipallocations at this time",
      "service/x created",
      "kube-dns ClusterIPNotAllocated Cluster IP [IPv4]:10.201.0.10 is not allocated; repairing",
      "kubernetes ClusterIPNotAllocated Cluster IP [IPv4]:10.201.0.1 is not allocated; repairing",
    ],
  },
  {
    name: "a container whose program reads more than its limit is OOMKilled, shell and all",
    script: `kubectl run eater --image=busybox:1.36 --restart=Never --overrides='{"spec":{"containers":[{"name":"c","image":"busybox:1.36","command":["sh","-c","tail /dev/zero; echo lives"],"resources":{"limits":{"memory":"8Mi"}}}]}}'
sleep 15; kubectl logs eater
kubectl get pod eater -o jsonpath='{.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}{"\\n"}'`,
    expect: ["OOMKilled 137"],
  },
  {
    name: "a probe that cannot be carried out restarts nothing, and the kernel of a Pod may have its whole name",
    script: `pod() { cat <<Y | kubectl apply -f - >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec: {nodeName: worker-1, $3 containers: [{name: c, image: "nginx:1.25", $2}]}
Y
}
pod absent 'livenessProbe: {exec: {command: [nosuch]}, periodSeconds: 2, failureThreshold: 1}'
pod nameless 'readinessProbe: {httpGet: {path: /, port: nosuch}, periodSeconds: 2}'
pod secure 'readinessProbe: {httpGet: {path: /, port: 80, scheme: HTTPS}, periodSeconds: 2}'
pod remote 'readinessProbe: {grpc: {port: 81}, periodSeconds: 2}'
pod full 'ports: []' 'hostname: hh, subdomain: ss, setHostnameAsFQDN: true,'
pod long 'ports: []' 'hostname: hh, subdomain: a12345678901234567890123456789012345678901234567890, setHostnameAsFQDN: true,'
sleep 30
kubectl get pod absent --no-headers | awk '{print $1, $2, $4}'; kubectl exec full -- hostname
for p in nameless secure remote long; do kubectl get events --field-selector involvedObject.name=$p -o json | jq -r '.items[] | select(.type == "Warning") | [.reason, .message] | join(" ")'; done`,
    expect: [
      "absent 1/1 0",
      "hh.ss.default.svc.cluster.local",
      'Unhealthy Readiness probe errored: strconv.Atoi: parsing "nosuch": invalid syntax',
      /^Unhealthy Readiness probe failed: Get "https:\/\/10\.200\.\d+\.\d+:80\/": http: server gave HTTP response to HTTPS client$/,
      /^Unhealthy Readiness probe failed: timeout: failed to connect service "10\.200\.\d+\.\d+:81" within 1s: context deadline exceeded$/,
      /^FailedCreatePodSandBox Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN hh\.a\d+\.default\.svc\.cluster\.local is too long \(64 characters is the max, \d+ characters requested\)$/,
    ],
  },
  {
    name: "a node's file systems, namespaces and make",
    script: `on cp-1 "stat -fc %T /sys/fs/cgroup/; stat -f -c %T-%l / /proc; stat -f /nosuch; mount | grep cgroup"
on cp-1 "df -i /; df -ih / | tail -1; df --output 2>/dev/null; stat -c %a /var/lib/etcd"
on cp-1 "ls /proc/1/ns | xargs; cat /sys/class/dmi/id/product_uuid"
on cp-1 "netstat -rn"`,
    expect: [
      /^cgroup2fs$/,
      /^ext2\/ext3-255$/,
      /^proc-255$/,
      "stat: cannot read file system information for '/nosuch': No such file or directory",
      "cgroup2 on /sys/fs/cgroup type cgroup2 (rw,",
      /^Filesystem +Inodes IUsed +IFree IUse% Mounted on$/,
      /^\/dev\/vda1 +\d+ +\d+ +\d+ +\d+% \/$/,
      /^\/dev\/vda1 +[\d.]+M +\d+K +[\d.]+M +\d+% \/$/,
      /^700$/,
      /^cgroup ipc mnt net pid pid_for_children time time_for_children user uts$/,
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      /^Destination {5}Gateway {9}Genmask {9}Flags {3}MSS Window {2}irtt Iface$/,
      /^0\.0\.0\.0 {9}192\.168\.108\.1 {3}0\.0\.0\.0 {9}UG {8}0 0 {10}0 eth0$/,
    ],
  },
  {
    name: "what the packages of a node and its runtime leave in the file tree",
    script: `on worker-1 "ls /opt/cni/bin | xargs; /opt/cni/bin/bridge"
on worker-1 "ls -l /run/containerd/containerd.sock; ls /var/lib/containerd | wc -l"
on worker-1 "systemctl stop containerd; ls /run/containerd/containerd.sock; systemctl start containerd; test -S /var/run/containerd/containerd.sock && echo socket"
on cp-1 "crictl exec \\$(crictl ps -q --name etcd) etcd --version"`,
    expect: [
      /^LICENSE README\.md bandwidth bridge dhcp .*flannel .*vrf$/,
      "CNI bridge plugin v1.6.0",
      "CNI protocol versions supported: ",
      /^srw-rw---- 1 root root 0 /,
      /^6$/,
      "ls: cannot access '/run/containerd/containerd.sock': No such file or directory",
      /^socket$/,
      /^etcd Version: 3\.5\.16$/,
      /^Go OS\/Arch: linux\/amd64$/,
    ],
  },
  {
    name: "what a machine boots into",
    script: `on worker-1 "systemctl get-default; systemctl set-default graphical; systemctl set-default multi-user.target; systemctl set-default nosuch; systemctl get-default"
on worker-1 "systemctl isolate multi-user.target && echo isolated; systemctl isolate network.target; systemctl show-environment | grep -c PATH="`,
    expect: [
      /^multi-user\.target$/,
      "Created symlink /etc/systemd/system/default.target → /lib/systemd/system/graphical.target.",
      'Removed "/etc/systemd/system/default.target".',
      "Created symlink /etc/systemd/system/default.target → /lib/systemd/system/multi-user.target.",
      "Failed to set default target: Unit file nosuch.target does not exist.",
      /^multi-user\.target$/,
      /^isolated$/,
      "Failed to start network.target: Operation refused, unit may not be isolated.",
      /^1$/,
    ],
  },
  {
    name: "fuser tells who has a port or a file",
    script: `on cp-1 "fuser 6443/tcp 2>/dev/null | xargs ps -o comm= -p; fuser -v -n tcp 10250; fuser 9/tcp; echo status \\$?; fuser /nosuch"
on worker-1 "sleep 1d > /tmp/held & cd /; fuser /tmp/held; fuser -s -k -TERM /tmp/held; sleep 1; fuser /tmp/held || echo free"`,
    expect: [
      /^kube-apiserver$/,
      /^ {21}USER {8}PID ACCESS COMMAND$/,
      /^10250\/tcp: {11}root +\d+ \.{5} kubelet$/,
      "status 1",
      "Specified filename /nosuch does not exist.",
      /^\/tmp\/held: {10} +\d+$/,
      /^free$/,
    ],
  },
  {
    name: "a cluster is upgraded, first by a patch and then to the next minor release",
    script: `cat > /tmp/up.sh <<'END'
release=$1; minor=\${release%.*}
sed -i "s#/v1.[0-9]*/#/v$minor/#" /etc/apt/sources.list.d/kubernetes.list
apt-get update | grep -c pkgs.k8s.io
apt-mark unhold kubeadm kubelet kubectl >/dev/null
apt-get install -y kubeadm="$release-*" | tail -1
if [ "$2" = first ]; then kubeadm upgrade plan "v$release" | grep -A3 ^kube-apiserver; kubeadm upgrade apply -y "v$release" | grep SUCCESS
else kubeadm upgrade node | grep "configuration for this node"; fi
apt-get install -y kubelet="$release-1.1" kubectl="$release-1.1" >/dev/null
apt-mark hold kubeadm kubelet kubectl | tail -1
systemctl daemon-reload; systemctl restart kubelet
END
upgrade() { ssh $2 sudo bash -s $1 $3 < /tmp/up.sh 2>&1; }
ssh cp-1 "apt-cache madison kubeadm | tail -1; sudo apt-get install -y kubeadm=1.33.0-1.1; sudo kubeadm upgrade apply -y v1.32.4"
upgrade 1.32.5 cp-1 first
sleep 20; kubectl get node cp-1 worker-1 --no-headers; ssh cp-1 "kubelet --version; kubectl version --client; sudo dpkg -l kubelet | tail -1"
for m in cp-1:first cp-2 cp-3; do upgrade 1.33.2 \${m%:*} \${m#cp-?:}; done
kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data --force >/dev/null 2>&1; upgrade 1.33.2 worker-1; kubectl uncordon worker-1
sleep 60; kubectl get nodes --no-headers; kubectl version | tail -1; kubectl get --raw /version | jq -r .minor
kubectl -n kube-system get ds kube-proxy -o jsonpath='{..image}{"\\n"}'; kubectl -n kube-system get pods -l component=etcd -o jsonpath='{.items[*].spec.containers[*].image}{"\\n"}'
kubectl -n kube-system get cm kubeadm-config -o yaml | grep kubernetesVersion; kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod/web --timeout=60s`,
    expect: [
      /^ +kubeadm \| +1\.32\.0-1\.1 \| https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v1\.32\/deb {2}Packages$/,
      "E: Version '1.33.0-1.1' for 'kubeadm' was not found",
      'Specified version to upgrade to "v1.32.4" is higher than the kubeadm version "v1.32.3".',
      /^1$/,
      /^Setting up kubeadm \(1\.32\.5-1\.1\) \.\.\.$/,
      /^kube-apiserver +cp-1 +v1\.32\.3 +v1\.32\.\d+$/,
      'A control plane node of your cluster was upgraded to "v1.32.5".',
      "kubectl set on hold.",
      /^cp-1 +Ready +control-plane +\S+ +v1\.32\.5$/,
      /^worker-1 +Ready +<none> +\S+ +v1\.32\.3$/,
      /^Kubernetes v1\.32\.5$/,
      /^Client Version: v1\.32\.5$/,
      /^hi +kubelet +1\.32\.5-1\.1 /,
      'A control plane node of your cluster was upgraded to "v1.33.2".',
      "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!",
      "node/worker-1 uncordoned",
      /^cp-1 +Ready +control-plane +\S+ +v1\.33\.2$/,
      /^cp-3 +Ready +control-plane +\S+ +v1\.33\.2$/,
      /^worker-1 +Ready +<none> +\S+ +v1\.33\.2$/,
      /^worker-2 +Ready +<none> +\S+ +v1\.32\.3$/,
      /^Server Version: v1\.33\.2$/,
      /^33$/,
      "registry.k8s.io/kube-proxy:v1.33.2",
      "registry.k8s.io/etcd:3.5.21-0 registry.k8s.io/etcd:3.5.21-0 registry.k8s.io/etcd:3.5.21-0",
      "kubernetesVersion: v1.33.2",
      "pod/web condition met",
    ],
  },
  {
    name: "programs and keys of Kubernetes are fetched as its documentation does it",
    script: `cd /tmp; curl -LO "https://dl.k8s.io/release/$(curl -L -s https://dl.k8s.io/release/stable-1.33.txt)/bin/linux/amd64/kubectl" 2>/dev/null
curl -LO https://dl.k8s.io/release/v1.33.7/bin/linux/amd64/kubectl.sha256 2>/dev/null; echo "$(cat kubectl.sha256)  kubectl" | sha256sum --check
sudo install -o root -g root -m 0755 kubectl /usr/local/bin/kubectl; /usr/local/bin/kubectl version | grep Client; kubectl get nodes -o name | wc -l
curl -fsSL https://pkgs.k8s.io/core:/stable:/v1.33/deb/Release.key | sudo gpg --dearmor -o /etc/apt/keyrings/kubernetes.gpg; test -s /etc/apt/keyrings/kubernetes.gpg && echo key
echo x | gpg --dearmor; ssh cp-1 "sudo kubeadm config images pull --kubernetes-version v1.33.1" | tail -1
curl -s -o /dev/null -w '%{http_code}\\n' https://dl.k8s.io/release/v1.99.0/bin/linux/amd64/kubectl`,
    expect: [
      /^kubectl: OK$/,
      "Client Version: v1.33.7",
      /^6$/,
      /^key$/,
      "gpg: no valid OpenPGP data found.",
      "[config/images] Pulled registry.k8s.io/etcd:3.5.21-0",
      /^404$/,
    ],
  },
  {
    name: "helm's installer fetches what is asked for and leaves what is there",
    script: `cd /tmp; curl -fsSL https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3 -o get.sh; bash get.sh 2>&1 | tail -1; bash get.sh
DESIRED_VERSION=v3.12.0 bash get.sh | sed -n 1p; helm version --short | cut -d+ -f1
curl -sLO https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz; curl -sL https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz.sha256sum | sha256sum -c
tar -zxf helm-v3.14.0-linux-amd64.tar.gz && sudo mv linux-amd64/helm /usr/local/bin/helm; helm version --template '{{ .Version }}'; echo`,
    expect: [
      "helm installed into /usr/local/bin/helm",
      "Helm v3.17.2 is already latest",
      "Helm v3.12.0 is available. Changing from version v3.17.2.",
      /^v3\.12\.0$/,
      "helm-v3.14.0-linux-amd64.tar.gz: OK",
      /^v3\.14\.0$/,
    ],
  },
  {
    name: "scp copies programs, directories and patterns both ways",
    script: `cd; mkdir -p d/e; echo 1 > d/f; echo 2 > d/e/g; printf '#!/bin/sh\\necho ran on $(hostname)\\n' > run.sh; chmod +x run.sh
scp run.sh worker-1:; ssh worker-1 ./run.sh; scp -r d worker-1:/tmp/new; ssh worker-1 "cd /tmp/new; find . | sort | paste -s; stat -c %a%U f"
mkdir t; scp 'worker-1:/tmp/new/*' t; echo "status $?"; scp -r worker-1:/tmp/new t; find t | sort | paste -s; scp run.sh worker-1:/nodir/x; scp worker-1:/etc/shadow .
scp worker-1:/etc/hostname worker-2:/tmp/hn; ssh worker-2 cat /tmp/hn; scp 'worker-1:/tmp/zz*' .; scp d worker-1:`,
    expect: [
      "ran on worker-1",
      /^\.\t\.\/e\t\.\/e\/g\t\.\/f$/,
      /^644learner$/,
      "scp: download /tmp/new/e/: not a regular file",
      "status 1",
      /^t\tt\/f\tt\/new\tt\/new\/e\tt\/new\/e\/g\tt\/new\/f$/,
      'scp: dest open "/nodir/x": No such file or directory',
      "scp: failed to upload file run.sh to /nodir/x",
      'scp: remote open "/etc/shadow": Permission denied',
      /^worker-1$/,
      "scp: /tmp/zz*: No such file or directory",
      'scp: local "d" is not a regular file',
    ],
  },
  {
    name: "ssh goes by its configuration and offers the keys that it names",
    script: `cd; ssh-keygen -q -t ed25519 -N '' -f k; ssh worker-1 "cat >> ~/.ssh/authorized_keys" < k.pub; mv ~/.ssh/id_ed25519 /tmp
ssh worker-1 true; ssh -i k worker-1 hostname; printf 'Host w !x\\n  HostName worker-1\\n  IdentityFile ~/k\\nHost *\\n  User learner\\n' > .ssh/config
ssh w hostname; chmod 644 k; ssh w true; ssh -i /nope w true; printf 'Foo bar\\nPort x\\n' > cfg; ssh -F cfg w; echo "status $?"; ssh -F none.cfg w
chmod 600 k; rm .ssh/config k.pub; ssh worker-1 true; eval "$(ssh-agent)" >/dev/null; ssh-add k; ssh-add -l | cut -c1-11; ssh worker-1 hostname; ssh-add -D; ssh-agent -k | tail -1 | cut -c1-14
ssh-keyscan -t ed25519 worker-1 2>/dev/null | cut -c1-20; ssh-keyscan nohost`,
    expect: [
      "learner@worker-1: Permission denied (publickey).",
      /^worker-1$/,
      /^worker-1$/,
      "Permissions 0644 for '/home/learner/k' are too open.",
      'Load key "/home/learner/k": bad permissions',
      "Warning: Identity file /nope not accessible: No such file or directory.",
      "cfg: line 1: Bad configuration option: foo",
      "cfg line 2: Bad port 'x'.",
      "cfg: terminating, 2 bad configuration options",
      "status 255",
      "Can't open user config file none.cfg: No such file or directory",
      "learner@worker-1: Permission denied (publickey).",
      /^Identity added: k \(/,
      "256 SHA256:",
      /^worker-1$/,
      "All identities removed.",
      "echo Agent pid",
      "worker-1 ssh-ed25519",
      "getaddrinfo nohost: Name or service not known",
    ],
  },
  {
    name: "phases of kubeadm init mend a control plane that lost parts of it",
    script: `on cp-1 "rm /etc/kubernetes/manifests/kube-scheduler.yaml /etc/kubernetes/controller-manager.conf; sleep 2; kubeadm init phase control-plane scheduler; kubeadm init phase kubeconfig all; stat -c %a /etc/kubernetes/manifests/kube-scheduler.yaml"
kubectl -n kube-system delete ds kube-proxy >/dev/null; kubectl -n kube-system delete deploy/coredns svc/kube-dns >/dev/null; kubectl taint node cp-1 node-role.kubernetes.io/control-plane- >/dev/null
on cp-1 "kubeadm init phase addon all; kubeadm init phase mark-control-plane; kubeadm init phase upload-config kubelet; kubeadm init phase etcd; kubeadm init phase control-plane nosuch"
sleep 60; kubectl -n kube-system get pods kube-scheduler-cp-1 --no-headers; kubectl -n kube-system get ds kube-proxy --no-headers; kubectl -n kube-system get deploy coredns --no-headers; kubectl get node cp-1 -o jsonpath='{.spec.taints[*].effect}{"\\n"}'`,
    expect: [
      '[control-plane] Creating static Pod manifest for "kube-scheduler"',
      '[kubeconfig] Using kubeconfig folder "/etc/kubernetes"',
      '[kubeconfig] Using existing kubeconfig file: "/etc/kubernetes/admin.conf"',
      '[kubeconfig] Writing "controller-manager.conf" kubeconfig file',
      /^600$/,
      "[addons] Applied essential addon: CoreDNS",
      "[addons] Applied essential addon: kube-proxy",
      "[mark-control-plane] Marking the node cp-1 as control-plane by adding the taints",
      '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system',
      'missing subcommand; "etcd" is not meant to be run on its own',
      'unknown command "nosuch" for "kubeadm init phase control-plane"',
      /^kube-scheduler-cp-1 +1\/1 +Running/,
      /^kube-proxy +6 +6 +6 /,
      /^coredns +2\/2 /,
      /^NoSchedule$/,
    ],
  },
  {
    name: "the kubelet tells on its machine that it is well, and tells everybody about Pods where it is told to",
    script: `on worker-1 "curl -s localhost:10248/healthz; echo; curl -s localhost:10248/healthz?verbose; curl -s localhost:10248/pods; curl -s localhost:10255/pods; echo \\$?"
curl -s 192.168.108.21:10248/healthz; echo $?
on worker-1 "echo readOnlyPort: 10255 >> /var/lib/kubelet/config.yaml; systemctl restart kubelet; sleep 5; curl -s localhost:10255/exec/a/b/c; systemctl stop kubelet; curl -s localhost:10248/healthz; echo \\$?; systemctl start kubelet"
sleep 5; curl -s 192.168.108.21:10255/pods | jq -r .kind; curl -s 192.168.108.21:10255/metrics | grep -c ^kubelet_running_pods`,
    expect: [
      /^ok$/,
      "[+]ping ok",
      "healthz check passed",
      "404 page not found",
      /^7$/,
      /^7$/,
      "404 page not found",
      /^7$/,
      /^PodList$/,
      /^1$/,
    ],
  },
  {
    name: "a Pod that is deleted while its node has no containerd ends when that is back",
    script: `kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}' >/dev/null; kubectl wait --for=condition=Ready pod/web >/dev/null
on worker-1 "systemctl stop containerd"; kubectl delete pod web --wait=false; sleep 40; kubectl get pod web --no-headers
kubectl get events --field-selector reason=FailedKillPod -o jsonpath='{.items[0].type} {.items[0].message}{"\\n"}'
on worker-1 "journalctl -u kubelet --no-pager | grep -c Kill.container.failed; systemctl start containerd"; sleep 30; kubectl get pod web`,
    expect: [
      /^web +1\/1 +Terminating +0 +\d+s$/,
      /^Warning error killing pod: \[failed to "KillContainer" for "web" with KillContainerError: "rpc error: code = Unavailable desc = .*\\"transport: .*", failed to "KillPodSandbox" for "[0-9a-f-]{36}" with KillPodSandboxError: "rpc error: .*"\]$/,
      /^[1-9]\d*$/,
      'pods "web" not found',
    ],
  },
  {
    name: "a manifest that is moved away and back at once restarts its static Pod",
    script: `on cp-1 "cd /etc/kubernetes/manifests; crictl ps -q --name kube-scheduler; mv kube-scheduler.yaml /tmp; mv /tmp/kube-scheduler.yaml .; sleep 40; crictl ps -q --name kube-scheduler | wc -l"
kubectl -n kube-system get pod kube-scheduler-cp-1 --no-headers; on cp-1 "mv /etc/kubernetes/manifests/kube-scheduler.yaml /tmp"; sleep 10; kubectl -n kube-system get pod kube-scheduler-cp-1`,
    expect: [
      /^[0-9a-f]{64}$/,
      /^1$/,
      /^kube-scheduler-cp-1 +1\/1 +Running +0 +\d+s$/,
      'pods "kube-scheduler-cp-1" not found',
    ],
  },
];

describe("nodes as others' scripts see them", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, ON_NODE)).toEqual([]);
  });
});
