// A cache that may be slow or away: then it answers "nothing known", soon.

import { createClient } from "redis";
import { within } from "./within.js";

const deadlineMs = 100; // A query of the database takes 20: waiting longer for a cache is no help.
const startMs = 1_000;
const keepSeconds = 60;

export class Cache {
  failures = 0;

  constructor(url) {
    this.client = createClient({
      url,
      // What is asked while the connection is down fails at once, and does not queue up.
      disableOfflineQueue: true,
      socket: {
        connectTimeout: startMs,
        reconnectStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
      },
    });
    this.client.on("error", () => {}); // It dials again by itself, and get() says "nothing known".
  }

  /** Dials; but a service whose cache is away starts all the same. */
  async start() {
    await within(startMs, this.client.connect()).catch(() => this.failures++);
  }

  /** The value, or null if it is not known. */
  async get(key) {
    try {
      return await within(deadlineMs, this.client.get(key));
    } catch {
      this.failures++;
      return null;
    }
  }

  /** Nobody waits for this. */
  set(key, value) {
    within(deadlineMs, this.client.set(key, value, { EX: keepSeconds })).catch(() => this.failures++);
  }

  stop() {
    if (this.client.isOpen) this.client.destroy();
  }
}
