import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** The Gateway API with nginx-gateway-fabric 1.6, as its documentation's "cafe" and CKA exercises use it. */
const PRELUDE = `
kubectl kustomize "https://github.com/nginx/nginx-gateway-fabric/config/crd/gateway-api/standard?ref=v1.6.2" | kubectl apply -f - >/dev/null
for f in crds default/deploy; do kubectl apply -f https://raw.githubusercontent.com/nginx/nginx-gateway-fabric/v1.6.2/deploy/$f.yaml >/dev/null; done
kubectl -n nginx-gateway wait --for=condition=Available deploy/nginx-gateway --timeout=90s >/dev/null
for a in coffee tea; do kubectl create deploy $a --image=nginx >/dev/null; kubectl expose deploy $a --port=80 >/dev/null; done
kubectl wait --for=condition=Available deploy/coffee deploy/tea >/dev/null
for a in coffee tea; do kubectl exec deploy/$a -- sh -c "echo $a > /usr/share/nginx/html/index.html"; done
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a Gateway with HTTP and HTTPS routes requests, shifts weights, redirects and tells its state",
    script: `openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -subj /CN=cafe.example.com 2>/dev/null
kubectl get gatewayclass nginx --no-headers
kubectl apply -f - <<Y
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: cafe}
spec:
  gatewayClassName: nginx
  listeners:
  - {name: http, port: 80, protocol: HTTP, hostname: "*.example.com"}
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cafe-tls}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cafe}
spec:
  parentRefs: [{name: cafe}]
  hostnames: [cafe.example.com]
  rules:
  - matches: [{path: {type: PathPrefix, value: /coffee}}]
    filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]
    backendRefs: [{name: coffee, port: 80}]
  - matches: [{path: {value: /}, headers: [{name: drink, value: tea}]}]
    filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-Drink, value: tea}]}}]
    backendRefs: [{name: tea, port: 80}, {name: coffee, port: 80, weight: 0}]
  - matches: [{path: {type: Exact, value: /old}}]
    filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]
Y
sleep 2; kubectl get gateway cafe -o json | jq -r '.status.listeners[]|.name+" "+(.conditions[]|select(.type=="ResolvedRefs")|.reason)'
kubectl create secret tls cafe-tls --cert=crt --key=key >/dev/null; sleep 2; kubectl get gateway
kubectl get gateway cafe -o json | jq -r '.status.listeners[]|"\\(.name) \\(.attachedRoutes) \\(.conditions[]|select(.type=="ResolvedRefs")|.reason)"'
IP=$(kubectl get gateway cafe -o jsonpath='{.status.addresses[0].value}')
get() { curl -sk -m 3 -o body -w '%{http_code} %{redirect_url} ' --resolve cafe.example.com:80:$IP --resolve cafe.example.com:443:$IP "$@"; head -n 1 body | tr -d "\\r"; }
get http://cafe.example.com/coffee; get https://cafe.example.com/coffee; get -H 'drink: tea' http://cafe.example.com/; get http://cafe.example.com/; get http://cafe.example.com/old
curl -sI -m 3 -H 'drink: tea' --resolve cafe.example.com:80:$IP http://cafe.example.com/ | grep -i x-drink
kubectl scale deploy coffee --replicas=0 >/dev/null; sleep 2; get http://cafe.example.com/coffee`,
    expect: [
      /^nginx +gateway\.nginx\.org\/nginx-gateway-controller +True +\d+s$/,
      /^http ResolvedRefs$/,
      /^https InvalidCertificateRef$/,
      /^cafe +nginx +203\.0\.113\.50 +True +\d+s$/,
      /^http 1 ResolvedRefs$/,
      /^https 1 ResolvedRefs$/,
      /^200 {2}coffee$/,
      /^200 {2}coffee$/,
      /^200 {2}tea$/,
      /^404 {2}<html>$/,
      "301 https://cafe.example.com/old <html>",
      /^x-drink: tea/i,
      /^503 {2}<html>$/,
    ],
  },
  {
    name: "what cannot be attached says why; without its class nobody looks at a Gateway",
    script: `kubectl apply -f - <<Y
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: nginx, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: alone}
spec: {gatewayClassName: other, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: lost}
spec: {parentRefs: [{name: web, sectionName: https}], rules: [{backendRefs: [{name: none, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: apart, namespace: kube-system}
spec: {parentRefs: [{name: web, namespace: default}], rules: [{backendRefs: [{name: kube-dns, port: 53}]}]}
Y
sleep 2; for r in default/lost kube-system/apart; do kubectl get httproute -n \${r%/*} \${r#*/} -o json | jq -r '.status.parents[].conditions[]|.reason+": "+.message'; done
kubectl get gateway alone -o json | jq -r '.status.conditions[0]|.reason+": "+.message'
kubectl apply -f - <<Y
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: wrong}
spec: {rules: [{matches: [{path: {type: Prefix, value: /}}]}]}
Y`,
    expect: [
      "NoMatchingParent: Listener is not found for this parent ref",
      'BackendNotFound: spec.rules[0].backendRefs[0].name: Not found: "none"',
      "NotAllowedByListeners: Route is not allowed by any listener",
      "Pending: Waiting for controller",
      'spec.rules[0].matches[0].path.type: Unsupported value: "Prefix": supported values: "Exact", "PathPrefix", "RegularExpression"',
    ],
  },
];

