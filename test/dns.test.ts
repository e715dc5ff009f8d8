import { beforeAll, expect, test } from "vitest";
import { Stage } from "./stage.ts";

/** CoreDNS as its Corefile says, seen with the tools that people ask it with. */
const PRELUDE = `
dig() { kubectl exec t -- dig "$@"; }
logs() { kubectl logs -n kube-system -l k8s-app=kube-dns --tail=-1 "$@"; }
# corefile SED-EXPRESSION…: changes the Corefile and waits until the servers have read it.
corefile() {
  kubectl get cm coredns -n kube-system -o jsonpath='{.data.Corefile}' > Corefile
  sed -i "$@" Corefile
  kubectl create cm coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f - >/dev/null
  sleep 150
}
`;

interface Case {
  name: string;
  script: string;
  shows: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "dig shows what came in BIND's columns; CoreDNS offers no recursion for its own zone",
    script: `dig web.default.svc.cluster.local | sed 's/id: [0-9]*/id: N/; s/COOKIE: [0-9a-f]*/COOKIE: C/; s/WHEN: .*/WHEN/; s/time: [0-9]*/time: N/'
dig +noall +answer web.default.svc.cluster.local
dig +noall +authority nosuch.default.svc.cluster.local | sed 's/ 177[0-9]* / SERIAL /'
dig +short web.default.svc.cluster.local a.b +tcp
dig +bad web >/dev/null 2>&1; echo $?`,
    shows: [
      "",
      "; <<>> DiG 9.18.33-1~deb12u2-Debian <<>> web.default.svc.cluster.local",
      ";; global options: +cmd",
      ";; Got answer:",
      ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N",
      ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1",
      ";; WARNING: recursion requested but not available",
      "",
      ";; OPT PSEUDOSECTION:",
      "; EDNS: version: 0, flags:; udp: 1232",
      "; COOKIE: C (echoed)",
      ";; QUESTION SECTION:",
      ";web.default.svc.cluster.local.\tIN\tA",
      "",
      ";; ANSWER SECTION:",
      "web.default.svc.cluster.local. 30 IN\tA\t10.201.7.7",
      "",
      ";; Query time: N msec",
      ";; SERVER: 10.201.0.10#53(10.201.0.10) (UDP)",
      ";; WHEN",
      ";; MSG SIZE  rcvd: 115",
      "",
      "web.default.svc.cluster.local. 30 IN\tA\t10.201.7.7",
      "cluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. SERIAL 7200 1800 86400 30",
      "10.201.7.7",
      "1",
    ],
  },
  {
    name: "host speaks in sentences",
    script: `kubectl exec n -- host web; kubectl exec n -- host 10.201.7.7; kubectl exec n -- host ext
kubectl exec n -- host -t srv _web._tcp.hl.default.svc.cluster.local; kubectl exec n -- host nosuch 2>/dev/null; kubectl exec n -- host -t txt web.default.svc.cluster.local`,
    shows: [
      "web.default.svc.cluster.local has address 10.201.7.7",
      "7.7.201.10.in-addr.arpa domain name pointer web.default.svc.cluster.local.",
      "ext.default.svc.cluster.local is an alias for web.default.svc.cluster.local.",
      "web.default.svc.cluster.local has address 10.201.7.7",
      "_web._tcp.hl.default.svc.cluster.local has SRV record 0 50 80 db-0.hl.default.svc.cluster.local.",
      "_web._tcp.hl.default.svc.cluster.local has SRV record 0 50 80 db-1.hl.default.svc.cluster.local.",
      "Host nosuch not found: 3(NXDOMAIN)",
      "web.default.svc.cluster.local has no TXT record",
    ],
  },
  {
    name: "loadbalance turns the addresses of a headless Service around; an ExternalName is followed",
    script: `for i in $(seq 12); do dig +short hl.default.svc.cluster.local | head -n 1; done | sort -u | wc -l
dig +short ext.default.svc.cluster.local; kubectl exec t -- curl -s -o /dev/null -w '%{http_code}\\n' http://ext`,
    shows: ["2", "web.default.svc.cluster.local.", "10.201.7.7", "200"],
  },
  {
    name: "log, hosts, rewrite and template come to work without a restart",
    script: `corefile 's/errors/errors\\n log\\n hosts {\\n 10.9.9.9 my.example.org other.example.org\\n fallthrough\\n }\\n rewrite name shop.example.org web.default.svc.cluster.local\\n rewrite name regex (.*)\\\\.corp\\\\.example {1}.default.svc.cluster.local answer auto\\n template ANY A t.example {\\n match ^(.*)[.]t[.]example[.]$\\n answer "{{ .Name }} 60 IN A 10.1.2.3"\\n }/'
dig +short my.example.org; dig +noall +answer shop.example.org; dig +short web.corp.example; dig +short a.t.example; dig +short -x 10.9.9.9
logs | grep -c 'Reloading complete'
logs | grep -o '"A IN my.example.org. udp 55 false 1232" NOERROR qr,aa,rd 85' | sort -u
kubectl get pods -n kube-system -l k8s-app=kube-dns -o jsonpath='{.items[*].status.containerStatuses[*].restartCount}{"\\n"}'`,
    shows: [
      "10.9.9.9",
      "shop.example.org.\t30\tIN\tA\t10.201.7.7",
      "10.201.7.7",
      "10.1.2.3",
      "my.example.org.",
      "other.example.org.",
      "2",
      '"A IN my.example.org. udp 55 false 1232" NOERROR qr,aa,rd 85',
      "0 0",
    ],
  },
  {
    name: "a zone of its own is forwarded elsewhere; a silent server is an error, which is logged",
    script: `corefile '1i corp.example:53 {\\n errors\\n cache 10\\n forward . 10.201.0.99\\n}'
dig +time=8 +tries=1 x.corp.example | grep -o 'status: [A-Z]*'
logs | grep -o 'plugin/errors: 2 x.corp.example. A: read udp .*->10.201.0.99:53: i/o timeout' | sed 's/udp .*->/udp FROM->/' | head -n 1
logs | grep -c '^corp.example.:53$'`,
    shows: ["status: SERVFAIL", "plugin/errors: 2 x.corp.example. A: read udp FROM->10.201.0.99:53: i/o timeout", "2"],
  },
  {
    name: "a mistake is refused and said, the old configuration goes on; a new Pod cannot start with it",
    script: `corefile 's/rewrite name shop/rewrit name shop/'
logs | grep -o "Restart failed: /etc/coredns/Corefile:[0-9]* - Error during parsing: Unknown directive 'rewrit'" | sort -u
dig +short shop.example.org
kubectl delete pod -n kube-system $(kubectl get pods -n kube-system -l k8s-app=kube-dns -o name | head -n 1 | cut -d/ -f2) >/dev/null; sleep 20
kubectl get pods -n kube-system -l k8s-app=kube-dns --no-headers | awk '{print $2}' | sort
corefile 's/rewrit name shop/rewrite name shop/'; sleep 60; kubectl get pods -n kube-system -l k8s-app=kube-dns --no-headers | awk '{print $2}' | sort -u`,
    shows: [
      "Restart failed: /etc/coredns/Corefile:13 - Error during parsing: Unknown directive 'rewrit'",
      "10.201.7.7",
      "0/1",
      "1/1",
      "1/1",
    ],
  },
  {
    name: "acl, any, file, rewrite of times and codes, an import and what it imports",
    script: `cp Corefile kept; cat > zone.db <<'Z'
$ORIGIN lab.example.
@ 300 IN SOA ns admin 2026 7200 3600 1209600 60
@ IN NS ns
ns IN A 192.0.2.53
www IN CNAME web
web 60 IN A 192.0.2.80
*.apps IN A 192.0.2.81
@ IN MX 10 mail
note IN TXT "hello there"
Z
kubectl create cm zones -n kube-system --from-file=zone.db --from-literal=more.override=any >/dev/null
kubectl -n kube-system patch deploy coredns --type=json -p '[{"op":"add","path":"/spec/template/spec/volumes/-","value":{"name":"zones","configMap":{"name":"zones"}}},{"op":"add","path":"/spec/template/spec/containers/0/volumeMounts/-","value":{"name":"zones","mountPath":"/etc/zones"}}]' >/dev/null
kubectl -n kube-system rollout status deploy coredns >/dev/null
corefile -e 's#errors#errors\\n import /etc/zones/*.override\\n acl denied.example {\\n block net 10.0.0.0/8\\n }\\n acl quiet.example {\\n filter\\n }\\n rewrite ttl suffix web.default.svc.cluster.local 5\\n rewrite rcode gone.example NXDOMAIN NOERROR\\n file /etc/zones/zone.db lab.example#'
dig x.denied.example | grep -o 'status: [A-Z]*'; dig x.quiet.example | grep -o 'status: [A-Z]*'
dig +short ANY web.default.svc.cluster.local; dig +noall +answer web.default.svc.cluster.local; dig gone.example | grep -o 'status: [A-Z]*'
dig +short www.lab.example; dig +short a.b.apps.lab.example; dig +short MX lab.example; dig +short TXT note.lab.example; dig no.lab.example | grep -o 'status: [A-Z]*'; dig +noall +authority no.lab.example`,
    shows: [
      "status: REFUSED",
      "status: NOERROR",
      '"ANY obsoleted" "See RFC 8482"',
      "web.default.svc.cluster.local. 5 IN\tA\t10.201.7.7",
      "status: NOERROR",
      "web.lab.example.",
      "192.0.2.80",
      "192.0.2.81",
      "10 mail.lab.example.",
      '"hello there"',
      "status: NXDOMAIN",
      "lab.example.\t\t30\tIN\tSOA\tns.lab.example. admin.lab.example. 2026 7200 3600 1209600 60",
    ],
  },
  {
    name: "autopath finds a Pod's short names at once, and names of Pods are those of Pods that there are",
    script: `cp kept Corefile; kubectl create cm coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f - >/dev/null
corefile -e 's/pods insecure/pods verified/' -e 's/errors/errors\\n autopath @kubernetes/'
ip=$(kubectl get pod t -o jsonpath='{.status.podIP}' | tr . -)
dig +short $ip.default.pod.cluster.local | tr . - | sed "s/$ip/the Pod's/"; dig 10-9-9-9.default.pod.cluster.local | grep -o 'status: [A-Z]*'
dig +short kube-dns.kube-system.default.svc.cluster.local; dig +short NS cluster.local; dig +short TXT dns-version.cluster.local`,
    shows: [
      "the Pod's",
      "status: NXDOMAIN",
      "kube-dns.kube-system.svc.cluster.local.",
      "10.201.0.10",
      "kube-dns.kube-system.svc.cluster.local.",
      '"1.1.0"',
    ],
  },
  {
    name: "a server that is to end goes on for a while; one that cannot read its file does not start",
    script: `kubectl logs -f -n kube-system $(kubectl get pods -n kube-system -l k8s-app=kube-dns -o name | head -n 1) > log 2>/dev/null & 
kubectl -n kube-system rollout restart deploy coredns >/dev/null; kubectl -n kube-system rollout status deploy coredns >/dev/null; sleep 12; grep -oE 'SIGTERM.*|Going.*' log
corefile 's/pods verified/pods sometimes/'; kubectl -n kube-system rollout restart deploy coredns >/dev/null; sleep 60
kubectl get pods -n kube-system -l k8s-app=kube-dns | grep -oE 'CrashLoopBackOff|Error' | sort -u
kubectl logs -n kube-system $(kubectl get pods -n kube-system -l k8s-app=kube-dns | awk '/Crash|Error/{print $1; exit}')
cp kept Corefile; kubectl create cm coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f - >/dev/null; kubectl -n kube-system rollout restart deploy coredns >/dev/null; sleep 60`,
    shows: [
      "SIGTERM: Shutting down servers then terminating",
      "Going into lameduck mode for 5s",
      "CrashLoopBackOff",
      "plugin/kubernetes: wrong value for pods: sometimes,  must be one of: disabled, verified, insecure",
    ],
  },
  {
    name: "forwarding to itself is found by the plugin loop, which ends the server",
    script: `corefile 's#forward . /etc/resolv.conf#forward . 127.0.0.1#'
logs -p | grep -o 'plugin/loop: Loop (127.0.0.1:[0-9]* -> :53) detected for zone "."' | sed 's/1:[0-9]* /1:PORT /' | sort -u
dig +time=1 +tries=1 web.default.svc.cluster.local | head -n 1`,
    shows: [
      'plugin/loop: Loop (127.0.0.1:PORT -> :53) detected for zone "."',
      ";; communications error to 10.201.0.10#53: connection refused",
    ],
  },
  {
    name: "classes: what the upstream says of itself, or the plugin chaos; log in a form of one's own; two blocks with pages",
    script: `cp kept Corefile; kubectl create cm coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f - >/dev/null; kubectl -n kube-system rollout restart deploy coredns >/dev/null; kubectl -n kube-system rollout status deploy coredns --timeout=60s >/dev/null; sleep 12
dig ch txt version.bind +short; dig CH TXT web.default.svc.cluster.local | grep -o 'status: [A-Z]*'; kubectl exec t -- host -c ch -t txt version.bind | grep -c unbound
cat > Corefile <<'C'
.:53 {
  errors
  log . "{remote} {type} {class} {name} {>rflags}"
  health
  health
  ready
  chaos Lab-1 me you
  template IN A ip.test {
    match ^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)[.]ip[.]test[.]$
    answer "{{ .Name }} 5 IN A 192.0.{{ .Group.a }}.{{ .Group.b }}"
  }
  template ANY ANY no.test {
    rcode NXDOMAIN
    authority "no.test. 60 IN SOA ns.no.test. me.no.test. (1 60 60 60 60)"
  }
  kubernetes cluster.local in-addr.arpa ip6.arpa
  forward . /etc/resolv.conf
  cache 30
  reload
}
example.test {
  health
  whoami
}
refused.test {
  template IN A {
    answer "{{ .Name }} 5 IN A 192.0.2.9"
  }
}
C
kubectl create cm coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f - >/dev/null; kubectl -n kube-system rollout restart deploy coredns >/dev/null; kubectl -n kube-system rollout status deploy coredns --timeout=60s >/dev/null; sleep 12
dig ch txt version.bind +short; dig -c CH -t TXT authors.bind +noall +answer; dig CH TXT id.server +short | cut -c -9; dig ch txt version.bind @10.201.0.10 refused.test ch txt +short; dig CH TXT refused.test | grep -o 'status: [A-Z]*'
dig +noall +answer ip-2-7.ip.test; dig +noall +authority x.no.test; dig +noall +additional example.test | sed 's/10.200[.0-9]*/POD/; s/0 0 [0-9]*/0 0 PORT/' | tr '\t' ' ' | tr -s ' '
logs | grep -o '10.200.* TXT CH version.bind. qr.*' | sed 's/^[0-9.]*/POD/' | tail -n 1`,
    shows: [
      '"unbound 1.17.1"',
      "status: NOERROR",
      "1",
      '"Lab-1"',
      'authors.bind.\t\t0\tCH\tTXT\t"me"',
      'authors.bind.\t\t0\tCH\tTXT\t"you"',
      '"coredns-',
      '"Lab-1"',
      "status: REFUSED",
      "ip-2-7.ip.test.\t\t5\tIN\tA\t192.0.2.7",
      "no.test.\t\t30\tIN\tSOA\tns.no.test. me.no.test. 1 60 60 60 60",
      "example.test. 0 IN A POD",
      "_udp.example.test. 0 IN SRV 0 0 PORT .",
      "POD TXT CH version.bind. qr,rd",
    ],
  },
];

let stage: Stage;

function run(text: string): string[] {
  const { out, faults } = stage.run(PRELUDE + text);
  expect(faults).toEqual([]);
  return out.replace(/\n$/, "").split("\n");
}

beforeAll(() => {
  stage = new Stage({ seed: 6, topology: { controlPlanes: 1, workers: 2, loadBalancers: 0 } });
  run(`kubectl create deployment web --image=nginx; kubectl expose deployment web --port=80 --cluster-ip=10.201.7.7
kubectl create service externalname ext --external-name web.default.svc.cluster.local
kubectl apply -f - <<'YAML'
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: hl
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: c, image: nginx }] }
---
apiVersion: v1
kind: Service
metadata: { name: hl }
spec: { clusterIP: None, selector: { app: db }, ports: [{ name: web, port: 80 }] }
YAML
kubectl run t --image=registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3 -- sleep 100000
kubectl run n --image=nicolaka/netshoot -- sleep 100000
kubectl wait --for=condition=Ready pod/t pod/n; kubectl rollout status sts/db; kubectl wait --for=condition=Available deploy/web`);
});

test.each(CASES)("$name", ({ script, shows }) => expect(run(script)).toEqual(shows));
