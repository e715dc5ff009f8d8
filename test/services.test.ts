import { expect, test } from "vitest";
import { DEFAULT_TOPOLOGY } from "../engine/index.ts";
import { Stage } from "./stage.ts";

/** A Service's way through a whole session: what kube-proxy writes, what traffic does, what a learner breaks by hand. */
interface Case {
  name: string;
  script: string;
  network?: "cilium";
  /** Standard output, line by line. */
  shows: readonly string[];
}

const PRELUDE = `
web() {
  kubectl create deployment web --image=nginx --replicas=3 >/dev/null
  kubectl expose deployment web --port=80 "$@" >/dev/null
  kubectl wait --for=condition=Available deployment/web --timeout=180s >/dev/null
  sleep 3
  ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')
  port=$(kubectl get svc web -o jsonpath='{.spec.ports[0].nodePort}')
  chain=$(rules -S KUBE-SERVICES | grep '"default/web cluster IP"' | awk '{print $NF}')
}
rules() { ssh worker-1 sudo iptables -t nat "$@"; }
endpoints() { rules -S "$chain" | grep -c KUBE-SEP; }
ask() { ssh "$1" "curl -s -m 2 -o /dev/null -w '%{http_code}' $2; echo \\" \\$?\\""; }
restart() { kubectl delete -n kube-system $(kubectl get pods -n kube-system -l k8s-app=kube-proxy -o name --field-selector "spec.nodeName=$1") >/dev/null; sleep 10; }
`;

