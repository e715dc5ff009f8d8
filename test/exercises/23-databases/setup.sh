#!/bin/bash
set -e
kubectl create namespace data
kubectl create configmap init -n data --from-literal=init.sql='CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR(50));
INSERT INTO users (name) VALUES ('"'alice'"'), ('"'it''s bob'"');'
kubectl apply -n data -f - <<EOF
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pg
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /srv/pg, type: DirectoryOrCreate}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: pg
spec:
  serviceName: pg
  selector:
    matchLabels: {app: pg}
  template:
    metadata:
      labels: {app: pg}
    spec:
      nodeSelector: {kubernetes.io/hostname: worker-1}
      containers:
      - name: pg
        image: postgres:16
        env:
        - {name: POSTGRES_PASSWORD, value: pw}
        - {name: POSTGRES_DB, value: app}
        readinessProbe:
          exec:
            command: [psql, -U, postgres, -d, app, -c, SELECT 1]
          periodSeconds: 2
        volumeMounts:
        - {name: data, mountPath: /var/lib/postgresql/data}
        - {name: init, mountPath: /docker-entrypoint-initdb.d}
      volumes:
      - {name: init, configMap: {name: init}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Service
metadata:
  name: pg
spec:
  clusterIP: None
  selector: {app: pg}
  ports: [{port: 5432}]
EOF
kubectl run my -n data --image=mysql:8.4 --env=MYSQL_ROOT_PASSWORD=secret --env=MYSQL_DATABASE=shop --port=3306 --expose
kubectl rollout status -n data sts/pg --timeout=120s
kubectl wait -n data --for=condition=Ready pod/my --timeout=60s
sleep 10
