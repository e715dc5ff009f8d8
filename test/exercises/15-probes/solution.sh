#!/bin/bash
k="kubectl -n probes"
$k run ready-if-service-ready --image=nginx:1.16.1-alpine --dry-run=client -o yaml > 4_pod1.yaml
python3 --version >/dev/null 2>&1 || true
# no editor in a script: put the probes in after the image
awk '{print} /image:/ {
  match($0, /^ */); pad = substr($0, 1, RLENGTH) "  "
  print pad "livenessProbe:"; print pad "  exec: {command: [\"true\"]}"
  print pad "readinessProbe:"
  print pad "  exec:"; print pad "    command: [sh, -c, \"wget -T2 -O- http://service-am-i-ready:80\"]"
  print pad "  periodSeconds: 5"
}' 4_pod1.yaml | tee 4_final.yaml | $k create -f -
sleep 20
$k get pod ready-if-service-ready --no-headers | awk '{print $2}' > /tmp/before.txt
$k run am-i-ready --image=nginx:1.16.1-alpine --labels="id=cross-server-ready"
$k wait pod/am-i-ready --for=condition=Ready --timeout=60s
for _ in $(seq 12); do
  [ "$($k get po ready-if-service-ready -o jsonpath='{.status.containerStatuses[0].ready}')" = true ] && break
  sleep 5
done
