"""What fuzzing starts from, and the words it puts in."""

from __future__ import annotations

YAML_WORDS = (
    *(
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        ": ",
        "- ",
        "? ",
        "| ",
        "> ",
        "|-\n",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "---\n",
        "#",
        "'",
    ),
    *(
        '"',
        "[",
        "]",
        "{",
        "}",
        ", ",
        "~",
        "null",
        "true",
        "1",
        "0x1f",
        ".inf",
        "2001-01-01",
        "\t",
        "\ufeff",
        "\x85",
        "\x00",
    ),
    *(
        "${{ ",
        " }}",
        "insert",
        "github.ref",
        "secrets.a",
        "success()",
        "'a'",
        "format('{0}', 1)",
        "(",
        ")",
        "\\",
        "@v4",
        "./a",
    ),
)
WORKFLOW = """\
name: a
on:
  push: {branches: [main, '!x/**'], paths-ignore: ['**.md']}
  schedule: [{cron: '0 0 * * *'}]
  workflow_dispatch: {inputs: {a: {type: choice, options: [b], default: b}}}
  workflow_call: {inputs: {a: {type: string}}, secrets: {b: {required: true}}}
env: {A: '${{ github.ref }}'}
jobs:
  a:
    runs-on: [self-hosted, linux]
    strategy: {fail-fast: false, matrix: {os: [x, y], include: [{os: x, v: 1}], exclude: [{os: y}]}}
    container: {image: node, credentials: {username: a, password: '${{ secrets.b }}'}}
    services: {db: {image: postgres, ports: [5432]}}
    outputs: {c: '${{ steps.s.outputs.c }}'}
    steps:
      - uses: actions/checkout@v4
        with: {a: b}
      - id: s
        if: always() && matrix.os == 'x'
        run: echo
        continue-on-error: true
  b: {needs: a, uses: ./.github/workflows/b.yml, with: {a: 1}, secrets: inherit}
"""
WORKFLOW_WORDS = (
    *YAML_WORDS,
    *(
        "on",
        "push",
        "jobs",
        "runs-on",
        "steps",
        "run",
        "uses",
        "needs",
        "if",
        "strategy",
        "matrix",
        "include",
        "exclude",
    ),
    *(
        "with",
        "env",
        "secrets",
        "inherit",
        "outputs",
        "container",
        "services",
        "environment",
        "concurrency",
        "permissions",
    ),
    *("defaults", "timeout-minutes", "workflow_call", "inputs", "schedule", "cron", "types", "branches", "paths", "id"),
)
ACTION = """\
name: a
description: b
inputs: {a: {description: c, required: true, default: '${{ github.token }}', deprecationMessage: d}}
outputs: {o: {description: e, value: '${{ steps.s.outputs.o }}'}}
runs:
  using: composite
  steps:
    - {id: s, shell: bash, run: 'echo ${{ inputs.a }}', if: always()}
    - {uses: ./x, with: {a: b}}
"""
DOCKER = (
    "name: a\nruns: {using: docker, image: Dockerfile, args: ['${{ inputs.a }}'], env: {A: b}, post-if: always()}\n"
)
ACTION_WORDS = (
    *YAML_WORDS,
    *(
        "runs",
        "using",
        "composite",
        "docker",
        "node20",
        "main",
        "post",
        "pre-if",
        "image",
        "args",
        "entrypoint",
        "steps",
    ),
    *("inputs", "outputs", "value", "default", "required", "shell", "run", "uses", "branding", "icon", "color", "name"),
)
CRON_WORDS = (
    "*",
    "/",
    "-",
    ",",
    " ",
    "0",
    "1",
    "5",
    "59",
    "31",
    "30",
    "2",
    "JAN",
    "SUN",
    "fri",
    "7",
    "99",
    "L",
    "@daily",
    "?",
)
EXPRESSION_WORDS = (
    *("a", "b", "c", ".b", ".*", "[*]", "[0]", "['c']", "[", "]", "(", ")", ",", "!", "==", "!=", "<", "<=", ">", ">="),
    *(
        "&&",
        "||",
        "true",
        "false",
        "null",
        "NaN",
        "-Infinity",
        "1",
        ".5",
        "-0x1f",
        "0o7",
        "1e9",
        "''",
        "'x'",
        "'{0}'",
        "'{'",
    ),
    *(
        "'[1,{}]'",
        "contains(",
        "startsWith(",
        "endsWith(",
        "format(",
        "join(",
        "toJSON(",
        "fromJSON(",
        "case(",
        "success(",
    ),
    *("hashFiles(", "${{", "}}", "é", "İ", "ß", "😊", "\x00", "\n", " ", "'"),
)
PATTERN_WORDS = (
    "*",
    "**",
    "?",
    "+",
    "[",
    "]",
    "[a-z]",
    "[!",
    "!",
    "\\",
    "/",
    "a",
    "bc",
    ".",
    "-",
    "\n",
    "é",
    "😊",
    "**/",
    "(",
    ")",
    "{",
)
JSON_WORDS = (
    *(
        '{"',
        '": ',
        '": [',
        '"include": [',
        '"exclude": [',
        "[",
        "]",
        "{",
        "}",
        ", ",
        '"a"',
        '"A"',
        "1",
        "1.0",
        "true",
        "null",
    ),
    *('"a": 1', "NaN", '""', "-0", "1e400", '{"a": {"b": 1}}'),
)
