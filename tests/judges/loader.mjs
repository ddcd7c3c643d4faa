// The packages import JSON without saying that it is JSON, which Node refuses. Said here, so their files stay as they came.
import { register } from "node:module";

const hooks = `
export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  return next(url, { ...context, format: "json", importAttributes: { type: "json" } });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
