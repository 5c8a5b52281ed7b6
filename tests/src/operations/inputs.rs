//! The inputs of operations: filters, orders, look-ups, and the values in them. Most values are those of records; some are at the edge
//! of what their type allows.

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde_json::Value;

use super::Maker;
use crate::made::Made;
use crate::schema::{Field, Schema};

/// Something that a filter can ask for: a comparison, a related record, or other filters.
pub(super) struct Choice {
    pub name: String,
    field: Field,
    /// The comparison, or what holds of related records.
    operator: Option<Field>,
}

/// All that a filter can ask for.
pub(super) fn choices(schema: &Schema, filter: &str) -> Vec<Choice> {
    let of_field = |field: Field| -> Vec<Choice> {
        let name = format!("{filter}.{}", field.name);
        if schema.has(&field.kind, "and") {
            return vec![Choice { name, field, operator: None }];
        }
        let choice = |operator: Field| {
            let name = format!("{name}.{}", operator.name);
            Choice { name, field: field.clone(), operator: Some(operator) }
        };
        schema.fields(&field.kind).into_iter().map(choice).collect()
    };
    schema.fields(filter).into_iter().flat_map(of_field).collect()
}

/// All that a list is sorted by, each way.
pub(super) fn orders(schema: &Schema, keys: &str) -> Vec<String> {
    schema.values(keys).iter().flat_map(|key| ["ASC", "DESC"].map(|way| format!("{keys}.{key} {way}"))).collect()
}

/// Texts that databases might fold, escape, cut or sort each in its own way.
const ODD_TEXTS: [&str; 20] = [
    "",
    " ",
    "%",
    "_",
    "\\",
    "a_b%",
    "'; --",
    "\"",
    "a\nb",
    "ТАШКЕНТ",
    "таш",
    "žil",
    "Ž",
    "İ",
    "ß",
    "e\u{301}",
    "\u{1F600}",
    "\u{FFFD}",
    "~",
    "Synthetic",
];
/// Days at the ends of what is allowed, and one that few years have.
const ODD_DAYS: [&str; 4] = ["1000-01-01", "9999-12-31", "2024-02-29", "2025-12-01"];
/// Finer than a microsecond, in another zone, a leap second, and the ends of what is allowed. The tests begin at four o'clock.
const ODD_TIMES: [&str; 9] = [
    "2026-01-15T04:00:00Z",
    "2026-01-15T09:00:00+05:00",
    "2026-01-15T04:00:00.0000001Z",
    "2026-01-15T04:00:00.500000999Z",
    "2026-01-15T04:00:02.5Z",
    "2016-12-31T23:59:60Z",
    "1000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59.9999999Z",
];
const ODD_NUMBERS: [i32; 6] = [i32::MIN, -1, 0, 1, 2, i32::MAX];
const ODD_IDS: [&str; 5] =
    ["", "x", "mtg_00", "rec_01970000000070008000000000000001", "REC_01970000000070008000000000000001"];

