#!/bin/bash
ns=neptune
kubectl -n $ns get pods -l app=web --no-headers | awk '$3 !~ /Running/ {print $1, $3}' | tee /tmp/broken.txt
kubectl -n $ns rollout history deploy web | sed -n '/REVISION/,$p' | awk 'NR>1 && NF {print $1": "$2" "$3" "$4}'
good=$(kubectl -n $ns rollout history deployment/web | awk '/image to 1.26/ {print $1}')
kubectl -n $ns rollout undo deployment/web --to-revision="$good"
kubectl -n $ns rollout status deployment/web --timeout=120s
kubectl -n $ns scale deploy web --replicas 6 --current-replicas=4
kubectl -n $ns rollout status deployment/web -w
kubectl -n $ns get rs -o custom-columns=NAME:.metadata.name,DESIRED:.spec.replicas,IMAGE:.spec.template.spec.containers[0].image --sort-by=.metadata.creationTimestamp > /tmp/replicasets.txt
