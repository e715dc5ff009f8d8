import { beforeAll, expect, test } from "vitest";
import { Stage } from "./stage.ts";

/** The ingress controller as a learner meets it: the manifest applied, Ingresses made, requests sent to its address. */
const PROVIDERS =
  "https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.12.1/deploy/static/provider";

const PRELUDE = `
host=shop.local
# get PATH [CURL OPTIONS…]: status and first line of the answer.
get() { path=$1; shift; curl -s -m 5 --resolve $host:80:$ip -o /tmp/body -w '%{http_code} ' "$@" "http://$host$path"; tr -d '\\r' < /tmp/body | head -n 1; }
tls() { path=$1; shift; curl -s -k -m 5 --resolve $host:443:$ip -o /tmp/body -w '%{http_code} ' "$@" "https://$host$path"; tr -d '\\r' < /tmp/body | head -n 1; }
head_of() { path=$1; shift; curl -s -m 5 -D - -o /dev/null --resolve $host:80:$ip "$@" "http://$host$path" | tr -d '\\r'; }
ingress() { kubectl create ingress "$@" >/dev/null; sleep 5; }
nginx=nginx.ingress.kubernetes.io
annotate() { kubectl annotate ingress "$@" >/dev/null; sleep 5; }
ip=$(kubectl get svc -n ingress-nginx ingress-nginx-controller -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
`;

interface Case {
  name: string;
  script: string;
  shows: readonly string[];
}

const DENIED =
  'error: failed to create ingress: admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: ';

