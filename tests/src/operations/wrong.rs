//! Operations that are wrong in one place: as a document, in a variable, in an argument of a list or of one below it. Some of their
//! fields are answered.

use serde_json::{Value, json};

use super::{Maker, Operation};
use crate::schema::List;

/// Pages that there are not, and windows that no list has.
const WINDOWS: [&str; 8] = [
    "first: 0",
    "first: -1",
    "first: 1000",
    "last: 0",
    "last: 101",
    "first: 2147483647",
    "first: 1, last: 1",
    "first: 0, after: \"x\"",
];
/// What is no operation of this schema, or passes a limit of operations.
const DOCUMENTS: [&str; 14] = [
    "{ nothing }",
    "{ meetings { nodes } }",
    "{ meetings { nodes { id { x } } } }",
    "{ meeting { id } }",
    "{ meetings(first: 1) { nodes { ...Missing } } }",
    "query($unused: Int) { viewer { role } }",
    "query { viewer { role(x: 1) } }",
    "{ viewer { role",
    "query A { viewer { role } } query B { viewer { role } }",
    "{ meeting(by: {}) { id } }",
    "{ body(by: { code: \"WG-A\", id: \"x\" }) { id } }",
    "{ body(by: { code: null }) { id } }",
    "{ meetings { nodes { title @include } } }",
    "{ organizations(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }",
];

