#!/bin/bash
cd ~/ckad/config || exit 1
k() { kubectl -n sun "$@"; }

k create configmap app --from-file=app.properties --from-literal=mode=production
k create cm colors --from-env-file=<(sed 's/^/APP_/; s/=.*/\U&/; s/\(.*\)=\(.*\)/\1=\L\2/' app.properties | tr 'a-z' 'A-Z' | head -n 1)
k create secret generic db --from-env-file=db.env
k create secret generic note --from-file=text=note.txt

k apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: reader
  labels:
    run: reader
spec:
  restartPolicy: Never
  containers:
  - name: reader
    image: busybox:1.36
    command:
    - sh
    - -c
    - |
      echo "mode=$MODE user=$DB_user"
      grep -c = /etc/app/app.properties
      cat /etc/db/password
      echo
      ls /etc/app | sort
      sleep 3600
    env:
    - name: MODE
      valueFrom:
        configMapKeyRef:
          name: app
          key: mode
    envFrom:
    - secretRef:
        name: db
      prefix: DB_
    volumeMounts:
    - {name: config, mountPath: /etc/app}
    - {name: db, mountPath: /etc/db, readOnly: true}
  volumes:
  - name: config
    configMap:
      name: app
  - name: db
    secret:
      secretName: db
      items:
      - key: password
        path: password
YAML
k wait pod/reader --for=condition=Ready --timeout=60s
k get secret db -o go-template='{{range $k, $v := .data}}{{$k}}={{$v | base64decode}}{{"\n"}}{{end}}' > decoded.txt
