#!/bin/bash
# Replicas and addresses that were only written down.
# fails: object object
# others: none
kubectl create deployment web --image=nginx --replicas=3
kubectl patch deployment web -p '{"spec":{"paused":true,"template":{"spec":{"nodeSelector":{"no":"such"}}}}}'
kubectl delete rs -l app=web
kubectl patch deployment web --subresource=status -p '{"status":{"availableReplicas":3}}'
kubectl create service clusterip web --tcp=80:80
kubectl patch service web --type=json -p '[{"op":"remove","path":"/spec/selector"}]'
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 10.200.3.9}, {ip: 10.200.4.9}, {ip: 10.200.5.9}], ports: [{port: 80}]}]
Y
sleep 2
