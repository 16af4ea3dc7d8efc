//! Texts of the field search.

use crate::i18n::texts;

texts! {
    FIND: "Find a field" | "查找字段";
    HITS: "{n} {n|field|fields} found; Enter goes to the first" | "找到 {n} 个字段，按 Enter 跳到第一个";
    NONE: "No field of this name" | "没有该名称的字段";
}
