#!/bin/bash
out=/tmp/opt/outputs
kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.status.nodeInfo.kubeletVersion}{"\n"}{end}' > $out/versions.tsv
kubectl get nodes -o=jsonpath='{.items[*].metadata.name}' | tr ' ' '\n' | sort -r > $out/names.txt
kubectl -n zoo get deploy -o custom-columns=DEPLOYMENT:.metadata.name,CONTAINER_IMAGE:.spec.template.spec.containers[*].image,READY_REPLICAS:.status.readyReplicas,NAMESPACE:.metadata.namespace --sort-by=.metadata.name > $out/deployments.txt
kubectl get pods -A -o json | jq -r '.items | group_by(.metadata.namespace)[] | [.[0].metadata.namespace, length] | @tsv' | column -t > $out/count.txt
kubectl -n zoo get pods --sort-by=.metadata.creationTimestamp -o name | head -n1 | cut -d/ -f2 | cut -d- -f1 > $out/oldest.txt
kubectl get events -n zoo -o custom-columns='R:.reason,O:.involvedObject.kind' --no-headers | sort | uniq -c | sort -k1,1nr -k2 | awk '{print $2 "/" $3 "=" $1}' > $out/events.txt
kubectl -n zoo get deploy --show-labels --no-headers | awk -v OFS=, '{ n = split($NF, l, ","); for (i = 1; i <= n; i++) if (l[i] ~ /^family=/) { sub(/.*=/, "", l[i]); f[l[i]] += $4 } } END { for (k in f) print k, f[k] }' | sort > $out/families.csv
kubectl config view -o jsonpath="{.contexts[?(@.name==\"$(kubectl config current-context)\")].context.cluster}" > $out/cluster.txt
kubectl api-resources --namespaced=true -o name | sort | comm -12 - <(printf '%s\n' configmaps nodes pods secrets | sort) | paste -sd+ > $out/namespaced.txt
echo 'kubectl get nodes -o json | jq ".items | length"' > $out/command.sh
chmod +x $out/command.sh
