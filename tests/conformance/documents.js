// Documents of a schema, as many as wanted and the same for the same seed: `new Documents(schema, seed).next()`. Most are what clients send; `broken()`
// is one in which something was dropped, doubled, swapped or replaced.
import {
  GraphQLNonNull, Lexer, Source, TokenKind, getNamedType, getNullableType, isCompositeType, isEnumType, isInputObjectType, isListType, isNonNullType,
  isObjectType, isRequiredArgument, isRequiredInputField,
} from "graphql";

const STRINGS = ['""', '"a b"', '"\\"\\\\\\/\\n"', '"\\u00e9"', '"\\u{1F600}"', '"\\uD83D\\uDE00"', '"Ташкент ✓"', '"""one\n  two"""', '"""a \\""" b"""'];

// What a token is replaced by.
const ODD = [
  // Numbers.
  "01", "1a", "0x1", "-", "-0", "1.", ".5", "1e5", "1e", "1.5", "00", "-01", "99999999999", "1.e1", "1_0",
  // Names and keywords.
  "on", "null", "true", "false", "fragment", "query", "mutation", "subscription", "nullable", "trueNorth", "type", "__typename",
  // Punctuation.
  "$", "$ v0", "$v0", "@", "...", "..", "... on", "...on", "{}", "{ }", "[]", "()", "!", "&", "|", ":", "=", ",", "* 2", ";", "%", "`", "?",
  // What is ignored, and what is not.
  "#c\n", "#c", "\r\n", "\uFEFF", "\u00A0", "\u000B", "\u0000", "\u2028", "é",
  // Strings.
  '"\\u{57}"', '"\\u{110000}"', '"\\u{}"', '"\\u{D83D}"', '"\\uD83D\\uDE00"', '"\\uD83D"', '"\\uDE00"', '"\\x"', '"\\u12"', '"a\nb"', '"', '""', '"""',
  '""""""', '""""', '"""\\"""', '"""a"b"""', '"""\\u{57}"""', '"\u0001"', '"\u007f"', '"\t"', "'a'", '"text"',
  // Directives, introspection, descriptions.
  "@skip", "@skip(if: true)", "@include(if: $v0)", '@specifiedBy(url: "x")', "@deprecated", "__schema { queryType { name } }",
  '__type(name: "Query") { name }', '"d" query', '"d" {', '"d" fragment F on Query { __typename }',
];

// Values of other types.
const VALUES = ["1", "1.5", '"x"', "true", "null", "ADOPTED", "[1]", "{}", "{ a: 1 }", "99999999999", "$v0", "$nope", "[null]", '"""x"""'];

