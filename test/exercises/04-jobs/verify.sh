#!/bin/bash
n=batch-work
succeeded=$(kubectl get job countdown -n $n -o=jsonpath={.status.succeeded})
test "$succeeded" = 3 || exit 1
kubectl get job broken -n $n -o json | jq -e '
  (.status.conditions | map(select(.type == "Failed" and .status == "True")) | length) == 1
  and .status.failed == 2
  and any(.status.conditions[]; .reason == "BackoffLimitExceeded")' >/dev/null || exit 2
kubectl get cronjob heartbeat -n $n -o yaml | grep -q 'concurrencyPolicy: Forbid' || exit 3
stamp=$(kubectl logs -n $n job/by-hand)
now=$(date -u +%s)
[[ $stamp =~ ^[0-9]{10}$ ]] && (( now - stamp < 3600 && now >= stamp )) || exit 4
[ "$(grep -c liftoff ~/countdown.log)" -eq 3 ] || exit 5
pods=$(kubectl get pods -n $n -l job-name=countdown --field-selector=status.phase=Succeeded -o name | xargs -n1 basename | wc -l)
case $pods in 3) ;; *) echo "countdown ran $pods times"; exit 6 ;; esac
[[ $(kubectl config view --minify -o 'jsonpath={..namespace}') == "$n" ]] || exit 7
