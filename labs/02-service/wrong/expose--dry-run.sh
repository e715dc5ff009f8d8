#!/bin/bash
# fails: object object object
# others: none
kubectl create deployment web --image=nginx --replicas=3 --dry-run=server
kubectl create service clusterip web --tcp=80:80 --dry-run=server
sleep 30
