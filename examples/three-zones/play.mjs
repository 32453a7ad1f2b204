// Zone b is cut off from a and c, and comes back: README.md says what to look at.
//
//   node play.mjs [--stay] [--patience SECONDS] [--json]
//
// FAULTLINE_BINARY is the path of the binary; without it `faultline` is looked for in $PATH. The
// exit status is 0 if all was as it should be, and 1 if not.

import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { replTimeoutSeconds } from "./redis.mjs";
import { View } from "./view.mjs";
import { World } from "./world.mjs";

const watchedForMs = 2000;

/** Whether one end is in b, and the other is not. */
const isAcross = ({ zones: [from, to] }) => (from === "b") !== (to === "b");

class Play {
  constructor({ json, stay, patience }) {
    this.world = new World(process.env.FAULTLINE_BINARY ?? "faultline");
    this.view = new View({ json });
    this.stays = stay;
    this.patienceMs = Number(patience) * 1000;
  }

  async run() {
    await this.start();
    await this.before();
    await this.cut();
    await this.heal();
    this.view.heading("all was as it should be");
    if (this.stays) await this.stay();
  }

  // ---- The acts --------------------------------------------------------------

  async start() {
    const { view, world } = this;
    view.heading("three zones, with five nodes and a Redis each");
    await view.during(world.start(), () => "Redis, Faultline and the nodes start");
    view.text(world.describe());
  }

  async before() {
    const { view, world } = this;
    const pairs = await this.untilReached("every node reaches every other", () => true);
    await world.primary.set("news", "all is well");
    for (const zone of ["b", "c"]) await this.untilTold(zone, "all is well");
    await this.faultline("matrix");
    view.fact({ stage: "before", pairs });
  }

  async cut() {
    const { view, world } = this;
    const { b, c } = world.replicas;
    view.heading("zone b is cut off: packets vanish, and nobody is told");
    this.check((await this.faultline("zone", "cut", "b", "--ttl", "10m")) === 0, "b is cut off");
    await world.primary.set("news", "b is cut off");
    await this.untilTold("c", "b is cut off");
    this.check((await b.get("news")) === "all is well", "the one in b has not");
    view.text(`    its link to the primary, it says, is ${await b.link()}`);
    await this.untilReached("nobody reaches across, all others go on", (pair) => !isAcross(pair));
    const before = await this.pairsNow();
    const watchedUntil = Date.now() + watchedForMs;
    await this.faultline("matrix");
    const words = `after ${replTimeoutSeconds} s of silence (repl-timeout)`;
    await this.until(`${words} the replica in b says that its link is down`, async () => {
      const link = await b.link();
      return link !== "down" && `it says ${link}`;
    });
    await sleep(Math.max(0, watchedUntil - Date.now()));
    const after = await this.pairsNow();
    this.compare(before, after);
    const effect = await world.api("partitions/b-cut/effect");
    const redis = { b: await b.get("news"), c: await c.get("news"), link: await b.link() };
    view.fact({ stage: "cut", before, after, effect, redis });
  }

  /** Two looks at the pairs, while b is cut off. */
  compare(before, after) {
    const moved = after.map((pair, index) => ({
      ...pair,
      forth: pair.heard > before[index].heard,
      back: pair.answered > before[index].answered,
    }));
    const across = moved.filter(isAcross);
    const others = moved.filter((pair) => !isAcross(pair));
    this.check(
      !across.some(({ forth, back }) => forth || back),
      `no line crosses, either way, on the ${across.length} connections with one end in b`,
    );
    this.check(
      others.every(({ forth, back }) => forth && back),
      `the other ${others.length} go on, both ways`,
    );
  }

  async heal() {
    const { view, world } = this;
    const cut = await this.pairsNow();
    view.heading("zone b is healed: each TCP goes on when it next tries again");
    this.check((await this.faultline("zone", "heal", "b")) === 0, "the cut has held");
    await this.untilReached("every node reaches every other", () => true);
    await this.until("all that had been said is answered", async () => {
      const late = (await this.pairsNow()).filter((pair, index) => pair.answered < cut[index].said);
      return late.length > 0 && `not yet on ${late.length} connections`;
    });
    await this.untilTold("b", "b is cut off");
    const pairs = await this.pairsNow();
    this.check(
      pairs.every(({ connections }) => connections === 1),
      "all this on the connections of the beginning",
    );
    const said = pairs.reduce((sum, pair) => sum + pair.said, 0);
    this.check(
      pairs.every(({ wrong }) => wrong === 0),
      `of ${said} lines and their answers none was lost, came twice or out of order`,
    );
    await this.faultline("matrix");
    view.fact({ stage: "healed", cut, pairs, redis: { b: await world.replicas.b.get("news") } });
  }

