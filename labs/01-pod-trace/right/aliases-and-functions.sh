#!/usr/bin/env bash
# An alias, a function, the manifest through a pipe; answers as tools print them, with quotes and a scheme.
shopt -s expand_aliases
alias k=kubectl
logs_of() { for n in 1 2 3; do ssh cp-$n "sudo grep -h nginx-test /var/log/kubernetes/audit/audit.log"; done; }

k run nginx-test --image=docker.io/library/nginx:1.27 --dry-run=client -o yaml | k create -f -
until [[ $(k get po nginx-test -o jsonpath='{.status.phase}') == Running ]]; do sleep 1; done
sleep 2
answer order 1. Scheduled 2. Pulling 3. Pulled 4. Created 5. Started
logs_of | jq 'select(.verb=="create" and .objectRef.resource=="pods" and .objectRef.subresource==null and .responseStatus.code==201).auditID' >id
answer audit "$(cat id)"
answer describe "\`$(k describe po nginx-test | sed -n 's/.*Successfully pulled image.* in \([0-9.]*m\{0,1\}s\) (.*/\1/p')\`"
answer journal "$(k get po nginx-test -o jsonpath='{.status.containerStatuses[0].containerID}')"
k delete po/nginx-test --now
