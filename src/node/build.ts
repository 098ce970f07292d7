/** Which build of Kerf runs: a working copy that was built anew has the same version and may compute other numbers. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CODE = fileURLToPath(new URL("..", import.meta.url));

/**
 * Hash of all code below a folder, names and contents. Whoever keeps results by it never answers with those of other code.
 *
 * @param folder - of the code that runs, unless stated
 */
export function buildDigest(folder = CODE): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.d)\.[jt]s$/.test(name),
  );
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const text = readFileSync(join(folder, file));
    hash.update(`${file.replaceAll("\\", "/")}\n${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}
