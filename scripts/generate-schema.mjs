/** Writes the JSON Schemas that the package ships from the shapes in the source. Run after a build: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { importJsonSchema } from "../dist/backend/emit/import-schema.js";
import { scheduleJsonSchema } from "../dist/backend/emit/schedule-schema.js";

const schemas = { "schedule-v1": scheduleJsonSchema(), "import-v1": importJsonSchema() };
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(new URL(`../schema/${name}.json`, import.meta.url), `${JSON.stringify(schema, undefined, 2)}\n`);
