/** Every study, sorted by name: what `kerf study` runs. */
import { definesCase1 } from "./defines-case1.js";
import { definesCase2 } from "./defines-case2.js";
import { definesCase3 } from "./defines-case3.js";
import { definesSota } from "./defines-sota.js";
import { depfin } from "./depfin.js";
import { padding } from "./padding.js";
import type { Study } from "./study.js";

export const STUDIES: readonly Study[] = [definesCase1, definesCase2, definesCase3, definesSota, depfin, padding];
