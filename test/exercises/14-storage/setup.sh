#!/bin/bash
kubectl create ns earth
