/** The words of Go for an errno. */
export function goErrno(code: string, message: string): string {
  return code === "ENOENT" ? "no such file or directory" : message.toLowerCase();
}
