#!/bin/bash
node_of() { kubectl -n placing get pod "$1" -o jsonpath='{.spec.nodeName}'; }
rc=0
declare -A want=([fast]=worker-2 [gpu]=worker-3 [nowhere]="")
for pod in "${!want[@]}"; do
  got=$(node_of "$pod")
  [[ $got == "${want[$pod]}" ]] || { echo "$pod is on '$got'"; rc=1; }
done
phase=$(kubectl -n placing get pod nowhere -o=custom-columns=P:.status.phase --no-headers)
[[ ${phase,,} = pending ]] || rc=1
# two of three: the third has no node left
running=$(kubectl get po -n placing -l app=spread -o json | jq '[.items[] | select(.status.phase=="Running") | .spec.nodeName] | unique | length')
pending=$(kubectl get po -n placing -l app=spread -o json | jq '[.items[] | select(.status.phase=="Pending")] | length')
[ "$running" -eq 2 ] && [ "$pending" -eq 1 ] || { echo "running $running pending $pending"; rc=1; }
grep -Eq "^0/6 nodes are available: .*didn't match Pod's node affinity/selector" why.txt || { cat why.txt; rc=1; }
exit $rc
