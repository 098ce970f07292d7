/** Writes the JSON Schemas that the package ships from the shapes in the source. Run after a build: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { scheduleJsonSchema } from "../dist/backend/emit/schedule-schema.js";

const file = new URL("../schema/schedule-v1.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(scheduleJsonSchema(), undefined, 2)}\n`);
