/** Modelled CPU cost of what programs do, in µs of virtual time. Integers, one table. */
export const COST = {
  /** fork(2) of a small process. */
  fork: 150,
  /** execve(2) with dynamic linking. */
  exec: 400,
  /** Start of a large Go program: its runtime, flags, kubeconfig, TLS handshake. kubectl takes 50 to 100 ms. */
  kubectl: 55_000,
  /** One read(2) or write(2) of a block. */
  io: 2,
  /** Opening, creating, removing, renaming or listing. */
  file: 4,
  /** One simple command, test or assignment of the shell. */
  shellStep: 5,
} as const;

/** Most processes of one machine; more answer EAGAIN, as `ulimit -u` does. */
export const MAX_PROCESSES = 2_000;
/** Most bytes of one file. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Most bytes in the files of one machine. */
export const MAX_DISK_BYTES = 128 * 1024 * 1024;
