import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What administrators do on the machines of a cluster. */
const ON_NODE = `on() { ssh "$1" "sudo bash -c '$2'" 2>&1; }
`;

const WEB = `kubectl run web --image=nginx >/dev/null
kubectl wait --for=condition=Ready pod/web --timeout=60s >/dev/null
N=$(kubectl get pod web -o jsonpath='{.spec.nodeName}')
ID=$(on $N "crictl ps --name ^web$ -q")
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "journal, units and processes tell their times in the zone of who asks",
    script: `sudo timedatectl set-timezone Asia/Seoul
journalctl -n 1 -o short-full; TZ=UTC journalctl -n 1 -o short-iso
systemctl status ssh | grep Active; systemctl show ssh -p ActiveEnterTimestamp
ps -o lstart= -p 1; who -b
journalctl --since yesterday --until today
logger -p local3.err hello; journalctl --facility=local3 -p err -o cat`,
    expect: [
      / 18:00:\d\d KST workstation /,
      /T09:00:\d\d\+0000 workstation /,
      /since Mon 2026-03-02 18:00:\d\d KST; /,
      /^ActiveEnterTimestamp=Mon 2026-03-02 18:00:\d\d KST$/,
      /^Mon Mar {2}2 18:00:\d\d 2026$/,
      /system boot {2}2026-03-02 18:00$/,
      "-- No entries --",
      /^hello$/,
    ],
  },
  {
    name: "crictl shows what the runtime runs",
    script: `${WEB}
on $N "crictl ps | grep web; crictl pods --name web; crictl images | grep -c nginx"
on $N "crictl inspect -o go-template --template {{.status.state}} $ID"
on $N "crictl inspect $ID" | jq -r '.info.pid, .status.metadata.name, .status.image.image'
on $N "crictl inspectp \\$(crictl pods --name web -q)" | jq -r '.status.network.ip'
kubectl get pod web -o jsonpath='{.status.podIP}{"\\n"}'
on $N "crictl logs --tail=1 $ID"
on $N "crictl exec $ID cat /etc/hostname; crictl exec $ID false"
on $N "crictl ps -o json" | jq -r '.containers[]|select(.metadata.name=="web")|.state'`,
    expect: [
      /^[0-9a-f]{13} {7}[0-9a-f]{13} {7}.* ago +Running +web +0 +[0-9a-f]{13} {7}web +default$/,
      /^POD ID {14}CREATED +STATE +NAME +NAMESPACE +ATTEMPT +RUNTIME$/,
      /^[0-9a-f]{13} +.* ago +Ready +web +default +0 +\(default\)$/,
      /^1$/,
      "CONTAINER_RUNNING",
      /^\d+$/,
      /^web$/,
      "docker.io/library/nginx:latest",
      /^10\.200\.\d+\.\d+$/,
      /^10\.200\.\d+\.\d+$/,
      "start worker process",
      /^web$/,
      /^execing command in container [0-9a-f]{64}: command terminated with exit code 1$/,
      "CONTAINER_RUNNING",
    ],
  },
  {
    name: "a container that crictl stops is restarted by the kubelet",
    script: `${WEB}
on $N "crictl stop $ID"; sleep 5; on $N "crictl ps -a --name web"
kubectl get pod web --no-headers
on $N "crictl rm nosuch; crictl ps --bogus; crictl; echo status $?"
on $N "rm /etc/crictl.yaml; crictl pods -q | wc -l"
on $N "systemctl stop containerd; crictl ps"`,
    expect: [
      /^[0-9a-f]{64}$/,
      /^CONTAINER/,
      /Running +web +1/,
      /Exited +web +0/,
      /^web +1\/1 +Running +1 /,
      /^E\d{4} .* log.go:32\] "ContainerStatus from runtime service failed" err=".*NotFound.*" containerID="nosuch"$/,
      "Incorrect Usage: flag provided but not defined: -bogus",
      "crictl - client for CRI",
      'level=warning msg="runtime connect using default endpoints: [unix:///run/containerd/containerd.sock',
      /^[34]$/,
      "connect: no such file or directory",
    ],
  },
  {
    name: "what a machine is made of and who runs on it",
    script: `on worker-1 "lsblk; lsblk -no FSTYPE /dev/vda1; blkid; findmnt -no SOURCE /; lscpu" | grep -v Flags
on worker-1 "pstree -p 1 | head -1; pstree | grep -c pause"
on worker-1 "sleep 50 & killall -v sleep; killall nosuch; echo status \\$?"
on worker-1 "renice 5 \\$\\$; flock /tmp/l sleep 1 & sleep 0.1; flock -n /tmp/l true; echo locked \\$?"
on worker-1 "vmstat | tail -1; ifconfig eth0 | head -2; route -n | head -3; ethtool -i eth0 | head -1"
on worker-1 "mkdir -p /tmp/r/bin; cp /bin/ls /tmp/r/bin; chroot /tmp/r /bin/ls /; unshare -u hostname other; hostname; unshare -n ip -br a"`,
    expect: [
      "NAME   MAJ:MIN RM SIZE RO TYPE MOUNTPOINTS",
      "└─vda1   254:1  0  40G  0 part /",
      "ext4",
      /^\/dev\/vda1: UUID="[-0-9a-f]{36}" BLOCK_SIZE="4096" TYPE="ext4"/,
      "/dev/vda1",
      "Architecture:            x86_64",
      /^CPU\(s\): +2$/,
      /^systemd\(1\)─┬─containerd\(\d+\)$/,
      /^[1-9]\d*$/,
      /^Killed sleep\(\d+\) with signal 15$/,
      "nosuch: no process found",
      "status 1",
      /^\d+ \(process ID\) old priority 0, new priority 5$/,
      "locked 1",
      /^ *\d+ +0 +0 +\d+ +\d+ +\d+ +0 +0 /,
      "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500",
      "inet 192.168.108.21  netmask 255.255.255.0  broadcast 192.168.108.255",
      "Kernel IP routing table",
      /^0\.0\.0\.0 +192\.168\.108\.1 +0\.0\.0\.0 +UG /,
      "driver: virtio_net",
      /^bin$/,
      /^worker-1$/,
      /^lo +UNKNOWN +127\.0\.0\.1\/8/,
    ],
  },
  {
    name: "systemd's own tools look at units, groups and sessions",
    script: `on worker-1 "systemd-analyze | head -1; systemd-analyze blame | grep -c kubelet; systemd-detect-virt"
