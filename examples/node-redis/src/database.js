// Stands in for a database: slow, and always there.

import { setTimeout as sleep } from "node:timers/promises";

const queryMs = 20;

/** The price of a product in cents. Any number is a product. */
export async function queryPrice(id) {
  await sleep(queryMs);
  return 100 + ((Number(id) * 7919) % 9900);
}
