// GET /prices/ID: {"id": "42", "cents": 6798, "from": "cache" or "database"}.

import http from "node:http";

/** A price service on a free port, or on `port`. `queryPrice` is asked where `cache` knows nothing. */
export class PriceService {
  stopped = false;

  constructor({ cache, queryPrice }) {
    this.cache = cache;
    this.queryPrice = queryPrice;
    this.server = http.createServer((request, response) => this.answer(request, response));
  }

  /** Resolves to the URL it listens at. */
  async start(port = 0) {
    await this.cache.start();
    if (this.stopped) throw new Error("stopped while it started");
    await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  stop() {
    this.stopped = true;
    this.cache.stop();
    this.server.close();
    this.server.closeAllConnections();
  }

  async price(id) {
    const key = `price:${id}`;
    const known = await this.cache.get(key);
    if (known !== null) return { id, cents: Number(known), from: "cache" };
    const cents = await this.queryPrice(id);
    await this.cache.set(key, String(cents));
    return { id, cents, from: "database" };
  }

  async answer(request, response) {
    const id = /^\/prices\/(\d+)$/.exec(request.url)?.[1];
    if (id === undefined) return response.writeHead(404).end();
    try {
      const price = await this.price(id);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(price));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }
}

/** The service as its environment says: REDIS_URL, and CACHE=naive for the cache without a deadline. */
export async function serviceFromEnvironment(queryPrice) {
  const url = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  const naive = process.env.CACHE === "naive";
  const { Cache } = naive
    ? { Cache: (await import("./naive_cache.js")).NaiveCache }
    : await import("./cache.js");
  return new PriceService({ cache: new Cache(url), queryPrice });
}
