// What a play shows: to people, or with `json` to scripts its facts alone, one a line.

import { zones } from "./mesh.mjs";

const styles = { bold: 1, red: 31, green: 32, yellow: 33, dim: 2 };
const progressEveryMs = 2000;

export class View {
  constructor({ json }) {
    this.json = json;
    this.coloured = !json && process.stdout.isTTY && !process.env.NO_COLOR;
  }

  styled(style, text) {
    return this.coloured ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
  }

  text(text) {
    if (!this.json) console.log(text);
  }

  heading(text) {
    this.text(`\n${this.styled("bold", `== ${text}`)}`);
  }

  /** For scripts. */
  fact(fact) {
    if (this.json) console.log(JSON.stringify(fact));
  }

  /** Resolves as `work` does; what takes long says every two seconds how far it is. */
  async during(work, howFar) {
    const begun = Date.now();
    const ticker = setInterval(() => {
      const seconds = Math.round((Date.now() - begun) / 1000);
      this.text(this.styled("dim", `... ${howFar()}, after ${seconds} s`));
    }, progressEveryMs);
    return work.finally(() => clearInterval(ticker));
  }

  /** Whether something is as it should be. */
  check(holds, words) {
    this.text(`${holds ? this.styled("green", "yes") : this.styled("red", "NO ")} ${words}`);
    this.fact({ check: words, holds });
  }

  /** How many of its ways from each zone to each are open, as the nodes see it. */
  grid(pairs) {
    this.text(`         ${zones.map((zone) => `to ${zone}`.padStart(9)).join("")}`);
    for (const from of zones) {
      this.text(`  from ${from} ${zones.map((to) => this.#cell(pairs, from, to)).join("")}`);
    }
  }

  #cell(pairs, from, to) {
    const all = pairs.filter(({ zones: [one, other] }) => one === from && other === to);
    const reached = all.filter((pair) => pair.reached).length;
    const text = `${reached}/${all.length}`.padStart(9);
    if (reached === all.length) return this.styled("green", text);
    return this.styled(reached === 0 ? "red" : "yellow", text);
  }
}
