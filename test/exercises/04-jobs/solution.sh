#!/bin/bash
set -e
export do="--dry-run=client -o yaml"
kubectl create job countdown --image=busybox:1.36 $do -- sh -c 'for i in $(seq 5 -1 1); do echo $i; sleep 1; done; echo liftoff' > job.yaml
# three runs, two at a time
sed -i -e '/^spec:/a\  completions: 3\n  parallelism: 2\n  backoffLimit: 2' job.yaml
kubectl apply -f job.yaml

kubectl create job broken --image=busybox:1.36 $do -- sh -c 'echo trying; exit 3' |
  sed 's/^spec:$/&\n  backoffLimit: 1/' |
  kubectl create -f -

kubectl create cronjob heartbeat --image=busybox:1.36 --schedule='*/1 * * * *' -- date +%s
kubectl patch cronjob heartbeat -p '{"spec":{"successfulJobsHistoryLimit":2,"concurrencyPolicy":"Forbid"}}'

kubectl wait --for=condition=complete job/countdown --timeout=5m
kubectl wait --for=condition=failed job/broken --timeout=5m

SECONDS=0
while [[ -z $(kubectl get cj heartbeat -o jsonpath='{.status.lastSuccessfulTime}') ]]; do
  (( SECONDS < 300 )) || { echo "no run in time" >&2; exit 1; }
  sleep 5
done
kubectl create job by-hand --from=cronjob/heartbeat
kubectl wait --for=condition=complete job/by-hand --timeout=60s
kubectl logs -l job-name=countdown --tail=-1 --prefix | sort | uniq -c > ~/countdown.log
