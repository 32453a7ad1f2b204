// All that stands there: Faultline, a Redis in each zone, and the nodes.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Mesh, addressIn, zones } from "./mesh.mjs";
import { Programs } from "./programs.mjs";
import { Redis } from "./redis.mjs";

const configuration = fileURLToPath(new URL("faultline.yaml", import.meta.url));
const redisNumber = 6; // Behind those of the nodes.

export class World {
  programs = new Programs();

  /** `binary`: of Faultline. */
  constructor(binary) {
    this.binary = binary;
  }

  async start() {
    this.folder = await mkdtemp(path.join(tmpdir(), "three-zones-"));
    this.primary = await this.#redisIn("a");
    await this.#startFaultline();
    const follow = (zone) => this.#redisIn(zone, this.proxies.redis);
    this.replicas = { b: await follow("b"), c: await follow("c") };
    this.mesh = await Mesh.start(this.programs, this.proxies.mesh);
  }

  #redisIn(zone, primary) {
    const host = addressIn(zone, redisNumber);
    return Redis.start(this.programs, { zone, host, folder: this.folder, primary });
  }

  async #startFaultline() {
    const words = ["serve", "--config", configuration, "--listen", "127.0.0.1:0"];
    words.push("--log-format", "json", "--state-dir", this.folder);
    const env = { ...process.env, REDIS_PRIMARY: this.primary.address };
    const faultline = this.programs.start("faultline", this.binary, words, { env });
    const [, address] = await faultline.says(/"control API listens".*"address":"([^"]+)"/);
    this.url = `http://${address}`;
    const { proxies } = await this.api("proxies");
    /** Where each of them listens. */
    this.proxies = Object.fromEntries(proxies.map(({ name, listen }) => [name, listen]));
  }

  async api(what) {
    const response = await fetch(`${this.url}/v1/${what}`);
    if (!response.ok) throw new Error(`GET /v1/${what}: ${await response.text()}`);
    return response.json();
  }

  /** Runs a command of Faultline; resolves to its exit status and what it has said. */
  faultline(words, options) {
    const env = { ...process.env, FAULTLINE_URL: this.url };
    return this.programs.run(this.binary, words, { env, ...options });
  }

  /** In words: who has which address. */
  describe() {
    const { mesh, proxies, primary, replicas } = this;
    const ending = (address) => address.slice(address.lastIndexOf(".")); // 127.2.0.3:9: .3:9
    const places = zones.map((zone) => {
      const nodes = mesh.nodes.filter((node) => node.zone === zone);
      const names = nodes.map(({ name, address }) => `${name} ${ending(address)}`).join(", ");
      const redis = ending({ a: primary, ...replicas }[zone].address);
      return `zone ${zone}     ${addressIn(zone, "x")}: ${names}, redis ${redis}`;
    });
    const dialled = `nodes dial ${proxies.mesh} (socks5), replicas ${proxies.redis}`;
    return [`Faultline  ${this.url}; ${dialled}`, ...places].join("\n");
  }

  async end() {
    await this.programs.end();
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}
