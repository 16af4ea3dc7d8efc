//! Texts of the field search.

use crate::i18n::texts;

texts! {
    FIND: "Find a field" | "查找字段";
    HITS: "{n} {n|field|fields} found; arrow keys choose, Enter goes there" | "找到 {n} 个字段，方向键选择，Enter 跳转";
    NONE: "No field of this name" | "没有该名称的字段";
}