describe("Gateway API", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});

const POOLS: readonly Scenario[] = [
  {
    name: "its pools give Services addresses, which a node announces once there is an advertisement",
    script: `kubectl apply -f https://raw.githubusercontent.com/metallb/metallb/v0.14.9/config/manifests/metallb-native.yaml >/dev/null
kubectl -n metallb-system wait --for=condition=Ready pod -l app=metallb --timeout=90s | wc -l
kubectl create deploy web --image=nginx --replicas=2 >/dev/null; kubectl expose deploy web --port=80 --type=LoadBalancer >/dev/null; sleep 3; kubectl get svc web
kubectl apply -f - <<Y
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first, namespace: metallb-system}
spec: {addresses: [192.168.108.240-192.168.108.241]}
Y
sleep 3; kubectl get ipaddresspool -n metallb-system; kubectl get svc web
curl -s -m 2 -o /dev/null -w '%{http_code}\\n' http://192.168.108.240
kubectl apply -f - <<Y
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: all, namespace: metallb-system}
spec: {ipAddressPools: [first]}
Y
sleep 3; curl -s -m 2 -o /dev/null -w '%{http_code}\\n' http://192.168.108.240
kubectl get events --field-selector involvedObject.name=web -o json | jq -r '.items[]|.reason+" "+.message' | grep -v Scal
for i in 2 3; do kubectl expose deploy web --port=80 --type=LoadBalancer --name=web$i >/dev/null; done
kubectl expose deploy web --port=80 --type=LoadBalancer --name=web4 --dry-run=client -o yaml | kubectl annotate -f - --local -o yaml metallb.universe.tf/address-pool=none | kubectl apply -f - >/dev/null
sleep 3; kubectl get svc web2 web3 -o jsonpath='{.items[*].status.loadBalancer.ingress[0].ip}{"\\n"}'
kubectl get events -o json | jq -r '.items[]|select(.reason=="AllocationFailed")|.involvedObject.name+" "+.message'
kubectl delete svc web2 >/dev/null; sleep 3; kubectl get svc web3 -o jsonpath='{.status.loadBalancer.ingress[0].ip}{"\\n"}'`,
    expect: [
      /^7$/,
      /^web +LoadBalancer +\S+ +<pending> /,
      /^first +true +false +\["192\.168\.108\.240-192\.168\.108\.241"\]$/,
      /^web +LoadBalancer +\S+ +192\.168\.108\.240 /,
      /^000$/,
      /^200$/,
      'IPAllocated Assigned IP ["192.168.108.240"]',
      /^nodeAssigned announcing from node "worker-\d" with protocol "layer2"$/,
      /^192\.168\.108\.241$/,
      'web3 Failed to allocate IP for "default/web3": no available IPs',
      'web4 Failed to allocate IP for "default/web4": unknown pool "none"',
      /^192\.168\.108\.241$/,
    ],
  },
];

describe("MetalLB", () => {
  test.each(POOLS)("$name", (scenario) => {
    expect(play(scenario)).toEqual([]);
  });
});

describe("nginx-gateway-fabric from its registry", () => {
  test("a chart brings its own kinds and objects of them", () => {
    const script = `kubectl kustomize "https://github.com/nginx/nginx-gateway-fabric/config/crd/gateway-api/standard?ref=v1.6.2" | kubectl apply -f - >/dev/null
helm install ngf oci://ghcr.io/nginx/charts/nginx-gateway-fabric --create-namespace -n nginx-gateway --set service.type=NodePort
kubectl wait -n nginx-gateway deployment/ngf-nginx-gateway-fabric --for=condition=Available --timeout=60s
kubectl get svc -n nginx-gateway --no-headers
kubectl get gatewayclass nginx --no-headers; kubectl get nginxgateways -A --no-headers
helm upgrade ngf oci://ghcr.io/nginx/charts/nginx-gateway-fabric --version 1.6.1 -n nginx-gateway --dry-run | grep -nE "Happy|STATUS|^HOOKS|^MANIFEST"
helm install x oci://ghcr.io/no/such
helm search repo bitnami 2>&1; helm repo add bitnami https://charts.bitnami.com/bitnami; helm search repo bitnami`;
    const expected = [
      "Pulled: ghcr.io/nginx/charts/nginx-gateway-fabric:1.6.2",
      /^Digest: sha256:[0-9a-f]{64}$/,
      "STATUS: deployed",
      "deployment.apps/ngf-nginx-gateway-fabric condition met",
      /^ngf-nginx-gateway-fabric +NodePort +/,
      /^nginx +gateway.nginx.org\/nginx-gateway-controller +True/,
      /^nginx-gateway +ngf-nginx-gateway-fabric-config|^nginx-gateway +nginx-gateway-config/,
      "Pulled: ghcr.io/nginx/charts/nginx-gateway-fabric:1.6.1",
      /^1:Release "ngf" has been upgraded. Happy Helming!$/,
      /^\d:STATUS: pending-upgrade$/,
      /^\d:HOOKS:$/,
      /^\d:MANIFEST:$/,
      "404 Not Found",
      "Error: no repositories configured",
      /^bitnami\/apache/,
      /^bitnami\/nginx/,
    ];
    expect(play({ name: "", script, expect: expected })).toEqual([]);
  });
});
