#!/bin/bash
# The hash can be worked out without a cluster, but there is no such Service here.
# fails: answer
# others: none
answer chain KUBE-SVC-LOLE4ISW44XBNF3G
