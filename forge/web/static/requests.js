// Answers of the server in JSON, and in words why there is none.

/** What an address answers. Else an Error with a message for the person: what did not come, and why. It is `final` when
 *  asking again would bring the same. */
export async function load(address, what) {
  let answer;
  let body;
  try {
    answer = await fetch(address);
    body = await answer.json();
  } catch {
    body = null; // no answer, one that broke off, or a page that says what went wrong
  }
  if (answer?.ok && body) return body;
  throw Object.assign(new Error(body?.message || `${what}: ${reason(answer)}`), {final: Boolean(body?.message)});
}

function reason(answer) {
  if (!answer) return "the server cannot be reached.";
  if (answer.ok) return "the answer broke off.";
  if (answer.status === 410) return "it has been deleted.";
  const id = answer.headers.get("X-Request-Id");
  return `the server answered ${answer.status}.` + (id ? ` Its administrator finds that as ${id}.` : "");
}