// A number from 0 to 1, again and again: mulberry32.
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export class Documents {
  constructor(schema, seed) {
    this.schema = schema;
    this.random = seeded(seed);
    this.names = namesOf(schema);
  }

  chance(share) {
    return this.random() < share;
  }

  pick(all) {
    return all[Math.floor(this.random() * all.length)];
  }

  next() {
    this.variables = [];
    this.fragments = [];
    this.aliases = 0;
    const kind = this.chance(0.8) ? "query" : this.chance(0.8) ? "mutation" : "subscription";
    const body = this.selections(this.schema.getRootType(kind), 0, kind === "subscription");
    const declared = this.variables.length ? `(${this.variables.join(this.pick([", ", " ", "\n"]))})` : "";
    const directive = this.chance(0.02) ? ` @${this.pick(["skip", "x"])}(if: true)` : "";
    const anonymous = kind === "query" && !declared && this.chance(0.5);
    const described = this.chance(0.1) ? '"What it is for." ' : "";
    const operation = anonymous ? body : `${described}${kind} ${this.chance(0.8) ? "Op" : ""}${declared}${directive} ${body}`;
    return [operation, ...this.fragments].join(this.pick(["\n", " "]));
  }

  selections(type, depth, single) {
    if (!single && this.chance(0.02)) return "{}";
    const fields = Object.values(type.getFields?.() ?? {});
    const count = single ? 1 : 1 + Math.floor(this.random() * 4);
    const query = type === this.schema.getQueryType();
    const chosen = Array.from({ length: count }, () => query && this.chance(0.04) ? this.introspection() :
      !fields.length || (!single && this.chance(0.1)) ? "__typename" : this.field(this.pick(fields), depth));
    if (!single && !isObjectType(type)) {
      const possible = this.pick(this.schema.getPossibleTypes(type));
      chosen.push(`... on ${possible.name} ${this.selections(possible, depth + 1)}`);
    } else if (!single && depth > 0 && depth < 4 && this.chance(0.1)) {
      chosen.push(`... ${this.directive()} ${this.selections(type, depth + 1)}`);
    }
    if (!single && depth > 0 && this.chance(0.08)) {
      const name = `F${this.fragments.length}`;
      const place = this.fragments.push("") - 1;
      const described = this.chance(0.1) ? '"""Its fields."""\n' : "";
      this.fragments[place] = `${described}fragment ${name} on ${type.name} ${this.selections(type, depth + 1)}`;
      chosen.push(`...${name}`);
    }
    return `{ ${chosen.join(" ")} }`;
  }

  field(field, depth) {
    const composite = isCompositeType(getNamedType(field.type));
    if (composite && depth > 4) return "__typename";
    const given = field.args.filter((argument) => isRequiredArgument(argument) || this.chance(0.25));
    const values = given.map((argument) => `${argument.name}: ${this.value(argument.type, 0)}`);
    const args = values.length ? `(${values.join(", ")})` : "";
    const alias = composite || values.length || this.chance(0.1) ? `a${this.aliases++}: ` : "";
    return `${alias}${field.name}${args}${this.directive()}${composite ? ` ${this.selections(getNamedType(field.type), depth + 1)}` : ""}`;
  }

  introspection() {
    const [field, name] = this.pick([["__schema", "__Schema"], ['__type(name: "Query")', "__Type"]]);
    return `a${this.aliases++}: ${field} ${this.selections(this.schema.getType(name), 1)}`;
  }

  directive() {
    if (!this.chance(0.05)) return "";
    return ` @${this.pick(["skip", "include"])}(if: ${this.value(new GraphQLNonNull(this.schema.getType("Boolean")), 9)})`;
  }

  // A value, or a variable of this type.
  value(type, depth) {
    if (!this.chance(0.25)) return this.literal(type, depth, false);
    const name = `$v${this.variables.length}`;
    const declared = !isNonNullType(type) && this.chance(0.2) ? `${type}!` : `${type}`;
    const standard = this.chance(0.15) ? ` = ${this.literal(type, depth + 1, true)}` : "";
    const described = this.chance(0.05) ? '"What it is." ' : "";
    this.variables.push(`${described}${name}: ${declared}${standard}`);
    return name;
  }

  literal(type, depth, constant) {
    if (!isNonNullType(type) && this.chance(0.05)) return "null";
    type = getNullableType(type);
    const inner = (of) => (constant ? this.literal(of, depth + 1, true) : this.value(of, depth + 1));
    if (isListType(type)) {
      if (this.chance(0.15)) return this.literal(getNullableType(type.ofType), depth + 1, constant);
      return `[${Array.from({ length: Math.floor(this.random() * 3) }, () => inner(type.ofType)).join(", ")}]`;
    }
    if (isInputObjectType(type)) {
      const all = Object.values(type.getFields());
      const one = this.pick(all);
      if (type.isOneOf) return `{ ${one.name}: ${this.literal(new GraphQLNonNull(one.type), depth + 1, true)} }`;
      const given = all.filter((field) => isRequiredInputField(field) || (depth < 3 && this.chance(2 / all.length)));
      return `{ ${given.map((field) => `${field.name}: ${inner(field.type)}`).join(", ")} }`;
    }
    if (isEnumType(type)) return this.pick(type.getValues()).name;
    const scalars = { Int: ["0", "1", "25", "-3"], Float: ["1", "1.5", "-2e3"], Boolean: ["true", "false"], ID: ['"rec_1"', "7"], Date: ['"2024-02-29"'], DateTime: ['"2024-02-29T10:00:00Z"'] };
    return this.pick(scalars[type.name] ?? STRINGS);
  }

  broken() {
    const once = this.change(this.next());
    return this.chance(0.3) ? this.change(once) : once;
  }

  change(text) {
    const all = tokens(text);
    if (!all.length) return this.pick(ODD);
    const token = this.pick(all);
    const [before, own, after] = [text.slice(0, token.start), text.slice(token.start, token.end), text.slice(token.end)];
    const replace = ({ start, end }, other) => `${text.slice(0, start)}${other}${text.slice(end)}`;
    const swap = (one, other) => {
      const [first, last] = one.start < other.start ? [one, other] : [other, one];
      const between = text.slice(first.end, last.start);
      return `${text.slice(0, first.start)}${text.slice(last.start, last.end)}${between}${text.slice(first.start, first.end)}${text.slice(last.end)}`;
    };
    const names = all.filter(({ kind }) => kind === TokenKind.NAME);
    const values = all.filter(isValue);
    const changes = [
      () => `${before}${after}`,
      () => `${before}${own} ${own}${after}`,
      () => swap(token, all[all.indexOf(token) + 1] ?? all[0]),
      () => swap(token, this.pick(all)),
      () => `${before}${this.pick(ODD)}${after}`,
      () => `${before}${this.pick(ODD)} ${own}${after}`,
      () => `${before}${own}${this.pick(ODD)}${after}`,
      () => `${before}${own}${this.pick([" ", "\n", ",", "\t", "#c\n", "#\r", "\uFEFF", " , # x {\n"])}${after}`,
      () => `${before}${own}${after.trimStart()}`,
      () => (names.length ? replace(this.pick(names), this.pick(this.names)) : text),
      () => (names.length ? replace(this.pick(names), this.pick(names).value) : text),
      () => (values.length ? replace(this.pick(values), this.pick(VALUES)) : text),
    ];
    return this.pick(changes)();
  }
}

function isValue({ kind, value }) {
  const literal = [TokenKind.INT, TokenKind.FLOAT, TokenKind.STRING, TokenKind.BLOCK_STRING].includes(kind);
  return literal || /^([A-Z_]+|true|false|null)$/.test(value ?? "");
}

// The tokens of a text, as far as it has any.
function tokens(text) {
  const all = [];
  const lexer = new Lexer(new Source(text));
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (token.kind !== TokenKind.COMMENT) all.push(token);
    }
  } catch {
    // It was changed before.
  }
  return all;
}

function namesOf(schema) {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) => Object.values(type.getFields?.() ?? {}));
  const values = types.flatMap((type) => type.getValues?.() ?? []);
  return [...types, ...fields, ...fields.flatMap((field) => field.args ?? []), ...values].map(({ name }) => name);
}
