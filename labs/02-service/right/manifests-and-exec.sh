#!/bin/bash
# Manifests, a named port, a NodePort Service, Pods that stay and are asked with exec.
# passes: expose endpoints chain probability dns curl churn repair cleanup
cat >web.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {role: front}}
  template:
    metadata: {labels: {role: front}}
    spec:
      containers:
        - name: web
          image: docker.io/library/nginx:1.27-alpine
          ports: [{name: http, containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: NodePort
  selector: {role: front}
  ports: [{name: http, port: 80, targetPort: http}]
Y
kubectl apply -f web.yaml
kubectl patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":3}]'
kubectl rollout status deployment/web --timeout=180s
sleep 3
ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')
answer endpoints "$(kubectl get endpointslices -l kubernetes.io/service-name=web -o jsonpath='{range .items[*].endpoints[*]}{.addresses[0]},{end}')"
chain=$(ssh worker-3 sudo iptables-save -t nat | awk -v ip="$ip/32" '$2 == "KUBE-SERVICES" && $4 == ip { print $NF }' | grep SVC | head -1)
answer chain "\"$chain\""
answer probability "$(ssh worker-3 sudo iptables -t nat -S "$chain" | grep -oP 'probability \K[0-9.]+' | head -1)"
kubectl run dns-test --image=busybox:1.36 --command -- sleep 1d
kubectl run curl-test --image=nicolaka/netshoot --command -- sleep 1d
kubectl wait --for=condition=Ready pod/dns-test pod/curl-test --timeout=120s
answer dns "$(kubectl exec dns-test -- nslookup web.default.svc.cluster.local | grep -A1 '^Name' | tail -1 | awk '{print $2}')"
kubectl exec curl-test -- curl -s -o /dev/null http://web.default
kubectl scale --replicas=5 -f web.yaml
kubectl rollout status deployment/web --timeout=180s
sleep 3
answer churn "$(ssh worker-2 sudo iptables -t nat -L "$chain" -n | grep -m1 -oE 'probability 0[.0-9]+' | tr -dc '0-9.')"
kubectl apply -f shop.yaml -f till.yaml
kubectl patch service front -n shop --type=merge -p '{"spec":{"ports":[{"port":80,"targetPort":80}]}}'
kubectl rollout status deployment/front -n shop
kubectl rollout status deployment/till -n shop
sleep 8
kubectl delete -f web.yaml
kubectl delete pod dns-test curl-test --now
