//! The council's rules: plain functions over plain values. No SQL, no async, no GraphQL but the names of enums; unit tests stand
//! beside them.

pub mod action;
pub mod attendance;
pub mod audience;
pub mod bulk;
pub mod client;
pub mod consensus;
pub mod council;
pub mod decision;
pub mod diff;
pub mod document;
pub mod external;
pub mod feed;
pub mod fields;
pub mod label;
pub mod lifecycle;
pub mod meeting;
pub mod paragraph;
pub mod recommendation;
pub mod scope;
pub mod symbol;
pub mod validation;
pub mod webhook;
