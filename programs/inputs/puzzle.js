// What a JavaScript engine does: objects, closures, generators, promises, patterns, big integers.
const lines = [];
const say = (...words) => lines.push(words.join(" "));

let product = 1n;
for (let i = 1n; i <= 80n; i++) product *= i;
say("factorial", product % 1000000000000000003n, product.toString(36).length);

const grid = Array.from({ length: 40 }, (_, y) => Uint8Array.from({ length: 40 }, (_, x) => (x * y + x) % 5 === 0));
const step = (cells) => cells.map((row, y) => row.map((cell, x) => {
  let near = -cell;
  for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++)
    near += cells[(y + dy + 40) % 40][(x + dx + 40) % 40];
  return near === 3 || (cell && near === 2) ? 1 : 0;
}));
let cells = grid;
for (let i = 0; i < 12; i++) cells = step(cells);
say("alive", cells.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0));

function* walk(tree) {
  if (!tree) return;
  yield* walk(tree.left);
  yield tree.key;
  yield* walk(tree.right);
}
const insert = (tree, key) => !tree ? { key } : key < tree.key
  ? { ...tree, left: insert(tree.left, key) } : { ...tree, right: insert(tree.right, key) };
let tree = null;
for (let i = 0, x = 7; i < 300; i++, x = (x * 1103 + 12345) % 4096) tree = insert(tree, x);
const keys = [...walk(tree)];
say("tree", keys.length, keys[0], keys[150], keys[keys.length - 1], keys.every((k, i) => i === 0 || keys[i - 1] <= k));

const text = "winter: frog=frozen, heart=still; spring: frog=thawed, heart=beating";
say("pattern", [...text.matchAll(/(?<who>\w+)=(?<how>\w+)/g)].map((m) => m.groups.who[0] + m.groups.how.length).join());
say("replace", text.replace(/(?<=frog=)\w+/g, (word) => word.toUpperCase()).slice(0, 40));
class Frog { #state = "frozen"; static count = 0; constructor() { Frog.count++; } get state() { return this.#state; } thaw() { this.#state = "thawed"; return this; } }
say("class", new Frog().thaw().state, Frog.count, new Frog() instanceof Frog);
const memory = new Proxy(new Map(), { get: (map, key) => key in map ? map[key] : map.get(key) ?? `no ${String(key)}` });
say("proxy", memory.pond, JSON.stringify({ list: [1, , undefined, NaN], nested: { date: new Date(0) } }));
try { null.leap; } catch (error) { say("error", error instanceof TypeError); }
const floats = new Float64Array([0.1 + 0.2, 1 / 3, Number.MAX_VALUE, 5e-324, -0]);
say("floats", floats.join(), (0.000001234).toExponential(2), (255).toString(2), parseFloat("1e3x"));
say("sort", ["ä", "a", "Z", "z10", "z9"].sort().join(), [3, 1, 2].toString(), "❄🐸".length, [..."❄🐸"].length);

Promise.all([1, 2, 3].map(async (n) => { await null; return n * n; }))
  .then((squares) => say("promises", squares))
  .then(() => console.log(lines.join("\n")));
