#!/bin/bash
# A number that could be right, but there is no Service on that cluster.
# fails: answer
# others: none
answer map 5
