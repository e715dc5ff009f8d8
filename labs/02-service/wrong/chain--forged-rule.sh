#!/bin/bash
# A rule that somebody writes by hand is not where kube-proxy sends the Service's packets.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 5
ssh worker-1 sudo iptables -t nat -N KUBE-SVC-AAAAAAAAAAAAAAAA
ssh worker-1 sudo iptables -t nat -I KUBE-SERVICES -m comment --comment '"default/web cluster IP"' -j KUBE-SVC-AAAAAAAAAAAAAAAA
answer chain KUBE-SVC-AAAAAAAAAAAAAAAA
