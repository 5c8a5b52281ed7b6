#!/usr/bin/env bash
# Parsers of GraphQL for Rust: each of three current ones refuses a legal document that another one reads.
#
# The guess: commas, blanks and comments may stand between any two tokens (specification, "Ignored Tokens"), `{}` is a selection set since
# September 2026 and `\u{57}` an escape since September 2025, so current parsers read all of these. What is seen: bluejay-parser 0.5.0 wants `$`
# and the name of a variable together; apollo-parser 0.9.0-beta.2 (in apollo-compiler 2.0.0-beta.2) loses an alias before a comma and a
# fragment after one; cynic-parser 0.11.2 does not know `\u{57}`; only apollo-parser knows `{}`.
source "$(dirname "$0")/lib.sh"
cd "$folder"
cargo init --quiet --name parsers parsers
cd parsers
cargo add --quiet bluejay-parser@=0.5.0
cargo add --quiet apollo-compiler@=2.0.0-beta.2
cargo add --quiet cynic-parser@=0.11.2
cat > src/main.rs <<'RUST'
use apollo_compiler::ast::Document;
use bluejay_parser::ast::Parse as _;
use bluejay_parser::ast::executable::ExecutableDocument;

fn main() {
    println!("bluejay apollo cynic");
    for text in [
        "{ a }",
        "query($a: Int) { b(c: $a) }",
        "query($ a: Int) { b(c: $ a) }",
        "{ a, : b }",
        "{ ..., F } fragment F on A { b }",
        "{ a {} }",
        "\"What it is for.\" query Q { a }",
        "{ a(b: \"\\u{57}\") }",
    ] {
        let bluejay = ExecutableDocument::parse(text).result.is_ok();
        let apollo = Document::parse(text, "q.graphql").is_ok();
        let cynic = cynic_parser::parse_executable_document(text).is_ok();
        println!("{bluejay:7} {apollo:6} {cynic:5}  {text}");
    }
}
RUST
cargo run --quiet | tee seen
diff seen - <<'EOF'
bluejay apollo cynic
true    true   true   { a }
true    true   true   query($a: Int) { b(c: $a) }
false   true   true   query($ a: Int) { b(c: $ a) }
true    false  true   { a, : b }
true    false  true   { ..., F } fragment F on A { b }
false   true   false  { a {} }
true    true   true   "What it is for." query Q { a }
true    true   false  { a(b: "\u{57}") }
EOF