const CASES: readonly Case[] = [
  {
    name: "a rule deleted by hand stays gone until its Service changes",
    script: `web
endpoints
rules -D "$chain" 2; endpoints
kubectl create service clusterip other --tcp=80:80 >/dev/null; sleep 70; endpoints
kubectl scale deployment web --replicas=4 >/dev/null; sleep 15; endpoints`,
    shows: ["3", "2", "2", "4"],
  },
  {
    name: "a restart of kube-proxy, or its canary's absence, brings all rules back",
    script: `web
rules -F "$chain"; endpoints
ask worker-1 "http://$ip"; ask worker-2 "http://$ip"
restart worker-1; endpoints; ask worker-1 "http://$ip"
rules -F KUBE-SERVICES; sleep 40; rules -S KUBE-SERVICES | grep -c default/web
ssh worker-1 sudo iptables -t mangle -X KUBE-PROXY-CANARY; sleep 31; rules -S KUBE-SERVICES | grep -c default/web
ssh worker-1 sudo iptables -t mangle -S | grep CANARY`,
    shows: ["0", "000 28", "200 0", "3", "200 0", "0", "1", "-N KUBE-KUBELET-CANARY", "-N KUBE-PROXY-CANARY"],
  },
  {
    // pkg/registry/core/service/storage/alloc.go initIPFamilyFields.
    name: "families of addresses on a cluster of one: preferred, demanded, of headless Services, given up",
    script: String.raw`s() { printf 'apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: 80}], %s}\n' "$1" "$2" | kubectl apply -f - 2>&1 | sed 's/^The Service "[a-z]*" is invalid: //'; }
f() { kubectl get svc $1 -o jsonpath='{.spec.ipFamilies} {.spec.ipFamilyPolicy}{"\n"}'; }; p() { kubectl patch svc $1 -p "{\"spec\":{$2}}" 2>&1 | sed 's/^The Service "[a-z]*" is invalid: //'; }
s a 'ipFamilyPolicy: PreferDualStack, selector: {a: b}'; f a; s b 'ipFamilyPolicy: RequireDualStack'; s c 'ipFamilies: [IPv4, IPv6]'
s h 'clusterIP: None'; f h; p h '"ipFamilies":["IPv4"]'; p h '"ipFamilyPolicy":"SingleStack"'; f h; p h '"ipFamilyPolicy":"PreferDualStack"'; f h; p a '"ipFamilyPolicy":"RequireDualStack"'`,
    shows: [
      "service/a created",
      '["IPv4"] PreferDualStack',
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
      "service/h created",
      '["IPv4","IPv6"] RequireDualStack',
      `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary IP family`,
      "service/h patched",
      '["IPv4"] SingleStack',
      "service/h patched",
      '["IPv4","IPv6"] PreferDualStack',
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
  },
  {
    name: "a Service without endpoints refuses at once, and its chains are gone",
    script: `web
kubectl scale deployment web --replicas=0 >/dev/null; sleep 40
ask worker-1 "http://$ip"
ssh worker-1 sudo iptables -S KUBE-SERVICES | grep -c 'default/web has no endpoints'
rules -S "$chain" 2>&1 | tail -n 1`,
    shows: ["000 7", "1", "iptables: No chain/target/match by that name."],
  },
  {
    name: "external traffic: masqueraded under policy Cluster, kept under Local, dropped where no endpoint is",
    script: `web --type=LoadBalancer
kubectl get svc web -o jsonpath='{.status.loadBalancer.ingress[0].ip}'; echo
curl -s -o /dev/null -w '%{http_code}\\n' "http://cp-1:$port"
curl -s -o /dev/null -w '%{http_code}\\n' http://203.0.113.50
kubectl logs -l app=web | grep curl | grep -c '^192.168.108.100 '
kubectl patch svc web -p '{"spec":{"externalTrafficPolicy":"Local"}}' >/dev/null; sleep 3
curl -s -m 2 -o /dev/null -w '%{http_code}\\n' "http://cp-1:$port"
curl -s -o /dev/null -w '%{http_code}\\n' "http://worker-1:$port"
curl -s -o /dev/null -w '%{http_code}\\n' http://203.0.113.50
kubectl logs -l app=web | grep curl | grep -c '^192.168.108.100 '
kubectl delete svc web >/dev/null; curl -s -m 2 -o /dev/null -w '%{http_code}\\n' http://203.0.113.50`,
    shows: ["203.0.113.50", "200", "200", "0", "000", "200", "200", "2", "000"],
  },
  {
    name: "a client with session affinity stays with one Pod",
    script: `web
kubectl patch svc web -p '{"spec":{"sessionAffinity":"ClientIP"}}' >/dev/null; sleep 3
ssh worker-1 'for i in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null http://'$ip'; done'
for pod in $(kubectl get pods -l app=web -o name); do kubectl logs $pod | grep -c curl; done | sort -n`,
    shows: ["0", "0", "8"],
  },
  {
    // pkg/proxy/ipvs/graceful_termination.go; ip_vs_rr.c.
    name: "mode ipvs: a real server without endpoint weighs nothing until its connections are forgotten; hand-made changes",
    script: `kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: ""/mode: ipvs/' | kubectl replace -f - >/dev/null
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null
web; ssh worker-1 'for i in 1 2 3 4; do curl -s -o /dev/null http://'$ip'; done'; v() { ssh worker-1 sudo ipvsadm "$@"; }; w() { v -Ln -t $ip:80 | awk '/Masq/ { print $4, $5, $6 }'; }
v -Lnc | grep $ip:80 | awk '/^TCP/ { print $1, $3 }' | sort | uniq -c | sed 's/^ *//'; w | sort; v --set 900 30 300
kubectl scale deploy web --replicas=1 >/dev/null; sleep 5; w | awk '{ print $1 }' | sort; sleep 240; w; v -Ln --stats -t $ip:80 | awk '/TCP/ { print ($3 == 1 || $3 == 2) ? "its own conns" : $3 }'
v -A -t 10.9.9.9:80 -s wlc; v -e -t $ip:80 -r $(kubectl get pod -l app=web -o jsonpath='{.items[0].status.podIP}'):80 -m -w 7; kubectl scale deploy web --replicas=2 >/dev/null; sleep 8; w | sort; v -Ln | grep -c 10.9.9.9; v -C; v -Ln | grep -c rr; sleep 31; v -Ln | grep -c $ip`,
    shows: [
      "4 TCP FIN_WAIT",
      "1 0 1",
      "1 0 1",
      "1 0 2",
      "0",
      "0",
      "1",
      "1 0 0",
      "its own conns",
      "1 0 0",
      "7 0 0",
      "0",
      "0",
      "1",
    ],
  },
  {
    name: "mode ipvs: virtual servers in turn, the addresses on kube-ipvs0",
    script: `kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: ""/mode: ipvs/' | kubectl replace -f - >/dev/null
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null
web --type=NodePort
ssh worker-1 curl -s localhost:10249/proxyMode; echo
ssh worker-1 curl -s localhost:10249/metrics | grep '^# TYPE.*\\(iptables\\|nftables\\|full\\)' | cut -c 8-
ssh worker-1 ip -o addr show kube-ipvs0 | grep -c "inet $ip/32"
ssh worker-1 'for i in 1 2 3; do curl -s -o /dev/null http://'$ip'; done'
ssh worker-1 sudo ipvsadm -Ln -t $ip:80 | awk '/Masq/ { print $4, $6 }'
ssh worker-1 sudo ipset list KUBE-CLUSTER-IP | grep -c "$ip,tcp:80"
curl -s -o /dev/null -w '%{http_code}\\n' "http://worker-2:$port"`,
    shows: [
      "ipvs",
      "kubeproxy_sync_proxy_rules_iptables_restore_failures_total counter",
      "1",
      "1 1",
      "1 1",
      "1 1",
      "1",
      "200",
    ],
  },
  {
    name: "mode nftables: a map from addresses to chains, and what is deleted by hand stays gone until kube-proxy starts anew",
    script: `web --type=NodePort; kubectl create service clusterip none --tcp=80 >/dev/null; sleep 1
none=$(kubectl get svc none -o jsonpath='{.spec.clusterIP}')
ssh worker-1 sudo nft list table ip nat 2>/dev/null | grep -c "ip daddr $ip ip protocol tcp  tcp dport 80 counter packets 0 bytes 0 jump KUBE-SVC-"
kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: ""/mode: nftables/' | kubectl replace -f - >/dev/null
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null; sleep 2
ssh worker-1 curl -s localhost:10249/proxyMode; echo
ssh worker-1 curl -s localhost:10249/metrics | grep '^# TYPE.*\\(iptables\\|nftables\\|full\\)' | cut -c 8-
ssh worker-1 sudo iptables-save | grep -c 'KUBE-S[EV]'
chain=$(ssh worker-1 sudo nft list map ip kube-proxy service-ips | sed -n "s/.*$ip . tcp . 80 : goto \\([^, ]*\\).*/\\1/p"); echo $chain | sed 's/-[A-Z0-9]*-/-HASH-/'
ssh worker-1 sudo nft list chain ip kube-proxy $chain | grep -o 'numgen random mod 3 vmap\\|ip saddr != 10.200.0.0/16 jump mark-for-masquerade'
for i in 1 2 3 4 5 6; do ask worker-1 "http://$ip"; done | sort | uniq -c | awk '{ print $1, $2 }'
ask worker-1 "http://$none"; ask worker-1 "http://$ip:81"
curl -s -o /dev/null -w '%{http_code}\\n' "http://worker-2:$port"; ssh worker-2 curl -s -o /dev/null http://127.0.0.1:$port || echo no
ssh worker-1 sudo nft delete element ip kube-proxy service-ips "'{ $ip . tcp . 80 }'"; ask worker-1 "http://$ip"
kubectl scale deployment web --replicas=2 >/dev/null; sleep 4; ask worker-1 "http://$ip"
kubectl delete pod -n kube-system -l k8s-app=kube-proxy --field-selector spec.nodeName=worker-1 >/dev/null; sleep 5; ask worker-1 "http://$ip"
kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: nftables/mode: iptables/' | kubectl replace -f - >/dev/null
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null; sleep 2
ssh worker-1 sudo nft list tables | grep -c kube-proxy; ask worker-1 "http://$ip"`,
    shows: [
      "1",
      "nftables",
      "kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total counter",
      "kubeproxy_sync_proxy_rules_nftables_sync_failures_total counter",
      "0",
      "service-HASH-default/web/tcp/",
      "ip saddr != 10.200.0.0/16 jump mark-for-masquerade",
      "numgen random mod 3 vmap",
      "6 200",
      "000 7",
      "000 7",
      "200",
      "no",
      "000 7",
      "000 7",
      "200 0",
      "0",
      "200 0",
    ],
  },
  {
    name: "a node's devices see the address replaced, on the way there and back; traceroute names who forwards",
    script: `web
kubectl run c --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 10000 >/dev/null; kubectl wait --for=condition=Ready pod/c >/dev/null
ssh worker-1 "sudo timeout 4 tcpdump -i cni0 -n -t 'tcp[tcpflags] & tcp-syn != 0 and port 80' 2>/dev/null" > seen &
sleep 1; kubectl exec c -- curl -s -o /dev/null http://$ip; wait
c=$(kubectl get pod c -o jsonpath='{.status.podIP}'); far=$(kubectl get pods -l app=web -o jsonpath='{.items[?(@.spec.nodeName=="worker-2")].status.podIP}' | cut -d' ' -f1)
sed -n "1s/IP $c\\.[0-9]* > $ip\\.80: Flags \\[S\\].*/to the Service/p; \\$s/IP $ip\\.80 > $c\\.[0-9]*: Flags \\[S\\.\\].*/from the Service/p" seen
kubectl exec c -- traceroute -n $far | sed 1d | awk '{print $1, $2}' | sed "s/$far/POD/; s/10\\.200\\.[0-9]*\\.0$/OVERLAY/; s/10\\.200\\.[0-9]*\\.1$/BRIDGE/"
ssh worker-1 traceroute -n worker-2 | sed 1d | awk '{print $1, $2}'
ssh worker-1 tcpdump -i eth0 2>&1 | head -n 1`,
    shows: [
      "to the Service",
      "from the Service",
      "1 BRIDGE",
      "2 OVERLAY",
      "3 POD",
      "1 192.168.108.22",
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
    ],
  },
  {
    name: "mode ipvs finds in kubeadm's configuration what guides edit there, and sets the kernel up for it",
    script: `web
kubectl get cm kube-proxy -n kube-system -o yaml | sed -e 's/strictARP: false/strictARP: true/' -e 's/mode: ""/mode: "ipvs"/' -e 's/scheduler: ""/scheduler: "sh"/' -e 's/metricsBindAddress: ""/metricsBindAddress: "0.0.0.0:10249"/' | kubectl replace -f - >/dev/null
ssh worker-1 'lsmod | grep -c ip_vs'
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null; sleep 3
ssh worker-1 "lsmod | awk '/^ip_vs/ { print \\$1 \\$4 }'; sudo sysctl -n net.ipv4.vs.conntrack net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce; ip route show table local | grep -c 'local $ip dev kube-ipvs0'; sudo ipvsadm -Ln -t $ip:80 | grep -c sh"
ssh worker-1 'sudo ipvsadm -A -t 10.9.9.9:80 -s lc; lsmod | grep -c ^ip_vs_lc'`,
    shows: ["0", "ip_vs_sh", "ip_vsip_vs_sh", "1", "1", "2", "1", "1", "1"],
  },
  {
    name: "ping to a ClusterIP: silence in mode iptables; refused in mode ipvs, until the filter's rule is gone",
    script: `web
lost() { ssh worker-1 ping -c 2 -W 1 $ip | grep -o 'From [0-9.]* icmp_seq=1.*\\|[0-9]*% packet loss'; }
lost
kubectl get cm kube-proxy -n kube-system -o yaml | sed 's/mode: ""/mode: ipvs/' | kubectl replace -f - >/dev/null
kubectl rollout restart ds kube-proxy -n kube-system >/dev/null; kubectl rollout status ds kube-proxy -n kube-system >/dev/null
sleep 3; lost | sed "s/$ip/IP/"
ssh worker-1 'sudo iptables -D KUBE-IPVS-FILTER $(($(sudo iptables -S KUBE-IPVS-FILTER | wc -l) - 1))'; lost`,
    shows: [
      "100% packet loss",
      "From IP icmp_seq=1 Destination Port Unreachable",
      "100% packet loss",
      "0% packet loss",
    ],
  },
  {
    name: "Cilium: no kube-proxy and none of its rules, the Service in the agent's map",
    network: "cilium",
    script: `web --type=NodePort
kubectl get pods -n kube-system -l k8s-app=kube-proxy -o name | wc -l
ssh worker-1 sudo iptables-save | grep -c KUBE-SVC
agent() { kubectl exec -n kube-system ds/cilium -- "$@"; }
agent cilium service list | awk -v at="$ip:80/TCP" '$2 == at { print $3 }'
agent cilium-dbg bpf lb list | grep -c "$ip:80/TCP"
ask worker-1 "http://$ip"
curl -s -o /dev/null -w '%{http_code}\\n' "http://cp-2:$port"
kubectl scale deployment web --replicas=0 >/dev/null; sleep 40
ask worker-1 "http://$ip"`,
    shows: ["0", "0", "ClusterIP", "4", "200 0", "200", "000 7"],
  },
  {
    name: "Cilium: endpoints with their labels' identity, which is the same on every node; whom a policy isolates; nodes",
    network: "cilium",
    script: `web
kubectl apply -f - >/dev/null <<'Y'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: web }
spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress] }
Y
on() { n=$1; shift; kubectl -n kube-system exec $(kubectl -n kube-system get pods -l k8s-app=cilium --field-selector spec.nodeName=$n -o name) -- "$@"; }
for n in worker-1 worker-2 worker-3; do on $n cilium endpoint list | awk '/app=web/ { print $2, $3, $5 }'; done | sort -u
id=$(on worker-1 cilium endpoint ls --no-headers | awk '/app=web/ { print $4; exit }'); on worker-2 cilium-dbg identity get $id | awk 'NR > 1 { print $NF }'
on cp-1 cilium identity list | sed -n '2,3p;8,9p'; on cp-1 cilium endpoint list | awk '/node-role/ { print $2, $4, $5 }'
on worker-1 cilium node list | sed -n '2p;5p'; on worker-1 cilium bpf ipcache list | grep -c "identity=$id "; on worker-1 cilium bpf ipcache list | grep '108.2[12]/' | awk '{ print $1, $2 }'
on worker-2 cilium-dbg endpoint list -o json | jq -c '[.[].status.policy.realized["policy-enabled"]] | unique'; on worker-1 cilium status | grep -E 'IPAM|Cluster h' | sed 's/(.*//; s/ *$//'; on worker-1 cilium status --verbose | grep 'Socket LB:'`,
    shows: [
      "Enabled Disabled k8s:app=web",
      "k8s:app=web",
      "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default",
      "k8s:io.cilium.k8s.policy.cluster=default",
      "k8s:io.cilium.k8s.policy.serviceaccount=default",
      "k8s:io.kubernetes.pod.namespace=default",
      "1       reserved:host",
      "2       reserved:world",
      "7       reserved:kube-apiserver",
      "        reserved:remote-node",
      "Disabled 1 k8s:node-role.kubernetes.io/control-plane",
      "cp-1       192.168.108.11   10.200.0.0/24                                  custom-resource",
      "worker-1   192.168.108.21   10.200.3.0/24                                  local",
      "3",
      "192.168.108.21/32 identity=1",
      "192.168.108.22/32 identity=6",
      '["ingress","none"]',
      "IPAM:                    IPv4: 3/254 allocated from 10.200.3.0/24,",
      "Cluster health:          6/6 reachable",
      "  Socket LB:              Enabled",
    ],
  },
];

test.each(CASES)("$name", ({ script, network, shows }) => {
  const stage = new Stage({ seed: 5, topology: { ...DEFAULT_TOPOLOGY, ...(network ? { network } : {}) } });
  const { out, faults } = stage.run(PRELUDE + script);
  expect(faults).toEqual([]);
  expect(out.trimEnd().split("\n")).toEqual(shows);
});
