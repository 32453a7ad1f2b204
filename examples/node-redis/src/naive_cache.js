// The cache as one writes it first: it works as long as Redis does.

import { createClient } from "redis";

const keepSeconds = 60;

export class NaiveCache {
  failures = 0;

  constructor(url) {
    this.client = createClient({ url });
    this.client.on("error", () => {});
  }

  async start() {
    await this.client.connect();
  }

  get(key) {
    return this.client.get(key);
  }

  async set(key, value) {
    await this.client.set(key, value, { EX: keepSeconds });
  }

  stop() {
    if (this.client.isOpen) this.client.destroy();
  }
}
