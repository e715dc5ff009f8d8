#!/bin/bash
# The model solution of lab 2.
set -euo pipefail

rules() { ssh worker-1 sudo iptables -t nat "$@"; }
# Prints web's KUBE-SVC chain once it leads to so many endpoints.
chain_of() {
  for _ in $(seq 60); do
    if [ "$(rules -S "$1" | grep -c KUBE-SEP-)" = "$2" ]; then break; fi
    sleep 1
  done
  rules -L "$1" -n -v
}

# task: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
kubectl get svc -o wide

# task: endpoints chain probability
chain=""
until [ -n "$chain" ]; do
  chain=$(rules -L KUBE-SERVICES -n | grep -F '/* default/web cluster IP */' | awk '{print $1}') || sleep 1
done
answer chain "$chain"
answer probability "$(chain_of "$chain" 3 | grep -o 'probability 0[.0-9]*' | head -n 1 | awk '{print $2}')"
answer endpoints $(kubectl get endpoints web -o json | jq -r '.subsets[] | .ports[0].port as $port | .addresses[] | "\(.ip):\($port)"')

# task: dns
looked=$(kubectl run dns-test --rm -i --image=busybox --restart=Never -- nslookup web.default.svc.cluster.local)
answer dns "$(awk '/^Name:/ { getline; print $2 }' <<<"$looked")"

# task: curl
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- curl -s http://web

# task: churn
kubectl scale deployment web --replicas=5
kubectl rollout status deployment web
answer churn "$(chain_of "$chain" 5 | grep -o 'probability 0[.0-9]*' | head -n 1 | awk '{print $2}')"

# task: map backends
cilium() { kubectl --context cilium "$@"; }
agent() { cilium -n kube-system exec ds/cilium -- "$@"; }
cilium create deployment web --image=nginx --replicas=3
cilium expose deployment web --port=80 --target-port=80
cilium wait --for=condition=Available deployment/web --timeout=180s
sleep 2
at=$(cilium get svc web -o jsonpath='{.spec.clusterIP}'):80/TCP
answer map "$(agent cilium service list | awk -v at="$at" '$2 == at { print $1 }')"
answer backends $(agent cilium bpf lb list | awk -v at="$at" '$1 == at && $2 != "(0)" { sub("/TCP", "", $3); print $3 }')

# task: repair
kubectl apply -f shop.yaml -f till.yaml
sed -e 's/app: frontend/app: front/' -e 's/targetPort: 8080/targetPort: 80/' -e 's#path: /ready#path: /#' \
  -e 's/app: cashier/app: till/' shop.yaml > mended.yaml
kubectl apply -f mended.yaml
kubectl rollout status deployment front -n shop --timeout=180s
for _ in $(seq 60); do
  if [ "$(kubectl get endpoints front -n shop -o jsonpath='{.subsets[*].addresses[*].ip}' | wc -w)" -ge 2 ]; then break; fi
  sleep 1
done
kubectl get endpoints front -n shop
kubectl rollout status deployment till -n shop --timeout=180s
sleep 10
kubectl logs deploy/till -n shop --tail=3

# task: cleanup
kubectl delete service web
kubectl delete deployment web
