// Documents by chance, by a JSON Schema, and spoilt ones.

/** Texts for the patterns that the API's schemas have. */
const byPattern = [
  [/\(ns\|us/, ["0s", "1ms", "1.5s", "250us", "10ms", "1h30m", "3000h"]],
  [/KB\|MB/, ["10mbit", "1MB/s", "512KiB/s", "1B/s"]],
  [/%/, ["5%", "0%", "100%", "0.0001%"]],
];
/** Texts that mean something in a field of that name. */
const byName = {
  name: ["a", "b", "slow", "ü€😀", "a/b"],
  ttl: ["5m", "10s", "1h"],
  after: ["10ms", "64KiB"],
  until: ["10s", "1h"],
  attribute: ["latency", "rate"],
  listen: ["127.0.0.1:0", "localhost:0", "[::1]:0"],
  upstream: ["127.0.0.1:1", "localhost:6379", "unix:/nowhere"],
  clients: ["10.0.0.0/8", "::1", "127.0.0.1"],
  owner: ["anna", ""],
  reason: ["a drill", ""],
  samples: ["1 2 3", "5"],
};
/** What hardly any document should have: the server knows of none. */
const rare = new Set(["lease", "ramp", "trace", "samples"]);
const texts = ["", "a", "x".repeat(300), "127.0.0.1:0", "10s", "64KiB", "1,2,3", "none", "\u0000", "ü€😀", "../../etc"];
const odd = [null, true, -1, 1e308, 0.5, 2 ** 63, "", "NaN", [], {}, [[]], { a: { b: 1 } }];

export class Chance {
  constructor(seed, schemas) {
    this.state = BigInt(seed) * 2654435761n + 1n;
    this.schemas = schemas;
  }

  /** From 0 up to 1 (splitmix64). */
  unit() {
    const mask = (1n << 64n) - 1n;
    this.state = (this.state + 0x9e3779b97f4a7c15n) & mask;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  }

  oneOf(list) {
    return list[Math.floor(this.unit() * list.length)];
  }

  /** A document by `schema`. */
  document(schema, name = "") {
    if (schema.$ref) return this.document(this.schemas[schema.$ref.split("/").at(-1)], name);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return this.oneOf(schema.enum);
    if (schema.anyOf) return this.document(this.oneOf(schema.anyOf), name);
    if (schema.oneOf) {
      const { oneOf, ...rest } = schema;
      const one = this.oneOf(oneOf);
      return this.document({ ...rest, properties: { ...rest.properties, ...one.properties }, required: [...(rest.required ?? []), "type"] });
    }
    switch (schema.type) {
      case "object":
        return this.map(schema);
      case "array": {
        const most = Math.min(schema.maxItems ?? 3, 3);
        const length = Math.max(schema.minItems ?? 0, Math.floor(this.unit() * (most + 1)));
        return Array.from({ length }, () => this.document(schema.items, name));
      }
      case "integer":
      case "number": {
        const least = schema.minimum ?? 0;
        const most = Math.min(schema.maximum ?? 1000, 1_000_000);
        const number = least + this.unit() * (most - least);
        return schema.type === "integer" ? Math.floor(number) : number;
      }
      case "boolean":
        return this.unit() < 0.5;
      case "string":
        return this.text(schema, name);
      default:
        return this.oneOf(["1s", 1, "10"]);
    }
  }

  map(schema) {
    const map = {};
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      const isNeeded = schema.required?.includes(key);
      const chance = rare.has(key) ? 0.02 : 0.2;
      if (isNeeded || this.unit() < chance) map[key] = this.document(value, key);
    }
    return map;
  }

  text(schema, name) {
    if (byName[name] && this.unit() < 0.9) return this.oneOf(byName[name]);
    const known = byPattern.find(([pattern]) => schema.pattern && pattern.test(schema.pattern));
    if (known) return this.oneOf(known[1]);
    if (schema.examples && this.unit() < 0.7) return String(this.oneOf(schema.examples.flat()));
    const text = this.oneOf(texts);
    return text === "" && schema.minLength ? "n" : text;
  }

  /** `document` with something wrong somewhere, or with luck something right. */
  spoilt(document) {
    if (this.unit() < 0.1) return this.oneOf(odd);
    if (Array.isArray(document)) {
      return document.length > 0 && this.unit() < 0.7
        ? document.map((each, i) => (i === 0 ? this.spoilt(each) : each))
        : [...document, this.oneOf(odd)];
    }
    if (typeof document !== "object" || document === null) return this.oneOf(odd);
    const keys = Object.keys(document);
    const key = keys.length > 0 ? this.oneOf(keys) : "a";
    const copy = { ...document };
    const way = this.unit();
    if (way < 0.2) copy[`${key}x`] = this.oneOf(odd);
    else if (way < 0.3) delete copy[key];
    else copy[key] = this.spoilt(copy[key]);
    return copy;
  }
}
