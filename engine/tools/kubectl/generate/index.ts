import type { Runner } from "../runners.ts";
import * as config from "./config.ts";
import { ingress } from "./ingress.ts";
import * as rbac from "./rbac.ts";
import { token } from "./token.ts";
import * as workloads from "./workloads.ts";

/** Subcommands of `kubectl create`. */
export const generators: Readonly<Record<string, Runner>> = {
  "create clusterrole": rbac.clusterRole,
  "create clusterrolebinding": rbac.clusterRoleBinding,
  "create configmap": config.configMap,
  "create cronjob": workloads.cronJob,
  "create deployment": workloads.deployment,
  "create ingress": ingress,
  "create job": workloads.job,
  "create namespace": config.namespace,
  "create poddisruptionbudget": workloads.podDisruptionBudget,
  "create priorityclass": workloads.priorityClass,
  "create quota": workloads.quota,
  "create role": rbac.role,
  "create rolebinding": rbac.roleBinding,
  "create secret docker-registry": config.secretDockerRegistry,
  "create secret generic": config.secretGeneric,
  "create secret tls": config.secretTls,
  "create service clusterip": workloads.serviceClusterIp,
  "create service externalname": workloads.serviceExternalName,
  "create service loadbalancer": workloads.serviceLoadBalancer,
  "create service nodeport": workloads.serviceNodePort,
  "create serviceaccount": config.serviceAccount,
  "create token": token,
};
