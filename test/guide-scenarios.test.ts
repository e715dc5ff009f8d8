import { expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What walk-throughs of Services, policies, DNS and autoscaling ask for, restated. */
const SCENARIOS: readonly Scenario[] = [
  {
    // Recipes for NetworkPolicies start a client for each question: it asks as soon as it runs.
    name: "a policy holds for a Pod from its first packet on, and lets in who is new and selected",
    script: String.raw`kubectl run web --image=nginx --labels=app=web --expose --port=80 >/dev/null; kubectl create ns ops >/dev/null; kubectl label ns ops team=ops >/dev/null
kubectl apply -f - >/dev/null <<'Y'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
  - from:
    - namespaceSelector: { matchLabels: { team: ops } }
      podSelector: { matchLabels: { type: monitoring } }
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: silent, namespace: ops }
spec: { podSelector: { matchLabels: { app: silent } }, policyTypes: [Egress] }
Y
kubectl wait --for=condition=Ready pod web >/dev/null; sleep 2
one() { kubectl run -n ops "$@" 2>&1 | grep -E '^<title|^wget|^;;|^Name'; }
for i in 1 2 3; do
one t$i --restart=Never --rm -i --image=alpine -l type=monitoring -- wget -qO- -T 2 web.default
one u$i --restart=Never --rm -i --image=alpine -l type=other -- wget -qO- -T 2 web.default
one v$i --restart=Never --rm -i --image=busybox -l app=silent -- nslookup web.default.svc.cluster.local
done`,
    expect: Array.from({ length: 3 }, () => [
      "<title>Welcome to nginx!</title>",
      "wget: download timed out",
      ";; connection timed out; no servers could be reached",
    ]).flat(),
  },
  {
    name: "a SYN without an answer is sent again after 1, 3 and 7 s, counted each time, and taken once it may pass",
    script: String.raw`kubectl create deployment web --image=nginx --replicas=2 >/dev/null; kubectl expose deployment web --port=80 >/dev/null; kubectl rollout status deployment web >/dev/null; sleep 2
IP=$(kubectl get service web -o jsonpath={.spec.clusterIP}); ssh worker-1 bash -s $IP <<'X'
drop() { sudo iptables -$1 OUTPUT -d 10.200.0.0/16 -p tcp --dport 80 -j DROP; }
counted() { sudo iptables -nvL OUTPUT | grep DROP | tr -s ' ' | cut -d ' ' -f 2-4; }
drop A; curl -s -m 5 $1; echo $?; counted; curl -s -m 8 $1; counted; sudo conntrack -L -d $1 2>/dev/null | grep -c .
(sleep 2; drop D) & curl -s -m 5 -o /dev/null -w '%{http_code} %{time_connect}\n' $1 | cut -c-7
wait; sudo conntrack -L -d $1 2>/dev/null | grep -o TIME_WAIT
X`,
    expect: [/^28$/, "3 180 DROP", "7 420 DROP", /^0$/, /^200 3\.0$/, "TIME_WAIT"],
  },
  {
    name: "a Service of which a policy silences one Pod: who was sent there stays there",
    script: String.raw`for v in a b; do kubectl run $v --image=hashicorp/http-echo -l app=two,v=$v -- -text=$v -listen=:80 >/dev/null; done
kubectl create service clusterip two --tcp=80 >/dev/null; kubectl run c --image=busybox -- sleep 1d >/dev/null
kubectl apply -f - >/dev/null <<'Y'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: a }
spec: { podSelector: { matchLabels: { v: a } }, policyTypes: [Ingress] }
Y
kubectl patch service two -p '{"spec":{"selector":{"app":"two"}}}' >/dev/null; kubectl wait --for=condition=Ready pod --all >/dev/null; sleep 2
kubectl exec c -- sh -c 'for i in $(seq 12); do wget -qO- -T 4 two 2>&1; done' | sort | uniq -c | sort -k2 | awk '{print ($1 > 1 && $1 < 11), $2}'`,
    expect: ["1 b", "1 wget:"],
  },
  {
    name: "the outside world: a few sites and public resolvers answer, names lead back where they do, a policy shuts it out",
    script: String.raw`kubectl run n --image=nicolaka/netshoot -l app=net -- sleep 1d >/dev/null; kubectl run web --image=nginx --port=80 --expose >/dev/null; kubectl wait --for=condition=Ready pod n web >/dev/null
k() { kubectl exec n -- "$@"; }
k ping -c 1 8.8.8.8 | grep loss; k ping -c 1 google.com | grep -c '198.51.100.81 (198.51.100.81)'; k ping -c 1 1.1.1.1 -q | head -1
k curl -sI https://example.com | head -1; k curl -s -o /dev/null -w '%{http_code} %{redirect_url}
' google.com; k curl -sL google.com | grep title
k dig +short @8.8.8.8 example.org; k dig +short -x 8.8.8.8; k dig +tcp +short @1.1.1.1 www.google.com; k nc -zv 8.8.8.8 53
P=$(kubectl get pod web -o jsonpath={.status.podIP}); k ping -c 1 $P | grep -c "from $P: icmp"; k ping -c 1 $(echo $P | tr . -).default.pod.cluster.local | grep -c "from $P ($P)"
kubectl create service externalname ext --external-name example.com >/dev/null; k curl -s -H 'Host: example.com' ext | grep title
kubectl apply -f - >/dev/null <<'Y'
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: inside }
spec: { podSelector: { matchLabels: { app: net } }, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }] }] }
Y
sleep 1; k curl -s -m 2 example.com; k curl -s web | grep title`,
    expect: [
      "1 packets transmitted, 1 received, 0% packet loss",
      /^1$/,
      "PING 1.1.1.1 (1.1.1.1) 56(84) bytes of data.",
      "HTTP/2 200",
      /^301 http:..www.google.com.$/,
      "<title>Google</title>",
      /^198.51.100.80$/,
      /^dns.google.$/,
      /^198.51.100.82$/,
      "Connection to 8.8.8.8 53 port [tcp/domain] succeeded!",
      /^1$/,
      /^1$/,
      "<title>Example Domain</title>",
      "command terminated with exit code 28",
      "<title>Welcome to nginx!</title>",
    ],
  },
  {
    // docs/examples of ingress-nginx: rewrite, canary, basic auth, TLS; deploy/static/provider/kind.
    name: "ingress-nginx of kind is on its node's own ports; examples of its documentation",
    script: String.raw`kubectl apply -f https://raw.githubusercontent.com/kubernetes/ingress-nginx/main/deploy/static/provider/kind/deploy.yaml >/dev/null
kubectl wait -n ingress-nginx --for=condition=ready pod --selector=app.kubernetes.io/component=controller --timeout=120s
for d in production canary; do kubectl create deploy $d --image=registry.k8s.io/ingress-nginx/e2e-test-echo:v1.2.9@sha256:9920d084b452b38ee663005a455aa7ed12c15afa512741ea9596e206a189bdf0 >/dev/null; kubectl expose deploy $d --port=80 >/dev/null; done
kubectl create deploy old --image=k8s.gcr.io/echoserver:1.4 >/dev/null; kubectl expose deploy old --port=80 --target-port=8080 >/dev/null; kubectl set env deploy/production POD_NAME=p NODE_NAME=n >/dev/null
N=$(kubectl get pod -n ingress-nginx -l app.kubernetes.io/component=controller -o jsonpath={.items[0].status.hostIP}); A=nginx.ingress.kubernetes.io
for d in production canary old; do kubectl rollout status deploy $d >/dev/null; done
kubectl create ingress p --class=nginx --rule='a.bar.com/*=production:80' >/dev/null; kubectl create ingress c --class=nginx --rule='a.bar.com/*=canary:80' --annotation=$A/canary=true --annotation=$A/canary-weight=50 >/dev/null
kubectl create ingress root --rule='root.bar.com/*=old:80' --annotation=$A/app-root=/app1 >/dev/null; kubectl create ingress none --class=nginx --rule='none.bar.com/*=nobody:80' >/dev/null
htpasswd -cb auth foo bar; kubectl create secret generic basic-auth --from-file=auth >/dev/null
kubectl create ingress auth --class=nginx --rule='auth.bar.com/*=old:80' --annotation=$A/auth-type=basic --annotation=$A/auth-secret=basic-auth >/dev/null
openssl req -x509 -nodes -newkey rsa:2048 -keyout k -out c -subj /CN=tls.bar.com 2>/dev/null; kubectl create secret tls t --key k --cert c >/dev/null; kubectl create ingress tls --class=nginx --rule='tls.bar.com/*=old:80,tls=t' >/dev/null
sleep 70; for i in $(seq 20); do curl -s -H 'Host: a.bar.com' $N | grep -o 'Hostname: [a-z]*'; done | sort -u
until curl -s -H 'Host: a.bar.com' $N -d hello > body; grep -q production body; do :; done; grep -E 'pod name|node name|pod IP|^hello|server_version' body
curl -sI -H 'Host: root.bar.com' $N | grep -E 'HTTP|Location'; curl -sI -H 'Host: none.bar.com' $N | head -1; curl -s -o /dev/null -w '%{http_code}
' -H 'Host: auth.bar.com' $N; curl -s -u foo:bar -H 'Host: auth.bar.com' $N | grep -E 'CLIENT|command|^real'
curl -skv --resolve tls.bar.com:443:$N https://tls.bar.com 2>&1 | grep subject; kubectl logs -n ingress-nginx deploy/ingress-nginx-controller | grep -o 'x509.*' | sort -u; kubectl get ingress p`,
    expect: [
      /^pod.*condition met$/,
      "Adding password for user foo",
      /^Hostname: canary$/,
      /^Hostname: production$/,
      /^\tnode name:\tn$/,
      /^\tpod name:\tp$/,
      /^\tpod IP:\tN.A$/,
      "server_version=nginx: 1.27.1 - lua: 10026",
      /^hello$/,
      "HTTP/1.1 302 Moved Temporarily",
      "Location: http://root.bar.com/app1",
      "HTTP/1.1 503 Service Temporarily Unavailable",
      /^401$/,
      /^CLIENT VALUES:$/,
      /^command=GET$/,
      /^real path=.$/,
      "subject: CN=tls.bar.com",
      "x509: certificate relies on legacy Common Name field, use SANs instead",
      /^p +nginx +a.bar.com +localhost +80 /,
    ],
  },
  {
    // net/http adds the time and the length behind what a handler has set, and a type that it found out itself last.
    name: "heads of Go's servers, of kubelets and of kube-proxy have their time and length; bytes and curl see the same",
    script: String.raw`kubectl run who --image=traefik/whoami --port=80 >/dev/null; kubectl run e --image=hashicorp/http-echo -- -text=hi >/dev/null; kubectl run c --image=nicolaka/netshoot -- sleep 1d >/dev/null; kubectl wait --for=condition=Ready pod --all >/dev/null
ip() { kubectl get pod $1 -o jsonpath={.status.podIP}; }
shape() { tr -d '\r' | sed '/^$/q; s/Date: .*GMT/Date/I; s/-Length: .*/-Length/I'; }
kubectl exec c -- curl -si $(ip who) | shape; kubectl exec c -- curl -si $(ip e):5678 | shape
kubectl exec c -- sh -c "printf 'GET / HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n' | nc $(ip e) 5678" | shape
ssh worker-1 'curl -si localhost:10256/healthz; curl -skI https://localhost:10250/healthz' | shape`,
    expect: [
      ...[/^HTTP.1.1 200 OK$/, /^Date$/, /^Content-Length$/, /^Content-Type: text/],
      ...[/^HTTP/, /^X-App-Name/, /^X-App-Version/, /^Date$/, /^Content-Length$/, /^Content-Type/],
      ...[/^HTTP/, /^X-App-Name/, /^X-App-Version/, /^Date$/, /^Content-Length$/, /^Content-Type/],
      ...[/^HTTP/, /^Content-Type: application.json$/, /^X-Content-Type-Options/, /^Date$/, /^Content-Length$/],
    ],
  },
  {
    // Asked of ethtool 6.14, net-tools 2.10 and util-linux 2.41 in a namespace with a pair of devices.
    name: "ethtool lists and switches features, lsns shows what it is asked for, netstat names programs by their command lines",
    script: String.raw`kubectl run web --image=nginx >/dev/null; kubectl wait --for=condition=Ready pod web >/dev/null; ssh $(kubectl get pod web -o jsonpath={.spec.nodeName}) sudo bash -s <<'X' 2>&1
PID=$(crictl inspect --output go-template --template '{{.info.pid}}' $(crictl ps --name web -q))
nsenter -t $PID -n netstat -tlnp | grep :80 | tr -s ' '; netstat -tlnp | grep -E ':(22|10250) ' | tr -s ' '
lsns -t net -no PID,COMMAND -r | tail -1; lsns -t net -o NS,PID,COMMAND | head -1; lsns -o FOO; echo $?
ethtool flannel.1 | sed -n '2,4p'; ethtool -k flannel.1 | sed -n '1,6p'; ethtool -K flannel.1 tx-checksum-ip-generic off; ethtool -k flannel.1 | grep tcp-segmentation-offload
ethtool -K flannel.1 tx on | head -2; ethtool -K eth0 gro off; ethtool -k eth0 | grep generic-receive; ethtool -K eth0 nosuch off; echo $?; ethtool lo
X`,
    expect: [
      /^tcp 0 0 0\.0\.0\.0:80 0\.0\.0\.0:\* LISTEN \d+\/nginx: master/,
      /LISTEN \d+\/sshd: \/usr\/sbin/,
      /LISTEN \d+\/kubelet/,
      /^\d+ \/pause$/,
      /^ +NS PID COMMAND$/,
      "lsns: unknown column: FOO",
      /^1$/,
      /^\tSupported ports: \[ {2}\]$/,
      /^\tSupported link modes: {3}Not reported$/,
      /^Features for flannel.1:$/,
      /^rx-checksumming: on$/,
      /^tx-checksumming: on$/,
      /^\ttx-checksum-ipv4: off \[fixed\]$/,
      /^Actual changes:$/,
      /^tx-checksum-ip-generic: off$/,
      /^tx-tcp-segmentation: off \[not requested\]$/,
      /^tcp-segmentation-offload: off$/,
      /^tx-checksum-ip-generic: on$/,
      /^generic-receive-offload: off$/,
      "netlink error: bit name not found (offset 52)",
      /^75$/,
      /^\tLink detected: yes$/,
    ],
  },
  {
    // concepts/services-networking/connect-applications-service of the documentation.
    name: "applications are connected with Services: old nslookup of busyboxplus, an HTTPS server whose configuration is fetched",
    script: String.raw`kubectl apply -f https://k8s.io/examples/service/networking/run-my-nginx.yaml >/dev/null; kubectl rollout status deploy my-nginx >/dev/null; kubectl expose deployment/my-nginx >/dev/null; sleep 1
kubectl run curl --image=radial/busyboxplus:curl --restart=Never -- sleep 1d >/dev/null; kubectl wait --for=condition=Ready pod curl >/dev/null; kubectl exec curl -- nslookup my-nginx; echo $?; kubectl exec curl -- curl -s my-nginx | head -1
openssl req -x509 -nodes -days 365 -newkey rsa:2048 -keyout nginx.key -out nginx.crt -subj /CN=my-nginx 2>/dev/null; kubectl create secret tls nginxsecret --key nginx.key --cert nginx.crt >/dev/null
curl -sLO https://raw.githubusercontent.com/kubernetes/examples/master/staging/https-nginx/default.conf; kubectl create configmap nginxconfigmap --from-file=default.conf >/dev/null
kubectl delete deployments,svc my-nginx >/dev/null; kubectl create -f https://k8s.io/examples/service/networking/nginx-secure-app.yaml >/dev/null; kubectl rollout status deploy my-nginx >/dev/null; sleep 2
kubectl exec curl -- curl -sk https://my-nginx | grep title`,
    expect: [
      /^Server: {4}10\.201\.0\.10$/,
      "Address 1: 10.201.0.10 kube-dns.kube-system.svc.cluster.local",
      /^Name: {6}my-nginx$/,
      /^Address 1: 10\.201\.[\d.]+ my-nginx\.default\.svc\.cluster\.local$/,
      /^0$/,
      "<!DOCTYPE html>",
      "<title>Welcome to nginx!</title>",
    ],
  },
  {
    // The example of concepts/services-networking/network-policies: an ipBlock is held against the address that a packet has.
    name: "a policy's ipBlock sees a node by the address that it sends from: of the overlay to other nodes' Pods",
    script: String.raw`kubectl run web --image=nginx -l app=web --overrides='{"spec":{"nodeName":"worker-3"}}' >/dev/null; kubectl wait --for=condition=Ready pod web >/dev/null; IP=$(kubectl get pod web -o jsonpath={.status.podIP})
policy() { kubectl apply -f - >/dev/null <<Y
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: { name: web }
spec: { podSelector: { matchLabels: { app: web } }, ingress: [{ from: [{ ipBlock: { cidr: $1 } }] }] }
Y
sleep 1; }
ask() { ssh $1 "curl -s -m 2 -o /dev/null -w '%{http_code}\n' $IP; ping -c 1 -W 1 $IP | grep -o '[0-9]* received'"; }
policy 192.168.108.0/24; ask worker-1; ask worker-3; policy 10.200.3.0/32; ask worker-1`,
    expect: [/^000$/, /^0 received$/, /^200$/, /^1 received$/, /^200$/, /^1 received$/],
  },
  {
    // tasks/access-application-cluster/ingress-minikube of the documentation, and an nginx that passes on.
    name: "heads that nginx passes on have its order, and the upstream's own words for the status",
    script: String.raw`kubectl apply -f https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.12.1/deploy/static/provider/baremetal/deploy.yaml >/dev/null
kubectl create deployment web --image=gcr.io/google-samples/hello-app:1.0 >/dev/null; kubectl expose deployment web --type=NodePort --port=8080 >/dev/null
kubectl create deployment any --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --http-port=8080 >/dev/null; kubectl expose deployment any --port=8080 >/dev/null
kubectl wait -n ingress-nginx --for=condition=ready pod --selector=app.kubernetes.io/component=controller --timeout=120s >/dev/null; kubectl rollout status deploy any >/dev/null
kubectl apply -f https://k8s.io/examples/service/networking/example-ingress.yaml; kubectl apply -f https://k8s.io/examples/service/networking/name-virtual-host-ingress-no-third-host.yaml; kubectl apply -f https://k8s.io/examples/service/networking/external-lb.yaml; sleep 8
NP=$(kubectl get svc -n ingress-nginx ingress-nginx-controller -o jsonpath={.spec.ports[0].nodePort})
curl --resolve "hello-world.example:$NP:192.168.108.21" -si http://hello-world.example:$NP | tr -d '\r' | sed 's/: .*//'
kubectl create configmap conf --from-literal=default.conf='server { listen 80; location / { proxy_pass http://any:8080; } }' >/dev/null
kubectl run front --image=nginx --overrides='{"spec":{"volumes":[{"name":"c","configMap":{"name":"conf"}}],"containers":[{"name":"front","image":"nginx","volumeMounts":[{"name":"c","mountPath":"/etc/nginx/conf.d"}]}]}}' >/dev/null; kubectl wait --for=condition=Ready pod front >/dev/null
ssh worker-1 curl -si "$(kubectl get pod front -o jsonpath={.status.podIP})/echo?code=503" | tr -d '\r' | sed 's/: .*//'`,
    expect: [
      ...["ingress.networking.k8s.io/example-ingress created", "no-third-host created", "external-lb created"],
      ...[/^HTTP.1.1 200 OK$/, /^Date$/, /^Content-Type$/, /^Content-Length$/, /^Connection$/, /^$/, "Hello, world!"],
      ...[/^HTTP.1.1 503 Service Unavailable$/, /^Server$/, /^Date$/, /^Content-/, /^Content-Length$/, /^Connection$/],
    ],
  },
];

test.each(SCENARIOS)("$name", (scenario) => {
  expect(play(scenario)).toEqual([]);
});