  /** Until somebody ends it. Shows who reaches whom whenever that changes. */
  async stay() {
    const { view, world } = this;
    const { b } = world.replicas;
    const { binary } = world;
    const found = binary.includes("/") ? `PATH=${path.dirname(path.resolve(binary))}:$PATH ` : "";
    view.heading("all this stays up until Ctrl-C; in a second terminal:");
    view.text(`export ${found}FAULTLINE_URL=${world.url}
faultline matrix --watch
faultline zone cut c --ttl 20s                      # another zone
faultline zone cut b --ttl 20s --one-way in         # nothing gets to b: it can ask, not hear
faultline zone cut b --ttl 20s --connections 30%    # a partial partition
faultline zone cut b --ttl 20s --mode reset         # connections end, and are dialled anew
faultline run az-power-loss --zone b --speed 60x    # a whole outage, in 18 s
redis-cli -h ${b.host} -p ${b.port} info replication`);
    for (let shown = ""; ; await sleep(200)) {
      const pairs = await this.pairsNow();
      const picture = JSON.stringify(pairs.map(({ reached }) => reached));
      if (picture === shown) continue;
      shown = picture;
      view.text(`\n${new Date().toTimeString().slice(0, 8)}`);
      view.grid(pairs);
    }
  }

  // ---- Looking ---------------------------------------------------------------

  /** What is not as it should be ends the play. */
  check(holds, words) {
    this.view.check(holds, words);
    if (!holds) throw new Error(`not as it should be: ${words}`);
  }

  /** Runs a command as a user would, and shows it; resolves to its exit status. */
  async faultline(...words) {
    const { view, world } = this;
    const command = ["faultline", ...words].join(" ");
    view.text(view.styled("bold", `$ ${command}`));
    const options = view.json ? {} : { stdio: ["ignore", "inherit", "inherit"] };
    const { status, said } = await world.faultline(words, options);
    view.fact({ command, status, said });
    return status;
  }

  /** Looks until `look` resolves to false, and not to how far it is. It has so much patience. */
  async until(words, look) {
    const last = Date.now() + this.patienceMs;
    let missing = "nothing is known yet";
    const looking = async () => {
      while ((missing = await look()) && Date.now() < last) await sleep(100);
    };
    await this.view.during(looking(), () => `${words}: ${missing}`);
    this.check(!missing, missing ? `${words}: ${missing}` : words);
  }

  /** The pairs of nodes as they are now. */
  async pairsNow() {
    const now = Date.now();
    for (;;) {
      const pairs = this.world.mesh.pairs(now);
      if (pairs) return pairs;
      if (Date.now() > now + this.patienceMs) throw new Error("a node says nothing any more");
      await sleep(20);
    }
  }

  /** Waits until those reach each other that should, and no others; resolves to the pairs. */
  async untilReached(words, shouldReach) {
    let pairs;
    await this.until(words, async () => {
      pairs = await this.pairsNow();
      const wrong = pairs.find((pair) => pair.wrong > 0);
      if (wrong) this.check(false, `what ${wrong.from} and ${wrong.to} say arrives as it was said`);
      const right = pairs.filter((pair) => pair.reached === shouldReach(pair)).length;
      return right < pairs.length && `${right} of ${pairs.length} pairs are so`;
    });
    this.view.grid(pairs);
    return pairs;
  }

  /** Waits until the replica in a zone says what the primary was told. */
  untilTold(zone, news) {
    const replica = this.world.replicas[zone];
    return this.until(`the replica in ${zone} has what was written to the primary`, async () => {
      const says = await replica.get("news");
      return says !== news && `it says "${says}", its link is ${await replica.link()}`;
    });
  }
}

// ---- From the beginning to the end, whoever brings it --------------------------

const statusOf = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 };
const interrupted = new Promise((resolve) => {
  for (const signal of Object.keys(statusOf)) process.on(signal, () => resolve(signal));
  process.stdout.on("error", () => resolve("SIGPIPE"));
});

/** What the command line says; else ends with 2. */
function givenOptions() {
  const options = {
    stay: { type: "boolean" },
    json: { type: "boolean" },
    patience: { type: "string", default: "60" },
  };
  try {
    const { values } = parseArgs({ options });
    if (!(Number(values.patience) > 0)) throw new Error("--patience is a number of seconds");
    return values;
  } catch (error) {
    console.error(`three-zones: ${error.message}`);
    return process.exit(2);
  }
}

const play = new Play(givenOptions());
let status = 0;
try {
  const signal = await Promise.race([play.run(), interrupted, play.world.programs.failure]);
  if (signal) status = statusOf[signal];
} catch (error) {
  console.error(`three-zones: ${error.message}`);
  status = 1;
}
await play.world.end();
process.exit(status);