on worker-1 "(echo [Service]; echo ExecStart=/nope; echo foo; echo [Bar]) > /tmp/x.service; systemd-analyze verify /tmp/x.service; echo status \\$?"
on worker-1 "systemd-cgls -u kubelet | head -1; systemd-cgtop -n 1 | grep -c kubepods"
on worker-1 "systemd-cat -t me echo hello; journalctl -t me -n 1 -o cat"
on worker-1 "systemd-run --unit=once sleep 30; systemctl is-active once; systemd-run --wait false; echo status \\$?"
on worker-1 "service kubelet status | head -1; service nosuch start; echo status \\$?; visudo -c; echo wrong > /etc/sudoers.d/x; visudo -c; echo status \\$?"`,
    expect: [
      /^Startup finished in .*s \(kernel\) \+ .* \(userspace\) = /,
      /^1$/,
      /^kvm$/,
      "/tmp/x.service:3: Missing '=', ignoring line.",
      "/tmp/x.service:4: Unknown section 'Bar'. Ignoring.",
      "x.service: Command /nope is not executable: No such file or directory",
      "status 1",
      "Unit kubelet.service (/system.slice/kubelet.service):",
      /^[1-9]\d*$/,
      /^hello$/,
      "Running as unit: once.service",
      /^active$/,
      /^Running as unit: run-u\d+\.service$/,
      "Finished with result: exit-code",
      "status 1",
      "● kubelet.service - kubelet: The Kubernetes Node Agent",
      "Failed to start nosuch.service: Unit nosuch.service not found.",
      "status 5",
      "/etc/sudoers: parsed OK",
      "/etc/sudoers.d/x:1:5: syntax error",
      "status 1",
    ],
  },
  {
    name: "/proc and /sys show devices, limits and control groups",
    script: `on worker-1 "head -2 /proc/net/route; grep -c veth /proc/net/dev; sed -n 8p /proc/self/limits; head -1 /proc/self/mountinfo; cat /proc/partitions | tail -1"
on worker-1 "cat /sys/class/net/eth0/operstate /sys/fs/cgroup/system.slice/kubelet.service/cgroup.procs; pgrep -x kubelet"
kubectl run lim --image=nginx --overrides='{"spec":{"containers":[{"name":"lim","image":"nginx","resources":{"limits":{"cpu":"500m","memory":"128Mi"}}}]}}' >/dev/null
kubectl wait --for=condition=Ready pod/lim --timeout=60s >/dev/null
kubectl exec lim -- cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.weight
kubectl exec lim -- ls /sys/class/net`,
    expect: [
      /^Iface\tDestination\tGateway/,
      /^eth0\t00000000\t016CA8C0\t0003\t/,
      /^[1-9]\d*$/,
      /^Max processes +2000 +2000 +processes/,
      /^22 1 254:1 \/ \/ rw,relatime shared:1 - ext4 \/dev\/vda1 /,
      /^ 254 +1 +\d+ vda1$/,
      /^up$/,
      /^\d+$/,
      /^\d+$/,
      /^134217728$/,
      /^50000 100000$/,
      /^20$/,
      /^eth0$/,
    ],
  },
  {
    name: "Pods and containers are made by hand with crictl",
    script: `cat > make.sh <<'END'
exec 2>&1
echo '{"metadata":{"name":"sb","namespace":"default","uid":"abc1","attempt":1},"log_directory":"/tmp","linux":{}}' > pod.json
printf 'metadata:\\n  name: busy\\nimage:\\n  image: busybox\\ncommand: ["sleep","1000"]\\nlog_path: busy.log\\n' > c.yaml
crictl events > events & crictl pull busybox >/dev/null
P=$(crictl runp pod.json); crictl create $P c.yaml nofile; C=$(crictl create $P c.yaml pod.json)
crictl start $C; crictl exec $C hostname; crictl update --memory 100000000 --cpu-quota 20000 $C
crictl exec $C cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; crictl create foo c.yaml pod.json
crictl run c.yaml pod.json; sed -i s/abc1/abc2/ pod.json; crictl run c.yaml pod.json; crictl metricsp; sleep 1; grep EventType events
END
scp -q make.sh worker-1:; ssh worker-1 sudo bash make.sh`,
    expect: [
      'level=fatal msg="creating container: config at nofile not found"',
      /^[0-9a-f]{64}$/,
      /^sb$/,
      /^99999744$|^100000000$/,
      /^20000 100000$/,
      'failed to find sandbox id \\"foo\\": not found',
      'failed to reserve sandbox name \\"sb_default_abc1_1\\"',
      /^[0-9a-f]{64}$/,
      "method ListPodSandboxMetrics not implemented",
      '"CONTAINER_CREATED_EVENT"',
      '"CONTAINER_STARTED_EVENT"',
    ],
  },
  {
    name: "a container of ctr's is started again once its task is gone, and leaves no shim",
    script: `echo 'B="ctr -n k8s.io"; I=docker.io/library/busybox:1.36; crictl pull $I >/dev/null
