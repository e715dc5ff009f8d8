#!/bin/bash
# Nothing is left, but nothing was there either.
# fails: object
# others: none
kubectl delete service web --ignore-not-found
kubectl delete deployment web --ignore-not-found
