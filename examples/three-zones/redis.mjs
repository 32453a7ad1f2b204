// A Redis in each zone: the primary in a, and replicas in b and c that follow it through Faultline.

import { once } from "node:events";
import net from "node:net";

export const replTimeoutSeconds = 5;

/** A port that is free at `host`. (Redis cannot be given one by the kernel.) */
async function freePort(host) {
  const server = net.createServer();
  await once(server.listen(0, host), "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A redis-server in a zone, and redis-cli to talk to it. */
export class Redis {
  /** `primary`: the HOST:PORT at which a replica finds its primary. */
  static async start(programs, { zone, host, folder, primary }) {
    const redis = new Redis();
    const port = await freePort(host);
    Object.assign(redis, { programs, zone, host, port });
    const words = ["--bind", host, "--port", port, "--protected-mode", "no", "--dir", folder];
    words.push("--save", "", "--shutdown-timeout", 0, "--set-proc-title", "no");
    // Little patience, so that pings are frequent; and copies that begin at once and touch no disk.
    words.push("--repl-timeout", replTimeoutSeconds, "--repl-ping-replica-period", 1);
    words.push("--repl-diskless-sync-delay", 0, "--repl-diskless-load", "swapdb");
    if (primary) words.push("--replicaof", ...primary.split(":"), "--bind-source-addr", host);
    const server = programs.start(`redis-server in ${zone}`, "redis-server", words.map(String));
    await server.says(/Ready to accept connections/);
    return redis;
  }

  get address() {
    return `${this.host}:${this.port}`;
  }

  /** What redis-cli prints. */
  async ask(...words) {
    const where = ["-h", this.host, "-p", String(this.port)];
    const { status, said } = await this.programs.run("redis-cli", [...where, ...words]);
    if (status !== 0) throw new Error(`redis-cli ${words.join(" ")}: ${said}`);
    return said.trim();
  }

  set(key, value) {
    return this.ask("set", key, value);
  }

  /** "" if it has none. */
  get(key) {
    return this.ask("get", key);
  }

  /** What a replica thinks of its way to the primary: "up" or "down". */
  async link() {
    return /^master_link_status:(\w+)/m.exec(await this.ask("info", "replication"))?.[1];
  }
}
