#!/bin/bash
who=system:serviceaccount:applications:pipeline
failed=0

expect() {
  local want=$1; shift
  local got
  got=$(kubectl auth can-i "$@" --as="$who" 2>/dev/null || true)
  if [[ "$got" != "$want" ]]; then
    echo "can-i $*: $got, expected $want" >&2
    (( failed++ ))
  fi
}

expect yes get deployments -n applications
expect yes patch deployments.apps -n applications
expect no delete deployments -n applications
expect no list deployments -n staging
expect no get secrets -n applications
expect yes list nodes
expect no delete nodes

subject=$(kubectl -n applications get rolebinding -o jsonpath='{range .items[?(@.roleRef.name=="deployer")]}{.subjects[0].kind}/{.subjects[0].name}{"\n"}{end}')
[ "$subject" = "ServiceAccount/pipeline" ] || { echo "subject is '$subject'" >&2; failed=$((failed + 1)); }

exit $(( failed > 0 ))
