import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** A definition whose two versions agnhost's webhook converts: v1, which is stored, has hostPort, v2 host and port. */
const PRELUDE = `
kubectl create namespace conv >/dev/null
kubectl -n conv run conv --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --labels=app=conv -- crd-conversion-webhook --port=9443 >/dev/null
kubectl -n conv expose pod conv --port=9443 >/dev/null
kubectl -n conv wait --for=condition=Ready pod/conv --timeout=60s >/dev/null
kubectl apply -f - >/dev/null <<Y
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: proxies.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: proxies, singular: proxy, kind: Proxy}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {service: {namespace: conv, name: conv, port: 9443, path: /crdconvert}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {hostPort: {type: string}}}}
    additionalPrinterColumns: [{name: HP, type: string, jsonPath: .hostPort}]
  - name: v2
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, required: [host], properties: {host: {type: string}, port: {type: string}}}}
    additionalPrinterColumns: [{name: Host, type: string, jsonPath: .host}, {name: Port, type: string, jsonPath: .port}]
Y
kubectl wait --for=condition=Established crd/proxies.stable.example.com >/dev/null
v1=proxies.v1.stable.example.com v2=proxies.v2.stable.example.com
kubectl apply -f - <<Y
apiVersion: stable.example.com/v1
kind: Proxy
metadata: {name: one}
hostPort: "localhost:8080"
Y
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "objects are shown, written, patched and watched in either version",
    script: `kubectl get $v2 --no-headers -w & sleep 1
kubectl apply -f - <<Y
apiVersion: stable.example.com/v2
kind: Proxy
metadata: {name: two}
host: example.com
port: "443"
Y
sleep 1; kubectl get $v1; kubectl patch $v2 one --type=merge -p '{"port":"99"}'
kubectl get $v1 one -o jsonpath='{.hostPort}{"\\n"}'
kubectl patch $v2 one --type=json -p '[{"op":"remove","path":"/host"}]'
ssh cp-1 sudo bash -s <<'X'
C=/etc/kubernetes/pki/etcd
etcdctl --cacert $C/ca.crt --cert $C/server.crt --key $C/server.key get --print-value-only /registry/stable.example.com/proxies/default/two | grep -o '"hostPort":"[^"]*"'
X
kill %1`,
    expect: [
      "proxy.stable.example.com/one created",
      /^one +localhost +8080/,
      "proxy.stable.example.com/two created",
      /^two +example.com +443/,
      /^two +example.com:443$/,
      "proxy.stable.example.com/one patched",
      "localhost:99",
      'The Proxy "one" is invalid',
      '"hostPort":"example.com:443"',
    ],
  },
  {
    name: "without the webhook the other version cannot be told, the stored one can",
    script: `kubectl -n conv delete pod conv --now; sleep 2; kubectl get $v2; kubectl get $v1 --no-headers`,
    expect: [
      'conversion webhook for stable.example.com/v1, Kind=Proxy failed: Post "https://conv.conv.svc:9443/crdconvert?timeout=30s": no endpoints available for service "conv"',
      "one   localhost:8080",
    ],
  },
];

describe("conversion webhooks", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
