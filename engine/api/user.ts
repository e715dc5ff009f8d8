/** Who makes a request (apiserver pkg/authentication/user). */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const SYSTEM_MASTERS = "system:masters";
export const ALL_AUTHENTICATED = "system:authenticated";
export const ALL_UNAUTHENTICATED = "system:unauthenticated";

export const ANONYMOUS: User = { name: "system:anonymous", groups: [ALL_UNAUTHENTICATED] };

/** The account that API server, bootstrap and tests act as on the loopback. */
export const LOOPBACK: User = {
  name: "system:apiserver",
  uid: "",
  groups: [ALL_AUTHENTICATED, SYSTEM_MASTERS],
};