impl Maker<'_> {
    pub(super) fn wrong(&mut self) -> Operation {
        let lists = self.schema.lists("Query");
        let list = self.chance.pick(&lists).clone();
        match self.chance.below(7) {
            0 => {
                let document = (*self.chance.pick(&DOCUMENTS)).to_owned();
                self.finish_with(document, json!({}))
            }
            1 => {
                let window = *self.chance.pick(&WINDOWS);
                self.in_a_list(&list, window)
            }
            2 => self.wrong_cursor(&list),
            3 => self.wrong_variable(&list),
            4 => self.wrong_filter(&list),
            5 => self.wrong_look_up(),
            _ => self.wrong_below(),
        }
    }

    fn finish_with(&mut self, text: String, variables: Value) -> Operation {
        let variables = if let Value::Object(variables) = variables { variables } else { serde_json::Map::new() };
        Operation { text, variables, ..self.finish("", false) }
    }

    /// A list that is asked for wrongly, beside one that is not.
    fn in_a_list(&mut self, List { name, .. }: &List, arguments: &str) -> Operation {
        let text = format!(
            "{{ viewer {{ role }} right: {name}(first: 1) {{ nodes {{ id }} }} wrong: {name}({arguments}) {{ totalCount nodes {{ id }} }} }}"
        );
        self.finish_with(text, json!({}))
    }

    fn wrong_cursor(&mut self, list: &List) -> Operation {
        // That of the whole list in its own order is right, if it is this one's.
        let known = self.value("String", "List.cursor").literal();
        let feed = self.value("String", "Feed.cursor").literal();
        let cursors = [known.clone(), known, feed, "\"\"".to_owned(), "\"bm90aGluZw\"".to_owned(), "\"é\"".to_owned()];
        let cursor = self.chance.pick(&cursors).clone();
        match self.chance.below(4) {
            0 => {
                let order = self.order(&list.keys).literal();
                self.in_a_list(list, &format!("orderBy: {order}, after: {cursor}"))
            }
            1 => self.in_a_list(list, &format!("last: 2, before: {cursor}")),
            2 => self.in_a_list(list, &format!("first: 2, after: {cursor}")),
            _ => {
                let after = self.chance.pick(&["x", "", "AAAA", "ffffffffffffffff0"]);
                let text = format!("{{ feedHead changes(after: \"{after}\", first: 2) {{ endCursor }} }}");
                self.finish_with(text, json!({}))
            }
        }
    }

    /// A variable that is not what its type says.
    fn wrong_variable(&mut self, list: &List) -> Operation {
        let List { name, filter, keys, .. } = list;
        let order = keys.trim_end_matches("Field");
        let (declared, argument, value) = [
            (format!("[{order}!]"), "orderBy", json!([{ "field": "NOTHING" }])),
            (format!("[{order}!]"), "orderBy", json!([{ "direction": "ASC" }])),
            (format!("[{order}!]"), "orderBy", json!("ID")),
            ("Int".to_owned(), "first", json!("x")),
            ("Int".to_owned(), "first", json!(1.5)),
            ("Int".to_owned(), "first", json!(2_147_483_648_u64)),
            ("String".to_owned(), "after", json!(7)),
            (filter.clone(), "filter", json!({ "nothing": 1 })),
            (filter.clone(), "filter", json!([])),
            (filter.clone(), "filter", json!({ "and": [{ "id": { "eq": {} } }] })),
        ][self.chance.below(10)]
        .clone();
        let text = format!("query($v: {declared}) {{ {name}({argument}: $v) {{ nodes {{ id }} }} }}");
        self.finish_with(text, json!({ "v": value }))
    }

    /// A filter that asks for too much, or for what no row can hold.
    fn wrong_filter(&mut self, list: &List) -> Operation {
        let (filter, many) = (&list.filter, vec![json!({ "and": [] }); 101]);
        let fields = self.schema.fields(filter);
        let field = self.chance.pick(&fields).clone();
        let own = fields.iter().find(|own| own.kind == *filter && own.name != "not");
        let deep = own.map(|own| (0..12).fold(json!({}), |inner, _| json!({ &own.name: inner })));
        let value = match (field.kind.as_str(), self.chance.below(3)) {
            ("StringFilter" | "TextFilter", 0) => json!({ &field.name: { "contains": "x".repeat(2001) } }),
            ("StringFilter" | "TextFilter", 1) => json!({ &field.name: { "startsWith": "a\0b" } }),
            ("StringFilter", _) => json!({ &field.name: { "in": vec!["x"; 101] } }),
            ("DateFilter", 0) => json!({ &field.name: { "lt": "0999-12-31" } }),
            ("DateFilter", _) => json!({ &field.name: { "lt": "2025-02-30" } }),
            ("DateTimeFilter", 0) => json!({ &field.name: { "between": { "from": "yesterday", "to": "today" } } }),
            ("DateTimeFilter", _) => json!({ &field.name: { "gt": "+10000-01-01T00:00:00Z" } }),
            ("IdFilter", _) => json!({ &field.name: { "notIn": vec!["x"; 101] } }),
            (_, 0) => deep.unwrap_or_else(|| json!({ "or": many })),
            _ => json!({ "or": many }),
        };
        let text = format!("query($f: {filter}) {{ {}(filter: $f) {{ totalCount nodes {{ id }} }} }}", list.name);
        self.finish_with(text, json!({ "f": value }))
    }

    fn wrong_look_up(&mut self) -> Operation {
        let ids = vec!["x"; 101];
        let (text, variables) = [
            ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })),
            ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [] })),
            ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [null] })),
            ("query($id: ID!) { node(id: $id) { id } }", json!({})),
            ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": 7 })),
            ("{ a: node(id: \"\") { id } b: node(id: \"\\u0000\") { id } }", json!({})),
            ("{ meeting(by: { id: \"x\" }) { id } organization(by: { acronym: \"\\u0000\" }) { id } }", json!({})),
            (
                "{ theme(by: { code: \"\" }) { id } recommendation(by: { label: \"rec/wg-a/2025/1\" }) { id } }",
                json!({}),
            ),
            ("{ changes(first: 0) { endCursor } }", json!({})),
            ("{ changes(first: 501) { endCursor } }", json!({})),
            ("{ body(by: { externalId: { sourceSystem: \"\", value: \"\" } }) { id } }", json!({})),
            ("{ clients { id } webhooks { id } }", json!({})),
        ][self.chance.below(12)]
        .clone();
        self.finish_with(text.to_owned(), variables)
    }

    /// A list below others that is asked for wrongly: an error for each of them.
    fn wrong_below(&mut self) -> Operation {
        let lists = self.schema.lists("Query");
        let parents: Vec<&List> = lists.iter().filter(|list| !self.schema.lists(&list.node).is_empty()).collect();
        let List { name, node, .. } = *self.chance.pick(&parents);
        let below = self.schema.lists(node);
        let inner = self.chance.pick(&below).clone();
        let key = format!("{{ field: {} }}", self.chance.pick(&self.schema.values(&inner.keys)));
        let long = format!("[{}]", vec![key; 6].join(", "));
        let wrong = [
            (*self.chance.pick(&WINDOWS)).to_owned(),
            "first: 2, after: \"bm90aGluZw\"".to_owned(),
            format!("orderBy: {long}"),
        ];
        let wrong = self.chance.pick(&wrong).clone();
        let text = format!(
            "{{ {name}(first: 3) {{ totalCount nodes {{ id right: {inner}(first: 1) {{ nodes {{ id }} }} \
             wrong: {inner}({wrong}) {{ nodes {{ id }} }} }} }} }}",
            inner = inner.name
        );
        self.finish_with(text, json!({}))
    }
}
