#!/bin/bash
# A Service without a selector and endpoints that somebody wrote: no Pod stands behind them.
# fails: object walk
# others: none
kubectl apply -f shop.yaml -f till.yaml
sleep 30
kubectl delete service front -n shop
kubectl create -f - <<YAML
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec:
  ports: [{ port: 80, targetPort: 80 }]
---
apiVersion: v1
kind: Endpoints
metadata: { name: front, namespace: shop }
subsets:
  - addresses: [{ ip: 192.0.2.1 }, { ip: 192.0.2.2 }]
    ports: [{ port: 80 }]
YAML
sleep 5
