#!/bin/bash
read -r first < first-lines.txt
[[ $first == "prepared by cleaner" ]] || { echo "first line: $first"; exit 1; }
sed -n 2p first-lines.txt | grep -Eq '^0: (Mon|Tue|Wed|Thu|Fri|Sat|Sun) ' || exit 1
count() { kubectl -n logging logs cleaner -c tailer | grep -cE '^[0-9]+: '; }
a=$(count); sleep 3; b=$(count)
(( b > a )) || { echo "not streaming: $a $b"; exit 1; }
names=$(kubectl -n logging get pod cleaner -o jsonpath='{.spec.initContainers[*].name},{.spec.containers[*].name}')
IFS=, read -r inits mains <<< "$names"
[ "$inits" = "prepare tailer" -a "$mains" = "main" ] || exit 1
kubectl -n logging get po cleaner --no-headers | awk '{ exit ($2 != "2/2") }'
