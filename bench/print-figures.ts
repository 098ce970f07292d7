/** `npm run bench`: one line per figure, beside the stored one. `npm run bench:store` stores what it finds. Nothing fails for being slow. */
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "vitest";
import { FIGURES } from "./figures.js";

const BASELINE = new URL("baseline.json", import.meta.url);
const stored = JSON.parse(readFileSync(BASELINE, "utf8")) as Readonly<Record<string, number>>; // as written below

const printed = (value: number): string => String(Number(value.toPrecision(3)));

/** How a number compares with the stored one, as a factor: above 1 it is better. */
function compared(value: number, before: number | undefined, isMoreBetter: boolean): string {
  if (before === undefined) return "nothing stored";
  const factor = isMoreBetter ? value / before : before / value;
  return `stored ${printed(before)}, ${factor.toFixed(2)} times as good`;
}

test("figures", () => {
  const found = FIGURES.map(({ name, meaning, isMoreBetter, measure }): readonly [string, number] => {
    const value = measure();
    const line = `${name.padEnd(16)} ${printed(value).padStart(8)}  ${compared(value, stored[name], isMoreBetter)}`;
    console.log(`${line.padEnd(70)}  ${meaning}`);
    return [name, Number(printed(value))];
  });
  const { KERF_BENCH } = process.env;
  if (KERF_BENCH === "store") writeFileSync(BASELINE, `${JSON.stringify(Object.fromEntries(found), undefined, 2)}\n`);
});
