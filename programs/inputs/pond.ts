// TypeScript for esbuild to lower to ES2017 and minify.
import type { Water } from "./water";
enum Season { Winter = 1, Spring, Summer = Spring << 2 }
namespace Pond { export const depth = 3; export interface Bank { reeds?: number } }
abstract class Animal<T extends object = {}> {
  static #born = 0;
  protected constructor(readonly name: string, private parts: T) { Animal.#born++; }
  abstract leap(far: number): Promise<string>;
  static get born(): number { return Animal.#born; }
}
export class Frog extends Animal<{ legs: number }> {
  state: Season = Season.Winter;
  constructor() { super("wood frog", { legs: 4 }); }
  async leap(far: number, bank?: Pond.Bank): Promise<string> {
    const reeds = bank?.reeds ?? Pond.depth;
    for await (const splash of this.#splashes(far)) if (splash > reeds) return `${this.name} at ${splash ** 2}`;
    return this.state === Season.Spring ? "thawed" : "frozen";
  }
  async *#splashes(count: number) { for (let i = 0; i < count; i++) yield i; }
}
const { born, ...rest } = { born: Animal.born, winter: 1_000n, [`key${Pond.depth}`]: /(?<year>\d{4})/u };
label: for (const [key, value] of Object.entries(rest)) { if (!key) continue label; console.log(key, value as unknown); }
export default <Water>{ level: Season.Summer, rest, born } satisfies object;