$B run -d $I x1 sh -c "exit 3"; sleep 1; $B t rm x1 2>/dev/null; $B t start x1; echo "start $?"; $B c rm x1
$B c create $I x2 true; $B c rm x2; ps -ef | grep -c "[s]him.*x[12]"' > make.sh; scp -q make.sh worker-1:; ssh worker-1 sudo bash make.sh`,
    expect: [/^start 3$/, /^0$/],
  },
  {
    name: "root has the lab's key and kubeconfig on the machines that administer the cluster",
    script: `ssh root@worker-1 id -un; sudo ssh worker-2 hostname; sudo kubectl get nodes -o name | head -1
ssh cp-2 "kubectl config current-context; sudo -i kubectl auth whoami | grep Username; sudo cmp /root/.kube/config /etc/kubernetes/admin.conf && echo same"
ssh worker-1 "kubectl get nodes 2>&1 | tail -1"`,
    expect: [
      "root",
      "worker-2",
      "node/cp-1",
      "kubernetes-admin@kubernetes",
      /^Username +kubernetes-admin$/,
      "same",
      "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
    ],
  },
  {
    name: "a control plane leaves and comes back with the key of the uploaded certificates",
    script: `join=$(ssh cp-1 sudo kubeadm token create --print-join-command)
key=$(ssh cp-1 sudo kubeadm init phase upload-certs --upload-certs | tail -1)
ssh cp-3 "sudo kubeadm reset </dev/null 2>&1 | tail -2; sudo kubeadm reset -f >/dev/null 2>&1; sudo crictl ps -q | wc -l; systemctl is-active kubelet"
kubectl delete node cp-3
ssh cp-3 sudo $join --control-plane --certificate-key $(printf '0%.0s' {1..64}) 2>&1 | grep -o 'cipher: .*'
ssh cp-3 sudo $join --control-plane --certificate-key $key | grep instance
sleep 30; kubectl get node cp-3 --no-headers; kubectl -n kube-system get pod kube-apiserver-cp-3 --no-headers
ssh worker-1 "sudo kubeadm reset -f >/dev/null 2>&1; sudo \${join/sha256:????/sha256:0000} 2>&1" | grep -o 'none of the public keys.*pinned'
ssh worker-2 "sudo kubeadm upgrade node" | grep successfully; ssh cp-1 "sudo kubeadm upgrade apply -y v1.32.3" | grep SUCCESS`,
    expect: [
      "won't proceed; the user didn't answer (Y|y) in order to continue",
      /^0$/,
      "inactive",
      'node "cp-3" deleted',
      "cipher: message authentication failed",
      "This node has joined the cluster and a new control plane instance was created:",
      /^cp-3 +Ready +control-plane/,
      /^kube-apiserver-cp-3 +1\/1 +Running/,
      /^none of the public keys "sha256:[0-9a-f]{64}" are pinned$/,
      "was successfully upgraded!",
      'was upgraded to "v1.32.3"',
    ],
  },
  {
    name: "keys made here open other machines once they are there",
    script: `rm -f ~/.ssh/id_*; ssh -o BatchMode=yes worker-1 true; echo status $?
ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; ls ~/.ssh; ssh-keygen -lf ~/.ssh/id_ed25519.pub
ssh -o BatchMode=yes worker-1 true; echo status $?`,
    expect: [
      "Permission denied (publickey",
      "status 255",
      /^id_ed25519.pub$/,
      /^256 SHA256:[A-Za-z0-9+/]{43} learner@workstation \(ED25519\)$/,
      "Permission denied (publickey",
      "status 255",
    ],
  },
  {
    name: "a user gets a certificate as the documentation says",
    script: `cd
openssl genrsa -out john.key 2048
openssl req -new -key john.key -out john.csr -subj "/CN=john/O=dev"
kubectl apply -f - <<X
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: john}
spec:
  request: $(base64 < john.csr | tr -d "\n")
  signerName: kubernetes.io/kube-apiserver-client
  expirationSeconds: 86400
  usages: [client auth]
X
kubectl get csr john --no-headers
kubectl certificate approve john; sleep 1; kubectl get csr john --no-headers
kubectl get csr john -o jsonpath='{.status.conditions[0].lastTransitionTime}{"\\n"}'
kubectl get csr john -o jsonpath='{.status.certificate}' | base64 -d > john.crt
openssl x509 -in john.crt -noout -subject -issuer -ext extendedKeyUsage
diff <(openssl x509 -in john.crt -noout -pubkey) <(openssl rsa -in john.key -pubout 2>/dev/null) && echo same key
ssh cp-1 cat /etc/kubernetes/pki/ca.crt > ca.crt; openssl verify -CAfile ca.crt john.crt
kubectl create role dev --verb=get,list --resource=pods
kubectl create rolebinding dev --role=dev --user=john
kubectl config set-credentials john --client-key=john.key --client-certificate=john.crt --embed-certs=true
kubectl config set-context john --cluster=kubernetes --user=john
kubectl config use-context john
kubectl get pods; kubectl get nodes`,
    expect: [
      "john created",
      /^john +0s +kubernetes.io\/kube-apiserver-client +kubernetes-admin +24h +Pending$/,
      "john approved",
      /Approved,Issued$/,
      /^2026-03-02T09:\d\d:\d\dZ$/,
      "subject=CN=john, O=dev",
      "issuer=CN=kubernetes",
      "TLS Web Client Authentication",
      "same key",
      "john.crt: OK",
      'Switched to context "john".',
      "No resources found in default namespace.",
      'nodes is forbidden: User "john" cannot list resource "nodes"',
    ],
  },
  {
    name: "etcd is saved and restored",
    script: `kubectl create cm before --from-literal=a=1
cat > save.sh <<'X'
export ETCDCTL_API=3
F="--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"
etcdctl $F member list | wc -l
etcdctl $F endpoint status --cluster -w table | grep -c "3.5.16"
etcdctl $F endpoint health
etcdctl $F get /registry/configmaps/default --prefix --keys-only
etcdctl $F snapshot save /opt/snap.db
etcdctl --write-out=table snapshot status /opt/snap.db
etcdctl --endpoints=https://127.0.0.1:2379 get a
X
cat > restore.sh <<'X'
etcdctl snapshot restore /opt/snap.db --data-dir /var/lib/etcd-restored
cd /etc/kubernetes/manifests
mkdir /tmp/m && mv *.yaml /tmp/m; sleep 20
echo running: $(crictl ps | grep -cE "etcd|apiserver")
sed -i 's#path: /var/lib/etcd$#path: /var/lib/etcd-restored#' /tmp/m/etcd.yaml
mv /tmp/m/*.yaml .; sleep 40
X
scp -q save.sh restore.sh cp-1:
ssh cp-1 sudo bash save.sh
kubectl delete cm before; kubectl create cm after --from-literal=a=1
ssh cp-1 sudo bash restore.sh
kubectl get cm -o name; kubectl create deploy x --image=nginx; sleep 10; kubectl get deploy x --no-headers`,
    expect: [
      /^3$/,
      /^3$/,
      /^https:\/\/127.0.0.1:2379 is healthy: successfully committed proposal: took = [\d.]+ms$/,
      "/registry/configmaps/default/before",
      '"msg":"saved","path":"/opt/snap.db"}',
      "Snapshot saved at /opt/snap.db",
      "Deprecated: Use `etcdutl snapshot status` instead.",
      /^\| {3}HASH {3}\| REVISION \| TOTAL KEYS \| TOTAL SIZE \|$/,
      "x509: certificate signed by unknown authority",
      "Error: context deadline exceeded",
      "restored snapshot",
      /^running: 0$/,
      "configmap/before",
      /^x +1\/1 /,
    ],
    never: [/^configmap\/after$/],
  },
  {
    name: "kubeadm looks after certificates and tokens",
    script: `on cp-1 "kubeadm version -o short; kubeadm certs check-expiration; kubeadm token create abcdef.0123456789abcdef; kubeadm token list; kubeadm token create --print-join-command; openssl x509 -in /etc/kubernetes/pki/ca.crt -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum"
sleep 3600
on cp-1 "kubeadm certs renew apiserver; openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -startdate; openssl verify -CAfile /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/apiserver.crt; kubeadm certs renew admin.conf; kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o name | head -1; kubeadm upgrade plan v1.32.3 2>/dev/null | grep apply; kubeadm init"`,
    expect: [
      /^v1\.32\.3$/,
      "CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED",
      /^etcd-server +Mar 02, 2027 09:00 UTC +364d +etcd-ca +no {6}$/,
      /^ca +Feb 28, 2036 09:00 UTC +9y +no {6}$/,
      /^abcdef.0123456789abcdef$/,
      /^abcdef.0123456789abcdef +23h +.*authentication,signing +<none> +system:bootstrappers:kubeadm:default-node-token$/,
      /^kubeadm join 192.168.108.10:6443 --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64} $/,
      "certificate for serving the Kubernetes API renewed",
      /^notBefore=Mar {2}2 10:00:\d\d 2026 GMT$/,
      "apiserver.crt: OK",
      "node/cp-1",
      "\tkubeadm upgrade apply v1.32.11",
      "[ERROR Port-6443]: Port 6443 is in use",
      "kube-apiserver.yaml already exists",
    ],
  },
  {
    name: "kubelets are broken and mended",
    script: `D=/etc/systemd/system/kubelet.service.d
ssh worker-1 "sudo mkdir -p $D; sudo tee $D/99.conf" <<'X' >/dev/null
[Service]
ExecStart=
ExecStart=/usr/local/bin/kubelet
X
on worker-1 "systemctl daemon-reload; systemctl restart kubelet; sleep 60; systemctl status kubelet | grep Process"
kubectl get node worker-1 --no-headers
on worker-1 "rm $D/99.conf; systemctl daemon-reload; systemctl restart kubelet; systemctl is-active kubelet"
sleep 15; kubectl get node worker-1 --no-headers
on worker-1 "sed -i s#pki/ca.crt#pki/WRONG-CA-FILE.crt# /var/lib/kubelet/config.yaml; systemctl restart kubelet; sleep 3; systemctl is-active kubelet; journalctl -u kubelet -n 4 --no-pager | cut -c1-300; sed -i s#WRONG-CA-FILE#ca# /var/lib/kubelet/config.yaml; systemctl restart kubelet; sleep 2; systemctl is-active kubelet"
on worker-1 "systemctl stop containerd; systemctl restart kubelet; sleep 4; journalctl -u kubelet -n 3 | cut -c1-300; systemctl start containerd; sleep 15; systemctl is-active kubelet"
on worker-1 "sed -i s#--v=2#--network-plugin=cni# /var/lib/kubelet/kubeadm-flags.env; systemctl restart kubelet; sleep 1; journalctl -u kubelet -n 3"`,
    expect: [
      "ExecStart=/usr/local/bin/kubelet (code=exited, status=203/EXEC)",
      /^worker-1 +NotReady /,
      /^active$/,
      /^worker-1 +Ready /,
      /^activating$/,
      "unable to load client CA file /etc/kubernetes/pki/WRONG-CA-FILE.crt",
      /^active$/,
      "failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint",
      /^active$/,
      'err="failed to parse kubelet flag: unknown flag: --network-plugin"',
    ],
  },
  {
    name: "static Pods that cannot run are told of in the kubelet's journal",
    script: `put() { ssh cp-1 "sudo tee /etc/kubernetes/manifests/x.yaml >/dev/null"; sleep 21; }
pod() { echo "{apiVersion: v1, kind: $1, metadata: {name: x}, spec: {$2}}"; }
why() { on cp-1 "journalctl -u kubelet -n 200 --no-pager" | grep "Could not process manifest file" | tail -1; }
pod Pods 'containers: [{name: c, image: busybox}]' | put; why
pod Pod 'hostNetwork: "yes", containers: [{name: c, image: busybox}]' | put; why
pod Pod 'containers: [{name: c, image: busybox, volumeMounts: [{name: v, mountPath: /v}]}]' | put; why
pod Pod 'containers: [{name: c, image: busybox, command: [sleep, ~, 1d]}]' | put; sleep 10
kubectl get pod x-cp-1 -n default -o 'jsonpath={.spec.containers[0].command}{"\\n"}'
pod Pod 'containers: [{name: c, image: busybox, command: [sleep, 1d]}]' | put
at() { echo "$1: $(kubectl get pod -n default --no-headers 2>&1 | awk '{print $1, $3}')"; }
echo 'a: [' | ssh cp-1 "sudo tee -a /etc/kubernetes/manifests/x.yaml >/dev/null"; sleep 1; at broken
on cp-1 "journalctl -u kubelet -n 50 --no-pager" | grep -o "Unable to process watch event.*" | tail -1
sleep 55; at later
on cp-1 "cd /etc/kubernetes/manifests; cat x.yaml | grep -v '^a:' > new; rm x.yaml"; sleep 25; at new`,
    expect: [
      'no kind \\"Pods\\" is registered for version \\"v1\\"',
      "cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
      'err="invalid pod: [spec.containers[0].volumeMounts[0].name: Not found: \\"v\\"]"',
      '["sleep","","1d"]',
      "broken: x-cp-1 Running",
      /err="can't process config file .*x.yaml.*couldn't parse as pod/,
      "later: No found",
      "new: x-cp-1 Running",
    ],
  },
  {
    name: "at runs what it was told to, once its package and service are there",
    script: `at now; sudo apt-get update >/dev/null; sudo apt-get install -y at 2>&1 | tail -2; systemctl is-active atd; systemctl is-enabled atd
cd /tmp; X=5; export X; echo 'echo $X $PWD $(id -un) > /tmp/told' | at now + 3 minutes; echo 'touch /tmp/never' | at 10:00 tomorrow
atq; at -c 1 | tail -1; atrm 2; atq | wc -l; sudo atq | wc -l; sleep 140; cat /tmp/told; sleep 40; cat /tmp/told; atq
echo 'echo batched > /tmp/batched' | batch; sleep 1; cat /tmp/batched; sudo systemctl stop atd; echo 'echo late > /tmp/late' | at now; sleep 2
ls /tmp/late; atq | cut -f1; sudo systemctl start atd; sleep 1; cat /tmp/late; echo true | at 00:01 today; at -r 99; at foo
sudo apt-get remove -y at | tail -1; systemctl is-active atd`,
    expect: [
      "at: command not found",
      /^Setting up at /,
      "Created symlink /etc/systemd/system/multi-user.target.wants/atd.service",
      /^active$/,
      /^enabled$/,
      "warning: commands will be executed using /bin/sh",
      /^job 1 at Mon Mar {2}2 09:03:00 2026$/,
      /^job 2 at Tue Mar {2}3 10:00:00 2026$/,
      /^1\tMon Mar {2}2 09:03:00 2026 a learner$/,
      /^2\tTue Mar {2}3 10:00:00 2026 a learner$/,
      /^echo \$X \$PWD/,
      /^1$/,
      /^1$/,
      "cat: /tmp/told: No such file or directory",
      /^5 \/tmp learner$/,
      /^job 3 at Mon Mar {2}2 09:0\d:00 2026$/,
      /^batched$/,
      /^job 4 at /,
      "ls: cannot access '/tmp/late': No such file or directory",
      /^4$/,
      /^late$/,
      "at: refusing to create job destined in the past",
      "Cannot find jobid 99",
      "syntax error. Last token seen: f",
      "Garbled time",
      /^Removing at /,
      /^inactive$/,
    ],
  },
  {
    name: "ssh goes over other machines and carries ports",
    script: `ssh -J cp-1 worker-1 'hostname; echo $SSH_CLIENT | cut -d" " -f1'; ssh -J learner@cp-1:22,worker-1 cp-1 'exit 7'; echo $?
ssh -J cp-1 -o ConnectTimeout=5 nohost true; ssh -J nohost worker-1 true; ssh -W worker-1:9 cp-1 </dev/null; echo $?; ssh -W x cp-1
printf 'x\\n' | ssh -W worker-1:22 cp-1 | head -1; ssh -o ProxyCommand='ssh -W %h:%p cp-1' worker-1 hostname
mkdir -p ~/.ssh; printf 'Host w\\n HostName worker-1\\n ProxyJump cp-1\\nMatch originalhost x exec "test -e /tmp/flag"\\n HostName cp-1\\nMatch user root localuser learner\\n Port 2222\\n' > ~/.ssh/config
ssh w hostname; touch /tmp/flag; ssh x hostname; ssh root@cp-1 true; echo hi > /tmp/f; scp -q /tmp/f w:/tmp/g; ssh worker-1 cat /tmp/g; rm ~/.ssh/config
curl -s localhost:8080/healthz; echo $?; ssh -f -N -L 8080:localhost:10250 worker-1; curl -sk https://localhost:8080/pods; echo
ssh -N -L 8081:localhost:1 worker-1 & sleep 1; curl -s localhost:8081; echo $?; kill %1; sleep 1; curl -s localhost:8081; echo $?
ssh -R 9000:cp-1:22 worker-1 'echo x | timeout 2 nc -N localhost 9000 | head -1'; ssh -L 80:a:1 cp-1 true; ssh -L foo cp-1; ssh -o ExitOnForwardFailure=yes -L 8080:a:1 cp-1 true; echo $?
ssh -o SetEnv=LC_X=5 cp-1 'echo $LC_X'; LC_Y=6 ssh -o 'SendEnv LC_*' cp-1 'echo $LC_Y'; ssh -f cp-1 'sleep 2; echo late > /tmp/late'; ssh cp-1 'ls /tmp/late'; sleep 3; ssh cp-1 'cat /tmp/late'; pkill -u learner ssh; sleep 1; curl -s localhost:8080/healthz; echo $?`,
    expect: [
      /^worker-1$/,
      /^192\.168\.108\.11$/,
      /^7$/,
      "channel 0: open failed: connect failed: ",
      "stdio forwarding failed",
      "Connection closed by UNKNOWN port 65535",
      "ssh: Could not resolve hostname nohost",
      "Connection closed by UNKNOWN port 65535",
      "channel 0: open failed: connect failed: Connection refused",
      "stdio forwarding failed",
      /^255$/,
      "Bad stdio forwarding specification 'x'",
      /^SSH-2\.0-OpenSSH_9\.2p1/,
      /^worker-1$/,
      /^worker-1$/,
      /^cp-1$/,
      "connect to host cp-1 port 2222: Connection refused",
      /^hi$/,
      /^7$/,
      /^Unauthorized$/,
      "channel 2: open failed: connect failed: Connection refused",
      /^(?:52|56)$/,
      /^7$/,
      /^SSH-2\.0-OpenSSH_9\.2p1/,
      "bind [127.0.0.1]:80: Permission denied",
      "Bad local forwarding specification 'foo'",
      "bind [127.0.0.1]:8080: Address already in use",
      /^255$/,
      /^5$/,
      /^6$/,
      "ls: cannot access '/tmp/late': No such file or directory",
      /^late$/,
      /^7$/,
    ],
  },
  {
    name: "sftp carries files with the rights that the other side gives",
    script: `cd; echo hello > f; printf 'pwd\\nput f /tmp/g\\nput f /etc/g\\nls -l /tmp/g\\nget /tmp/g back\\ncd /root\\nmkdir d\\n-rm /etc/hosts\\nls -1\\n' > b
sftp cp-1 < b; cat back; sftp -b b cp-1 >/dev/null; echo $?; ssh cp-1 'cat /tmp/g; pgrep -c sftp-server'; sftp cp-1:/tmp/g got; sftp learner@cp-1:/tmp/g; cat g
echo 'ls -1 /etc/hostname' | sftp -q -J cp-1 worker-1:/tmp; sftp nohost; echo $?; sftp -o ConnectTimeout=1 root@cp-1 </dev/null; echo $?`,
    expect: [
      "Connected to cp-1.",
      /^Remote working directory: \/home\/learner$/,
      /^Uploading f to \/tmp\/g$/,
      'dest open "/etc/g": Permission denied',
      /^-rw-r--r-- {4}\? learner {2}learner {9}6 Mar {2}2 /,
      /^Fetching \/tmp\/g to back$/,
      "remote delete /etc/hosts: Permission denied",
      'remote readdir("/root"): Permission denied',
      /^hello$/,
      'dest open "/etc/g": Permission denied',
      /^1$/,
      /^hello$/,
      /^0$/,
      "usage: sftp",
      /^Fetching \/tmp\/g to g$/,
      /^hello$/,
      /^Changing to: \/tmp$/,
      /^\/etc\/hostname$/,
      "ssh: Could not resolve hostname nohost",
      "Connection closed",
      /^255$/,
      "Connected to cp-1.",
      /^0$/,
    ],
  },
  {
    name: "crontabs, packages, accounts",
    script: `crontab -l
echo "*/5 * * * * date | cut -c15-16 >> /tmp/out" | crontab -; echo "61 * * * * x" | crontab -; echo $?
sleep 1200; tr '\\n' ' ' < /tmp/out; echo; crontab -r; crontab -l
echo '* * * * * root touch /tmp/sys' | sudo tee /etc/cron.d/x >/dev/null; sleep 120; ls /tmp/sys
sudo apt-mark hold kubectl; dpkg -l kubectl | tail -1; sudo apt-get install -y kubectl=1.33.0-1.1; dpkg -s nosuch
sudo groupadd -g 1500 dev; sudo useradd -m -s /bin/bash -G dev,sudo ana; id ana; echo 'ana:secret' | sudo chpasswd; sudo passwd -S ana
sudo su - ana -c 'whoami; pwd; touch x; ls -l x'; sudo userdel -r ana; id ana
sudo swapoff -a; systemctl list-dependencies ssh | head -3; sudo lsof -i :22 | tail -1`,
    expect: [
      "no crontab for learner",
      '"-":0: bad minute',
      /^1$/,
      /^05 10 15 20 $/,
      "no crontab for learner",
      /^\/tmp\/sys$/,
      "kubectl set on hold.",
      /^hi {2}kubectl +1\.32\.3-1\.1 +amd64/,
      "E: Version '1.33.0-1.1' for 'kubectl' was not found",
      "dpkg-query: package 'nosuch' is not installed",
      "uid=1501(ana) gid=1501(ana) groups=1501(ana),27(sudo),1500(dev)",
      /^ana P 2026-03-02 0 99999 7 -1$/,
      /^ana$/,
      /^\/home\/ana$/,
      /^-rw-r--r-- 1 ana ana 0 /,
      "id: ‘ana’: no such user",
      "ssh.service",
      "sysinit.target",
      /^sshd .*\*:ssh \(LISTEN\)$/,
    ],
  },
  {
    name: "a kubelet asks who calls, and what they may",
    script: `at=https://192.168.108.21:10250; ask() { curl -sk -H "Authorization: Bearer $1" $at/$2; echo; }
curl -sk $at/healthz; echo; ask nonsense pods
t=$(kubectl create token default); ask $t pods; ask $t metrics/resource
kubectl create clusterrolebinding x --clusterrole=cluster-admin --serviceaccount=default:default >/dev/null; sleep 31
ask $t pods | jq .kind
echo 'sed -i "/anonymous:/{n;s/false/true/}" /var/lib/kubelet/config.yaml; systemctl restart kubelet' | ssh worker-1 sudo bash; sleep 5
curl -sk $at/pods; kubectl get --raw /api/v1/nodes/worker-1/proxy/healthz; echo
echo 'sed -i "s/mode: Webhook/mode: AlwaysAllow/" /var/lib/kubelet/config.yaml; systemctl restart kubelet' | ssh worker-1 sudo bash; sleep 5
curl -sk $at/pods | jq .kind`,
    expect: [
      /^Unauthorized$/,
      /^Unauthorized$/,
      /^Forbidden \(user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource\(s\)=\[proxy\]\)$/,
      /^Forbidden \(user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource\(s\)=\[metrics\]\)$/,
      /^"PodList"$/,
      /^Forbidden \(user=system:anonymous, verb=get, resource=nodes, subresource\(s\)=\[proxy\]\)$/,
      /^ok$/,
      /^"PodList"$/,
    ],
  },
  {
    name: "a component trusts no server of another authority",
    script: `ssh cp-1 sudo bash << 'END'
cd /etc/kubernetes; openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/k -subj /CN=kubernetes -out /tmp/o.crt 2>/dev/null
kubectl --kubeconfig=scheduler.conf config set-cluster kubernetes --certificate-authority=/tmp/o.crt --embed-certs
crictl stop -t 0 $(crictl ps -q --name kube-scheduler) >/dev/null
END
sleep 30; kubectl logs -n kube-system kube-scheduler-cp-1 | grep -m1 -o "tls: failed to verify.*"`,
    expect: [
      /^Cluster "kubernetes" set\.$/,
      'x509: certificate signed by unknown authority (possibly because of "x509: signature algorithm specifies an ECDSA public key, but have public key of type *rsa.PublicKey" while trying to verify candidate authority certificate "kubernetes")',
    ],
  },
  {
    name: "a control plane with certificates and values that do not fit",
    script: `m=/etc/kubernetes/manifests
try() { echo "cp $m/$1.yaml /tmp/; sed -i '$2' $m/$1.yaml; sleep 65; crictl logs \\$(crictl ps -a --name $1 -q | head -1) 2>&1 | grep -v args | tail -2; cp /tmp/$1.yaml $m; sleep 75" | ssh cp-1 sudo bash; }
try kube-apiserver 's#etcd-cafile=.*#etcd-cafile=/etc/kubernetes/pki/ca.crt#'
try kube-apiserver 's#etcd-certfile=.*#etcd-certfile=/etc/kubernetes/pki/apiserver.crt#'
try kube-apiserver 's#tls-private-key-file=.*#tls-private-key-file=/etc/kubernetes/pki/sa.key#'
try kube-controller-manager 's#--leader-elect=true#--leader-elect=maybe#'
try etcd 's#--cert-file=.*#--cert-file=/x#'
kubectl get nodes cp-1 --no-headers; kubectl get pods -n kube-system kube-apiserver-cp-1 etcd-cp-1 --no-headers`,
    expect: [
      'authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"',
      "Error creating leases: error creating storage factory: context deadline exceeded",
      "error reading server preface: remote error: tls: unknown certificate authority",
      'command failed" err="tls: private key does not match public key"',
      /^Error: invalid argument "maybe" for "--leader-elect" flag: strconv\.ParseBool: parsing "maybe": invalid syntax$/,
      '"msg":"listener failed","error":"open /x: no such file or directory"',
      /^cp-1 +Ready/,
      /^kube-apiserver-cp-1 +1\/1/,
      /^etcd-cp-1 +1\/1/,
    ],
  },
  {
    name: "a privileged Pod that sees its node's processes enters their namespaces and their files",
    script: `for i in ubuntu busybox; do kubectl run $i --image=$i --overrides='{"spec":{"nodeName":"worker-1","hostPID":true,"containers":[{"name":"'$i'","image":"'$i'","command":["sleep","1000"],"securityContext":{"privileged":true}}]}}'; done
kubectl wait pod ubuntu busybox --for=condition=Ready --timeout=60s >/dev/null
kubectl exec ubuntu -- nsenter -t 1 -m -u -n -- sh -c 'hostname; systemctl is-active kubelet; ls /etc/kubernetes'
kubectl exec busybox -- nsenter -t 1 -m -u hostname; kubectl exec busybox -- ls /proc/1/root/etc/kubernetes; kubectl exec busybox -- chroot /proc/1/root cat /etc/hostname
echo 'for i in $(pgrep -f "sleep 1000"); do grep -hs ^NAME /proc/$i/root/etc/os-release; done; cd /proc/self/root/etc; pwd -P; readlink -f /proc/1/root' | ssh worker-1 sudo bash`,
    expect: [
      /^worker-1$/,
      /^active$/,
      "kubelet.conf",
      /^worker-1$/,
      "kubelet.conf",
      /^worker-1$/,
      /^NAME="Ubuntu"$/,
      /^\/etc$/,
      /^\/$/,
    ],
  },
  {
    name: "curl shows no certificate that is none, or whose key is another's",
    script: `on cp-1 'cd /etc/kubernetes/pki; echo junk > /tmp/junk; at=https://192.168.108.11:6443/version; c=apiserver-kubelet-client
for a in "--cert /tmp/junk --key $c.key" "--cert /nosuch --key $c.key" "--cert $c.crt --key /tmp/junk" "--cert $c.crt --key ca.key" "--cert $c.crt"; do curl -sS --cacert ca.crt $a $at; done
curl -sS --cacert ca.crt --cert $c.crt --key $c.key $at | grep major; cat $c.crt $c.key > /tmp/both; curl -sS --cacert ca.crt --cert /tmp/both $at | grep minor'`,
    expect: [
      "curl: (58) could not load PEM client certificate from /tmp/junk, OpenSSL error error:0480006C:PEM routines::no start line, (no key found, wrong pass phrase, or wrong file format?)",
      "curl: (58) could not load PEM client certificate from /nosuch, OpenSSL error error:80000002:system library::No such file or directory",
      "curl: (58) unable to set private key file: '/tmp/junk' type PEM",
      "curl: (58) unable to set private key file: 'ca.key' type PEM",
      "curl: (58) unable to set private key file: 'apiserver-kubelet-client.crt' type PEM",
      '"major": "1"',
      '"minor": "32"',
    ],
  },
  {
    name: "lsns tells of a node's networks where they are mounted, and by which number the node knows them",
    script: `${WEB}on $N 'lsns -t net | head -2; lsns -t net | grep -c " [0-9] /run/netns/cni-[0-9a-f-]* /pause"; ip netns list | wc -l; lsns -n -p 1 -t user; lsns -p 4194304; echo $?; lsmod | grep -E "^(veth|vxlan) "'`,
    expect: [
      /^ +NS TYPE NPROCS +PID USER +NETNSID NSFS +COMMAND$/,
      /^\d+ net +\d+ +1 root +unassigned +\/sbin\/init$/,
      /^(\d+)$/,
      /^(\d+)$/,
      /^4026531837 user +\d+ 1 root \/sbin\/init$/,
      /^0$/,
      /^veth +36864 +0$/,
      /^vxlan +122880 +0$/,
    ],
  },
  {
    name: "API servers see what is written to etcd past them, and fail where it is nothing that they can read",
    script: `e() { ssh cp-1 sudo etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key "$@"; }
echo '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"hand","namespace":"default","uid":"u"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}' | e put /registry/pods/default/hand
sleep 30; kubectl get pods
kubectl create deployment web --image=nginx >/dev/null; e get --print-value-only /registry/deployments/default/web > web
kubectl scale deployment web --replicas=3; head -c -1 web | e put /registry/deployments/default/web; sleep 5
kubectl get deployment web -o jsonpath={.spec.replicas}; echo
echo -n garbage | e put /registry/deployments/default/web
kubectl get deployments; kubectl get deployments -n kube-system -o name; kubectl delete deployment web
e del /registry/deployments/default/web; sleep 60; kubectl get deployments; kubectl get rs`,
    expect: [
      "OK",
      /^hand +1\/1 +Running /,
      "deployment.apps/web scaled",
      /^1$/,
      "OK",
      "Error from server: illegal base64 data at input byte 4",
      "deployment.apps/coredns",
      "Error from server: illegal base64 data at input byte 4",
      /^1$/,
      "No resources found in default namespace.",
      "No resources found in default namespace.",
    ],
  },
  {
    name: "every controller has its ServiceAccount from the beginning",
    script: `kubectl get serviceaccounts -n kube-system --no-headers | wc -l; kubectl get sa -n kube-system attachdetach-controller ttl-controller -o name`,
    expect: [/^36$/, "serviceaccount/attachdetach-controller", "serviceaccount/ttl-controller"],
  },
  {
    name: "ulimit limits processes, files and descriptors",
    script: `bash -c 'ulimit -u 5; for i in 1 2 3 4 5 6 7; do sleep 1 & done; wait'
bash -c 'ulimit -f 1; head -c 5000 /dev/zero > /tmp/big; echo $?'
bash -c 'ulimit -n 4; cat /etc/hostname /etc/hosts > /dev/null; ulimit -n'`,
    expect: ["fork: retry: Resource temporarily unavailable", "File size limit exceeded", /^153$/, /^4$/],
  },
];

describe("what administrators do on machines", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, ON_NODE)).toEqual([]);
  });
});
