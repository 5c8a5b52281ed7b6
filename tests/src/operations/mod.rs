//! Operations made by chance from the schema: queries of every kind that clients send, most of them right and some wrong. What was
//! used least so far is used next, so that nothing of the schema is left out. The same seed makes the same operations of the same
//! records.

mod inputs;
mod known;
mod wrong;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use self::inputs::{choices, orders};
pub use self::known::Known;
use self::known::around;
use crate::chance::Chance;
use crate::made::Made;
use crate::schema::{Field, List, Schema};

/// How many records follow each other in a selection, and how many relations in a filter.
const DEEP: u32 = 2;
/// The most rows of a list at the root, and of one below it.
const ROWS: usize = 12;
const ROWS_BELOW: usize = 3;
/// What is selected of a page beside its records.
const PAGE: &str = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

/// What is shown to administrators only.
const ADMINISTRATED: [&str; 2] = ["clients", "webhooks"];
/// What takes long, since it reads every record: it is asked for seldom.
const CHECKPOINT: &str = "checkpoint";

/// The arguments of a field, by their names.
type Arguments = Vec<(String, Made)>;

/// An operation with its variables.
pub struct Operation {
    pub text: String,
    pub variables: Map<String, Value>,
    /// What of the schema it uses, such as `RecommendationFilter.label.eq`.
    pub uses: BTreeSet<String>,
    /// Whether it reads the list `walked` page by page: `$first`, `$after`, `$last` and `$before` are free then.
    pub is_walk: bool,
}

/// All names that operations should have used when there are enough of them: the fields of records and of the root, lists among them;
/// the keys of look-ups; the comparisons and the logic of filters; the orders, each way.
pub fn names(schema: &Schema) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let objects = schema.objects("Node").into_iter().chain(["Query".to_owned()]);
    for object in objects {
        for list in schema.lists(&object) {
            names.extend(choices(schema, &list.filter).into_iter().map(|choice| choice.name));
            names.extend(orders(schema, &list.keys));
        }
        for field in schema.fields(&object) {
            for by in schema.arguments(&object, &field.name).into_iter().filter(|argument| argument.name == "by") {
                names.extend(schema.fields(&by.kind).iter().map(|key| format!("{}.{}", by.kind, key.name)));
            }
            names.insert(format!("{object}.{}", field.name));
        }
    }
    names
}

/// All that administrators only are shown.
pub fn administrated(schema: &Schema) -> Operation {
    let fields = schema.fields("Query").into_iter().filter(|field| ADMINISTRATED.contains(&field.name.as_str()));
    let (names, selected): (BTreeSet<String>, Vec<String>) = fields
        .map(|field| (format!("Query.{}", field.name), format!("{} {}", field.name, around(schema, &field.kind))))
        .unzip();
    let text = format!("{{ {} }}", selected.join(" "));
    Operation { text, variables: Map::new(), uses: names, is_walk: false }
}

/// Makes operations.
pub struct Maker<'a> {
    schema: &'a Schema,
    known: &'a Known,
    chance: Chance,
    /// How often each name was used.
    times: HashMap<String, usize>,
    draft: Draft,
}

/// The operation that is being made.
#[derive(Default)]
struct Draft {
    declared: Vec<String>,
    given: Map<String, Value>,
    fragments: Vec<String>,
    /// The types of the fragments that say no more than which record it is.
    referred: BTreeSet<String>,
    uses: BTreeSet<String>,
    /// Whether a value may be a variable: it does not stand in one.
    may_declare: bool,
}

/// A field as it is selected.
struct Selected {
    /// Its name with its arguments.
    head: String,
    /// What is selected of its value, in braces.
    below: String,
}

impl Selected {
    fn with(&self, alias: &str, directive: &str) -> String {
        let alias = if alias.is_empty() { String::new() } else { format!("{alias}: ") };
        format!("{alias}{}{directive}{}", self.head, self.below)
    }
}

impl<'a> Maker<'a> {
    pub fn of(schema: &'a Schema, known: &'a Known, seed: u64) -> Self {
        Self { schema, known, chance: Chance::of(seed), times: HashMap::new(), draft: Draft::default() }
    }

