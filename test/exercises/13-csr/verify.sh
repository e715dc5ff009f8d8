#!/bin/bash
fail=0
subject=$(openssl x509 -in ~/user/john.crt -noout -subject 2>/dev/null | sed 's/ *= */=/g; s/, /\//g')
[[ $subject == *CN=john* && $subject == *O=developers* ]] || { echo "subject: $subject"; fail=1; }
[ "$(kubectl auth can-i update pods --as=john -n development)" == yes ] || fail=1
kubectl --context=john@kubernetes get pods 2>&1 | grep -q 'No resources found in development namespace' || { kubectl --context=john@kubernetes get pods; fail=1; }
kubectl --context=john@kubernetes get nodes 2>&1 | grep -Eq 'nodes is forbidden: User "john" cannot list resource "nodes"' || fail=1
exit $fail
