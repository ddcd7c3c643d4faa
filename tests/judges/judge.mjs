// GitHub's own packages as a judge: a JSON request a line in, a JSON answer a line out, in order.
//
//   {"ask": "evaluate", "expr", "contexts"}    {"kind", "value"} or {"err": {"kind", "message"}}
//   {"ask": "workflow", "path", "text"}        {"errors": [message]}
//   {"ask": "time", "what", "cases", "rounds"} {"seconds": [one a round]}; what: evaluate, evaluate-parsed or workflow
//
// Numbers that JSON does not know are told as the texts NaN, Infinity and -Infinity. What goes wrong within the
// judge itself is {"crash": message}.

import { createInterface } from "node:readline";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { reviver } from "@actions/expressions/data/reviver";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";

const WARM_UP = 3;
const KINDS = ["String", "Array", "Object", "Boolean", "Number", "Object", "Null"];

function contextsOf(request) {
  return JSON.parse(JSON.stringify(request.contexts ?? {}), reviver);
}

function parsed(expression, names) {
  return new Parser(new Lexer(expression).lex().tokens, names, []).parse();
}

function evaluated(tree, contexts) {
  return tree === undefined ? new data.Null() : new Evaluator(tree, contexts).evaluate();
}

function evaluate(request) {
  const names = Object.keys(request.contexts ?? {});
  let stage = "lexing";
  try {
    const { tokens } = new Lexer(request.expr).lex();
    stage = "parsing";
    const tree = new Parser(tokens, names, []).parse();
    stage = "evaluation";
    const result = evaluated(tree, contextsOf(request));
    return { kind: KINDS[result.kind], value: plain(result) };
  } catch (error) {
    return { err: { kind: stage, message: error.message } };
  }
}

/** A value as JSON; members of objects as pairs, because JavaScript sorts keys that look like numbers. */
function plain(value) {
  switch (KINDS[value.kind]) {
    case "Null":
      return null;
    case "Number":
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case "Array":
      return value.values().map(plain);
    case "Object":
      return { members: value.pairs().map(pair => [pair.key, plain(pair.value)]) };
    default:
      return value.value;
  }
}

async function read(path, text) {
  const result = parseWorkflow({ name: path, content: text }, new NoOperationTraceWriter());
  if (result.value) await convertWorkflowTemplate(result.context, result.value);
  return result.context.errors.getErrors().map(error => error.message);
}

async function workflow(request) {
  return { errors: await read(request.path, request.text) };
}

const TIMED = {
  evaluate: cases => {
    const ready = cases.map(one => [one.expr, Object.keys(one.contexts), contextsOf(one)]);
    return () => {
      for (const [expression, names, contexts] of ready) evaluated(parsed(expression, names), contexts);
    };
  },
  "evaluate-parsed": cases => {
    const ready = cases.map(one => [parsed(one.expr, Object.keys(one.contexts)), contextsOf(one)]);
    return () => {
      for (const [tree, contexts] of ready) evaluated(tree, contexts);
    };
  },
  workflow: cases => async () => {
    for (const one of cases) await read(one.path, one.text);
  },
};

async function time(request) {
  const round = TIMED[request.what](request.cases);
  const warm = request.warm_up ?? WARM_UP;
  const seconds = [];
  for (let number = -warm; number < request.rounds; number += 1) {
    const started = performance.now();
    await round();
    if (number >= 0) seconds.push((performance.now() - started) / 1000);
  }
  return { seconds };
}

const ANSWERS = { evaluate, workflow, time };

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = await ANSWERS[request.ask](request);
  } catch (error) {
    answer = { crash: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