const CASES: readonly Case[] = [
  {
    name: "type Prefix matches whole elements, Exact one path, the rest is the default backend's",
    script: `ingress a --class=nginx --rule='shop.local/web*=one:80' --rule='shop.local/only=two:80'
get /web; get /web/x; get /webx; get /only; get /only/; get /; host=other.local get /web`,
    shows: ["200 one", "200 one", "404 <html>", "200 two", "404 <html>", "404 <html>", "404 <html>"],
  },
  {
    // docs/examples/auth/client-certs of ingress-nginx.
    name: "auth-tls: who shows no certificate of the authority is turned away, and backends are told who came",
    script: `mkdir -p mtls; cd mtls; openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj '/CN=My CA' 2>/dev/null
for who in alice eve; do openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj "/CN=$who" 2>/dev/null; done
openssl x509 -req -in alice.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out alice.crt -days 30 2>/dev/null
openssl x509 -req -in eve.csr -signkey eve.key -out eve.crt -days 30 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 30 -subj '/CN=shop.local' -addext 'subjectAltName=DNS:shop.local' 2>/dev/null
kubectl create secret tls mutual --cert=tls.crt --key=tls.key >/dev/null; kubectl create secret generic ca --from-file=ca.crt >/dev/null
ingress a --class=nginx --rule='shop.local/*=who:80,tls=mutual'; annotate a $nginx/auth-tls-secret=default/ca
tls /; cat /tmp/body | grep -o 'No required.*sent<' | tail -n 1; tls / --cert eve.crt --key eve.key; grep -o 'The SSL certificate error' /tmp/body | tail -n 1
tls / --cert alice.crt --key alice.key >/dev/null; grep -i ^ssl-client /tmp/body | sort; get / | head -c 3; echo
annotate a $nginx/auth-tls-verify-client=optional $nginx/auth-tls-pass-certificate-to-upstream=true; tls / >/dev/null; grep -i ^ssl-client /tmp/body; tls / --cert alice.crt --key alice.key >/dev/null; grep -ci '^ssl-client-cert: -----BEGIN%20CERTIFICATE' /tmp/body
annotate a --overwrite $nginx/auth-tls-verify-client=on $nginx/auth-tls-error-page=https://login.local/ $nginx/auth-tls-match-cn=CN=bob; curl -sk -o /dev/null -w '%{http_code} %{redirect_url}\n' --resolve shop.local:443:$ip https://shop.local/; tls / --cert alice.crt --key alice.key; cd ..`,
    shows: [
      "400 <html>",
      "No required SSL certificate was sent<",
      "400 <html>",
      "The SSL certificate error",
      "Ssl-Client-Issuer-Dn: CN=My CA",
      "Ssl-Client-Subject-Dn: CN=alice",
      "Ssl-Client-Verify: SUCCESS",
      "308",
      "Ssl-Client-Verify: NONE",
      "1",
      "302 https://login.local/",
      "403 client certificate unauthorized",
    ],
  },
  {
    name: "the longest path wins, and spec.defaultBackend takes what no rule does",
    script: `ingress a --class=nginx --default-backend=two:80 --rule='shop.local/api*=one:80' --rule='shop.local/api/v2*=who:80'
get /api/v1; get /api/v2/x | grep -o 'Hostname: who'; get /else`,
    shows: ["200 one", "Hostname: who", "200 two"],
  },
  {
    name: "rewrite-target with groups; all paths of the host ignore case then",
    script: `kubectl apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  annotations: { nginx.ingress.kubernetes.io/rewrite-target: /$2 }
spec:
  ingressClassName: nginx
  rules:
    - host: shop.local
      http:
        paths:
          - { path: '/who(/|$)(.*)', pathType: ImplementationSpecific, backend: { service: { name: who, port: { number: 80 } } } }
YAML
sleep 5
for path in '/who/a/b?c=1' /WHO /who; do get $path >/dev/null; grep ^GET /tmp/body; done; get /whose`,
    shows: ["GET /a/b?c=1 HTTP/1.1", "GET / HTTP/1.1", "GET / HTTP/1.1", "404 <html>"],
  },
  {
    name: "the webhook refuses what would not work",
    script: `kubectl create ingress a --class=nginx --rule='shop.local/*=one:80' >/dev/null
kubectl create ingress b --class=nginx --rule='shop.local/*=two:80' 2>&1
kubectl create ingress c --class=nginx --rule='shop.local/x(/|$)(.*)=two:80' 2>&1
kubectl create ingress d --class=nginx --rule='x.local/=two:80' --annotation=$nginx/configuration-snippet='return 418;' 2>&1
kubectl get ingress -o name`,
    shows: [
      `${DENIED}host "shop.local" and path "/" is already defined in ingress default/a`,
      `${DENIED}ingress contains invalid paths: path /x(/|$)(.*) cannot be used with pathType Exact`,
      `${DENIED}nginx.ingress.kubernetes.io/configuration-snippet annotation cannot be used. Snippet directives are disabled by the Ingress administrator`,
      "ingress.networking.k8s.io/a",
    ],
  },
  {
    name: "a Service without endpoints is 503, one that nobody listens behind 502, one that is not there 503",
    script: `kubectl create service clusterip none --tcp=80 >/dev/null
kubectl create service clusterip wrong --tcp=80:8081 >/dev/null; kubectl set selector service/wrong app=one >/dev/null
ingress a --class=nginx --rule='shop.local/none=none:80' --rule='shop.local/wrong=wrong:80' --rule='shop.local/gone=gone:80'
get /none; get /wrong; get /gone; tr -d '\\r' < /tmp/body | grep title
kubectl logs -n ingress-nginx deploy/ingress-nginx-controller > /tmp/log
grep -o 'connect() failed (111: Connection refused) while connecting to upstream' /tmp/log | sort -u
grep -o 'Service "default/none" does not have any active Endpoint.' /tmp/log | head -n 1`,
    shows: [
      "503 <html>",
      "502 <html>",
      "503 <html>",
      "<head><title>503 Service Temporarily Unavailable</title></head>",
      "connect() failed (111: Connection refused) while connecting to upstream",
      'Service "default/none" does not have any active Endpoint.',
    ],
  },
  {
    name: "TLS: the Secret's certificate, a redirect from plain HTTP, HSTS; the fake certificate for other hosts",
    script: `openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=shop.local -addext subjectAltName=DNS:shop.local -keyout /tmp/k -out /tmp/c 2>/dev/null
kubectl create secret tls shop --cert=/tmp/c --key=/tmp/k >/dev/null
ingress a --class=nginx --rule='shop.local/*=one:80,tls=shop'
head_of /x/ | grep -i '^HTTP\\|^location'
tls /
curl -s --cacert /tmp/c --resolve shop.local:443:$ip -D - https://shop.local/ | tr -d '\\r' | grep -i '^strict'
openssl s_client -connect $ip:443 -servername shop.local </dev/null 2>/dev/null | openssl x509 -noout -subject
openssl s_client -connect $ip:443 -servername b.local </dev/null 2>/dev/null | openssl x509 -noout -subject
annotate a $nginx/ssl-redirect=false; get /
kubectl get ingress a --no-headers | grep -o '80, 443'`,
    shows: [
      "HTTP/1.1 308 Permanent Redirect",
      "Location: https://shop.local/x",
      "200 one",
      "strict-transport-security: max-age=31536000; includeSubDomains",
      "subject=CN=shop.local",
      "subject=O=Acme Co, CN=Kubernetes Ingress Controller Fake Certificate",
      "200 one",
      "80, 443",
    ],
  },
  {
    name: "redirects: permanent, app-root, forced TLS",
    script: `ingress a --class=nginx --rule='shop.local/*=one:80' --annotation=$nginx/permanent-redirect=https://example.com
head_of / | grep -i '^HTTP\\|^location'
annotate a $nginx/permanent-redirect- $nginx/app-root=/app; head_of / | grep -i '^HTTP\\|^location'; get /app
annotate a $nginx/force-ssl-redirect=true; head_of /a | grep -i '^HTTP\\|^location'`,
    shows: [
      "HTTP/1.1 301 Moved Permanently",
      "Location: https://example.com",
      "HTTP/1.1 302 Moved Temporarily",
      "Location: http://shop.local/app",
      "200 one",
      "HTTP/1.1 308 Permanent Redirect",
      "Location: https://shop.local/a",
    ],
  },
  {
    name: "a canary takes its weight, its header and its cookie",
    script: `ingress a --class=nginx --rule='shop.local/*=one:80'
ingress b --class=nginx --rule='shop.local/*=two:80' --annotation=$nginx/canary=true --annotation=$nginx/canary-by-header=x-new --annotation=$nginx/canary-by-cookie=new
get /; get / -H 'x-new: always'; get / -H 'x-new: never'; get / -b new=always
annotate b $nginx/canary-weight=50
for i in $(seq 40); do get /; done | sort | uniq -c | awk '{ print (($1 > 8 && $1 < 32) ? "some" : $1), $3 }'`,
    shows: ["200 one", "200 two", "200 one", "200 two", "some one", "some two"],
  },
  {
    name: "who may: basic authentication, networks, the body's size, the rate",
    script: `printf 'me:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\\n' > /tmp/auth; kubectl create secret generic basic --from-file=auth=/tmp/auth >/dev/null
ingress a --class=nginx --rule='shop.local/*=one:80' --annotation=$nginx/auth-type=basic --annotation=$nginx/auth-secret=basic --annotation=$nginx/auth-realm='Who is there'
get /; head_of / | grep -i '^www'; get / -u me:wrong; get / -u me:secret
annotate a $nginx/auth-type- $nginx/whitelist-source-range=10.0.0.0/8; get /
annotate a --overwrite $nginx/whitelist-source-range=10.0.0.0/8,192.168.108.0/24 $nginx/proxy-body-size=10; get /; get / -d 12345678901
annotate a $nginx/limit-rps=1; for i in 1 2 3 4 5 6 7 8; do get /; done | uniq -c`,
    shows: [
      "401 <html>",
      'WWW-Authenticate: Basic realm="Who is there"',
      "401 <html>",
      "200 one",
      "403 <html>",
      "200 one",
      "413 <html>",
      "      6 200 one",
      "      2 503 <html>",
    ],
  },
  {
    name: "affinity by cookie keeps a client at its Pod; CORS answers for the backend",
    script: `kubectl scale deploy who --replicas=3 >/dev/null; kubectl rollout status deploy who >/dev/null; sleep 3
ingress a --class=nginx --rule='shop.local/*=who:80' --annotation=$nginx/affinity=cookie --annotation=$nginx/session-cookie-name=stay --annotation=$nginx/enable-cors=true
stay=$(head_of / | grep -i '^set-cookie' | grep -o 'stay=[^;]*')
for i in 1 2 3 4 5 6; do get / -b "$stay"; done | sort -u | wc -l
for i in 1 2 3; do get /; done | sort -u | wc -l
head_of / -H 'Origin: http://x' | grep -i '^access-control-allow-origin'
head_of / -X OPTIONS -H 'Origin: http://x' | head -n 1
kubectl scale deploy who --replicas=1 >/dev/null`,
    shows: ["1", "3", "Access-Control-Allow-Origin: *", "HTTP/1.1 204 No Content"],
  },
  {
    name: "another service has a say (auth-url): its refusal, where to sign in, and what it tells the backend",
    script: `kubectl run auth --image=registry.k8s.io/e2e-test-images/agnhost:2.45 --port=8080 --expose -- netexec --http-port=8080 >/dev/null; kubectl wait --for=condition=Ready pod/auth >/dev/null
auth() { echo "http://auth.default.svc.cluster.local:8080/echo?msg=x&code=$1"; }
ingress a --class=nginx --rule='shop.local/*=one:80' --annotation=$nginx/auth-url=$(auth 401); get /
annotate a $nginx/auth-signin=http://login.local/start; head_of /x | grep -i '^location'
annotate a --overwrite $nginx/auth-url=$(auth 200); get /
annotate a --overwrite $nginx/auth-url=$(auth 418); get /
annotate a --overwrite $nginx/auth-url=http://nobody.default/; get /; kubectl delete pod auth --now >/dev/null; kubectl delete svc auth >/dev/null`,
    shows: [
      "401 <html>",
      "Location: http://login.local/start?rd=http%3A%2F%2Fshop.local%2Fx",
      "200 one",
      "500 <html>",
      "500 <html>",
    ],
  },
  {
    name: "CORS names the origins that may ask",
    script: `ingress a --class=nginx --rule='shop.local/*=one:80' --annotation=$nginx/enable-cors=true; head_of / | grep -i '^access-control-allow-origin'
annotate a $nginx/cors-allow-origin='https://*.shop.local, http://other'
for o in https://a.shop.local https://shop.local http://other; do head_of / -H "Origin: $o" | grep -ci '^access-control-allow-origin'; done`,
    shows: ["Access-Control-Allow-Origin: *", "1", "0", "1"],
  },
  {
    name: "a ConfigMap names ports that go to a Service as they are",
    script: `kubectl create cm tcp -n ingress-nginx --from-literal=9000=default/one:80 >/dev/null
kubectl patch deploy -n ingress-nginx ingress-nginx-controller --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--tcp-services-configmap=ingress-nginx/tcp"}]' >/dev/null
kubectl patch svc -n ingress-nginx ingress-nginx-controller -p '{"spec":{"ports":[{"name":"t","port":9000,"targetPort":9000}]}}' >/dev/null
kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null; sleep 5; curl -s http://$ip:9000 | head -n 1
kubectl patch cm tcp -n ingress-nginx -p '{"data":{"9000":"default/two:80"}}' >/dev/null; sleep 5; curl -s http://$ip:9000 | head -n 1
kubectl rollout undo deploy -n ingress-nginx ingress-nginx-controller >/dev/null; kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null; sleep 3; curl -s -m 2 http://$ip:9000 || echo gone
kubectl patch svc -n ingress-nginx ingress-nginx-controller -p '{"spec":{"ports":[{"$patch":"delete","port":9000}]}}' >/dev/null`,
    shows: ["one", "two", "gone"],
  },
  {
    name: "UDP ports go to a Service by a ConfigMap; TLS of a host is its backend's own (ssl-passthrough)",
    script: `kubectl create deploy echo --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --http-port=8080 --udp-port=8081 >/dev/null
kubectl wait --for=condition=available deploy/echo >/dev/null; kubectl create cm udp -n ingress-nginx --from-literal=9053=default/echo:8081 >/dev/null
kubectl expose deploy echo --port=8081 --protocol=UDP >/dev/null
kubectl patch deploy -n ingress-nginx ingress-nginx-controller --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--udp-services-configmap=ingress-nginx/udp"},{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--enable-ssl-passthrough"}]' >/dev/null
kubectl patch svc -n ingress-nginx ingress-nginx-controller -p '{"spec":{"ports":[{"name":"u","port":9053,"targetPort":9053,"protocol":"UDP"}]}}' >/dev/null
kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null; sleep 5
echo 'echo hello' | nc -u -w 2 $ip 9053; echo
ingress p --class=nginx --rule='shop.local/*=kubernetes:443' --annotation=$nginx/ssl-passthrough=true --annotation=$nginx/backend-protocol=HTTPS
curl -sk -m 5 --resolve shop.local:443:$ip https://shop.local/version | grep gitVersion; curl -skv -m 5 --resolve shop.local:443:$ip https://shop.local/version 2>&1 | grep -o 'CN=kube-apiserver' | head -n 1
host=other.local tls / ; kubectl rollout undo deploy -n ingress-nginx ingress-nginx-controller >/dev/null; kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null; sleep 3
kubectl patch svc -n ingress-nginx ingress-nginx-controller -p '{"spec":{"ports":[{"$patch":"delete","port":9053}]}}' >/dev/null; kubectl delete deploy,svc echo >/dev/null`,
    shows: ["hello", '  "gitVersion": "v1.32.3",', "CN=kube-apiserver", "404 <html>"],
  },
  {
    name: "headers of the user's own: snippets that the administrator allows, ConfigMaps for clients and for backends",
    script: `ingress a --class=nginx --rule='shop.local/*=who:80' --annotation=$nginx/configuration-snippet='more_set_headers "X-Shop: open";'; get /
kubectl patch cm -n ingress-nginx ingress-nginx-controller -p '{"data":{"allow-snippet-annotations":"true","annotations-risk-level":"Critical","add-headers":"ingress-nginx/out","proxy-set-headers":"ingress-nginx/in","global-allowed-response-headers":"X-Mine,X-Other"}}' >/dev/null
kubectl create cm out -n ingress-nginx --from-literal=X-From=edge >/dev/null; kubectl create cm in -n ingress-nginx --from-literal=X-Client='$remote_addr' >/dev/null; kubectl create cm mine --from-literal=X-Mine=1 --from-literal=X-Not=2 >/dev/null; sleep 5
ingress a --class=nginx --rule='shop.local/*=who:80' --annotation=$nginx/custom-headers=default/mine --annotation=$nginx/configuration-snippet='more_set_headers "X-Shop: open"; proxy_set_header X-Shop "$host";'
head_of / | grep -i '^x-' | sort; get / >/dev/null; grep -iE 'x-shop|x-client' /tmp/body | tr -d '\\r' | sed 's/[0-9.]*$//' | sort
annotate a --overwrite $nginx/configuration-snippet='return 418 "tea of $host";'; get /
kubectl patch cm -n ingress-nginx ingress-nginx-controller -p '{"data":{"allow-snippet-annotations":null,"annotations-risk-level":null,"add-headers":null,"proxy-set-headers":null,"global-allowed-response-headers":null}}' >/dev/null`,
    shows: [
      "404 <html>",
      "X-From: edge",
      "X-Mine: 1",
      "X-Shop: open",
      "X-Client: ",
      "X-Shop: shop.local",
      "418 tea of shop.local",
    ],
  },
  {
    name: "a client stays by a hash, by a cookie with its own marks; who comes from a network needs no password",
    script: `kubectl scale deploy who --replicas=4 >/dev/null; kubectl rollout status deploy who >/dev/null; sleep 4
ingress a --class=nginx --rule='shop.local/*=who:80' --annotation=$nginx/upstream-hash-by='$http_x_user'
for u in ann ann ann ann bob bob bob bob; do get / -H "X-User: $u" >/dev/null; grep Hostname /tmp/body; done | sort | uniq -c | awk '{ print ($1 % 4) }' | sort -u
annotate a $nginx/upstream-hash-by- $nginx/affinity=cookie $nginx/session-cookie-name=stay $nginx/session-cookie-samesite=Lax $nginx/session-cookie-expires=3600 $nginx/session-cookie-max-age=3600
head_of / | grep -i ^set-cookie | sed 's/=[^;]*|[^;]*/=VALUE/; s/Expires=[^;]*/Expires=TIME/'
kubectl scale deploy who --replicas=1 >/dev/null
htpasswd -bc auth ann secret 2>/dev/null || printf 'ann:%s\n' "$(openssl passwd -apr1 secret)" > auth; kubectl create secret generic door --from-file=auth >/dev/null
annotate a $nginx/affinity- $nginx/auth-type=basic $nginx/auth-secret=door $nginx/satisfy=any $nginx/whitelist-source-range=10.0.0.0/8
get / | cut -c 1-3; get / -u ann:secret | cut -c 1-3; annotate a --overwrite $nginx/whitelist-source-range=0.0.0.0/0; get / | cut -c 1-3; kubectl delete secret door >/dev/null`,
    shows: [
      "0",
      "Set-Cookie: stay=VALUE; Path=/; Expires=TIME; Max-Age=3600; HttpOnly; SameSite=Lax",
      "401",
      "200",
      "200",
    ],
  },
  {
    name: "only Ingresses of its class: by ingressClassName, by the old annotation, by the default class",
    script: `ingress a --class=other --rule='shop.local/*=one:80'; get /
kubectl delete ingress a >/dev/null
ingress a --rule='shop.local/*=one:80'; get /
annotate a kubernetes.io/ingress.class=nginx; get /; kubectl delete ingress a >/dev/null
kubectl annotate ingressclass nginx ingressclass.kubernetes.io/is-default-class=true >/dev/null
ingress a --rule='shop.local/*=two:80'; get /; kubectl get ingress a -o jsonpath='{.spec.ingressClassName}{"\\n"}'
kubectl annotate ingressclass nginx ingressclass.kubernetes.io/is-default-class- >/dev/null`,
    shows: ["404 <html>", "404 <html>", "200 one", "200 two", "nginx"],
  },
  {
    name: "a NetworkPolicy for the backend is silence to the controller: 504",
    script: `kubectl apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody }
spec: { podSelector: { matchLabels: { app: one } } }
YAML
ingress a --class=nginx --rule='shop.local/*=one:80'
get / -m 30
kubectl logs -n ingress-nginx deploy/ingress-nginx-controller --tail=3 | grep -o 'upstream timed out (110: Operation timed out) while connecting'
kubectl delete netpol nobody >/dev/null; get /`,
    shows: ["504 <html>", "upstream timed out (110: Operation timed out) while connecting", "200 one"],
  },
  {
    name: "on bare metal it is reached by ports of the nodes, and says so",
    script: `kubectl apply -f ${PROVIDERS}/baremetal/deploy.yaml >/dev/null; kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null
ingress a --class=nginx --rule='shop.local/*=one:80'; sleep 60
node=$(kubectl get pods -n ingress-nginx -l app.kubernetes.io/component=controller --field-selector=status.phase=Running -o jsonpath='{.items[0].status.hostIP}')
kubectl get ingress a -o jsonpath='{.status.loadBalancer.ingress[0].ip}' | grep -c "^$node$"
port=$(kubectl get svc -n ingress-nginx ingress-nginx-controller -o jsonpath='{.spec.ports[0].nodePort}')
curl -s -H 'Host: shop.local' http://worker-2:$port/
kubectl apply -f ${PROVIDERS}/cloud/deploy.yaml >/dev/null; kubectl rollout status deploy -n ingress-nginx ingress-nginx-controller >/dev/null`,
    shows: ["1", "one"],
  },
  {
    name: "the address comes to the Ingress and leaves with the controller; nginx.conf says what is served",
    script: `ingress a --class=nginx --rule='shop.local/web*=one:80'; sleep 60
kubectl get ingress a -o jsonpath='{.status.loadBalancer.ingress[0].ip}' | grep -c "^$ip$"
pod=$(kubectl get pods -n ingress-nginx -l app.kubernetes.io/component=controller -o name)
kubectl exec -n ingress-nginx $pod -- grep -A2 'start server shop.local' /etc/nginx/nginx.conf | tr -d '\\t'
kubectl exec -n ingress-nginx $pod -- grep -o 'location .* {' /etc/nginx/nginx.conf
kubectl scale deploy -n ingress-nginx ingress-nginx-controller --replicas=0 >/dev/null; sleep 20
kubectl get ingress a -o jsonpath='{.status.loadBalancer}{"\\n"}'
kubectl create ingress b --class=nginx --rule='b.local/*=one:80' 2>&1 | grep -o 'no endpoints available.*'
kubectl scale deploy -n ingress-nginx ingress-nginx-controller --replicas=1 >/dev/null; sleep 20; get /web`,
    shows: [
      "1",
      "## start server shop.local",
      "server {",
      "server_name shop.local ;",
      "location / {",
      "location /web/ {",
      "location = /web {",
      "location / {",
      "location / {",
      "{}",
      'no endpoints available for service "ingress-nginx-controller-admission"',
      "200 one",
    ],
  },
];

let stage: Stage;

function run(text: string): string[] {
  const { out, faults } = stage.run(PRELUDE + text);
  expect(faults).toEqual([]);
  // whoami shows a request with the ends of lines that it came with.
  return out.replace(/\n$/, "").split(/\r?\n/);
}

beforeAll(() => {
  stage = new Stage({ seed: 3, topology: { controlPlanes: 1, workers: 2, loadBalancers: 0 } });
  run(`kubectl apply -f ${PROVIDERS}/cloud/deploy.yaml
for name in one two; do kubectl create deployment $name --image=hashicorp/http-echo -- /http-echo -text=$name -listen=:80; kubectl expose deployment $name --port=80; done
kubectl create deployment who --image=traefik/whoami; kubectl expose deployment who --port=80
kubectl wait --for=condition=Available deployment --all --timeout=180s
kubectl wait -n ingress-nginx --for=condition=ready pod --selector=app.kubernetes.io/component=controller --timeout=120s`);
});

test.each(CASES)("$name", ({ script, shows }) => {
  const lines = run(`${script}\nkubectl delete ingress --all >/dev/null; sleep 5`);
  expect(lines).toEqual(shows);
});
