export * from "./ir/units.js";
