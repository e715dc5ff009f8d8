#!/bin/bash
fail=0
[[ "$(sort ~/contexts.txt | xargs)" == "blue green kubernetes-admin@kubernetes red" ]] || fail=1
test "$(KUBECONFIG=~/multi.config sh ~/current.sh)" = green || fail=2
test "$(bash ~/current-no-kubectl.sh)" = green || fail=3
for t in red green blue; do
  [ "$(kubectl get cm owner -n team-$t -o jsonpath='{.data.team}')" = "$t" ] || fail=4
done
kubectl --kubeconfig ~/multi.config config get-contexts crimson > /dev/null || fail=5
kubectl --kubeconfig ~/multi.config config get-contexts blue > /dev/null 2>&1 && fail=6
head -1 ~/client.crt | grep -q -- '-----BEGIN CERTIFICATE-----' || fail=7
[ "$(kubectl --kubeconfig ~/merged.config config get-contexts -o name | wc -l)" -eq 3 ] || fail=8
[ $fail -eq 0 ] || echo "check $fail failed" >&2
exit $fail
