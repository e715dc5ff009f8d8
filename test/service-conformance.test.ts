import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

/**
 * What Kubernetes' own tests ask of Services (test/e2e/network/service.go, dns.go, endpointslice.go), restated: a script and
 * what it shows, line by line. Names follow those of the tests.
 */
interface Case {
  name: string;
  script: string;
  shows: readonly string[];
}

const PRELUDE = String.raw`
pods() { # pods NAME COUNT LABEL [NODE] [PORT]: http servers that answer with their names
  for i in $(seq 1 $2); do kubectl apply -f - >/dev/null <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1-$i, labels: {app: $3}}
spec:
  nodeName: ${"${4:-}"}
  terminationGracePeriodSeconds: ${"${GRACE:-0}"}
  containers:
  - name: c
    image: registry.k8s.io/e2e-test-images/agnhost:2.45
    args: [netexec, --delay-shutdown=${"${DELAY:-0}"}, --http-port=${"${5:-8080}"}, --udp-port=8081]
    ports: [{containerPort: ${"${5:-8080}"}, name: web}]
Y
  done
  kubectl wait --for=condition=Ready pod -l app=$3 --timeout=60s >/dev/null; sleep 2; }
service() { kubectl apply -f - >/dev/null; sleep 2; }
ip() { kubectl get svc $1 -o jsonpath={.spec.clusterIP}; }
nodeport() { kubectl get svc $1 -o jsonpath='{.spec.ports[0].nodePort}'; }
on() { local node=$1; shift; ssh $node "$@"; }
names() { on $1 "for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 2 http://$2/hostname; echo; done" | sort -u | tr '\n' ' ' | sed 's/ *$//'; echo; }
code() { on $1 "curl -s -m 2 -o /dev/null -w '%{http_code}' http://$2; echo \" \$?\""; }
`;

