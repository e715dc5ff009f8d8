/** An error of etcd, in the words of api/v3rpc/rpctypes/error.go (3.5). `grpcCode` as in google.golang.org/grpc/codes. */
export class EtcdError extends Error {
  readonly grpcCode: number;

  constructor(message: string, grpcCode: number) {
    super(message);
    this.grpcCode = grpcCode;
  }
}

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const OUT_OF_RANGE = 11;
const UNKNOWN = 2;
const UNAVAILABLE = 14;

export const errCompacted = (): EtcdError =>
  new EtcdError("etcdserver: mvcc: required revision has been compacted", OUT_OF_RANGE);
export const errFutureRevision = (): EtcdError =>
  new EtcdError("etcdserver: mvcc: required revision is a future revision", OUT_OF_RANGE);
export const errEmptyKey = (): EtcdError => new EtcdError("etcdserver: key is not provided", INVALID_ARGUMENT);
export const errKeyNotFound = (): EtcdError => new EtcdError("etcdserver: key not found", INVALID_ARGUMENT);
export const errValueProvided = (): EtcdError => new EtcdError("etcdserver: value is provided", INVALID_ARGUMENT);
export const errLeaseProvided = (): EtcdError => new EtcdError("etcdserver: lease is provided", INVALID_ARGUMENT);
export const errTooManyOps = (): EtcdError =>
  new EtcdError("etcdserver: too many operations in txn request", INVALID_ARGUMENT);
export const errDuplicateKey = (): EtcdError =>
  new EtcdError("etcdserver: duplicate key given in txn request", INVALID_ARGUMENT);
export const errLeaseNotFound = (): EtcdError => new EtcdError("etcdserver: requested lease not found", NOT_FOUND);
export const errLeaseExists = (): EtcdError => new EtcdError("etcdserver: lease already exists", FAILED_PRECONDITION);
export const errLeaseTtlTooLarge = (): EtcdError => new EtcdError("etcdserver: too large lease TTL", OUT_OF_RANGE);
export const errMemberNotFound = (): EtcdError => new EtcdError("etcdserver: member not found", NOT_FOUND);
export const errMemberNotLearner = (): EtcdError =>
  new EtcdError("etcdserver: can only promote a learner member", FAILED_PRECONDITION);
export const errLearnerNotReady = (): EtcdError =>
  new EtcdError("etcdserver: can only promote a learner member which is in sync with leader", FAILED_PRECONDITION);
export const errTooManyLearners = (): EtcdError =>
  new EtcdError("etcdserver: too many learner members in cluster", FAILED_PRECONDITION);
export const errPeerUrlExists = (): EtcdError =>
  new EtcdError("etcdserver: Peer URLs already exists", FAILED_PRECONDITION);
export const errNotEnoughStarted = (): EtcdError =>
  new EtcdError("etcdserver: re-configuration failed due to not enough started members", UNKNOWN);
export const errUnhealthy = (): EtcdError => new EtcdError("etcdserver: unhealthy cluster", UNAVAILABLE);
export const errNoSpace = (): EtcdError =>
  new EtcdError("etcdserver: mvcc: database space exceeded", RESOURCE_EXHAUSTED);
