// Puts what the package needs from the rest of the repository where it expects it.
import { copyFileSync, mkdirSync } from "node:fs";

mkdirSync("dist", { recursive: true });
copyFileSync("../../server/core/sidenote.schema.json", "dist/sidenote.schema.json");
copyFileSync("../../LICENSE", "dist/LICENSE");