impl Maker<'_> {
    /// A filter of a type, as deep as it may be.
    pub(super) fn filter(&mut self, filter: &str, depth: u32) -> Made {
        let node = filter.trim_end_matches("Filter");
        let mut fields: Vec<(String, Made)> = Vec::new();
        for _ in 0..if self.chance.one_in(4) { 2 } else { 1 } {
            let mut choices = choices(self.schema, filter);
            choices.retain(|choice| {
                (depth > 0 || !self.schema.is_related(choice))
                    && fields.iter().all(|(name, _)| *name != choice.field.name)
            });
            if choices.is_empty() {
                break;
            }
            let names: Vec<String> = choices.iter().map(|choice| choice.name.clone()).collect();
            let choice = choices.swap_remove(self.rarest(&names));
            let value = self.asked(node, &choice, depth);
            fields.push((choice.field.name, value));
        }
        Made::Object(fields)
    }

    /// What a filter asks for.
    fn asked(&mut self, node: &str, choice: &Choice, depth: u32) -> Made {
        let Choice { field, operator, .. } = choice;
        let is_some_of_them = ["and", "or"].contains(&field.name.as_str());
        match operator {
            None if is_some_of_them => {
                // None at all is allowed, and then all of them hold, or none does.
                let count = if self.chance.one_in(10) { 0 } else { 1 + self.chance.below(2) };
                Made::List((0..count).map(|_| self.filter(&field.kind, depth - 1)).collect())
            }
            None => self.filter(&field.kind, depth - 1),
            Some(operator) if self.schema.has(&operator.kind, "and") => {
                Made::Object(vec![(operator.name.clone(), self.filter(&operator.kind, depth - 1))])
            }
            Some(operator) => Made::Object(self.comparisons(&format!("{node}.{}", field.name), field, operator)),
        }
    }

    /// A comparison, and sometimes another one that must hold as well.
    fn comparisons(&mut self, of: &str, field: &Field, operator: &Field) -> Vec<(String, Made)> {
        let mut made = vec![(operator.name.clone(), self.operand(of, operator))];
        if self.chance.one_in(6) {
            let others = self.schema.fields(&field.kind);
            let other = self.chance.pick(&others);
            if other.name != operator.name {
                made.push((other.name.clone(), self.operand(of, other)));
            }
        }
        made
    }

    /// What is compared with: in the document, or beside it.
    fn operand(&mut self, of: &str, operator: &Field) -> Made {
        if self.chance.one_in(40) {
            return Made::of(Value::Null);
        }
        let value = match operator.name.as_str() {
            "in" | "notIn" => Made::List((0..self.chance.below(4)).map(|_| self.value(&operator.kind, of)).collect()),
            "isNull" => self.odd(&operator.kind),
            "between" => self.range(of, &operator.kind),
            "contains" => self.part(of, false),
            "startsWith" => self.part(of, true),
            _ => self.value(&operator.kind, of),
        };
        if self.draft.may_declare && self.chance.one_in(6) { self.declared(&value, &operator.written) } else { value }
    }

    /// From one value to another; sometimes from the later to the earlier, between which there is nothing.
    fn range(&mut self, of: &str, range: &str) -> Made {
        let ends = self.schema.fields(range);
        let mut values: Vec<Made> = ends.iter().map(|end| self.value(&end.kind, of)).collect();
        if !self.chance.one_in(8) {
            values.sort_by_cached_key(|value| {
                let value = value.json();
                (value.as_i64(), value.as_str().map(str::to_owned))
            });
        }
        Made::Object(ends.into_iter().map(|end| end.name).zip(values).collect())
    }

    /// A part of a text, in this case or another.
    fn part(&mut self, of: &str, from_the_start: bool) -> Made {
        let known = self.known.one(of, &mut self.chance).filter(|_| !self.chance.one_in(8));
        let Some(Value::String(text)) = known else { return Made::of(*self.chance.pick(&ODD_TEXTS)) };
        let characters: Vec<char> = text.chars().collect();
        let from = if from_the_start { 0 } else { self.chance.below(characters.len()) };
        let length = 1 + self.chance.below(6);
        let part: String = characters.into_iter().skip(from).take(length).collect();
        Made::of(match self.chance.below(3) {
            0 => part.to_lowercase(),
            1 => part.to_uppercase(),
            _ => part,
        })
    }

    /// A value of a type: mostly one that a field has.
    pub(super) fn value(&mut self, kind: &str, of: &str) -> Made {
        // What is no id of the kind is refused, and with it the field.
        let odd = self.chance.one_in(if kind == "ID" { 40 } else { 8 });
        let known = self.known.one(of, &mut self.chance).filter(|_| !odd);
        match known {
            Some(Value::String(word)) if !self.schema.values(kind).is_empty() => Made::Word(word),
            Some(Value::String(time)) if kind == "DateTime" => Made::of(self.time(&time)),
            Some(value) => Made::of(value),
            None => self.odd(kind),
        }
    }

    /// A time as it is, in another zone, or a little later than rows can be.
    fn time(&mut self, time: &str) -> String {
        let Ok(at) = DateTime::parse_from_rfc3339(time) else { return time.to_owned() };
        match self.chance.below(4) {
            0 => at.with_timezone(&FixedOffset::east_opt(5 * 3600).expect("a zone")).to_rfc3339(),
            1 | 2 => (at + TimeDelta::nanoseconds(300)).to_rfc3339(),
            _ => time.to_owned(),
        }
    }

    fn odd(&mut self, kind: &str) -> Made {
        match kind {
            "Boolean" => Made::of(self.chance.one_in(2)),
            "Int" => Made::of(*self.chance.pick(&ODD_NUMBERS)),
            "Date" => Made::of(*self.chance.pick(&ODD_DAYS)),
            "DateTime" => Made::of(*self.chance.pick(&ODD_TIMES)),
            "ID" => self.odd_id(),
            "String" => Made::of(*self.chance.pick(&ODD_TEXTS)),
            _ => Made::Word(self.chance.pick(&self.schema.values(kind)).clone()),
        }
    }

    /// An id of nothing, or of any record.
    fn odd_id(&mut self) -> Made {
        if self.chance.one_in(2) {
            return Made::of(*self.chance.pick(&ODD_IDS));
        }
        let kinds = self.known.kinds();
        let kind = self.chance.pick(&kinds).clone();
        Made::of(self.known.one(&format!("{kind}.id"), &mut self.chance).unwrap_or_default())
    }

    /// One key or a few, each in a direction. A key may come again, and then says nothing.
    pub(super) fn order(&mut self, keys: &str) -> Made {
        let orders = orders(self.schema, keys);
        let count = [1, 1, 1, 2, 2, 3][self.chance.below(6)];
        let keys = (0..count).map(|_| {
            let order = &orders[self.rarest(&orders)];
            let (key, way) = order.split_once(' ').unwrap_or((order, ""));
            let key = key.rsplit('.').next().unwrap_or_default();
            let mut made = vec![("field".to_owned(), Made::Word(key.to_owned()))];
            if way == "DESC" || self.chance.one_in(2) {
                made.push(("direction".to_owned(), Made::Word(way.to_owned())));
            }
            Made::Object(made)
        });
        Made::List(keys.collect())
    }

    /// How a single record is looked up, by one of its keys.
    pub(super) fn look_up(&mut self, by: &str, kind: &str) -> Made {
        let keys = self.schema.fields(by);
        let names: Vec<String> = keys.iter().map(|key| format!("{by}.{}", key.name)).collect();
        let key = &keys[self.rarest(&names)];
        let value = if key.name == "externalId" {
            self.external_id(kind)
        } else {
            self.value(&key.kind, &format!("{kind}.{}", key.name))
        };
        Made::Object(vec![(key.name.clone(), value)])
    }

    /// What another system calls a record.
    pub(super) fn external_id(&mut self, kind: &str) -> Made {
        let system = self.value("String", "ExternalId.sourceSystem");
        let value = self.value("String", &format!("{kind}.externalId"));
        Made::Object(vec![("sourceSystem".to_owned(), system), ("value".to_owned(), value)])
    }

    /// A record type, and the kind of record that it stands for.
    pub(super) fn record_type(&mut self) -> (Made, String) {
        let types = self.schema.values("RecordType");
        let name = self.chance.pick(&types).clone();
        let kind: String = name.split('_').map(|word| word[..1].to_owned() + &word[1..].to_ascii_lowercase()).collect();
        (Made::Word(name), kind)
    }

    /// Ids of a few records, some of them of none; and the kinds of the records.
    pub(super) fn ids(&mut self, count: usize) -> (Vec<Made>, Vec<String>) {
        let nodes: Vec<String> = self.schema.objects("Node");
        let names: Vec<String> = nodes.iter().map(|kind| format!("Node.{kind}")).collect();
        let kinds: Vec<String> = (0..count).map(|_| nodes[self.rarest(&names)].clone()).collect();
        let ids = kinds.iter().map(|kind| self.value("ID", &format!("{kind}.id"))).collect();
        (ids, kinds)
    }

    /// A value for an argument that is no list's.
    pub(super) fn argument(&mut self, argument: &Field, kind: &str) -> Option<Made> {
        Some(match argument.name.as_str() {
            "by" => self.look_up(&argument.kind, kind),
            "locale" if self.chance.one_in(3) => Made::Word(self.chance.pick(&self.schema.values("Locale")).clone()),
            "types" if self.chance.one_in(2) => Made::List((0..3).map(|_| self.record_type().0).collect()),
            "first" => Made::of(1 + self.chance.below(8)),
            "after" if !self.chance.one_in(3) => Made::of(self.known.one("Feed.cursor", &mut self.chance)?),
            _ if argument.written.ends_with('!') => self.value(&argument.kind, &format!("{kind}.{}", argument.name)),
            _ => return None,
        })
    }

    /// How much of a list is asked for.
    pub(super) fn window(&mut self, most: usize) -> Vec<(String, Made)> {
        let size = Made::of(1 + self.chance.below(most));
        let window = match self.chance.below(12) {
            0..=6 => vec![("first", size)],
            7..=9 => vec![("last", size)],
            10 => vec![("first", size), ("after", Made::of(Value::Null))],
            _ => vec![],
        };
        window.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Schema {
    /// Whether a filter leads to others by it.
    fn is_related(&self, Choice { operator, .. }: &Choice) -> bool {
        operator.as_ref().is_none_or(|operator| self.has(&operator.kind, "and"))
    }
}
