#!/bin/bash
# A Service made by `create service`, whose selector the Deployment's labels fit; wget instead of curl.
# passes: expose chain dns curl cleanup
kubectl create service clusterip web --tcp=80
kubectl create deployment web --image=nginx:alpine
kubectl scale deploy web --replicas 3
until [ "$(kubectl get ep web -o jsonpath='{.subsets[0].addresses[*].ip}' | wc -w)" = 3 ]; do sleep 1; done
sleep 2
answer chain "$(ssh cp-2 sudo iptables-save | grep -F 'default/web:80 cluster IP' | grep -o 'KUBE-SVC-[A-Z0-9]*' | tail -n 1)"
kubectl run dns-test --rm -i --restart=Never --image=registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3 -- dig +short web.default.svc.cluster.local >found
answer dns "$(grep -m1 -E '^[0-9.]+$' found)"
kubectl run curl-test --rm -i --restart=Never --image=busybox -- wget -qO- http://web
kubectl delete deploy,svc web
