// What remains of a program and of those that it has started.

import { readFile, readdir } from "node:fs/promises";

/** The processes that have `mark` in their environment, zombies left out: theirs is empty. */
export async function processesWith(mark) {
  const found = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (environment.includes(mark)) found.push(Number(pid));
  }
  return found;
}