const CASES: readonly Case[] = [
  {
    name: "should serve a basic endpoint from pods; serve multiport endpoints; find endpoints that come and go",
    script: String.raw`pods a 1 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: x}, ports: [{name: p1, port: 80, targetPort: web}, {name: p2, port: 81, targetPort: 8080}]}
Y
names worker-1 $(ip s):80; names worker-1 $(ip s):81
pods b 1 x; names worker-2 $(ip s):80
kubectl delete pod a-1 >/dev/null; sleep 2; names worker-1 $(ip s):80
kubectl delete pod b-1 >/dev/null; sleep 2; code worker-1 $(ip s):80`,
    shows: ["a-1", "a-1", "a-1 b-1", "b-1", "000 7"],
  },
  {
    name: "should serve endpoints on same port and different protocols",
    script: String.raw`pods a 1 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: x}, ports: [{name: t, port: 80, targetPort: 8080, protocol: TCP}, {name: u, port: 80, targetPort: 8081, protocol: UDP}]}
Y
names worker-1 $(ip s):80; on worker-1 "echo hostname | nc -u -w 1 $(ip s) 80"; echo
kubectl patch svc s --type=json -p '[{"op":"remove","path":"/spec/ports/0"}]' >/dev/null; sleep 2
code worker-1 $(ip s):80; on worker-1 "echo hostname | nc -u -w 1 $(ip s) 80"; echo`,
    shows: ["a-1", "a-1", "000 28", "a-1"],
  },
  {
    name: "named target ports may be different numbers in different Pods",
    script: String.raw`pods a 1 x worker-1 8080; pods b 1 x worker-2 9090; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: x}, ports: [{port: 80, targetPort: web}]}
Y
names worker-1 $(ip s)
kubectl get endpointslices -l kubernetes.io/service-name=s -o jsonpath='{range .items[*]}{.ports[0].port}{"\n"}{end}' | sort -n`,
    shows: ["a-1 b-1", "8080", "9090"],
  },
  {
    name: "should have session affinity work, and be able to switch it; a timeout ends it",
    script: String.raw`pods a 3 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: x}, ports: [{port: 80, targetPort: web}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}}
Y
names worker-1 $(ip s) | wc -w
on worker-1 sudo iptables -t nat -S | grep -c -- '--rcheck --seconds 10 --reap'
first=$(names worker-1 $(ip s)); again=same
for i in 1 2 3 4 5 6 7 8; do sleep 11; [ "$(on worker-1 curl -s $(ip s)/hostname)" = $first ] || again=other; done; echo $again
kubectl patch svc s -p '{"spec":{"sessionAffinity":"None"}}' >/dev/null; sleep 2; names worker-1 $(ip s) | wc -w
kubectl get svc s -o jsonpath='{.spec.sessionAffinityConfig}'; echo`,
    shows: ["1", "3", "other", "3", ""],
  },
  {
    name: "should be able to create a functioning NodePort service; from all nodes and outside; and change it to ClusterIP and ExternalName",
    script: String.raw`pods a 1 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, targetPort: web, nodePort: 30080}]}
Y
for n in cp-1 worker-1 worker-2; do curl -s $n:30080/hostname; echo; done; on worker-1 curl -s localhost:30080/hostname; echo
kubectl patch svc s -p '{"spec":{"type":"ClusterIP","ports":[{"port":80,"nodePort":null}]}}' >/dev/null; sleep 2; curl -s -m 2 worker-1:30080; echo $?; names worker-1 $(ip s)
kubectl run c --image=nicolaka/netshoot -- sleep 10000 >/dev/null; kubectl wait --for=condition=Ready pod/c >/dev/null
kubectl patch svc s -p '{"spec":{"type":"ExternalName","externalName":"other.default.svc.cluster.local","clusterIP":null,"clusterIPs":null}}' >/dev/null; sleep 35
kubectl get svc s --no-headers | awk '{print $2, $3, $4}'; kubectl exec c -- dig +short s.default.svc.cluster.local CNAME
kubectl patch svc s -p '{"spec":{"type":"ClusterIP","externalName":null}}' >/dev/null; sleep 35; kubectl exec c -- dig +short s.default.svc.cluster.local | grep -c "$(ip s)"`,
    shows: [
      "a-1",
      "a-1",
      "a-1",
      "a-1",
      "7",
      "a-1",
      "ExternalName <none> other.default.svc.cluster.local",
      "other.default.svc.cluster.local.",
      "1",
    ],
  },
  {
    name: "should check NodePort out-of-range, reuse and collisions",
    script: String.raw`kubectl create service nodeport a --tcp=80 --node-port=30099 >/dev/null
kubectl create service nodeport b --tcp=80 --node-port=30099 2>&1 | grep -o 'provided port is already allocated'
kubectl create service nodeport b --tcp=80 --node-port=40000 2>&1 | grep -o 'provided port is not in the valid range. The range of valid ports is 30000-32767'
kubectl delete svc a >/dev/null; kubectl create service nodeport b --tcp=80 --node-port=30099 | grep -o created`,
    shows: [
      "provided port is already allocated",
      "provided port is not in the valid range. The range of valid ports is 30000-32767",
      "created",
    ],
  },
  {
    name: "should create endpoints for unready pods when publishNotReadyAddresses is set",
    script: String.raw`kubectl apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: slow, labels: {app: x}}
spec:
  hostname: slow
  subdomain: quiet
  containers: [{name: c, image: "registry.k8s.io/e2e-test-images/agnhost:2.45", args: [netexec], readinessProbe: {exec: {command: ["false"]}}}]
Y
for p in false true; do service <<Y
apiVersion: v1
kind: Service
metadata: {name: ready-$p}
spec: {selector: {app: x}, publishNotReadyAddresses: $p, ports: [{port: 80, targetPort: 8080}]}
Y
done; sleep 10
code worker-1 $(ip ready-false)/hostname; code worker-1 $(ip ready-true)/hostname
kubectl get endpointslices -l kubernetes.io/service-name=ready-true -o jsonpath='{.items[0].endpoints[0].conditions}'; echo
kubectl get endpointslices -l kubernetes.io/service-name=ready-false -o jsonpath='{.items[0].endpoints[0].conditions}'; echo`,
    shows: [
      "000 7",
      "200 0",
      '{"ready":true,"serving":false,"terminating":false}',
      '{"ready":false,"serving":false,"terminating":false}',
    ],
  },
  {
    name: "should fallback to terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Cluster; Local drops what has none on the node",
    script: String.raw`GRACE=60 DELAY=60 pods a 1 x worker-1; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, targetPort: web, nodePort: 30080}]}
Y
kubectl patch svc s -p '{"spec":{"internalTrafficPolicy":"Local","externalTrafficPolicy":"Local"}}' >/dev/null; sleep 2
code worker-1 $(ip s)/hostname; code worker-2 $(ip s)/hostname; curl -s -m 2 -o /dev/null -w '%{http_code}\n' worker-1:30080/hostname; curl -s -m 2 -o /dev/null -w '%{http_code}\n' worker-2:30080/hostname
kubectl patch svc s -p '{"spec":{"internalTrafficPolicy":"Cluster","externalTrafficPolicy":"Cluster"}}' >/dev/null; sleep 2
code worker-2 $(ip s)/hostname
kubectl delete pod a-1 --wait=false >/dev/null; sleep 2
kubectl get endpointslices -l kubernetes.io/service-name=s -o jsonpath='{.items[0].endpoints[0].conditions}'; echo`,
    shows: ["200 0", "000 28", "200", "000", "200 0", '{"ready":false,"serving":true,"terminating":true}'],
  },
  {
    name: "healthCheckNodePort: only a node with endpoints answers well",
    script: String.raw`pods a 1 x worker-1; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: x}, ports: [{port: 80, targetPort: web}]}
Y
h=$(kubectl get svc s -o jsonpath={.spec.healthCheckNodePort}); [ $h -ge 30000 ] && echo allocated
curl -s worker-1:$h | tr -d '[:space:]'; echo; curl -s -o /dev/null -w '%{http_code}\n' worker-2:$h/healthz
kubectl patch svc s -p '{"spec":{"externalTrafficPolicy":"Cluster"}}' >/dev/null; sleep 2; kubectl get svc s -o jsonpath={.spec.healthCheckNodePort}; echo; curl -s -m 2 worker-1:$h; echo $?`,
    shows: [
      "allocated",
      '{"service":{"namespace":"default","name":"s"},"localEndpoints":1,"serviceProxyHealthy":true}',
      "503",
      "",
      "7",
    ],
  },
  {
    name: "services without selectors: a mirrored Endpoints, an EndpointSlice by hand",
    script: String.raw`pods a 2 x; one=$(kubectl get pod a-1 -o jsonpath={.status.podIP}); two=$(kubectl get pod a-2 -o jsonpath={.status.podIP})
service <<Y
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{name: h, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: s}
subsets: [{addresses: [{ip: $one}], ports: [{name: h, port: 8080}]}]
Y
names worker-1 $(ip s); kubectl get endpointslices -l kubernetes.io/service-name=s -o jsonpath='{.items[*].metadata.labels.endpointslice\.kubernetes\.io/managed-by}'; echo
service <<Y
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-hand, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{name: h, port: 8080}]
endpoints: [{addresses: [$two]}]
Y
names worker-1 $(ip s); kubectl delete endpoints s >/dev/null; sleep 2; names worker-1 $(ip s)`,
    shows: ["a-1", "endpointslicemirroring-controller.k8s.io", "a-1 a-2", "a-2"],
  },
  {
    name: "should only allow access from service loadbalancer source ranges",
    script: String.raw`pods a 1 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: LoadBalancer, selector: {app: x}, ports: [{port: 80, targetPort: web}], loadBalancerSourceRanges: [10.9.9.0/24]}
Y
lb=$(kubectl get svc s -o jsonpath='{.status.loadBalancer.ingress[0].ip}'); curl -s -m 2 -o /dev/null -w '%{http_code}\n' $lb/hostname; code worker-1 $(ip s)/hostname
kubectl patch svc s --type=merge -p '{"spec":{"loadBalancerSourceRanges":["192.168.108.0/24"]}}' >/dev/null; sleep 2; curl -s -m 2 -o /dev/null -w '%{http_code}\n' $lb/hostname`,
    shows: ["000", "200 0", "200"],
  },
  {
    name: "should provide DNS for headless services, Pods with hostname and subdomain, named ports",
    script: String.raw`kubectl apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: x}}
spec: {hostname: one, subdomain: quiet, containers: [{name: c, image: "registry.k8s.io/e2e-test-images/agnhost:2.45", args: [netexec]}]}
---
apiVersion: v1
kind: Service
metadata: {name: quiet}
spec: {clusterIP: None, selector: {app: x}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: c}
spec: {containers: [{name: c, image: nicolaka/netshoot, command: [sleep, "10000"]}]}
Y
kubectl wait --for=condition=Ready pod/p pod/c --timeout=60s >/dev/null; sleep 6; pip=$(kubectl get pod p -o jsonpath={.status.podIP})
ask() { kubectl exec c -- "$@"; }
ask dig +short quiet.default.svc.cluster.local | sed "s/$pip/POD/"; ask dig +short one.quiet.default.svc.cluster.local | sed "s/$pip/POD/"
ask dig +short _http._tcp.quiet.default.svc.cluster.local SRV
ask dig +short $(echo $pip | tr . -).default.pod.cluster.local | sed "s/$pip/POD/"; ask dig +short -x $pip
kubectl exec p -- hostname -f; kubectl exec p -- cat /etc/hosts | grep -c "one.quiet.default.svc.cluster.local"
ask nslookup kubernetes.default | grep -c 'Name:.*kubernetes.default.svc.cluster.local'; ask curl -s http://one.quiet:8080/hostname; echo`,
    shows: [
      "POD",
      "POD",
      "0 100 8080 one.quiet.default.svc.cluster.local.",
      "POD",
      "one.quiet.default.svc.cluster.local.",
      "one.quiet.default.svc.cluster.local",
      "1",
      "1",
      "one",
    ],
  },
  {
    name: "should be able to preserve UDP traffic when server pod cycles for a ClusterIP and a NodePort service",
    script: String.raw`pods a 1 x worker-1; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, selector: {app: x}, ports: [{port: 53, targetPort: 8081, protocol: UDP, nodePort: 30053}]}
Y
u() { on worker-2 "echo hostname | nc -u -w 1 -p 40000 $(ip s) 53"; echo; }
u; on worker-2 sudo conntrack -L -p udp --orig-port-dst 53 -d $(ip s) 2>/dev/null | grep -c sport=40000
pods b 1 x worker-2; kubectl delete pod a-1 >/dev/null; sleep 2
u; kubectl delete pod b-1 >/dev/null; sleep 2; on worker-2 sudo conntrack -L -p udp -d $(ip s) 2>/dev/null | wc -l
pods c 1 x worker-1; sleep 2; u`,
    // Entries of a Service stay while it has no endpoint (kubernetes/kubernetes#139628), and go once it has one.
    shows: ["a-1", "1", "b-1", "1", "c-1"],
  },
  {
    name: "SCTP ports: rules, and no conflict with others of the same number; trafficDistribution and hairpin",
    script: String.raw`pods a 1 x worker-1; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: x}, trafficDistribution: PreferClose, ports: [{name: a, port: 5060, protocol: SCTP}, {name: b, port: 5060, targetPort: web}]}
Y
on worker-1 sudo iptables -t nat -S KUBE-SERVICES | grep -c 'p sctp.*--dport 5060'; names worker-1 $(ip s):5060; kubectl exec a-1 -- curl -s $(ip s):5060/hostname; echo
kubectl get svc s -o jsonpath='{.spec.trafficDistribution}'; echo; kubectl patch svc s -p '{"spec":{"trafficDistribution":"Foo"}}' 2>&1 | grep -o 'Unsupported value: "Foo": supported values: .*'`,
    shows: ["1", "a-1", "a-1", "PreferClose", 'Unsupported value: "Foo": supported values: "PreferClose"'],
  },
  {
    name: "should implement service.kubernetes.io/headless and service-proxy-name; externalIPs",
    script: String.raw`pods a 1 x; service <<'Y'
apiVersion: v1
kind: Service
metadata: {name: other, labels: {service.kubernetes.io/service-proxy-name: mine}}
spec: {selector: {app: x}, ports: [{port: 80, targetPort: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: ext}
spec: {selector: {app: x}, externalIPs: [203.0.113.99], ports: [{port: 80, targetPort: web}]}
Y
on worker-1 sudo iptables -t nat -S KUBE-SERVICES | grep -c default/other; code worker-1 $(ip other); kubectl label svc other service.kubernetes.io/service-proxy-name- >/dev/null; sleep 2; code worker-1 $(ip other)/hostname
code worker-1 203.0.113.99/hostname
kubectl label svc other service.kubernetes.io/headless= >/dev/null; sleep 2; on worker-1 sudo iptables -t nat -S KUBE-SERVICES | grep -c default/other; kubectl get endpointslices -l kubernetes.io/service-name=other -o jsonpath='{.items[0].metadata.labels}' | grep -c 'service.kubernetes.io/headless'`,
    shows: ["0", "000 28", "200 0", "200 0", "0", "0"],
  },
];

test.each(CASES)("$name", ({ script, shows }) => {
  const { out, faults } = new Stage({ seed: 7 }).run(PRELUDE + script);
  expect(faults).toEqual([]);
  expect(out.trimEnd().split("\n")).toEqual(shows.join("\n").trimEnd().split("\n"));
});
