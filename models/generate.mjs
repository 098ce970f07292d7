/** Writes the built-in models beside this script: `npm run models`. */
import { writeFile } from "node:fs/promises";
import { models } from "./catalogue.mjs";

for (const [name, build] of Object.entries(models)) await writeFile(new URL(`${name}.onnx`, import.meta.url), build());
