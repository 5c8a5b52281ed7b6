//! What is said of a document that breaks a rule of validation, and where in it. Judges nothing.

use bluejay_core::definition::{
    ArgumentsDefinition, DirectiveDefinition, EnumTypeDefinition as _, EnumValueDefinition, FieldDefinition,
    InputObjectTypeDefinition as _, InputType as _, InputValueDefinition, OutputType as _, SchemaDefinition as _,
    TypeDefinitionReference,
};
use bluejay_core::executable::{OperationDefinition as _, VariableType as _};
use bluejay_core::{AsIter, Value as _};
use bluejay_parser::ast::Value;
use bluejay_parser::ast::executable::{ExecutableDocument as Written, Field};
use bluejay_parser::{HasSpan, Span};
use bluejay_validator::executable::document::{ArgumentError, DirectiveError, Error};
use bluejay_validator::value::input_coercion::Error as ValueError;

use super::introspection::is_outdated;
use super::suggestion::{did_you_mean, listed};
use super::validate::SchemaDefinition;

/// What is wrong, and where.
pub type Said = (String, Vec<Span>);

/// The messages about documents of a schema.
pub struct Messages(pub &'static SchemaDefinition<'static>);

impl Messages {
    #[expect(clippy::too_many_lines, reason = "a sentence for each rule")]
    pub fn say<'a>(&self, error: Error<'a, Written<'a>, SchemaDefinition<'static>>) -> Said {
        match error {
            Error::NonUniqueOperationNames { name, operations } => {
                (format!("Two operations are called \"{name}\"."), spans(operations))
            }
            Error::NotLoneAnonymousOperation { anonymous_operations } => {
                ("An operation without a name stands alone in its document.".to_owned(), spans(anonymous_operations))
            }
            Error::SubscriptionRootNotSingleField { operation } => {
                ("A subscription selects one root field.".to_owned(), vec![*operation.span()])
            }
            Error::FieldDoesNotExistOnType { field, r#type } => {
                let name = field.name().as_str();
                let known = r#type.fields_definition().into_iter().flat_map(AsIter::iter).map(FieldDefinition::name);
                let similar = did_you_mean(name, known.filter(|name| !is_outdated(name)));
                let message = format!("Unknown field \"{name}\" on type \"{}\".{similar}", r#type.name());
                (message, vec![*field.name().span()])
            }
            Error::OperationTypeNotDefined { operation } => {
                let ty = bluejay_core::OperationType::from(operation.operation_type());
                (format!("The schema has no {ty}."), vec![*operation.span()])
            }
            Error::LeafFieldSelectionNotEmpty { selection_set, r#type } => {
                let message = format!("Type \"{}\" has no fields to select.", r#type.display_name());
                (message, vec![*selection_set.span()])
            }
            Error::NonLeafFieldSelectionEmpty { field, r#type } => {
                let (name, ty) = (field.name().as_str(), r#type.display_name());
                let message =
                    format!("Field \"{name}\" of type \"{ty}\" needs a selection of fields: {name} {{ ... }}.");
                (message, vec![*field.name().span()])
            }
            Error::NonUniqueFragmentDefinitionNames { name, fragment_definitions } => {
                (format!("Two fragments are called \"{name}\"."), spans(fragment_definitions))
            }
            Error::FragmentDefinitionTargetTypeDoesNotExist { fragment_definition } => {
                self.unknown_type(fragment_definition.type_condition().named_type())
            }
            Error::InlineFragmentTargetTypeDoesNotExist { inline_fragment } => inline_fragment
                .type_condition()
                .map_or_else(Said::default, |condition| self.unknown_type(condition.named_type())),
            Error::FragmentDefinitionTargetTypeNotComposite { fragment_definition } => {
                no_composite(fragment_definition.type_condition().named_type())
            }
            Error::InlineFragmentTargetTypeNotComposite { inline_fragment } => inline_fragment
                .type_condition()
                .map_or_else(Said::default, |condition| no_composite(condition.named_type())),
            Error::FragmentDefinitionUnused { fragment_definition } => {
                let name = fragment_definition.name();
                (format!("Fragment \"{}\" is not used.", name.as_str()), vec![*name.span()])
            }
            Error::FragmentSpreadTargetUndefined { fragment_spread } => {
                let name = fragment_spread.name();
                (format!("Unknown fragment \"{}\".", name.as_str()), vec![*name.span()])
            }
            Error::FragmentSpreadCycle { fragment_definition, fragment_spread } => {
                let message = format!("Fragment \"{}\" contains itself.", fragment_definition.name().as_str());
                (message, vec![*fragment_spread.span()])
            }
            Error::FieldSelectionsDoNotMergeIncompatibleTypes { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they have different types")
            }
            Error::FieldSelectionsDoNotMergeDifferingNames { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they are different fields")
            }
            Error::FieldSelectionsDoNotMergeDifferingArguments { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they have different arguments")
            }
            Error::FragmentSpreadIsNotPossible { fragment_spread, parent_type } => {
                let name = fragment_spread.name().as_str();
                let message = format!("Fragment \"{name}\" is never of type \"{}\".", parent_type.name());
                (message, vec![*fragment_spread.span()])
            }
            Error::InlineFragmentSpreadIsNotPossible { inline_fragment, parent_type } => {
                let on = inline_fragment.type_condition().map_or("", |condition| condition.named_type().as_str());
                let message = format!("A fragment on \"{on}\" is never of type \"{}\".", parent_type.name());
                (message, vec![*inline_fragment.span()])
            }
            Error::InvalidConstValue(error) => self.say_of_value(&error),
            Error::InvalidVariableValue(error) => self.say_of_value(&error),
            Error::InvalidConstDirective(error) => self.say_of_directive(error),
            Error::InvalidVariableDirective(error) => self.say_of_directive(error),
            Error::InvalidConstArgument(error) => say_of_argument(error),
            Error::InvalidVariableArgument(error) => say_of_argument(error),
            Error::NonUniqueVariableDefinitionNames { name, variable_definitions } => {
                let places = variable_definitions.iter().map(|one| *one.variable().span()).collect();
                (format!("Two variables are called \"${name}\"."), places)
            }
            Error::VariableDefinitionTypeNotInput { variable_definition } => {
                let ty = variable_definition.r#type();
                let name = ty.as_ref().name();
                if self.0.get_type_definition(name).is_none() {
                    return self.unknown_type_name(name, *ty.span());
                }
                let variable = variable_definition.variable().name();
                (format!("Variable \"${variable}\" cannot be of type \"{name}\", which is no input."), vec![*ty.span()])
            }
            Error::VariableNotDefined { variable, operation_definition } => {
                let of = operation_definition.as_ref().name().map(|name| format!(" by operation \"{name}\""));
                let message = format!("Variable \"${}\" is not declared{}.", variable.name(), of.unwrap_or_default());
                (message, vec![*variable.span()])
            }
            Error::VariableDefinitionUnused { variable_definition } => {
                let variable = variable_definition.variable();
                (format!("Variable \"${}\" is not used.", variable.name()), vec![*variable.span()])
            }
            Error::InvalidVariableUsage { variable, variable_type, location_type } => {
                let (name, ty) = (variable.name(), variable_type.as_ref().display_name());
                let message = format!(
                    "Variable \"${name}\" of type \"{ty}\" stands where \"{}\" is expected.",
                    location_type.display_name()
                );
                (message, vec![*variable.span()])
            }
            Error::InvalidOneOfVariableUsage { variable, variable_type, parent_type_name } => {
                let (name, ty) = (variable.name(), variable_type.as_ref().display_name());
                let message = format!(
                    "Variable \"${name}\" of type \"{ty}\" may be null, and a field of \"{parent_type_name}\" may not: declare it as \"{ty}!\"."
                );
                (message, vec![*variable.span()])
            }
        }
    }

    fn unknown_type(&self, name: &(impl AsRef<str> + HasSpan)) -> Said {
        self.unknown_type_name(name.as_ref(), *name.span())
    }

    fn unknown_type_name(&self, name: &str, span: Span) -> Said {
        let known = self.0.type_definitions().map(|known| known.name());
        let similar = did_you_mean(name, known.filter(|name| !is_outdated(name)));
        (format!("Unknown type \"{name}\".{similar}"), vec![span])
    }

    fn say_of_value<'a, const CONST: bool>(&self, error: &ValueError<'a, CONST, Value<'a, CONST>>) -> Said {
        match error {
            ValueError::NullValueForRequiredType { value, input_type_name, .. } => {
                (format!("A value of type \"{input_type_name}\" is expected, not null."), vec![*value.span()])
            }
            ValueError::NoImplicitConversion { value, input_type_name, .. } => {
                let (found, base) = (value.as_ref().variant(), input_type_name.trim_matches(['[', ']', '!']));
                let values = self.enum_values(base).map(|all| format!(" Its values are {}.", listed(all)));
                let message = format!(
                    "A value of type \"{input_type_name}\" is expected, not {found}.{}",
                    values.unwrap_or_default()
                );
                (message, vec![*value.span()])
            }
            ValueError::IntegerOutOfRange { value, .. } => {
                ("An Int has at most 32 bits.".to_owned(), vec![*value.span()])
            }
            ValueError::NonFiniteFloat { value, .. } => ("The number is too large.".to_owned(), vec![*value.span()]),
            ValueError::NoEnumMemberWithName { name, value, enum_type_name, .. } => {
                let values = self.enum_values(enum_type_name).unwrap_or_default();
                let similar = did_you_mean(name, values.iter().copied());
                let message = format!(
                    "Enum \"{enum_type_name}\" has no value {name}.{similar} Its values are {}.",
                    listed(values)
                );
                (message, vec![*value.span()])
            }
            ValueError::NoValueForRequiredFields { value, field_names, input_object_type_name, .. } => {
                let names = listed(field_names.iter().copied());
                (format!("A value of type \"{input_object_type_name}\" needs {names}."), vec![*value.span()])
            }
            ValueError::NonUniqueFieldNames { field_name, keys, .. } => {
                (format!("Field \"{field_name}\" is given twice."), keys.iter().map(|key| *key.span()).collect())
            }
            ValueError::NoInputFieldWithName { field, input_object_type_name, .. } => {
                let similar = did_you_mean(field.as_str(), self.input_fields(input_object_type_name));
                let message =
                    format!("Unknown field \"{}\" of input \"{input_object_type_name}\".{similar}", field.as_str());
                (message, vec![*field.span()])
            }
            ValueError::CustomScalarInvalidValue { value, message, .. } => (message.to_string(), vec![*value.span()]),
            ValueError::OneOfInputNullValues { value, input_object_type_name, .. }
            | ValueError::OneOfInputNotSingleNonNullValue { value, input_object_type_name, .. } => {
                let message =
                    format!("Exactly one field of \"{input_object_type_name}\" is given, and it is not null.");
                (message, vec![*value.span()])
            }
        }
    }

    fn say_of_directive<'a, const CONST: bool>(
        &self,
        error: DirectiveError<'a, CONST, Written<'a>, SchemaDefinition<'static>>,
    ) -> Said {
        match error {
            DirectiveError::DirectiveDoesNotExist { directive } => {
                let name = directive.name().as_str();
                let known = self.0.directive_definitions().map(|known| format!("@{}", known.name()));
                let known: Vec<String> = known.collect();
                let similar = did_you_mean(&format!("@{name}"), known.iter().map(String::as_str));
                (format!("Unknown directive \"@{name}\".{similar}"), vec![*directive.span()])
            }
            DirectiveError::DirectiveInInvalidLocation { directive, location, .. } => {
                let message = format!("Directive \"@{}\" is not allowed on {location}.", directive.name().as_str());
                (message, vec![*directive.span()])
            }
            DirectiveError::DirectivesNotUniquePerLocation { directives, directive_definition } => {
                (format!("Directive \"@{}\" is given twice.", directive_definition.name()), spans(directives))
            }
        }
    }

    /// The values of an enum; `None` if the type is none.
    fn enum_values(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get_type_definition(name)? {
            TypeDefinitionReference::Enum(of) => {
                Some(of.enum_value_definitions().iter().map(EnumValueDefinition::name).collect())
            }
            _ => None,
        }
    }

    fn input_fields(&self, name: &str) -> Vec<&str> {
        match self.0.get_type_definition(name) {
            Some(TypeDefinitionReference::InputObject(of)) => {
                of.input_field_definitions().iter().map(InputValueDefinition::name).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn say_of_argument<'a, const CONST: bool>(
    error: ArgumentError<'a, CONST, Written<'a>, SchemaDefinition<'static>>,
) -> Said {
    match error {
        ArgumentError::NonUniqueArgumentNames { arguments, name } => {
            (format!("Argument \"{name}\" is given twice."), arguments.iter().map(|one| *one.name().span()).collect())
        }
        ArgumentError::ArgumentDoesNotExistOnField { argument, field_definition } => {
            let name = argument.name().as_str();
            let similar = did_you_mean(name, names(field_definition.arguments_definition()));
            let message = format!("Unknown argument \"{name}\" on field \"{}\".{similar}", field_definition.name());
            (message, vec![*argument.name().span()])
        }
        ArgumentError::ArgumentDoesNotExistOnDirective { argument, directive_definition } => {
            let name = argument.name().as_str();
            let similar = did_you_mean(name, names(directive_definition.arguments_definition()));
            let message =
                format!("Unknown argument \"{name}\" on directive \"@{}\".{similar}", directive_definition.name());
            (message, vec![*argument.name().span()])
        }
        ArgumentError::DirectiveMissingRequiredArguments { directive, missing_argument_definitions, .. } => {
            let missing = listed(missing_argument_definitions.iter().map(|one| one.name()));
            (format!("Directive \"@{}\" needs {missing}.", directive.name().as_str()), vec![*directive.span()])
        }
        ArgumentError::FieldMissingRequiredArguments { field, missing_argument_definitions, .. } => {
            let missing = listed(missing_argument_definitions.iter().map(|one| one.name()));
            (format!("Field \"{}\" needs {missing}.", field.name().as_str()), vec![*field.name().span()])
        }
    }
}

fn names<A: ArgumentsDefinition>(definitions: Option<&A>) -> impl Iterator<Item = &str> {
    definitions.into_iter().flat_map(AsIter::iter).map(InputValueDefinition::name)
}

fn no_composite(name: &(impl AsRef<str> + HasSpan)) -> Said {
    (format!("Type \"{}\" has no fields, and so no fragments.", name.as_ref()), vec![*name.span()])
}

fn conflict(one: &Field<'_>, other: &Field<'_>, why: &str) -> Said {
    let name = one.response_key();
    let message = format!("Two fields are answered as \"{name}\", and {why}: give one of them an alias.");
    (message, vec![*one.span(), *other.span()])
}

fn spans<T: HasSpan>(nodes: Vec<&T>) -> Vec<Span> {
    nodes.into_iter().map(|node| *node.span()).collect()
}
