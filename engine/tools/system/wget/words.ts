/** Why a connection failed, in the C library's words. */
export function connectWords(code: string): string {
  const words: Record<string, string> = {
    ECONNREFUSED: "Connection refused",
    ETIMEDOUT: "Connection timed out",
    EHOSTUNREACH: "No route to host",
    ENETUNREACH: "Network is unreachable",
  };
  return words[code] ?? "Connection refused";
}
