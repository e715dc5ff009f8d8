#!/bin/bash
# fails: object
# others: none
kubectl run nginx-test --image=httpd-that-nobody-has
sleep 60