    /// Names that are used next: the operations that used them were refused for something else.
    pub fn owe<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            self.times.remove(name);
        }
    }

    pub fn operation(&mut self) -> Operation {
        self.draft = Draft { may_declare: true, ..Draft::default() };
        match self.chance.below(20) {
            0 | 1 => self.wrong(),
            2..=4 => self.walk(),
            _ => {
                let roots: Vec<String> = (0..=self.chance.below(3)).map(|number| self.root(number)).collect();
                self.finish(&roots.join(" "), false)
            }
        }
    }

    fn finish(&mut self, roots: &str, is_walk: bool) -> Operation {
        let Draft { declared, given, fragments, uses, .. } = std::mem::take(&mut self.draft);
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let text = format!("query Made{declared} {{ {roots} }} {}", fragments.join(" "));
        Operation { text, variables: given, uses, is_walk }
    }

    /// The name that was used least so far, by its place among these; if there are several, one of them by chance.
    fn rarest(&mut self, names: &[String]) -> usize {
        let times = |name: &String| self.times.get(name).copied().unwrap_or(0);
        let least = names.iter().map(times).min().expect("names");
        let rare: Vec<usize> = (0..names.len()).filter(|index| times(&names[*index]) == least).collect();
        let index = *self.chance.pick(&rare);
        *self.times.entry(names[index].clone()).or_default() += 1;
        self.draft.uses.insert(names[index].clone());
        index
    }

    /// One of these fields of an object.
    fn rarest_field(&mut self, on: &str, fields: &[Field]) -> usize {
        let names: Vec<String> = fields.iter().map(|field| format!("{on}.{}", field.name)).collect();
        self.rarest(&names)
    }

    /// A field of the root: more often a list than anything else.
    fn root(&mut self, number: usize) -> String {
        let mut fields = self.schema.fields("Query");
        let is_long = self.chance.one_in(60);
        fields.retain(|field| !ADMINISTRATED.contains(&field.name.as_str()) && (is_long || field.name != CHECKPOINT));
        let (lists, others): (Vec<Field>, Vec<Field>) =
            fields.into_iter().partition(|field| field.kind.ends_with("Connection"));
        let fields = if self.chance.below(10) < 6 { lists } else { others };
        let field = &fields[self.rarest_field("Query", &fields)];
        // What is one record may say more of it.
        let depth = if field.kind.ends_with("Connection") { DEEP } else { DEEP + 1 };
        self.field("Query", field, depth).with(&format!("r{number}"), "")
    }

    /// A few fields of a type, some of them in fragments and under directives.
    fn selection(&mut self, on: &str, depth: u32) -> String {
        let mut fields = self.schema.fields(on);
        fields.retain(|field| depth > 0 || self.schema.is_leaf(&field.kind));
        let mut selected = Vec::new();
        for _ in 0..=self.chance.below(3) {
            if fields.is_empty() {
                break;
            }
            let field = fields.swap_remove(self.rarest_field(on, &fields));
            let field = self.field(on, &field, depth);
            selected.push(self.dressed(on, &field, selected.len()));
        }
        if self.schema.has(on, "id") && self.chance.one_in(4) {
            selected.push(self.reference(on));
        }
        if selected.is_empty() || self.chance.one_in(10) {
            selected.push("__typename".to_owned());
        }
        format!("{{ {} }}", selected.join(" "))
    }

    /// A field of a type with its arguments and with what is selected of its value.
    fn field(&mut self, on: &str, field: &Field, depth: u32) -> Selected {
        if let Some(list) = self.schema.lists(on).into_iter().find(|list| list.name == field.name) {
            return self.list(on, &list, depth);
        }
        let known = self.schema.arguments(on, &field.name);
        let of_nodes = if on == "Query" { self.of_nodes(&field.name) } else { None };
        let (arguments, kinds) = of_nodes.unwrap_or_else(|| {
            let made = |argument: &Field| Some((argument.name.clone(), self.argument(argument, &field.kind)?));
            (known.iter().filter_map(made).collect(), Vec::new())
        });
        let head = self.call(&field.name, &known, arguments);
        let below = match field.kind.as_str() {
            "Node" => format!(" {}", self.of_any_kind(&kinds, depth)),
            kind if self.schema.is_leaf(kind) => String::new(),
            kind => format!(" {}", self.selection(kind, depth.saturating_sub(1))),
        };
        Selected { head, below }
    }

    /// The arguments of a field that looks records up whatever their types are, and these types.
    fn of_nodes(&mut self, field: &str) -> Option<(Arguments, Vec<String>)> {
        Some(match field {
            "node" => {
                let (mut ids, kinds) = self.ids(1);
                (vec![("id".to_owned(), ids.remove(0))], kinds)
            }
            "nodes" => {
                let count = 1 + self.chance.below(6);
                let (ids, kinds) = self.ids(count);
                (vec![("ids".to_owned(), Made::List(ids))], kinds)
            }
            "nodeByExternalId" => {
                let (record, kind) = self.record_type();
                let external = self.external_id(&kind);
                (vec![("type".to_owned(), record), ("externalId".to_owned(), external)], vec![kind])
            }
            _ => return None,
        })
    }

    /// A field with its arguments, each written in the document or given beside it.
    fn call(&mut self, name: &str, known: &[Field], arguments: Arguments) -> String {
        let written = arguments.into_iter().map(|(name, value)| {
            let argument = known.iter().find(|argument| argument.name == name).expect("an argument");
            // What has variables in it stands in the document.
            let value = if self.chance.one_in(4) && is_constant(&value) {
                self.declared(&value, &argument.written)
            } else {
                value
            };
            format!("{name}: {}", value.literal())
        });
        let written: Vec<String> = written.collect();
        if written.is_empty() { name.to_owned() } else { format!("{name}({})", written.join(", ")) }
    }

    /// Declares a variable: with a default or without, and gives it a value or leaves it at that.
    fn declared(&mut self, value: &Made, written: &str) -> Made {
        let name = format!("v{}", self.draft.declared.len());
        let (has_default, is_given) = [(false, true), (false, true), (true, false), (true, true)][self.chance.below(4)];
        let default = if has_default { format!(" = {}", value.literal()) } else { String::new() };
        self.draft.declared.push(format!("${name}: {written}{default}"));
        if is_given {
            self.draft.given.insert(name.clone(), value.json());
        }
        Made::Variable(name)
    }

    /// A page of a list.
    fn list(&mut self, on: &str, list: &List, depth: u32) -> Selected {
        let is_root = on == "Query";
        let mut arguments = self.narrowed(list, if is_root { DEEP } else { 1 });
        arguments.extend(self.window(if is_root { ROWS } else { ROWS_BELOW }));
        let head = self.call(&list.name, &self.schema.arguments(on, &list.name), arguments);
        // The count tells of all rows that a filter finds, where a page has the first of them.
        let is_counted = self.chance.below(4) < if is_root { 3 } else { 1 };
        Selected { head, below: self.page(list, depth, is_counted) }
    }

    /// What of a list is asked for, in which order.
    fn narrowed(&mut self, list: &List, depth: u32) -> Arguments {
        let mut arguments = Vec::new();
        if self.chance.below(10) < 6 {
            arguments.push(("filter".to_owned(), self.filter(&list.filter, depth)));
        }
        if self.chance.below(10) < 6 {
            arguments.push(("orderBy".to_owned(), self.order(&list.keys)));
        }
        arguments
    }

    fn page(&mut self, list: &List, depth: u32, is_counted: bool) -> String {
        let mut selected = Vec::new();
        let way = self.chance.below(4);
        if way < 3 {
            selected.push(format!("nodes {}", self.selection(&list.node, depth.saturating_sub(1))));
        }
        if way > 1 {
            selected.push(format!("edges {{ cursor node {} }}", self.selection(&list.node, 0)));
        }
        if is_counted {
            selected.push("totalCount".to_owned());
        }
        if self.chance.one_in(3) {
            selected.push(PAGE.to_owned());
        }
        format!(" {{ {} }}", selected.join(" "))
    }

    /// Which record it is, by a fragment on its type or on all that have an id; the same one wherever it is asked for.
    fn reference(&mut self, kind: &str) -> String {
        let nodes = self.schema.objects("Node");
        let is_node = kind == "Node" || nodes.iter().any(|node| node == kind);
        let on = if is_node && self.chance.one_in(2) { "Node" } else { kind };
        if self.draft.referred.insert(on.to_owned()) {
            self.draft.fragments.push(format!("fragment Of{on} on {on} {{ __typename id }}"));
        }
        format!("...Of{on}")
    }

    /// What is selected of a record whose type is not known: of some types more than of others.
    fn of_any_kind(&mut self, kinds: &[String], depth: u32) -> String {
        let nodes = self.schema.objects("Node");
        let mut kinds: Vec<String> = kinds.iter().filter(|kind| nodes.contains(kind)).cloned().collect();
        kinds.push(self.chance.pick(&nodes).clone());
        kinds.sort();
        kinds.dedup();
        let mut selected = vec![self.reference("Node")];
        for (number, kind) in kinds.into_iter().enumerate() {
            let mut fields = self.schema.fields(&kind);
            fields.retain(|field| depth > 1 || self.schema.is_leaf(&field.kind));
            let field = &fields[self.rarest_field(&kind, &fields)];
            // Names differ from type to type, since fields of one name need to be of one type.
            let field = self.field(&kind, field, depth.saturating_sub(1)).with(&format!("of{number}"), "");
            selected.push(format!("... on {kind} {{ {field} }}"));
        }
        format!("{{ {} }}", selected.join(" "))
    }

    /// A field as it is, under another name, in a fragment or under a directive.
    fn dressed(&mut self, on: &str, field: &Selected, number: usize) -> String {
        match self.chance.below(14) {
            0 => format!("... on {on} {{ {} }}", field.with("", "")),
            1 => format!("...{} {{ {} }}", self.directive(), field.with("", "")),
            2 => {
                let name = format!("F{}", self.draft.fragments.len());
                self.draft.fragments.push(format!("fragment {name} on {on} {{ {} }}", field.with("", "")));
                format!("...{name}{}", if self.chance.one_in(3) { self.directive() } else { String::new() })
            }
            3 => {
                let directive = self.directive();
                field.with("", &directive)
            }
            4 => field.with(&format!("also{number}"), ""),
            _ => field.with("", ""),
        }
    }

    /// A directive, more often one that lets its field stand.
    fn directive(&mut self) -> String {
        let stands = !self.chance.one_in(4);
        let (name, value) = if self.chance.one_in(2) { ("include", stands) } else { ("skip", !stands) };
        let value = Made::of(value);
        let value = if self.chance.one_in(2) { self.declared(&value, "Boolean!") } else { value };
        format!(" @{name}(if: {})", value.literal())
    }

    /// A list that is read page by page, at the root or below some records.
    fn walk(&mut self) -> Operation {
        let lists = self.schema.lists("Query");
        let parents: Vec<&List> = lists.iter().filter(|list| !self.schema.lists(&list.node).is_empty()).collect();
        let root = if self.chance.one_in(2) {
            self.walked("Query", &lists)
        } else {
            let List { name, node, .. } = *self.chance.pick(&parents);
            let walked = self.walked(node, &self.schema.lists(node));
            format!("{name}(first: 3) {{ nodes {{ id {walked} }} }}")
        };
        self.draft
            .declared
            .extend(["$first: Int", "$after: String", "$last: Int", "$before: String"].map(str::to_owned));
        let first = 2 + self.chance.below(6);
        self.draft.given.insert("first".to_owned(), first.into());
        self.finish(&root, true)
    }

    /// One of the lists of an object, with variables for its window.
    fn walked(&mut self, on: &str, lists: &[List]) -> String {
        let names: Vec<String> = lists.iter().map(|list| format!("{on}.{}", list.name)).collect();
        let list = &lists[self.rarest(&names)];
        let narrowed = self.narrowed(list, 1).into_iter().map(|(name, value)| format!("{name}: {}", value.literal()));
        let window = ["first", "after", "last", "before"].map(|name| format!("{name}: ${name}"));
        let arguments: Vec<String> = narrowed.chain(window).collect();
        let node = self.selection(&list.node, 0);
        let count = if self.chance.one_in(2) { "totalCount" } else { "" };
        format!("walked: {}({}) {{ {count} {PAGE} edges {{ cursor node {node} }} }}", list.name, arguments.join(", "))
    }
}

/// Whether there are no variables in a value.
fn is_constant(value: &Made) -> bool {
    match value {
        Made::Word(_) | Made::Scalar(_) => true,
        Made::List(values) => values.iter().all(is_constant),
        Made::Object(fields) => fields.iter().all(|(_, value)| is_constant(value)),
        Made::Variable(_) => false,
    }
}
